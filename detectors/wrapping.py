"""A vendor's event inside the envelope of whoever carried it: Elastic, Splunk, Wazuh, EventBridge.

Carriers keep the event as an object or as JSON text under a key of theirs (``event.original``,
``_raw``, ``message``, ``detail``). Adapters read the event; the envelope says nothing about people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydantic import JsonValue

from detectors import recognition
from detectors.alert import NotUnderstood
from detectors.fields import Fields
from detectors.payload import decode
from detectors.recognition import ENOUGH, Fit

#: Where carriers put the event, the most usual first.
_PLACES = (
    "event.original", "_raw", "result._raw", "message", "detail", "event", "result", "data", "payload",
    "body", "record", "json", "_source", "full_log", "raw", "original",
)  # fmt: skip
#: An envelope in an envelope is usual (a SIEM's alert around an agent's record); more is not.
_DEPTH = 2
#: The carrier's own document may be another adapter's, which then is the surer one; Elastic's is.
_LESS_SURE = 0.9
_ELASTIC = 0.6

Recognises = Callable[[JsonValue], Fit]


def json_of(value: JsonValue) -> JsonValue:
    """Return what JSON text of an object or list holds; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return decode(value.encode("utf-8", "replace"))
        except NotUnderstood:
            return value
    return value


def opened(item: JsonValue, fits: Recognises, depth: int = _DEPTH) -> JsonValue:
    """Return the event inside an envelope, or the item where it is the event, or holds none.

    Args:
        item: one event or envelope.
        fits: how surely a value is an event of the vendor's.
        depth: so many envelopes are opened.
    """
    if not isinstance(item, dict) or depth < 0 or fits(item).surety >= ENOUGH:
        return item
    for inner in inside(item):
        found = opened(inner, fits, depth - 1)
        if fits(found).surety >= ENOUGH:
            return found
    return item


def events(payload: JsonValue, fits: Recognises, *envelopes: str) -> list[JsonValue]:
    """Return the events of a payload, each out of its envelope."""
    return [opened(item, fits) for item in recognition.items(payload, *envelopes)]


def even_wrapped(fits: Recognises, *envelopes: str) -> Recognises:
    """Build a ``recognises`` that also knows the event inside an envelope, a little less surely."""

    def recognises(payload: JsonValue) -> Fit:
        bare = fits(payload)
        if bare.surety >= ENOUGH:
            return bare
        found = events(_few(payload), fits, *envelopes)
        inner = fits(found)
        if inner.surety < ENOUGH:
            return bare
        elastic = any("@timestamp" in Fields(item) for item in recognition.items(_few(payload)))
        less = _ELASTIC if elastic else _LESS_SURE
        return Fit(round(inner.surety * less, 3), f"{inner.why}, inside another's envelope")

    return recognises


def _few(payload: JsonValue) -> JsonValue:
    return payload[:8] if isinstance(payload, list) else payload


def inside(item: JsonValue) -> Iterable[JsonValue]:
    """Yield the objects under keys that carriers keep an event under."""
    read = Fields(item)
    for place in _PLACES:
        value = read.get(place)  # some write "event.original" as one key
        value = recognition.at(item, place) if value is None else value
        value = json_of(value)
        if isinstance(value, dict):
            yield value
    if isinstance(item, dict) and len(item) == 1:
        yield from (value for value in item.values() if isinstance(value, dict))  # {"okta": {...}}
