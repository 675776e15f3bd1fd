"""JSON that an event carries as text: Log Analytics, exports of the audit log and event hubs do so."""

from __future__ import annotations

from pydantic import JsonValue

from detectors.alert import NotUnderstood
from detectors.fields import Fields
from detectors.payload import decode


def opened(value: JsonValue) -> JsonValue:
    """Return the object or list a text holds; anything else, broken JSON too, as it is."""
    if not isinstance(value, str):
        return value
    plain = value.strip()
    if plain[:1] not in ("{", "[") or plain[-1:] not in ("}", "]"):
        return value
    try:
        return decode(plain.encode("utf-8", "replace"))
    except NotUnderstood:
        return value


def at(row: Fields, *names: str) -> Fields:
    """Return the first named value as an object, also where it is written as text."""
    return Fields(opened(row.get(*names)))


def items(row: Fields, *names: str) -> list[JsonValue]:
    """Return the first named value as a list, also where it is written as text."""
    value = opened(row.get(*names))
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def whole(value: JsonValue) -> JsonValue:
    """Return a row with every one of its columns opened."""
    if not isinstance(value, dict):
        return value
    return {key: opened(item) for key, item in value.items()}
