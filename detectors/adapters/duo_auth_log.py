"""Duo's authentication and telephony logs, and Trust Monitor's events around them.

Version 2 has ``user`` and ``application`` objects, version 1 plain ``username`` and ``integration``.
Where a user called a request fraudulent, somebody else had her password.

Vendor documentation: duo.com/docs/adminapi, "Authentication logs", "Telephony logs", "Trust Monitor".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, Shape, by_shapes, items

_ENVELOPES = ("authlogs", "events")
_REMEDY = "Send entries as Duo's Admin API has them in authentication logs."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read log entries, bare or in the API's ``response``; ``event_id`` is ``txid``."""
    answer = _answered(payload)
    found = [] if answer == {} else wrapping.events(answer, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _answered(payload: JsonValue) -> JsonValue:
    """Return what an answer of the Admin API holds (``{"stat": "OK", "response": ...}``)."""
    answer = Fields(payload)
    return answer.get("response") if "stat" in answer and "response" in answer else payload


def _alert(value: JsonValue, source: str) -> Alert:
    given = Fields(value)
    event = given.at("surfaced_auth") or given
    user = event.at("user")
    if "admin_count" in given:
        why = "A summary of the account, which speaks of nobody."
        return compose.alert(source=source, kind="summary", raw=value, verdict=record(why))
    if "enabled_for" in given:
        return _bypass(value, given, source)
    if not any(
        key in event for key in ("factor", "result", "telephony_id", "event_type", "credits")
    ):
        raise NotUnderstood("it is no entry of Duo's authentication log", _REMEDY)
    cast = Cast()
    name = user.get("name") if user else event.get("username")
    cast.add(
        Role.VICTIM,
        (IdKind.DUO_USERNAME, name),
        (IdKind.DUO_USER_ID, user.get("key")),
        (IdKind.EMAIL, event.get("email")),
    )
    here, there = event.at("access_device"), event.at("auth_device")
    place = here.at("location") or event.at("location")
    application = event.at("application")
    return compose.alert(
        source=source,
        kind=event.text("event_type", limit=60)
        or event.text("eventtype", limit=60)
        or "authentication",
        raw=value,
        verdict=_verdict(given, event),
        cast=cast,
        event_id=event.get("txid", "telephony_id") or given.get("sekey"),
        title=f"Duo {event.text('factor', 'type', limit=60)} {event.text('result', limit=40)}".strip(),
        rule=event.get("reason"),
        occurred_at=event.get("isotimestamp", "timestamp", "ts"),
        networks=[
            compose.network(
                here.get("ip") or event.get("ip"), None, *(place.get(each) for each in _PLACE)
            )
        ],
        user_agents=[here.get("browser")],
        devices=[compose.thing(here.get("epkey"), here.get("hostname") or there.get("name"))],
        apps=[
            compose.thing(
                application.get("key"), application.get("name") or event.get("integration")
            )
        ],
        details={
            "result": event.text("result", limit=40),
            "reason": event.text("reason", limit=80),
            "factor": event.text("factor", limit=60),
            "trusted_endpoint": event.text("trusted_endpoint_status", limit=40),
        },
    )


def _bypass(value: JsonValue, event: Fields, source: str) -> Alert:
    """Read Trust Monitor's event of a user who was let past multi-factor authentication."""
    cast = Cast()
    who = [
        [(IdKind.DUO_USERNAME, each.get("name")), (IdKind.DUO_USER_ID, each.get("key"))]
        for each in (event.at("enabled_by"), event.at("enabled_for"))
    ]
    parts.acted(cast, *who)
    return compose.alert(
        source=source,
        kind="bypass status enabled",
        raw=value,
        verdict=record("A way past multi-factor authentication was opened.", Signal.MFA),
        cast=cast,
        event_id=event.get("sekey"),
        occurred_at=event.get("bypass_status_enabled"),
    )


_PLACE = ("city", "state", "country")


def _verdict(given: Fields, event: Fields) -> Verdict:
    result, reason = event.text("result", limit=40).lower(), event.text("reason", limit=80).lower()
    if result == "fraud" or reason == "user_marked_fraud":
        return Verdict(
            True, "The user says that the request was not hers: somebody else has her password.",
            Signal.CREDENTIAL, ("T1621",),
        )  # fmt: skip
    if given.at("surfaced_auth"):
        if given.get("triaged_as_interesting") is True:
            return Verdict(
                True, "People have marked Trust Monitor's event as a threat.", Signal.RISK
            )
        return record("Trust Monitor found a sign-in unusual; nobody has judged it.", Signal.RISK)
    if reason in (
        "anomalous_push",
        "deny_unenrolled_user",
        "push_fatigue",
        "user_provided_invalid_code",
    ):
        return record("Duo refused the request itself.", Signal.MFA)
    if event.text("event_type", limit=40).lower() in ("enrollment", "self_service"):
        return record("A device was enrolled.", Signal.MFA)
    return record("A sign-in alone is no finding.")


_EVENT = by_shapes(
    Shape(
        needs=("access_device", "factor|application|auth_device", "result|reason"),
        also=("txid", "trusted_endpoint_status", "user.key", "application.key"),
    ),
    Shape(needs=("factor", "result", "integration|access_device", "username|user"), surety=0.85),
    Shape(needs=("telephony_id", "context|phone|credits"), surety=0.85),
    Shape(needs=("context", "credits", "phone", "type"), surety=0.8),
    Shape(needs=("bypass_status_enabled", "enabled_for"), surety=0.9),
    Shape(needs=("surfaced_auth", "explanations|sekey"), surety=0.9),
    envelopes=_ENVELOPES,
)
#: Duo's answer where there is nothing to tell, and its summary of an account.
_EMPTY = by_shapes(
    Shape(needs=("response",), values={"stat": "OK"}, surety=0.6),
    Shape(needs=("admin_count", "integration_count", "user_count"), surety=0.7),
)
_WRAPPED = wrapping.even_wrapped(_EVENT, *_ENVELOPES)


def _recognises(payload: JsonValue) -> Fit:
    answer = _answered(payload)
    if answer is payload and "admin_count" not in Fields(payload):
        return _WRAPPED(payload)
    if not items(answer, *_ENVELOPES) or answer == {} or "admin_count" in Fields(answer):
        return _EMPTY(payload)
    return _WRAPPED(answer)


DETECTOR = Detector(
    kind="duo_auth_log",
    title="Duo authentication log",
    documentation=(
        "https://duo.com/docs/adminapi#authentication-logs",
        "https://duo.com/docs/adminapi#telephony-logs",
        "https://duo.com/docs/adminapi#trust-monitor",
    ),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)
