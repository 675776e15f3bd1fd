"""Bitwarden's organization events.

``actingUserId`` acted, ``memberId`` is the member it concerns; both are ids of Bitwarden's own. ``type`` is a
number.

Vendor documentation: bitwarden.com/help, "Event logs" (the numbers), "Public API: events".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Signal
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.compose import record
from detectors.detector import Detector
from detectors.fields import Fields, text
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("data",)
_REMEDY = "Send events as Bitwarden's Public API has them."
_TYPES: dict[str, tuple[str, Signal]] = {
    "1000": ("Signed in", Signal.OTHER),
    "1001": ("Changed the account's password", Signal.CREDENTIAL),
    "1002": ("Enabled or updated two-step login", Signal.MFA),
    "1003": ("Disabled two-step login", Signal.MFA),
    "1004": ("Recovered the account from two-step login", Signal.MFA),
    "1005": ("Sign-in failed: wrong password", Signal.CREDENTIAL),
    "1006": ("Sign-in failed: wrong two-step login", Signal.MFA),
    "1007": ("Exported the vault", Signal.OTHER),
    "1008": ("Changed a temporary password", Signal.CREDENTIAL),
    "1107": ("Viewed an item", Signal.OTHER),
    "1508": ("A member's password was reset by an administrator", Signal.CREDENTIAL),
}


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read events, bare or in the API's ``data``; Bitwarden gives them no id."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    number = text(event.get("type"), 20)
    if not number:
        raise NotUnderstood("it has no type of Bitwarden's", _REMEDY)
    title, signal = _TYPES.get(number, (f"Bitwarden event {number}", Signal.OTHER))
    cast = Cast()
    parts.acted(
        cast,
        [(IdKind.USER_ID, event.get("actingUserId"))],
        [(IdKind.USER_ID, event.get("memberId"))],
    )
    return compose.alert(
        source=source,
        kind=f"event {number}",
        raw=value,
        verdict=record(signal=signal),
        cast=cast,
        title=title,
        occurred_at=event.get("date"),
        ips=[event.get("ipAddress")],
        details={
            "item": event.text("itemId", limit=60),
            "collection": event.text("collectionId", limit=60),
            "policy": event.text("policyId", limit=60),
        },
    )


_EVENT = by_shapes(
    Shape(
        needs=("date", "actingUserId|memberId|itemId"),
        values={"object": "event", "type": r"[12]\d{3}"},
        also=("device", "ipAddress"),
    ),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="bitwarden_event",
    title="Bitwarden organization events",
    documentation=(
        "https://bitwarden.com/help/event-logs/",
        "https://bitwarden.com/help/api/",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)
