"""Opening a run: who the person is, what the guardrails allow, the plan, all in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from config.settings import Mode, Settings
from connectors.directory import Identification, identify
from connectors.system import Clue
from ledger import approvals, locks, notices, runs, steps
from ledger.database import now_ms
from ledger.runs import NewRun, NewStep
from playbooks import guardrails, model, planner
from playbooks.planner import Plan, PlannedStep, Situation
from tasks import closing, messages
from tasks.service import Rings, Service
from tasks.systems import SPECS, Systems


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: which person, by which playbook, how far by itself, and on whose word."""

    tenant: str
    playbook: str
    mode: Mode
    requested_by: str
    alert_id: str | None = None
    alert: Mapping[str, Any] | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The run that now takes care of the person; ``joined`` where it was open already."""

    run_id: str
    joined: bool
    rings: Rings = field(default_factory=Rings)


async def look_up(systems: Systems, tenant: str, clues: Sequence[Clue]) -> Identification:
    """Find a person's accounts in all systems of a tenant."""
    return await identify(systems.of(tenant), clues)


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
    """Join the person's open run, or plan and store a new one; inside the caller's commit."""
    key = _key(person)
    settings = service.settings
    rings, plan = Rings(), None
    known = runs.open_run(connection, request.tenant, key)
    if known is not None and request.mode is not Mode.OBSERVE:
        plan = _plan(connection, service, systems, request, person)
        if not _asks_anew(connection, settings, known, request, plan.mode):
            return Opened(known, joined=True)
        approvals.supersede(connection, service.audit, known)
        steps.advance(connection, service.audit, known, called=service.bell.heard)
        rings += closing.close_if_ended(connection, service, known)
    plan = plan or _plan(connection, service, systems, request, person)
    document = plan.document()
    new = NewRun(
        tenant=request.tenant,
        person_key=key,
        person=_person(person),
        alert_id=request.alert_id,
        requested_by=request.requested_by,
        playbook=plan.playbook.playbook.id,
        playbook_hash=plan.playbook.hash,
        mode=plan.mode.value,
        plan_hash=document["hash"],
        plan=document,
        steps=[_step(step) for step in plan.steps],
        private={"names": ", ".join(account.name for account in person.accounts.values())},
    )
    created = runs.create(
        connection,
        service.audit,
        new,
        approval_deadline_s=settings.approvals.deadline_minutes * 60,
    )
    ready = steps.advance(connection, service.audit, created.run_id, called=service.bell.heard)
    rings += Rings(steps=tuple(ready))
    if created.approval_id:
        row = approvals.get(connection, created.approval_id)
        deadline = row.deadline if row else now_ms(connection)
        title, body = messages.approval_requested(
            settings, created.run_id, created.approval_id, deadline, document
        )
        notice = notices.add(
            connection,
            kind="approval_requested",
            title=title,
            body=body,
            run_id=created.run_id,
            approval_id=created.approval_id,
        )
        rings += Rings(notices=(notice,))
    rings += closing.close_if_ended(connection, service, created.run_id)
    return Opened(created.run_id, joined=False, rings=rings)


def _asks_anew(
    connection: Connection, settings: Settings, run_id: str, request: Request, mode: Mode
) -> bool:
    """Tell whether a request must not merely join the open run, which only people can move.

    It must not where it may do by itself (``mode``) what the open run has to ask for, nor where it
    is about a newer theft: the open run has revoked before that. The latter only for a run that has
    waited for longer than the guardrails say, because a storm of alerts must not ask without end;
    what still moves revokes again by itself.
    """
    run = runs.get(connection, run_id)
    if run is None:
        return False
    now = now_ms(connection)
    # held: for a person, or for a step that waits for one; what is ready or leased still moves,
    # unless it waits for its time
    only_people = all(
        step.state in ("done", "held") or (step.state == "ready" and step.not_before > now)
        for step in steps.of_run(connection, run_id)
    )
    if not only_people:
        return False
    if run.mode == Mode.APPROVE and mode is Mode.AUTO:
        return True
    if request.since is None:
        return False
    waited_s = settings.guardrails.ask_anew_after_minutes * 60
    begun_ms = datetime.fromisoformat(request.since).timestamp() * 1000
    return bool(begun_ms > run.created_at and now - run.created_at > waited_s * 1000)


def _plan(
    connection: Connection,
    service: Service,
    systems: Systems,
    request: Request,
    person: Identification,
) -> Plan:
    settings = service.settings
    locks.take(connection, locks.people_of(request.tenant))  # two at once would count alike
    policy = guardrails.decide(
        request.mode,
        tuple(person.accounts.values()),
        runs.people_since(connection, request.tenant, 3600),
        settings.guardrails,
        _unreached(person),
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
    )
    loaded = model.load(request.playbook, settings.playbooks.folder)
    model.check_actions(loaded, SPECS)
    return planner.make(
        loaded,
        situation,
        policy,
        SPECS,
        systems.preview,
        settings.playbooks.parameters.get(request.playbook),
    )


def _key(person: Identification) -> str:
    if person.person_key is None:
        raise ValueError("a run is opened only for a person who was found")
    return person.person_key


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


def _step(step: PlannedStep) -> NewStep:
    return NewStep(
        node=step.node,
        stage=step.stage,
        action=step.spec.name,
        system=step.spec.system,
        tenant=step.target.tenant,
        impact=step.spec.impact.value,
        parameters=step.parameters,
        target=asdict(step.target),
        approval=step.approval,
        needs=dict.fromkeys(step.after, False) | dict.fromkeys(step.needs, True),
        undoes=step.undoes,
        delay_s=step.delay_s,
        outcome="skipped" if step.skipped else None,
        reason=step.skipped,
    )
