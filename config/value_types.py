"""Whether what is given for a number or a yes or no is one, and not merely close to one.

Pydantic would make 1 of ``true`` and 60 of ``"60"``. Where a place has types of its own, as TOML and
JSON have, that is a mistake and no other way of writing it. Variables and files are text and have to
be converted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from config import explain
from config.layers import Layer, Tree
from config.problems import Key, Problem
from config.schema import ROOT, Spot

#: What each type takes as it is; a whole number is a number, too.
_TAKEN: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}


def take_out_mistyped(layer: Layer) -> list[Problem]:
    """Take values of another type than their key's out of ``layer``, and tell each."""
    problems = []
    for key, table, spot in list(_values(layer.tree, (), ROOT)):
        name = str(key[-1])
        if not _fits(table[name], spot, typed=layer.path is not None):
            what, right = f"is not {explain.takes(spot)}", explain.expected(spot)
            problems.append(Problem(key, what, right, layer.where(key)))
            del table[name]
    return problems


def _values(tree: Tree, key: Key, around: Spot) -> Iterator[tuple[Key, Tree, Spot]]:
    for name, value in tree.items():
        spot = around.below(name)
        if spot is None:
            continue
        if isinstance(value, dict):
            yield from _values(value, (*key, name), spot)
        elif {int, float, bool}.intersection(spot.alternatives):
            yield (*key, name), tree, spot


def _fits(value: object, spot: Spot, *, typed: bool) -> bool:
    if isinstance(value, str) and not typed:
        return True  # is converted, or refused where that cannot be done
    taken = [kind for found in spot.alternatives for kind in _TAKEN.get(found, ())]
    return type(value) in taken and not (isinstance(value, float) and not math.isfinite(value))
