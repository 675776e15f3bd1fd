"""OneLogin events, as the Events API or an event broadcaster (webhook) hands them on.

``user_*`` is the account an event is about, ``actor_user_*`` whoever did it; ``event_type_id`` says what
was done.

Vendor documentation: developers.onelogin.com, "Event resource" and "Event types"; onelogin.service-now.com,
"Event broadcaster".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Signal
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields, text
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("data", "events")
_REMEDY = "Send events as OneLogin's Events API or its event broadcaster has them."
_TITLES = {
    "3": "A user assumed another one", "4": "A user stopped assuming another one",
    "5": "Sign-in", "6": "Failed sign-in", "7": "Sign-out", "8": "Sign-in to an app",
    "11": "Password changed", "13": "User created", "16": "User activated", "17": "User deleted",
    "72": "Privilege granted", "90": "Access to an app refused", "240": "App password shown",
    "531": "Account locked", "553": "Account locked by API",
}  # fmt: skip
#: What an event of somebody else's making is a sign of, where it is part of an attack.
_SIGNALS = {
    "3": Signal.CREDENTIAL, "11": Signal.CREDENTIAL, "240": Signal.CREDENTIAL,
}  # fmt: skip
#: OneLogin's risk score goes to 100; from here on it calls a sign-in suspicious.
_RISKY = 50


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read events; ``event_id`` is the broadcaster's ``uuid`` or the API's ``id``."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    number = text(event.get("event_type_id"), 20)
    if not number:
        raise NotUnderstood("it has no event_type_id", _REMEDY)
    cast = Cast()
    parts.acted(
        cast,
        _ids(event.get("actor_user_id"), event.get("actor_user_name")),
        _ids(event.get("user_id"), event.get("user_name")),
        actor_name=event.get("actor_user_name"),
        target_name=event.get("user_name"),
    )
    return compose.alert(
        source=source,
        kind=f"event {number}",
        raw=value,
        verdict=_verdict(event, number),
        cast=cast,
        event_id=event.get("uuid", "id"),
        title=_TITLES.get(number) or event.text("custom_message") or f"OneLogin event {number}",
        severity=compose.severity_of(event.get("risk_score"), 100)
        if event.get("risk_score")
        else None,
        occurred_at=event.get("event_timestamp", "created_at"),
        ips=[event.get("ipaddr")],
        apps=[compose.thing(event.get("app_id"), event.get("app_name"))],
        devices=[compose.thing(event.get("otp_device_id"), event.get("otp_device_name"))],
        tenant_hint=event.get("account_id"),
        details={
            "role": event.text("role_name", "privilege_name", limit=120),
            "risk_reasons": event.text("risk_reasons"),
            "error": event.text("error_description"),
        },
    )


def _ids(number: JsonValue, name: JsonValue) -> list[Candidate]:
    # The name is the person's, not a login; it stands for her only where no id does.
    if number not in (None, "", 0, "0"):
        return [(IdKind.ONELOGIN_USER_ID, number), *_address(name)]
    return [(IdKind.USERNAME, name)]


def _address(name: JsonValue) -> list[Candidate]:
    return [(IdKind.EMAIL, name)] if isinstance(name, str) and "@" in name else []


def _verdict(event: Fields, number: str) -> Verdict:
    risk = event.get("risk_score")
    if isinstance(risk, int | float) and not isinstance(risk, bool) and risk > _RISKY:
        return record(
            "OneLogin rates a sign-in as risky; that alone says nothing of theft.", Signal.RISK
        )
    if number in ("531", "553"):
        return record("The account is locked already.", Signal.CREDENTIAL)
    ours, theirs = event.get("actor_user_id"), event.get("user_id")
    if ours is not None and ours != theirs:
        return record(signal=_SIGNALS.get(number, Signal.OTHER))
    return record()


_EVENT = by_shapes(
    Shape(
        needs=("user_id|user_name", "actor_user_id|actor_user_name"),
        values={"event_type_id": r"\d{1,6}"},
        also=("account_id", "ipaddr", "created_at|event_timestamp"),
        surety=0.92,
    ),
    Shape(
        needs=("user_name|user_id|privilege_name|account_id|ipaddr|app_name",),
        values={"event_type_id": r"\d{1,6}"},
        surety=0.75,
    ),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="onelogin_event",
    title="OneLogin events",
    documentation=(
        "https://developers.onelogin.com/api-docs/1/events/event-resource",
        "https://developers.onelogin.com/api-docs/1/events/event-types",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)
