"""PingOne audit activities and PingID's events.

PingOne names who acted in ``actors.user`` (``actors.client`` is an application) and what was acted on in
``resources``; PingID has ``actors`` as a list and tells what happened in ``result.message``.

Vendor documentation: apidocs.pingidentity.com, "PingOne Platform API: audit activities" and "Audit
reporting event types"; docs.pingidentity.com, "PingID: event subscriptions".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Signal
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast, guessed
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, Shape, by_shapes

_ENVELOPES = ("activities",)
_REMEDY = "Send audit activities of PingOne, or PingID's events, as they are."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read activities, bare or in the API's ``_embedded``; ``event_id`` is ``id``."""
    inside = Fields(payload).at("_embedded")
    found = wrapping.events(inside.get("activities") if inside else payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    action, result = event.at("action"), event.at("result")
    kind = action.text("type", limit=120)
    if not kind and not event.text("source").upper().startswith("PING"):
        raise NotUnderstood("it is no activity of PingOne's or PingID's: no action.type", _REMEDY)
    actors = _members(event, "actors")
    resources = _members(event, "resources")
    users = [each for each in actors if each.text("type", limit=40).upper() == "USER"]
    targets = [each for each in resources if each.text("type", limit=40).upper() == "USER"]
    cast = Cast()
    if actors and not users:
        cast.leave_out("an application, which is nobody")
    parts.acted(cast, _ids(users), _ids(targets))
    title = action.text("description") or result.text("message", "description")
    return compose.alert(
        source=source,
        kind=kind or "PingID event",
        raw=value,
        verdict=_verdict(f"{kind} {title} {result.text('message')}".lower()),
        cast=cast,
        event_id=event.get("id"),
        title=title,
        occurred_at=event.get("createdAt", "recordedAt", "recorded"),
        session_ids=[
            *(each.get("websession") for each in resources),
            *(each.at("session").get("id") for each in users),
        ],
        ips=[
            *(each.get("ipaddress") for each in resources),
            event.at("source").get("ipAddress"),
        ],
        user_agents=[event.at("source").get("userAgent")],
        apps=[
            compose.thing(each.get("id"), each.get("name"))
            for each in actors
            if each.text("type", limit=40).upper() == "CLIENT"
        ],
        tenant_hint=next(iter(users), Fields(None)).at("environment").get("id"),
        details={"result": result.text("status", limit=40), "message": result.text("description")},
    )


def _members(event: Fields, key: str) -> list[Fields]:
    given = event.get(key)
    if isinstance(given, dict) and not any(isinstance(each, str) for each in given.values()):
        given = list(given.values())
    return [Fields(each) for each in (given if isinstance(given, list) else [given])]


def _ids(people: list[Fields]) -> list[Candidate]:
    if not people:
        return []
    first = people[0]
    return [guessed(first.get("name")), (IdKind.USER_ID, first.get("id"))]


def _verdict(said: str) -> Verdict:
    if "fraud" in said:
        return Verdict(
            True, "The user says that the request was not hers: somebody else has her password.",
            Signal.CREDENTIAL, ("T1621",),
        )  # fmt: skip
    if any(
        word in said for word in ("device paired", "device unpaired", "mfa", "bypass", "device.")
    ):
        return record(signal=Signal.MFA)
    return record(signal=Signal.CREDENTIAL if "password" in said else Signal.OTHER)


_EVENT = by_shapes(
    Shape(
        needs=("recordedAt|createdAt", "result|resources|actors", "correlationId|_links|id"),
        values={"action.type": r"[A-Z][A-Z0-9_]*\.[A-Z0-9_.]+"},
        also=("_links.self", "result.status", "actors.client", "resources.environment"),
    ),
    Shape(
        needs=("actors", "resources|result"),
        values={"source": r"PING(ID|ONE|FEDERATE|ACCESS)?\w*"},
    ),
    envelopes=_ENVELOPES,
)
_WRAPPED = wrapping.even_wrapped(_EVENT, *_ENVELOPES)


def _recognises(payload: JsonValue) -> Fit:
    return _WRAPPED(Fields(payload).get("_embedded") or payload)


DETECTOR = Detector(
    kind="ping_identity",
    title="PingOne and PingID events",
    documentation=(
        "https://apidocs.pingidentity.com/pingone/platform/v1/api/#audit-activities",
        "https://docs.pingidentity.com/pingid/",
    ),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)
