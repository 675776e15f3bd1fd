"""Okta event hooks: one alert for each System Log event of a delivery.

Vendor documentation: developer.okta.com, "Event hooks" (envelope, verification challenge), "Event
types" (who is actor and who is target), "Identity Threat Protection event types" (``debugData``);
help.okta.com, "Detections" (which of them Okta answers by itself).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from pydantic import JsonValue

from config.settings import Source
from detectors import fields, persons
from detectors.alert import Alert, IdKind, NotUnderstood, Person, PersonId, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.okta_events import Concern, Risk, judge, meaning
from detectors.recognition import Shape, by_shapes
from detectors.wrapping import json_of

_REMEDY = "Send Okta's event hook delivery as it is, or System Log events as /api/v1/logs has them."
_CHALLENGE = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)
_EVENT_TYPE = re.compile(r"[a-z0-9_]+(\.[A-Za-z0-9_]+)+", re.ASCII)
_PERSON_TYPES = {"user"}
_APP_TYPES = {"appinstance", "publicclientapp", "publicclientappentity", "client"}
_MASKS = {"redacted", "anonymized", "anonymised", "masked", "hidden", "removed"}
_UNUSUAL = re.compile(r"(Velocity|New [A-Z][A-Za-z-]{1,20})['\"]?\s*[=:]\s*['\"]?POSITIVE")
_SEVERITIES = {"debug": "informational", "info": "informational", "warn": "medium", "error": "high"}


def verification(headers: Mapping[str, str]) -> str | None:
    """Return the value Okta wants back once when a hook is set up, or None.

    Args:
        headers: the request's headers, names in lower case. Okta sends
            ``x-okta-verification-challenge`` with a GET and expects ``{"verification": value}``.
    """
    challenge = headers.get("x-okta-verification-challenge", "")
    return challenge if _CHALLENGE.fullmatch(challenge) else None


def parse(payload_value: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read an event hook delivery, a System Log event, or a list of events.

    ``event_id`` is the event's ``uuid``: Okta delivers at least once, and in no order.

    What is no System Log event is a ``NotUnderstood`` in its place.

    Raises:
        NotUnderstood: the value holds no list of events.
    """
    organization = _organization(Fields(payload_value))
    return each(_events(payload_value), lambda event: _alert(event, source, organization))


def _events(value: JsonValue) -> list[Fields]:
    found = value
    if isinstance(value, dict):
        envelope = Fields(value)
        found = envelope.at("data").get("events")
        if found is None:
            found = envelope.get("events")
        if found is None and envelope.text("eventType") != "com.okta.event_hook":
            found = [value]
    if not isinstance(found, list):
        raise NotUnderstood("the payload holds no list data.events", _REMEDY)
    deliveries = [Fields(item).at("data").get("events") for item in found]
    if found and all(isinstance(inner, list) for inner in deliveries):
        found = [event for inner in deliveries if isinstance(inner, list) for event in inner]
    return [Fields(_objects(item)) for item in found]


def _objects(event: JsonValue) -> JsonValue:
    """Read the parts that a forwarder has made text of (``"actor": "{...}"``) as what they were."""
    if not isinstance(event, dict):
        return event
    return {key: json_of(value) for key, value in event.items()}


class _Event:
    """A System Log event with its parts."""

    def __init__(self, event: Fields) -> None:
        self.event = event
        self.type = event.text("eventType", limit=120)
        self.actor = event.at("actor")
        self.targets = [Fields(item) for item in event.items("target")]
        self.debug = Fields(json_of(event.at("debugContext").get("debugData")))
        self.authentication = event.at("authenticationContext")
        self.client = event.at("client")
        self.outcome = event.at("outcome")
        self.risk = Risk.read(self.debug.get("risk"))
        self.meaning = meaning(self.type)


def _alert(fields_of_event: Fields, source: str, organization: str | None) -> Alert:
    if not _EVENT_TYPE.fullmatch(fields_of_event.text("eventType")):
        raise NotUnderstood("it has no eventType of Okta's", _REMEDY)
    event = _Event(fields_of_event)
    people, left_out = _people(event)
    reason = event.outcome.text("reason")
    judged = judge(event.type, event.meaning, event.risk, event.outcome.text("result"), reason)
    why = judged.why
    signal = judged.signal if judged.signal is not Signal.OTHER else _signal(event)
    nameless = judged.actionable and not any(
        person.role is Role.VICTIM and person.can_be_sought for person in people
    )
    if nameless:
        because = f" ({'; '.join(left_out)})" if left_out else ""
        why = f"It names no user that can be contained{because}."
    return Alert(
        source=source,
        kind=event.type,
        event_id=_event_id(event.event),
        title=event.event.text("displayMessage") or event.type,
        rule=event.risk.detection or event.type,
        severity=_severity(event),
        occurred_at=fields.moment(event.event.get("published")),
        persons=people,
        session_ids=_sessions(event, people),
        token_ids=fields.unique(
            fields.identifier(target.get("id"))
            for target in event.targets
            if "token" in _type(target) and _type(target) != "token"
        ),
        ips=_ips(event),
        user_agents=fields.unique([_known(event.client.at("userAgent").text("rawUserAgent"))]),
        app_ids=fields.unique(
            fields.identifier(part.get("id"))
            for part in (event.actor, *event.targets)
            if _type(part) in _APP_TYPES
        ),
        actor_app_ids=fields.unique(
            [fields.identifier(event.actor.get("id"))] if _type(event.actor) in _APP_TYPES else []
        ),
        request_ids=_requests(event)[0],
        correlation_ids=_requests(event)[1],
        attack=judged.attack,
        tenant_hint=organization,
        signal=signal,
        actionable=judged.actionable and not nameless,
        nameless=nameless,
        why=why,
        details=_details(event, left_out),
    )


def _event_id(event: Fields) -> str:
    found = fields.identifier(event.get("uuid"))
    if found:
        return found
    # A forwarder has dropped or masked the uuid: the event itself tells it from others.
    digest = hashlib.sha256(json.dumps(event.everything(), sort_keys=True).encode()).hexdigest()
    return f"sha256:{digest}"


def _people(event: _Event) -> tuple[tuple[Person, ...], tuple[str, ...]]:
    """Name the persons of an event and the part each plays, as its type says."""
    left_out: list[str] = []
    actor = _person(event.actor, left_out)
    targets = [
        person for target in event.targets if (person := _person(target, left_out)) is not None
    ]
    said = event.meaning
    if said.concern is Concern.ACTOR and actor is not None and (said.is_finding or not targets):
        cast = [_as(actor, Role.VICTIM), *(_as(person, Role.BYSTANDER) for person in targets)]
    elif targets and said.is_finding and said.concern is Concern.ACTOR and not _type(event.actor):
        # It is about whoever acted, and that was lost: those she acted on are not in trouble by it.
        cast = [_as(person, Role.BYSTANDER) for person in targets]
    elif targets:
        cast = [_as(person, Role.VICTIM) for person in targets]
        if actor is not None:
            cast.append(_as(actor, Role.ACTOR))
    elif actor is not None:
        # Where a target is there and cannot be read, she acted on somebody.
        others = said.of_others or any(map(_mistyped, event.targets))
        cast = [_as(actor, Role.ACTOR if others else Role.VICTIM)]
    else:
        cast = [_as(person, Role.VICTIM) for person in _app_users(event)]
    return persons.merged(cast), fields.unique(left_out, 10)


def _person(part: Fields, left_out: list[str]) -> Person | None:
    if _type(part) not in _PERSON_TYPES:
        return None
    ids: list[PersonId] = []
    for kind, key in ((IdKind.OKTA_USER_ID, "id"), (IdKind.OKTA_LOGIN, "alternateId")):
        value = part.get(key)
        if isinstance(value, str):
            value = value.rstrip("\\")  # left over where a forwarder has escaped what follows
        if value is None or _masked(value):
            continue
        try:
            ids.append(persons.person_id(kind, value))
        except persons.Unusable as error:
            left_out.append(error.reason)
    if not ids:
        return None
    name = part.text("displayName", limit=200) or None
    return Person(role=Role.BYSTANDER, ids=tuple(ids), display_name=name)


def _mistyped(part: Fields) -> bool:
    """Whether a user stands there whose identifiers are no text."""
    given = [part.get("id"), part.get("alternateId")]
    return _type(part) in _PERSON_TYPES and any(
        not isinstance(value, str) for value in given if value is not None
    )


def _app_users(event: _Event) -> list[Person]:
    """Name accounts in an application by their login there, which may be a bare name."""
    found = Cast()
    for target in event.targets:
        if _type(target) == "appuser":
            found.add_named(Role.VICTIM, target.get("alternateId"), name=target.get("displayName"))
    return list(found.people)


def _as(person: Person, role: Role) -> Person:
    return person.model_copy(update={"role": role})


def _sessions(event: _Event, people: tuple[Person, ...]) -> tuple[str, ...]:
    """The event's sessions; where somebody else acted on the victim, only hers."""
    found = [event.debug.get("externalSessionId")]
    found += [target.get("id") for target in event.targets if _type(target) == "session"]
    alone = not {person.role for person in people} >= {Role.VICTIM, Role.ACTOR}
    if alone or event.meaning.concern is Concern.ACTOR:
        found += [event.authentication.get("externalSessionId", "rootSessionId")]
        found += [event.authentication.get("rootSessionId")]
    return fields.unique(_known(fields.identifier(value)) for value in found)


def _requests(event: _Event) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The request that caused the event, and what only may be one: a job's id is no request's."""
    transaction = event.event.at("transaction")
    request = fields.unique([_known(fields.identifier(event.debug.get("requestId")))])
    other = fields.unique([_known(fields.identifier(transaction.get("id")))])
    if transaction.text("type", limit=20).upper() == "JOB":
        return (), fields.unique([*request, *other])
    return request, other


def _ips(event: _Event) -> tuple[str, ...]:
    # Where a user reports what she has not done, the client is her own browser.
    reported = fields.address(event.debug.get("suspiciousActivityEventIp"))
    if reported:
        return (reported,)
    chain = [Fields(hop).get("ip") for hop in event.event.at("request").items("ipChain")]
    client = fields.address(event.client.get("ipAddress")) or fields.address(
        next(iter(chain), None)
    )
    return fields.unique([client, fields.address(event.debug.get("newIpAddress"))])


def _severity(event: _Event) -> str:
    if event.risk.level and event.meaning.is_finding:
        return event.risk.level.lower()
    return _SEVERITIES.get(event.event.text("severity", limit=20).lower(), "unknown")


def _details(event: _Event, left_out: tuple[str, ...]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {
        "actor": event.actor.text("displayName", "alternateId", "type", limit=200),
        "outcome": event.outcome.text("result", limit=40),
        "reason": event.outcome.text("reason"),
        "risk_level": event.risk.level,
        "risk_previous_level": event.risk.previous_level,
        "risk_reasons": event.risk.reasons,
        "threat_suspected": event.debug.text("threatSuspected", limit=10),
        "trace_id": event.debug.text("traceId", limit=80),
        "transaction_id": event.event.at("transaction").text("id", limit=80),
        "left_out": list(left_out),
    }
    return {key: value for key, value in found.items() if value}


def _organization(envelope: Fields) -> str | None:
    source = envelope.get("source")
    match = (
        re.match(r"https://([A-Za-z0-9.-]{1,253})(/|\Z)", source)
        if isinstance(source, str)
        else None
    )
    return match.group(1).lower() if match else None


def _type(part: Fields) -> str:
    return part.text("type", limit=60).replace(" ", "").replace("_", "").lower()


def _masked(value: JsonValue) -> bool:
    # Whoever handed the event on has made one of every id; nobody is told by it.
    if not isinstance(value, str) or len(value) < 4:
        return False
    return len(set(value.lower())) == 1 or value.strip().lower() in _MASKS


def _signal(event: _Event) -> Signal:
    """Tell what an event that Okta has not judged would be a sign of in an attack."""
    if event.meaning.concern is Concern.ACTOR:
        return Signal.RISK if _strange(event) else Signal.OTHER
    # Org2Org lets another Okta organization sign its people in here.
    trusts = event.type.startswith("application.lifecycle.") and any(
        "org2org" in target.text("displayName", "alternateId", limit=200).lower()
        for target in event.targets
    )
    return Signal.CONSENT if trusts else Signal.OTHER


def _strange(event: _Event) -> bool:
    """Whether Okta itself found something unusual about a sign-in: too little to act upon."""
    behaviors = str(event.debug.get("behaviors") or "")[:2000]
    behaviors += str(event.debug.get("logOnlySecurityData") or "")[:4000]
    unusual = set(_UNUSUAL.findall(behaviors))
    return (
        event.event.at("securityContext").get("isProxy") is True
        or event.risk.level == "HIGH"
        or event.debug.text("threatSuspected", limit=10).lower() == "true"
        or "Velocity" in unusual
        or {"New Device", "New IP"} <= unusual
    )


def _known(value: str | None) -> str | None:
    return None if value is None or value.lower() in {"unknown", "null", "undefined"} else value


DETECTOR = Detector(
    kind="okta_event_hook",
    title="Okta event hooks",
    documentation=(
        "https://developer.okta.com/docs/concepts/event-hooks/",
        "https://developer.okta.com/docs/reference/api/event-types/",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("data",),
            values={"eventType": r"com\.okta\.event_hook"},
            also=("cloudEventsVersion", "eventTypeVersion", "source", "eventId"),
        ),
        Shape(
            needs=("cloudEventsVersion", "data.events.eventType", "data.events.actor"), surety=0.8
        ),
    ),
)
