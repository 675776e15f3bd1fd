"""What follows from what a step has read: leads kept as alerts with its end, and the runs they open.

- Somebody got in again after the containment (drift): a new run by the same playbook and mode. Never
  twice by the same log entries, and after two such runs in a row people decide. The same where it was
  the run that gave the account back which has looked.
- Somebody else was let in from where the thief came from: a run is proposed, and waits for people.

A lead is followed up from a containment or a giving back that has changed something, and from no other
run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from config.settings import Mode, Settings
from connectors.action import LeadKind
from detectors import own
from detectors.alert import Alert
from ledger import leads, past_runs, runs, steps
from ledger.chain import AuditLog
from ledger.leases import Claim
from ledger.steps import Ended
from playbooks.routing.table import Decision, kept
from playbooks.schema import Aim
from tasks import victims
from tasks.opening import REQUESTED_BY_US, Follows, Request, since_of
from tasks.victims import Unusable

_Lead = Mapping[str, Any]

#: How many other people one trace proposes to contain; more are for a person to look at.
_PROPOSED = 5
#: How many follow each other for one person before people decide.
_BY_THEMSELVES = 2


def judge(connection: Connection, step: Row[Any], ended: Ended) -> tuple[Ended, list[_Lead]]:
    """Decide what is followed up of what a step has found; inside the commit that ends it.

    Returns:
        How the step ends, its reason telling what follows and what not; and the leads to keep.
    """
    if not ended.leads:
        return ended, []
    run = runs.get(connection, step.run_id)
    if run is None or run.mode == Mode.OBSERVE:
        return _saying(ended, "not followed up: mode observe"), []
    if _repeated(connection, run) is None:
        return _saying(ended, "not followed up: this run contains nobody"), []
    kept: list[_Lead] = []
    for lead in ended.leads:
        if lead["kind"] == LeadKind.DRIFT:
            ended, followed = _drift(connection, run, lead, ended)
            kept += followed
    others = [lead for lead in ended.leads if lead["kind"] == LeadKind.OTHER_VICTIM]
    ended, proposed = _others(connection, others, ended)
    return ended, [*kept, *proposed]


def keep(
    connection: Connection, audit: AuditLog, claim: Claim, found: Sequence[_Lead]
) -> tuple[str, ...]:
    """Keep leads as alerts; return the ids of those that were not here yet."""
    ids = (leads.keep(connection, audit, claim.step, lead) for lead in found)
    return tuple(each for each in ids if each is not None)


def request_of(connection: Connection, settings: Settings, row: Row[Any], alert: Alert) -> Request:
    """Return what a lead asks for.

    Raises:
        Unusable: there is no such run, or its tenant is not configured any more.
    """
    run = runs.get(connection, str(alert.details.get("run")))
    if run is None:
        raise Unusable("the run that has found it is not there", "Look where the run has gone.")
    if run.tenant not in settings.tenants:
        raise Unusable(
            f"the tenant {run.tenant} is not configured any more",
            f"Put tenants.{run.tenant} back into the settings.",
        )
    repeated = _repeated(connection, run)
    if repeated is None:
        raise Unusable("it contains nobody that another run could", "Contain the person by hand.")
    began = victims.since(alert)
    drift = alert.details.get("lead") == LeadKind.DRIFT
    return Request(
        tenant=run.tenant,
        playbook=repeated.playbook,
        mode=Mode(repeated.mode) if drift else Mode.APPROVE,
        requested_by=REQUESTED_BY_US,
        alert_id=row.id,
        alert=alert.model_dump(mode="json"),
        # the theft is the one of before: what it left behind may be what let him in again
        since=(since_of(repeated) or began) if drift else began,
        follows=Follows(run.id, drift, _milliseconds(alert), (f"{alert.title}: {alert.why}",)),
        route=_route(repeated) if drift else None,
    )


def _route(run: Row[Any]) -> Decision | None:
    """Return the rule that chose what a run does, so that the next one does it alike."""
    route = run.plan.get("route")
    return kept(route) if route is not None else None


def bounded(
    connection: Connection, request: Request, accounts: Sequence[tuple[str, str]]
) -> Request:
    """Return the request as one that waits for people, after too many in a row for this person."""
    follows = request.follows
    if follows is None or not follows.drift or request.mode is not Mode.AUTO:
        return request
    before = past_runs.in_a_row(connection, request.tenant, accounts, REQUESTED_BY_US)
    if before < _BY_THEMSELVES:
        return request
    why = f"{before} runs have followed each other by themselves: what lets the thief in again?"
    return replace(
        request, mode=Mode.APPROVE, follows=replace(follows, notes=(*follows.notes, why))
    )


def _repeated(connection: Connection, run: Row[Any]) -> Row[Any] | None:
    """Return the containment that is done once more where this run has found somebody, if any.

    What gives an account back has none of its own: it is the one that it has given back from.
    """
    if run.aim == Aim.CONTAIN:
        return run
    if run.aim != Aim.REISSUE:
        return None
    accounts = [(each["system"], each["id"]) for each in run.person["accounts"]]
    return past_runs.last_contained(connection, run.tenant, accounts, run.created_at)


def _drift(
    connection: Connection, run: Row[Any], lead: _Lead, ended: Ended
) -> tuple[Ended, list[_Lead]]:
    if steps.contained_at(connection, run.id) is None:
        return _saying(ended, "not followed up: this run has changed nothing"), []
    told = {
        entry
        for body in leads.earlier(connection, lead["kind"], lead["system"], lead["id"])
        for entry in own.entries(body)
    }
    if not set(lead["entries"]) - told:
        return _saying(ended, "a run was opened for all of this before"), []
    return _saying(ended, "a run follows from it"), [lead]


def _others(
    connection: Connection, found: Sequence[_Lead], ended: Ended
) -> tuple[Ended, list[_Lead]]:
    fresh = [lead for lead in found if not _known(connection, lead)]
    proposed, rest = fresh[:_PROPOSED], fresh[_PROPOSED:]
    if proposed:
        ended = _saying(ended, f"runs are proposed for {_names(proposed)}")
    if rest:
        ended = _saying(ended, f"look at these yourself: {_names(rest)}")
    return ended, proposed


def _known(connection: Connection, lead: _Lead) -> bool:
    """Tell whether a run was proposed for this person, who was not seen there since."""
    earlier = leads.earlier(connection, lead["kind"], lead["system"], lead["id"])
    return any(own.last(body) >= lead["last"] for body in earlier)


def _names(found: Sequence[_Lead]) -> str:
    return ", ".join(str(lead["name"]) for lead in found)


def _saying(ended: Ended, more: str) -> Ended:
    return replace(ended, reason=f"{ended.reason}; {more}" if ended.reason else more)


def _milliseconds(alert: Alert) -> int:
    seen: datetime | None = alert.last_seen_at or alert.occurred_at
    return victims.milliseconds(seen) if seen is not None else 0
