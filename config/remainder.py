"""What can be used of settings in which something is wrong: so that the rest can be checked as well.

What is wrong is set aside: a secret is replaced by a stand-in, everything else is taken out, with what
cannot do without it. What is found in the remainder, and may be due to that alone, is in doubt.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from config import schema
from config.explain import closest, explain
from config.problems import Key, Problem
from config.settings import Settings

#: Long enough for every secret, and a form that all of them have.
_STAND_IN = "0" * 64


class Remainder:
    """The settings without what is wrong in them; ``settings`` is None where nothing is left."""

    def __init__(self, tree: dict[str, Any], problems: Iterable[Problem]) -> None:
        """Set aside what the ``problems`` are about and whatever else makes ``tree`` invalid."""
        self._tree = copy.deepcopy(tree)
        self._aside: set[Key] = set()
        for problem in problems:
            self._note(problem.key)
        self.settings = self._valid()

    def doubtful(self, problem: Problem) -> bool:
        """Tell whether a problem of the remainder may be none of the settings as they will be."""
        return any(
            _touches(aside, key)
            for key in (problem.key, *problem.rests_on)
            for aside in self._aside
        )

    def _note(self, key: Key) -> None:
        """Remember a key; what it was to be instead, too, where it is one with a typo, or a file."""
        self._aside.add(key)
        around = schema.at(key[:-1]) if key else None
        if around is None or schema.at(key) is not None:
            return
        name = str(key[-1])
        secret = (*key[:-1], name.removesuffix("_file"))
        meant = closest(name, around.keys)
        if _is_secret(secret):
            self._aside.add(secret)
            self._put_stand_in(secret)
        elif meant is not None:
            self._aside.add((*key[:-1], meant))

    def _valid(self) -> Settings | None:
        while True:
            try:
                return Settings.model_validate(self._tree)
            except ValidationError as error:
                aside = [self._set_aside(problem.key) for problem in explain(error)]
            if not any(aside):
                return None

    def _set_aside(self, key: Key) -> bool:
        """Replace a secret, or take out the innermost there is of ``key``; False where there is none."""
        self._note(key)
        if _is_secret(key) and self._put_stand_in(key):
            return True
        around, found = self._innermost(key)
        if not found:
            return False
        self._aside.add(found)
        # of a list all that follows goes, too: the others keep their numbers
        last = found[-1]
        del around[slice(last, None) if isinstance(around, list) else last]
        return True

    def _put_stand_in(self, key: Key) -> bool:
        table, found = self._innermost(key)
        if found == key[:-1]:
            table = table[found[-1]]
        elif found != key:
            return False
        if not isinstance(table, dict) or table.get(key[-1]) == _STAND_IN:
            return False
        table[key[-1]] = _STAND_IN
        return True

    def _innermost(self, key: Key) -> tuple[Any, Key]:
        """Return the innermost of ``key`` that is there, and the table or list it is in."""
        around: Any = self._tree
        inner: Any = around
        for depth, part in enumerate(key):
            there = (
                part in inner
                if isinstance(inner, dict)
                else isinstance(inner, list) and isinstance(part, int) and part < len(inner)
            )
            if not there:
                return around, key[:depth]
            around, inner = inner, inner[part]
        return around, key


def _is_secret(key: Key) -> bool:
    spot = schema.at(key)
    return spot is not None and spot.is_secret and not spot.is_connection


def _touches(aside: Key, key: Key) -> bool:
    """Tell whether what was set aside is ``key``, around it, or directly in it."""
    return key[: len(aside)] == aside or (aside[: len(key)] == key and len(aside) == len(key) + 1)
