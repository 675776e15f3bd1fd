"""What pydantic found wrong, in the words of whoever writes the settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from enum import Enum, EnumType
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from config import schema
from config.problems import Key, Problem
from config.schema import Spot

_TYPES = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "string": "text in quotes",
    "url": "an address such as https://host.example.com", "dict": "a table",
    "model": "a table", "list": "a list", "tuple": "a list", "path": "the path of a file",
}  # fmt: skip
_BOUNDS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
_NAME = "small letters, digits, - and _, at most 40, starting with a letter or digit"


def explain(error: ValidationError) -> list[Problem]:
    """Return each problem once. None holds a value: it may be a secret in the wrong place."""
    found: dict[Key, Problem] = {}
    for item in error.errors(include_input=False, include_url=False):
        problem = _problem(item)
        found.setdefault(problem.key, problem)
    return list(found.values())


def _problem(item: Mapping[str, Any]) -> Problem:
    key, spot, around = _located(item["loc"])
    kind, context = str(item["type"]), item.get("ctx", {})
    if kind == "extra_forbidden":
        return Problem(key, "there is no such key", meant(str(key[-1]), around))
    if "[key]" in item["loc"]:
        return Problem(key, "this name cannot be used", _NAME)
    if kind == "missing":
        return Problem(key, "is missing", expected(spot))
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        tag = str(context["discriminator"]).strip("'")
        missing = kind == "union_tag_not_found"
        what = "is missing" if missing else "is not one of the allowed values"
        tags = context.get("expected_tags") or _tags(spot)
        return Problem((*key, tag), what, f"one of {tags}")
    return Problem(key, _wrong(kind, context, spot), _right(kind, item, spot))


def _located(location: Iterable[str | int]) -> tuple[Key, Spot | None, Spot]:
    """Walk to the place; the tags of alternatives stand in the location and not in the tree."""
    key: Key = ()
    spot: Spot | None = schema.ROOT
    around = schema.ROOT
    for part in location:
        if spot is None or part == "[key]":
            break
        below = spot.below(part)
        chosen = spot.chosen(part) if below is None else None
        if chosen is not None:
            spot = chosen
        elif below is None and not spot.models:
            break  # one of several types a single value may have
        else:
            key, around, spot = (*key, part), spot, below
    return key, spot, around


def _wrong(kind: str, context: Mapping[str, Any], spot: Spot | None) -> str:
    if kind == "value_error":
        return str(context["error"])
    if kind in _BOUNDS:
        return "is too small" if kind.startswith("greater") else "is too large"
    if kind.endswith("too_short"):
        return "is too short" if spot and spot.is_secret else "is empty or too short"
    if kind.endswith("too_long"):
        return "is too long"
    if kind in {"enum", "literal_error"}:
        return "is not one of the allowed values"
    if kind == "string_pattern_mismatch":
        return "has a form that is not allowed"
    if kind.startswith("url_") and kind != "url_type":
        return "is not an address"
    return f"is not {takes(spot) if spot else _type(kind)}"


def _right(kind: str, item: Mapping[str, Any], spot: Spot | None) -> str:
    context = item.get("ctx", {})
    if kind in _BOUNDS:
        return _range(spot) or _BOUND_WORDS[kind].format(next(iter(context.values())))
    if kind.endswith("too_short"):
        least = context.get("min_length", 1)
        unit = "character" if spot and (spot.is_secret or str in spot.alternatives) else "item"
        return f"at least {least} {unit}{'' if least == 1 else 's'}" + _said(spot, "; ")
    if kind in {"enum", "literal_error"}:
        return f"one of {context['expected']}" if "expected" in context else expected(spot)
    if kind == "string_pattern_mismatch":
        return f"{_said(spot)}{'; ' if _said(spot) else ''}it has to match {context['pattern']}"
    if kind == "value_error":
        return _said(spot)
    return expected(spot) or _type(kind)


_BOUND_WORDS = {
    "greater_than": "more than {}", "greater_than_equal": "at least {}",
    "less_than": "less than {}", "less_than_equal": "at most {}",
}  # fmt: skip


def expected(spot: Spot | None) -> str:
    """Say what a place takes: its type, its range, what it is for."""
    if spot is None:
        return ""
    return "; ".join(part for part in (takes(spot), _range(spot), _said(spot)) if part)


def takes(spot: Spot) -> str:
    """Say in a word or two what may stand in a place."""
    words: list[str] = []
    for found in spot.alternatives:
        if isinstance(found, EnumType):
            words += [repr(str(member.value)) for member in _members(found)]
        elif get_origin(found) is Literal:
            words += [repr(str(value)) for value in get_args(found)]
        else:
            name = (get_origin(found) or found).__name__
            words.append(_NAMES.get(name, "a table" if spot.models else name))
    return " or ".join(dict.fromkeys(words))


def _members(kind: EnumType) -> list[Enum]:
    return list(kind.__members__.values())


_NAMES = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "SecretStr": "text (a secret)", "Path": "a path", "AnyHttpUrl": "an http(s) address",
    "dict": "a table", "tuple": "a list", "list": "a list",
}  # fmt: skip


def _range(spot: Spot | None) -> str:
    if spot is None or spot.field is None:
        return ""
    limits = {
        name: getattr(mark, name)
        for mark in spot.field.metadata
        for name in ("ge", "le", "gt", "lt")
        if getattr(mark, name, None) is not None
    }
    if "ge" in limits and "le" in limits:
        return f"{limits['ge']} to {limits['le']}"
    return f"at least {limits['ge']}" if "ge" in limits else ""


def _said(spot: Spot | None, before: str = "") -> str:
    text = spot.field.description if spot and spot.field else None
    return f"{before}{text}" if text else ""


def _tags(spot: Spot | None) -> str:
    return ", ".join(
        repr(value)
        for model in (spot.models if spot else ())
        for field in model.model_fields.values()
        if get_origin(field.annotation) is Literal
        for value in get_args(field.annotation)
    )


def meant(name: str, around: Spot) -> str:
    """Say which key an unknown ``name`` may have been meant for, or which there are."""
    known = around.keys
    secret = name.removesuffix("_file")
    if secret != name and secret in known:
        return f"{secret}; only secrets may be given as a file"
    close = closest(name, known)
    if close:
        return f"did you mean {close}?"
    return f"one of {', '.join(known)}" if known else ""


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like ``name``, if any does."""
    by_fold = {re.sub(r"[-_]", "", candidate).lower(): candidate for candidate in known}
    folded = re.sub(r"[-_]", "", name).lower()
    close = difflib.get_close_matches(folded, by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def _type(kind: str) -> str:
    stem = kind.split("_", maxsplit=1)[0]
    return _TYPES.get(stem, "of the right kind")
