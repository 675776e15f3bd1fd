"""A plan becomes a run: stored with its steps, people asked, what may begin set free; one commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection

from ledger import approvals, notices, runs, steps
from ledger.database import now_ms
from ledger.runs import NewRun, NewStep
from playbooks.plan import Plan, PlannedStep
from tasks import closing, messages
from tasks.service import Rings, Service


@dataclass(frozen=True, slots=True)
class Opened:
    """The run that now takes care of the person; ``joined`` where it was open already.

    ``since_unused`` tells that the beginning of the theft it was asked for with is not the one the
    open run goes by.
    """

    run_id: str
    joined: bool
    rings: Rings = field(default_factory=Rings)
    since_unused: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a run is about, on whose word, and by which alert.

    ``document`` is what is kept of the person with the run; ``key`` is made of an immutable id; ``why``
    is what whoever is asked to approve needs to know first.
    """

    tenant: str
    key: str
    document: Mapping[str, Any]
    requested_by: str
    alert_id: str | None = None
    why: str = ""


def launch(connection: Connection, service: Service, plan: Plan, subject: Subject) -> Opened:
    """Store ``plan`` as a run, inside the caller's commit; return whom to call after it."""
    settings, document = service.settings, plan.document()
    created = runs.create(
        connection,
        service.audit,
        _new_run(plan, document, subject),
        approval_deadline_s=settings.approvals.deadline_minutes * 60,
    )
    ready = steps.advance(connection, service.audit, created.run_id, called=service.bell.heard)
    rings = Rings(steps=tuple(ready))
    if created.approval_id:
        row = approvals.get(connection, created.approval_id)
        deadline = row.deadline if row else now_ms(connection)
        title, body = messages.approval_requested(
            settings, created.run_id, created.approval_id, deadline, document, subject.why
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


def _new_run(plan: Plan, document: Mapping[str, Any], subject: Subject) -> NewRun:
    return NewRun(
        tenant=subject.tenant,
        person_key=subject.key,
        person=subject.document,
        alert_id=subject.alert_id,
        requested_by=subject.requested_by,
        playbook=plan.playbook.id,
        playbook_hash=plan.playbook.hash,
        aim=plan.aim.value,
        mode=plan.mode.value,
        plan_hash=document["hash"],
        plan=document,
        steps=[_step(step) for step in plan.steps],
        private={"names": ", ".join(account.name for account in plan.accounts)},
        route={key: plan.route[key] for key in ("rule", "reason", "mode")} if plan.route else None,
    )


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
        follows=step.follows,
        undoes=step.undoes,
        undoes_run=step.undoes_run,
        delay_s=step.delay_s,
        outcome="skipped" if step.skipped else None,
        reason=step.skipped,
    )
