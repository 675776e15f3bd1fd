"""A hunt's finding as an alert: the adapter of sources of kind ``hunt``, which ``rescind hunt --alert`` feeds."""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import fields, persons
from detectors.alert import Alert, IdKind, NotUnderstood, Person, PersonId, Role, Signal
from detectors.batch import Finding as Result
from detectors.batch import each
from detectors.detector import Detector
from detectors.fields import Fields

KIND = "hunt"
#: By which kinds of identifier a provider knows a person: its id, and its name.
_IDS = {
    "entra": (IdKind.ENTRA_OBJECT_ID, IdKind.USER_PRINCIPAL_NAME),
    "okta": (IdKind.OKTA_USER_ID, IdKind.OKTA_LOGIN),
    "auth0": (IdKind.AUTH0_USER_ID, IdKind.EMAIL),
}
_REMEDY = "Send what `rescind hunt --json` prints, as it is."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Result, ...]:  # noqa: ARG001 - an adapter's signature
    """Read findings: one, or a list of them. ``event_id`` is the finding's own id."""
    items = payload if isinstance(payload, list) else [payload]
    return each(items, lambda item: _alert(Fields(item), source))


def _alert(finding: Fields, source: str) -> Alert:
    event_id = fields.identifier(finding.get("id"))
    rule = finding.text("hunt")
    if event_id is None or not rule:
        raise NotUnderstood("it is no finding of a hunt", _REMEDY)
    severity = finding.text("severity") or "unknown"
    person = _person(finding)
    # what is listed as low is for people to look through
    wanted = severity != "low"
    reached = person is not None and person.can_be_sought
    return Alert(
        source=source,
        kind=KIND,
        event_id=event_id,
        title=finding.text("title") or rule,
        rule=rule,
        severity=severity,
        occurred_at=fields.moment(finding.get("first_at")),
        last_seen_at=fields.moment(finding.get("last_at")),
        persons=(person,) if person else (),
        session_ids=fields.unique([fields.identifier(finding.get("session_id"))]),
        ips=fields.unique(fields.address(value) for value in finding.items("ips")),
        user_agents=fields.unique(fields.text(value) for value in finding.items("user_agents")),
        app_ids=fields.unique(fields.identifier(value) for value in finding.items("app_ids")),
        attack=fields.unique(fields.text(value, 60) for value in finding.items("attack")),
        signal=_signal(finding.text("signal")),
        actionable=wanted and reached,
        nameless=wanted and not reached,
        why=finding.text("why", limit=600) or "A hunt over the logs has found it.",
    )


def _person(finding: Fields) -> Person | None:
    id_kind, name_kind = _IDS.get(
        finding.text("provider"), (IdKind.USER_PRINCIPAL_NAME, IdKind.EMAIL)
    )
    known_by: list[PersonId] = []
    for kind, key in ((id_kind, "user_id"), (name_kind, "user_name")):
        try:
            known_by.append(persons.person_id(kind, finding.get(key)))
        except persons.Unusable:
            continue
    if not known_by:
        return None
    return Person(
        role=Role.VICTIM,
        ids=tuple(known_by),
        display_name=finding.text("user_name", limit=200) or None,
    )


def _signal(said: str) -> Signal:
    try:
        return Signal(said)
    except ValueError:
        return Signal.OTHER


DETECTOR = Detector(
    kind=KIND,
    title="Rescind's own hunts",
    documentation=(
        "https://attack.mitre.org/techniques/T1539/",
        "https://attack.mitre.org/techniques/T1550/001/",
    ),
    parse=parse,
)
