"""Finding values by path in an event, however the tools between a vendor and us have bent its shape.

A path is ``a.b.c``; ``a.b|c`` is the first of the two that leads to something. Keys are compared as
``fields.Fields`` does. On the way, every item of a list counts; a key that was flattened
(``"user.name": ...``) is found as well as a nested one; text that holds a JSON object or list is read.
``@`` is the item itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from detectors import fields
from detectors.alert import NotUnderstood
from detectors.fields import Fields
from detectors.payload import decode

#: An event that holds more of one thing than this is a report.
LIMIT = 100
_INSIDE_LIMIT = 256 * 1024


def values(item: JsonValue, path: str) -> list[JsonValue]:
    """Return what stands at the first alternative that leads to anything but null and empty text."""
    for one in path.split("|"):
        found = list(filter(_something, _walk(item, one.split("."))))
        if found:
            return found[:LIMIT]
    return []


def value(item: JsonValue, path: str) -> JsonValue:
    """Return the first of ``values``, or None."""
    return next(iter(values(item, path)), None) if path else None


def text(item: JsonValue, path: str, limit: int = fields.TEXT_LIMIT) -> str:
    """Return the first of ``values`` that is text or a number, as one readable line."""
    found = (fields.text(each, limit) for each in values(item, path)) if path else iter(())
    return next((each for each in found if each), "")


def _something(found: JsonValue) -> bool:
    return found is not None and found != ""


def inside(item: JsonValue) -> JsonValue:
    """Return what text holds where it is a JSON object or list, else the value itself."""
    if not isinstance(item, str) or item[:1] not in ("{", "[") or len(item) > _INSIDE_LIMIT:
        return item
    try:
        return decode(item.encode("utf-8", "replace"))
    except NotUnderstood:
        return item


def _walk(item: JsonValue, parts: list[str]) -> Iterator[JsonValue]:
    if not parts or parts == ["@"]:
        yield from item[:LIMIT] if isinstance(item, list) else (item,)
        return
    item = inside(item)
    if isinstance(item, list):
        for each in item[:LIMIT]:
            yield from _walk(each, parts)
        return
    here = Fields(item)
    for end in range(1, len(parts) + 1):
        if (key := ".".join(parts[:end])) in here:
            yield from _walk(here.get(key), parts[end:])
