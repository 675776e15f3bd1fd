"""An event as its vendor sends it, where the tools on its way have bent it: nesting lost, or wrapped.

Collectors and data lakes flatten objects into keys joined by dots (``"actor.alternateId": ...``), keep inner
objects as JSON text (columns of a table), make columns of all their parts (``log_columns``), or put the whole
event under a key of their own. Adapters need not know: before one reads an event, what was bent is straightened, if it then is of the adapter's shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pydantic import JsonValue

from detectors import log_columns, wrapping
from detectors.embedded import opened
from detectors.recognition import ENOUGH, Fit

Recognises = Callable[[JsonValue], Fit]

#: Keys of names joined by dots; addresses of claims, names of files and OData's notes have other marks, too.
_JOINED = re.compile(r"[A-Za-z_][\w-]{0,60}(\.[\w-]{1,60}){1,12}", re.ASCII)
#: So many of a list are looked at to tell whose it is.
_SAMPLES = 8


def straightened(payload: JsonValue, fits: Recognises) -> JsonValue:
    """Return a payload, or a list's items, as an adapter expects them; what is not bent as it is."""
    if isinstance(payload, list):
        return [_straight(item, fits) for item in payload]
    return _straight(payload, fits)


def forms(item: JsonValue) -> Iterator[JsonValue]:
    """Yield what an object, or the first items of a list, may have been before it was bent."""
    if isinstance(item, list):
        found = [list(forms(each)) for each in item[:_SAMPLES]]
        yield from map(list, zip(*found, strict=False))
    if not isinstance(item, dict):
        return
    yield from log_columns.forms(item)
    if _is_flat(item):
        yield _nested(_read(item))
    elif _is_text(item):
        yield _read(item)


def carried(item: JsonValue) -> Iterator[JsonValue]:
    """Yield the objects that an object may be the envelope of."""
    yield from wrapping.inside(item)


def _straight(item: JsonValue, fits: Recognises) -> JsonValue:
    if not isinstance(item, dict):
        return item
    best = max(((fits(form).surety, form) for form in forms(item)), key=_surety, default=None)
    if best is not None and best[0] >= ENOUGH:
        return best[1]
    return wrapping.opened(item, fits)


def _surety(rated: tuple[float, JsonValue]) -> float:
    return rated[0]


def _is_flat(item: dict[str, JsonValue]) -> bool:
    """Whether nothing is nested any more, and keys tell that it was."""
    if any(isinstance(value, dict) and value for value in item.values()):
        return False
    return any(_JOINED.fullmatch(key) for key in item)


def _is_text(item: dict[str, JsonValue]) -> bool:
    """Whether every inner object is text."""
    if any(isinstance(value, dict) and value for value in item.values()):
        return False
    return any(isinstance(value, str) and value[:1] in ("{", "[") for value in item.values())


def _read(item: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: opened(value) for key, value in item.items()}


def _nested(item: dict[str, JsonValue]) -> JsonValue:
    """Nest what was flattened; a key that is in another's way keeps its dots."""
    whole: dict[str, JsonValue] = {}
    for key, value in item.items():
        if not _JOINED.fullmatch(key) or not _put(whole, key.split("."), value):
            whole.setdefault(key, value)
    return whole


def _put(whole: dict[str, JsonValue], names: list[str], value: JsonValue) -> bool:
    here = whole
    for name in names[:-1]:
        inner = here.setdefault(name, {})
        if not isinstance(inner, dict):
            return False
        here = inner
    if names[-1] in here:
        return False
    here[names[-1]] = value
    return True
