"""Where in a YAML file each of its values stands, so that every fault names its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from playbooks.errors import Fault

#: The names of mappings and the numbers of lists that lead to a value.
Place = tuple[str | int, ...]


#: libyaml reads in a tenth of the time; every command and process starts with reading playbooks.
_FAST: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str) -> tuple[Any, dict[Place, int]]:
    """Return what stands in the file, and the line of every value, counted from 1.

    Raises:
        yaml.YAMLError: the text is no YAML.
    """
    try:
        return _read(text, _FAST)
    except yaml.YAMLError:
        return _read(text, yaml.SafeLoader)  # which says better what is wrong


def _read(text: str, kind: type[yaml.SafeLoader]) -> tuple[Any, dict[Place, int]]:
    loader = kind(text)
    try:
        tree = loader.get_single_node()
        if tree is None:
            return None, {}
        where = dict(_walk(tree, ()))  # before the content: building it unfolds what is merged
        return loader.construct_document(tree), where
    finally:
        loader.dispose()


def not_yaml(error: yaml.YAMLError) -> Fault:
    """Return what is wrong with a text that is no YAML."""
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "not valid YAML"
    return Fault(mark.line + 1 if mark else 0, "", what)


def fault(place: Place, what: str, lines: Mapping[Place, int]) -> Fault:
    """Return a fault at a place, or at the nearest one around it that stands in the file."""
    known = place
    while known and known not in lines:
        known = known[:-1]
    return Fault(lines.get(known, 0), ".".join(str(part) for part in place), what)


def _walk(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _walk(value, (*place, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, (*place, index))
