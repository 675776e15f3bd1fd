"""What Rescind has found by itself, as an alert: a lead, stored by the step that found it.

Nobody posts it: it comes from the ledger, under a name that no source of the settings can have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from config.settings import OWN_SOURCE
from detectors import fields, persons
from detectors.alert import Alert, IdKind, NotUnderstood, Person, Role, Signal
from detectors.payload import decode

#: What is known by which kind of identifier in each system.
_IDS: Mapping[str, IdKind] = {
    "entra": IdKind.ENTRA_OBJECT_ID,
    "okta": IdKind.OKTA_USER_ID,
    "auth0": IdKind.AUTH0_USER_ID,
}
_TITLES: Mapping[str, str] = {
    "drift": "Drift after run {run}",
    "other_victim": "Possible further victim, found by run {run}",
}
#: So much of a run's id is told to people.
_SHOWN = 13
_REMEDY = (
    "Look at the step of the run that found it; contain the person by hand: rescind contain NAME."
)


def read(body: bytes) -> Alert:
    """Read a lead.

    ``details`` has ``run`` and ``lead``: the run that has found it, and what kind of lead it is.

    Raises:
        NotUnderstood: it is none that this version knows, or its account's id is none.
    """
    lead = decode(body)
    if not isinstance(lead, dict) or lead.get("v") != 1 or lead.get("kind") not in _TITLES:
        raise NotUnderstood("it is no lead that this version of Rescind knows", _REMEDY)
    run, kind = str(lead.get("run")), str(lead["kind"])
    return Alert(
        source=OWN_SOURCE,
        kind="own",
        event_id=f"{run}:{lead.get('step')}:{lead.get('system')}:{lead.get('id')}",
        title=_TITLES[kind].format(run=run[:_SHOWN]),
        severity="high",
        occurred_at=fields.moment(lead.get("at")),
        last_seen_at=fields.moment(lead.get("last")),
        persons=(_person(lead),),
        ips=fields.unique(fields.address(each) for each in _listed(lead.get("addresses"))),
        signal=Signal.SESSION_THEFT,
        why=fields.text(lead.get("seen")),
        raw_sha256=hashlib.sha256(body).hexdigest(),
        details={"run": run, "lead": kind},
    )


def entries(body: bytes) -> frozenset[str]:
    """Return the ids of the log entries a lead tells of."""
    return frozenset(map(str, _listed(_part(body).get("entries"))))


def last(body: bytes) -> str:
    """Return when what a lead tells of was last seen, RFC 3339 UTC; empty where that is not known."""
    return str(_part(body).get("last") or "")


def _part(body: bytes) -> Mapping[str, Any]:
    try:
        lead = decode(body)
    except NotUnderstood:
        return {}
    return lead if isinstance(lead, dict) else {}


def _person(lead: Mapping[str, Any]) -> Person:
    kind = _IDS.get(str(lead.get("system")))
    if kind is None:
        raise NotUnderstood(f"nobody is known by an id of {lead.get('system')}", _REMEDY)
    try:
        known_as = persons.person_id(kind, lead.get("id"))
    except persons.Unusable as error:
        raise NotUnderstood(error.reason, _REMEDY) from None
    name = fields.text(lead.get("name"), 200)
    return Person(role=Role.VICTIM, ids=(known_as,), display_name=name or None)


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
