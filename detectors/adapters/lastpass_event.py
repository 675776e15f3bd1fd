"""LastPass Business's reporting events: who did what in a vault or in the admin console.

``Username`` acted; where an administrator acted on another account, ``Data`` names that account.

Vendor documentation: support.lastpass.com, "Reporting events API (reporting)", "Event reporting".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, NotUnderstood, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Cast, guessed
from detectors.compose import record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, Shape, by_shapes, items

_ENVELOPES = ("Data", "events")
_REMEDY = "Send events as LastPass's reporting API has them."
_ADDRESS = re.compile(r"[^\s@'\"]+@[^\s@'\"]+\.[^\s@'\"]+")
#: What is done to somebody else's account.
_TO_OTHERS = re.compile(
    r"(employee|user|account|admin|super admin|require|disable|delete|create|reset|invite|add|remove"
    r"|edit|reinvite|suspend|master password reset)\b.*",
    re.IGNORECASE,
)
#: Who comes into a group or out of it stands beside the group's name.
_MEMBERSHIP = re.compile(
    r"(add|adding|added|remove|removing|removed)\b.*\bgroup\b.*", re.IGNORECASE
)
_SIGNALS = (
    (r".*(multifactor|\bmfa\b|authenticator).*", Signal.MFA),
    (r".*(master password|password reset|failed login|reset password).*", Signal.CREDENTIAL),
)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read events, in a list or in the API's ``Data`` with a key for each; LastPass gives no id."""
    found: list[JsonValue] = []
    for item in items(payload):
        inside = Fields(item).get("Data")
        if isinstance(inside, dict) and "Action" not in Fields(item):
            found += [each for each in inside.values() if isinstance(each, dict)]
        else:
            found.append(wrapping.opened(item, _EVENT))
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    action = event.text("Action", limit=120)
    if not action and ("mpstrength" in event or "sharedfoldername" in event):
        return _report(value, event, source)
    if not action:
        raise NotUnderstood("it has no Action of LastPass's", _REMEDY)
    data = event.text("Data", limit=320)
    target = guessed(event.get("Data"))
    other = _ADDRESS.fullmatch(data) or parts.unsayable([target])
    acted_upon = [target] if other and _TO_OTHERS.fullmatch(action) else []
    if _MEMBERSHIP.fullmatch(action) and len(members := _ADDRESS.findall(data)) == 1:
        acted_upon = [guessed(members[0])]
    cast = Cast()
    parts.acted(cast, [guessed(event.get("Username"))], acted_upon)
    signal = next(
        (kind for said, kind in _SIGNALS if re.fullmatch(said, action, re.IGNORECASE)), Signal.OTHER
    )
    return compose.alert(
        source=source,
        kind=action,
        raw=value,
        verdict=record(signal=signal),
        cast=cast,
        title=f"LastPass: {action}",
        occurred_at=event.get("Time"),
        ips=[event.get("IP_Address")],
        details={"data": data},
    )


def _report(value: JsonValue, event: Fields, source: str) -> Alert:
    """Read an entry of the reports on users and shared folders: what is, and not what happened."""
    cast = Cast()
    cast.add_named(Role.VICTIM, event.get("username"), name=event.get("fullname"))
    for member in event.items("users"):
        cast.add_named(Role.BYSTANDER, Fields(member).get("username"))
    return compose.alert(
        source=source,
        kind="user report" if "mpstrength" in event else "shared folder report",
        raw=value,
        verdict=record("A report of how accounts stand."),
        cast=cast,
        event_id=event.get("id"),
        occurred_at=event.get("last_login"),
    )


_EVENT = by_shapes(
    Shape(needs=("username", "mpstrength", "last_login|neverloggedin|created")),
    Shape(needs=("sharedfoldername", "score|users")),
    Shape(needs=("Time", "Username", "IP_Address", "Action"), also=("Data",), surety=0.92),
)
_WRAPPED = wrapping.even_wrapped(_EVENT)


def _first(payload: JsonValue) -> JsonValue:
    inside = Fields(payload).get("Data")
    if isinstance(inside, dict) and "Action" not in Fields(payload):
        return list(inside.values())[:8]
    return payload


def _recognises(payload: JsonValue) -> Fit:
    return _WRAPPED(_first(payload))


DETECTOR = Detector(
    kind="lastpass_event",
    title="LastPass reporting events",
    documentation=("https://support.lastpass.com/s/document-item?topicId=reporting-events-api",),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)
