"""Opening a run: who the person is, what the guardrails allow, the plan, all in one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from config.settings import OWN_SOURCE, Mode, Settings
from connectors.directory import Identification, identify
from connectors.standing import EVERYTHING, UNKNOWN
from connectors.system import Account, Clue, System
from ledger import approvals, locks, runs, steps
from ledger.database import now_ms
from playbooks import guardrails, model, planner
from playbooks.plan import Plan, Recipient
from playbooks.planner import Situation
from playbooks.routing.table import Decision
from playbooks.schema import Aim
from tasks import closing, reissuing, undoing
from tasks.launch import Opened, Subject, launch
from tasks.service import Rings, Service
from tasks.systems import SPECS, Systems

#: Who asks for what follows from our own reading.
REQUESTED_BY_US = f"source:{OWN_SOURCE}"
#: How long a person's standing is waited for, in all systems together, in seconds. It is read before the
#: plan and so before the first revocation, which must not wait for anything slow: a vendor at its usual
#: pace answers two reads in this time, and what does not come is said to be unknown.
STANDING_S = 0.4
_GRACE_S = 0.05
_HOUR_S = 3600


class StillMoves(Exception):
    """The run whose reading asks for another still moves by itself, and is waited for."""


@dataclass(frozen=True, slots=True)
class Follows:
    """Which run's reading a request follows from.

    ``drift``: somebody got in again, in spite of that run; else it is about somebody else, and only
    proposed. ``seen_ms`` is when that was last seen, in milliseconds since 1970 UTC; ``notes`` say so in
    the plan.
    """

    run_id: str
    drift: bool
    seen_ms: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: which person, by which playbook, how far by itself, and on whose word.

    ``source`` is the source of the alert, whose playbook and mode routing chooses for each person.
    ``route`` is the rule that has chosen them, and gives the playbook parameters.
    ``hand_over_to`` is who is shown what the run makes for the person. ``notes`` are what people have to
    know besides, in the plan and where they are asked.
    """

    tenant: str
    playbook: str
    mode: Mode
    requested_by: str
    alert_id: str | None = None
    alert: Mapping[str, Any] | None = None
    source: str | None = None
    since: str | None = None
    hand_over_to: Recipient | None = None
    follows: Follows | None = None
    route: Decision | None = None
    notes: tuple[str, ...] = ()

    @property
    def ignored(self) -> bool:
        """Whether routing says that nobody is contained."""
        return self.route is not None and self.route.mode is None


async def look_up(systems: Systems, tenant: str, clues: Sequence[Clue]) -> Identification:
    """Find a person's accounts in all systems of a tenant, and what she is there.

    The accounts' facts have her standing as far as it came in time; the rest is named in ``unknown``.
    """
    asked = systems.of(tenant)
    return await _with_standing(asked, await identify(asked, clues))


async def _with_standing(asked: Sequence[System], person: Identification) -> Identification:
    reads = {
        system.name: asyncio.ensure_future(
            system.standing(person.accounts[system.name], STANDING_S)
        )
        for system in asked
        if system.name in person.accounts
    }
    if not reads:
        return person
    # The systems keep the deadline by themselves, for each fact; one that does not holds nobody up.
    _, late = await asyncio.wait(reads.values(), timeout=STANDING_S + _GRACE_S)
    for task in late:
        task.cancel()
    accounts = {
        name: _standing(account, reads[name]) if name in reads else account
        for name, account in person.accounts.items()
    }
    return replace(person, accounts=accounts)


def _standing(account: Account, read: asyncio.Future[Mapping[str, Any]]) -> Account:
    told = (
        read.result()
        if read.done() and not read.cancelled() and read.exception() is None
        else {UNKNOWN: (EVERYTHING,)}
    )
    return replace(account, facts={**account.facts, **told})


def tenant_of(settings: Settings, names: Sequence[str]) -> str | None:
    """Return the tenant whose domains these sign-in names have, else the only tenant, else None."""
    domains = {name.rpartition("@")[2].lower() for name in names if "@" in name}
    matching = [
        name
        for name, tenant in settings.tenants.items()
        if domains & {domain.lower() for domain in tenant.domains}
    ]
    if len(matching) == 1:
        return matching[0]
    return next(iter(settings.tenants)) if len(settings.tenants) == 1 else None


def open_run(
    connection: Connection,
    service: Service,
    systems: Systems,
    request: Request,
    person: Identification,
) -> Opened:
    """Join the person's open run, or plan and store a new one; inside the caller's commit.

    Raises:
        StillMoves: it follows from a run that moves on by itself; ask again later.
    """
    locks.take(connection, locks.people_of(request.tenant))  # two at once would count alike
    moving = _moving(connection, service.settings, request, person)
    if moving is not None:
        return _joined(moving, request)
    plan = _plan(connection, service, systems, request, person)
    follows = request.follows.notes if request.follows is not None else ()
    if follows or request.notes:
        plan = replace(plan, notes=(*request.notes, *follows, *plan.notes))
    rings = Rings()
    if plan.mode is not Mode.OBSERVE:
        known = _open_already(connection, request, person, plan.aim)
        if known is not None:
            if not _asks_anew(connection, service.settings, known, request, plan.mode):
                return _joined(known, request)
            rings += _call_off(connection, service, known.id)
        if plan.aim is Aim.CONTAIN:
            hers = ids_of(person)
            for run_id in runs.beside(connection, request.tenant, hers, reissuing.GIVES_BACK):
                rings += _call_off(connection, service, run_id)
    subject = Subject(
        request.tenant,
        _key(person),
        _person(person),
        request.requested_by,
        request.alert_id,
        _why(request),
    )
    opened = launch(connection, service, plan, subject)
    return replace(opened, rings=rings + opened.rings)


def _joined(run: Row[Any], request: Request) -> Opened:
    unused = request.since is not None and request.since != since_of(run)
    return Opened(run.id, joined=True, since_unused=unused)


def _moving(
    connection: Connection, settings: Settings, request: Request, person: Identification
) -> Row[Any] | None:
    """Return the open run that this request joins whatever a plan would say.

    A storm of alerts on one person must not plan each time, while others wait for their first step.
    """
    if request.mode is Mode.OBSERVE:
        return _observed(connection, settings, request, person)
    if request.follows is not None:
        return None
    loaded = model.load(request.playbook, settings.playbooks.folder)
    if loaded.playbook.aim is not Aim.CONTAIN:
        return None
    known = _open_already(connection, request, person, Aim.CONTAIN)
    if known is None or not _only_people(connection, known):
        return known
    stronger = known.mode == Mode.APPROVE and request.mode is Mode.AUTO
    return None if stronger or _waits_too_long(connection, settings, known) else known


def _observed(
    connection: Connection, settings: Settings, request: Request, person: Identification
) -> Row[Any] | None:
    """Return the observing run whose plan already answers an alert that is only observed.

    It still reads, or it began after what the alert speaks of and not longer ago than a containment
    answers for; and of one person no more is planned in an hour than alerts may open runs for. What is to
    do more than observe never comes here, and what a person asks for is shown to her.
    """
    if request.alert is None or request.follows is not None:
        return None
    bounds, hers = settings.guardrails, ids_of(person)
    window_s = max(bounds.fold_window_minutes * 60, _HOUR_S)
    known = runs.observed_since(connection, request.tenant, hers, window_s, request.playbook)
    if not known:
        return None
    newest, now, begun_ms = known[0], now_ms(connection), _begun_ms(request)
    young = now - newest.created_at <= bounds.fold_window_minutes * 60_000
    answered = young and begun_ms is not None and begun_ms < newest.created_at
    of_late = [run for run in known if now - run.created_at <= _HOUR_S * 1000]
    many = len(of_late) >= bounds.runs_per_person_per_hour
    return newest if newest.state == "observing" or answered or many else None


def _waits_too_long(connection: Connection, settings: Settings, run: Row[Any]) -> bool:
    waited_ms = settings.guardrails.ask_anew_after_minutes * 60_000
    return bool(now_ms(connection) - run.created_at > waited_ms)


def _open_already(
    connection: Connection, request: Request, person: Identification, aim: Aim
) -> Row[Any] | None:
    """Return the run that does for the person what is asked for."""
    if aim is Aim.CONTAIN:
        run_id = runs.open_run(connection, request.tenant, ids_of(person))
    else:
        beside = runs.beside(connection, request.tenant, ids_of(person), (aim,), request.playbook)
        run_id = beside[0] if beside else None
    return runs.get(connection, run_id) if run_id is not None else None


def _why(request: Request) -> str:
    if request.alert is None:
        return f"asked for by {request.requested_by}"
    said = request.alert
    if request.follows is not None:
        return "; ".join(request.follows.notes)
    severity = said.get("severity") or "unknown"
    why = f"{said.get('title')} (severity {severity}, {request.requested_by})"
    return "; ".join((why, *request.notes))


def since_of(run: Row[Any]) -> str | None:
    """Return when the theft began by the plan of a run."""
    return next((step["target"]["since"] for step in run.plan["steps"]), None)


def _call_off(connection: Connection, service: Service, run_id: str) -> Rings:
    """End a run as far as it has not begun."""
    approvals.supersede(connection, service.audit, run_id)
    ready = steps.advance(connection, service.audit, run_id, called=service.bell.heard)
    rings = closing.close_if_ended(connection, service, run_id)
    runs.make_room(connection, run_id)  # what goes on by itself, as reading, is in nobody's way
    return Rings(steps=tuple(ready)) + rings


def _asks_anew(
    connection: Connection, settings: Settings, run: Row[Any], request: Request, mode: Mode
) -> bool:
    """Tell whether a request must not merely join the open run, which only people can move.

    It must not where it may do by itself (``mode``) what the open run has to ask for, nor where it
    is about a newer theft: the open run has revoked before that. The latter only for a run that has
    waited for longer than the guardrails say, because a storm of alerts must not ask without end;
    what still moves revokes again by itself. What would do nothing by itself either asks no second time
    while the first request stands. What only proposes takes no run's place; what follows from
    the open run's own reading does so at once.
    """
    follows = request.follows
    if follows is not None and not follows.drift:
        return False
    only_people = _only_people(connection, run)
    if follows is not None and follows.run_id == run.id:
        if not only_people:
            raise StillMoves
        return True
    if not only_people:
        return False
    if run.mode == Mode.APPROVE and mode is Mode.AUTO:
        return True
    begun_ms = _begun_ms(request)
    if begun_ms is None or (mode is Mode.APPROVE and _asks_now(connection, run.id)):
        return False
    return bool(_waits_too_long(connection, settings, run) and begun_ms > run.created_at)


def _asks_now(connection: Connection, run_id: str) -> bool:
    asked = approvals.of_run(connection, run_id)
    return asked is not None and asked.state == "pending"


def _begun_ms(request: Request) -> float | None:
    """Return when what is asked about happened, in milliseconds since 1970; None where unknown."""
    if request.follows is not None:
        return request.follows.seen_ms
    if request.since is None:
        return None
    return datetime.fromisoformat(request.since).timestamp() * 1000


def _only_people(connection: Connection, run: Row[Any]) -> bool:
    """Tell whether nothing of a run moves before a person or its time comes."""
    return not steps.any_moves(connection, run.id)


def _plan(
    connection: Connection,
    service: Service,
    systems: Systems,
    request: Request,
    person: Identification,
) -> Plan:
    settings = service.settings
    loaded = model.load(request.playbook, settings.playbooks.folder)
    model.check_actions(loaded, SPECS)
    policy = guardrails.decide(
        request.mode,
        tuple(person.accounts.values()),
        runs.people_since(connection, request.tenant, 3600, proposed_by=REQUESTED_BY_US),
        settings.guardrails,
        _unreached(person),
        loaded.playbook.aim,
        0
        if request.alert is None or request.follows is not None
        else runs.by_alerts_since(connection, request.tenant, ids_of(person), 3600),
    )
    tenant = settings.tenants[request.tenant]
    situation = Situation(
        tenant=request.tenant,
        accounts=tuple(person.accounts.values()),
        domains=tenant.domains,
        alert=request.alert,
        since=request.since,
        unreached=tuple(person.failures),
        absent=tuple(person.missing),
        ambiguous=person.ambiguities,
        hand_over_to=request.hand_over_to,
        left=undoing.left(connection, request.tenant, ids_of(person)),
    )
    given = settings.playbooks.parameters.get(request.playbook, {})
    plan = planner.make(
        loaded,
        situation,
        policy,
        SPECS,
        systems.preview,
        {**given, **(request.route.parameters if request.route is not None else {})},
        systems.lacks,
        foresee=systems.foresee,
    )
    return _routed(plan, request.route) if request.route is not None else plan


def _routed(plan: Plan, route: Decision) -> Plan:
    """Say in the plan which rule chose it: as why it waits, where it does so by that rule."""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = (route.line, *route.waits)
    if plan.mode is Mode.APPROVE and route.mode is Mode.APPROVE:
        reasons = route.waits or (route.line,)
        notes = (route.line,) if route.waits else ()
    return replace(
        plan,
        reasons=(*reasons, *plan.reasons),
        notes=(*notes, *route.notes, *plan.notes),
        route=route.document(),
    )


def _key(person: Identification) -> str:
    if person.person_key is None:
        raise ValueError("a run is opened only for a person who was found")
    return person.person_key


def ids_of(person: Identification) -> list[tuple[str, str]]:
    """Return the accounts that were found of a person: system and immutable id."""
    return [(system, account.id) for system, account in person.accounts.items()]


def _unreached(person: Identification) -> tuple[str, ...]:
    return (*person.failures, *person.ambiguities)


def _person(person: Identification) -> dict[str, Any]:
    return {
        "key": person.person_key,
        "display_name": next(
            (account.display_name for account in person.accounts.values() if account.display_name),
            "",
        ),
        "accounts": [
            {"system": account.system, "id": account.id, "name": account.name}
            for account in person.accounts.values()
        ],
        "unreached": list(_unreached(person)),
        "absent": list(person.missing),
    }
