"""Runs: one playbook for one person, with its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, false, func, not_, or_, select

from ledger import tables
from ledger.chain import AuditLog, rfc3339
from ledger.database import now_ms
from ledger.identifiers import new_id, new_unguessable_id
from ledger.vocabulary import Event

_run = tables.run
_account = tables.run_account
_step = tables.step


@dataclass(frozen=True, slots=True)
class NewStep:
    """A step to be stored with its run. ``needs`` names nodes; True where their success is needed.

    ``follows`` names those among them one of which people must have approved.
    """

    node: str
    stage: str
    action: str
    system: str
    tenant: str
    impact: str
    parameters: Mapping[str, Any]
    target: Mapping[str, Any]
    approval: bool
    needs: Mapping[str, bool] = field(default_factory=dict)
    follows: Sequence[str] = ()
    undoes: str | None = None
    undoes_run: str | None = None
    delay_s: int = 0
    outcome: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be stored: who, which plan, and its steps in order.

    ``route`` names the routing rule that chose the playbook, its reason and its mode.
    """

    tenant: str
    person_key: str
    person: Mapping[str, Any]
    alert_id: str | None
    requested_by: str
    playbook: str
    playbook_hash: str
    mode: str
    plan_hash: str
    plan: Mapping[str, Any]
    steps: Sequence[NewStep]
    aim: str = "contain"
    private: Mapping[str, str] = field(default_factory=dict)
    route: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A stored run: its id, and the id of the approval it waits for, if any."""

    run_id: str
    approval_id: str | None


def create(
    connection: Connection, audit: AuditLog, new: NewRun, *, approval_deadline_s: float
) -> Created:
    """Store a run, its steps and, where steps wait for people, the approval; all in the caller's commit."""
    run_id, now = new_id(), now_ms(connection)
    connection.execute(
        _run.insert().values(
            id=run_id,
            tenant=new.tenant,
            person_key=new.person_key,
            person=dict(new.person),
            alert_id=new.alert_id,
            requested_by=new.requested_by,
            playbook=new.playbook,
            playbook_hash=new.playbook_hash,
            mode=new.mode,
            plan_hash=new.plan_hash,
            plan=dict(new.plan),
            aim=new.aim,
            state=_state(new),
            created_at=now,
        )
    )
    about = [
        {"run_id": run_id, "system": each["system"], "account_id": each["id"]}
        for each in new.person.get("accounts", ())
    ]
    if about:
        connection.execute(_account.insert(), about)
    ids = {step.node: new_id() for step in new.steps}
    for position, step in enumerate(new.steps):
        connection.execute(_step.insert().values(**_values(step, position, run_id, ids, now)))
    needs = [
        {
            "step_id": ids[step.node],
            "needs_id": ids[node],
            "success": success,
            "followed": node in step.follows,
        }
        for step in new.steps
        for node, success in step.needs.items()
    ]
    if needs:
        connection.execute(tables.step_need.insert(), needs)
    approval_id = None
    waiting = [step for step in new.steps if step.approval and step.outcome is None]
    deadline = now + int(approval_deadline_s * 1000)
    if waiting:
        approval_id = new_unguessable_id()
        connection.execute(
            tables.approval.insert().values(
                id=approval_id,
                run_id=run_id,
                plan_hash=new.plan_hash,
                state="pending",
                requested_at=now,
                deadline=deadline,
            )
        )
    _record_creation(connection, audit, new, run_id, ids)
    if approval_id:
        audit.append(
            connection,
            Event.APPROVAL_REQUESTED,
            run_id=run_id,
            approval={"id": approval_id, "plan_hash": new.plan_hash, "deadline": rfc3339(deadline)},
        )
    return Created(run_id, approval_id)


def _state(new: NewRun) -> str:
    """Only a containment is one that alerts on the same person join."""
    if new.mode == "observe":
        return "observing"
    return "running" if new.aim == "contain" else "beside"


def _values(
    step: NewStep, position: int, run_id: str, ids: Mapping[str, str], now: int
) -> dict[str, Any]:
    ended = step.outcome is not None
    return {
        "id": ids[step.node],
        "run_id": run_id,
        "position": position,
        "node": step.node,
        "stage": step.stage,
        "action": step.action,
        "system": step.system,
        "tenant": step.tenant,
        "impact": step.impact,
        "undoes": step.undoes,
        "undoes_run": step.undoes_run,
        "parameters": dict(step.parameters),
        "target": dict(step.target),
        "approval": "pending" if step.approval and not ended else "none",
        "state": "done" if ended else "held",
        "delay_s": step.delay_s,
        "outcome": step.outcome,
        "reason": step.reason,
        "finished_at": now if ended else None,
    }


def _record_creation(
    connection: Connection, audit: AuditLog, new: NewRun, run_id: str, ids: Mapping[str, str]
) -> None:
    audit.append(
        connection,
        Event.RUN_CREATED,
        run_id=run_id,
        tenant=new.tenant,
        person=new.person_key,
        playbook=new.playbook,
        playbook_hash=new.playbook_hash,
        mode=new.mode,
        aim=new.aim,
        requested_by=new.requested_by,
        alert=new.alert_id,
        private=new.private,
        **({"route": dict(new.route)} if new.route else {}),
    )
    audit.append(
        connection,
        Event.PLAN_COMPUTED,
        run_id=run_id,
        plan={
            "hash": new.plan_hash,
            "steps": [
                {
                    "id": ids[step.node],
                    "node": step.node,
                    "action": step.action,
                    "system": step.system,
                    "impact": step.impact,
                    "approval": step.approval,
                }
                for step in new.steps
            ],
        },
    )
    for step in new.steps:
        if step.outcome is not None:
            audit.append(
                connection,
                Event.STEP_FINISHED,
                run_id=run_id,
                step={"id": ids[step.node], "node": step.node},
                action=step.action,
                outcome=step.outcome,
                private={"reason": step.reason},
            )


#: Accounts of one person: system and immutable id.
Accounts = Sequence[tuple[str, str]]


def open_run(connection: Connection, tenant: str, accounts: Accounts) -> str | None:
    """Return the id of the containment that still moves for this person, the oldest, if there is one."""
    return connection.execute(
        about_person(tenant, accounts).where(_run.c.state == "running").limit(1)
    ).scalar_one_or_none()


def observed_since(
    connection: Connection, tenant: str, accounts: Accounts, seconds: float, playbook: str
) -> list[Row[Any]]:
    """Return what alerts have had observed of this person by ``playbook`` within ``seconds``, the newest first."""
    return list(
        connection.execute(
            about_person(tenant, accounts)
            .with_only_columns(_run)
            .where(
                _run.c.mode == "observe",
                _run.c.playbook == playbook,
                _run.c.alert_id.is_not(None),
                _run.c.created_at >= now_ms(connection) - int(seconds * 1000),
            )
            .order_by(None)
            .order_by(_run.c.created_at.desc(), _run.c.id.desc())
        )
    )


def beside(
    connection: Connection,
    tenant: str,
    accounts: Accounts,
    aims: Sequence[str],
    playbook: str | None = None,
) -> list[str]:
    """Return the person's unfinished runs of other aims than containing her, the oldest first."""
    query = about_person(tenant, accounts).where(_run.c.state == "beside", _run.c.aim.in_(aims))
    if playbook is not None:
        query = query.where(_run.c.playbook == playbook)
    return list(connection.execute(query).scalars())


def of_person(connection: Connection, tenant: str, accounts: Accounts) -> list[str]:
    """Return all runs about any of these accounts, the oldest first."""
    return list(connection.execute(about_person(tenant, accounts)).scalars())


def about_person(tenant: str, accounts: Accounts) -> Select[Any]:
    """Select the runs about any of these accounts, the oldest first."""
    hers = [
        and_(_account.c.system == system, _account.c.account_id == own) for system, own in accounts
    ]
    about = select(_account.c.run_id).where(or_(false(), *hers))
    return (
        select(_run.c.id)
        .where(_run.c.tenant == tenant, _run.c.id.in_(about))
        .order_by(_run.c.created_at, _run.c.id)
    )


def people_since(
    connection: Connection, tenant: str, seconds: float, *, proposed_by: str = ""
) -> int:
    """Count the different persons runs were opened for in a tenant within ``seconds``.

    What ``proposed_by`` has proposed counts once people have approved it: nothing happens by it before.
    """
    since = now_ms(connection) - int(seconds * 1000)
    asked = tables.approval
    approved = exists().where(asked.c.run_id == _run.c.id, asked.c.state == "approved")
    proposal = and_(_run.c.requested_by == proposed_by, _run.c.mode == "approve")
    return int(
        connection.execute(
            select(func.count(_run.c.person_key.distinct())).where(
                _run.c.tenant == tenant,
                _run.c.created_at >= since,
                _run.c.mode != "observe",
                or_(not_(proposal), approved),
            )
        ).scalar_one()
    )


def by_alerts_since(connection: Connection, tenant: str, accounts: Accounts, seconds: float) -> int:
    """Count the containments that alerts have opened for this person within ``seconds``."""
    since = now_ms(connection) - int(seconds * 1000)
    mine = about_person(tenant, accounts).order_by(None)
    return int(
        connection.execute(
            select(func.count()).where(
                _run.c.id.in_(mine),
                _run.c.created_at >= since,
                _run.c.alert_id.is_not(None),
                _run.c.aim == "contain",
                _run.c.mode != "observe",
            )
        ).scalar_one()
    )


def make_room(connection: Connection, run_id: str) -> None:
    """Let another run be opened for the person: this one was called off, or only waits for time."""
    connection.execute(
        _run.update()
        .where(_run.c.id == run_id, _run.c.state == "running")
        .values(state="restoring")
    )


def watch(
    connection: Connection,
    audit: AuditLog,
    run_id: str,
    *,
    status: str,
    exposure: Sequence[Mapping[str, Any]],
    until: int,
) -> bool:
    """Let a run only wait for its timed steps, with its status so far; False where it does already.

    ``until`` is when the last of them begins, in milliseconds since 1970 UTC.
    """
    changed = connection.execute(
        _run.update()
        .where(_run.c.id == run_id, _run.c.state.in_(("running", "beside")))
        .values(state="restoring", status=status, exposure=[dict(item) for item in exposure])
    ).rowcount
    if changed:
        audit.append(
            connection,
            Event.RUN_WATCHED,
            run_id=run_id,
            status=status,
            exposure=_told(exposure),
            until=rfc3339(until),
        )
    return bool(changed)


def close(
    connection: Connection,
    audit: AuditLog,
    run_id: str,
    *,
    status: str,
    exposure: Sequence[Mapping[str, Any]],
) -> bool:
    """End a run whose steps have all ended; False where somebody else has done so."""
    changed = connection.execute(
        _run.update()
        .where(_run.c.id == run_id, _run.c.state != "done")
        .values(
            state="done",
            status=status,
            exposure=[dict(item) for item in exposure],
            finished_at=now_ms(connection),
        )
    ).rowcount
    if changed:
        audit.append(
            connection,
            Event.RUN_FINISHED,
            run_id=run_id,
            status=status,
            exposure=_told(exposure),
        )
    return bool(changed)


def _told(exposure: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the log tells of what stays usable."""
    return [{name: item[name] for name in ("system", "what", "until")} for item in exposure]


def get(connection: Connection, run_id: str) -> Row[Any] | None:
    """Return a run by its id, or by a unique beginning of it of eight or more characters."""
    found = connection.execute(select(_run).where(_run.c.id == run_id)).one_or_none()
    if found is None and len(run_id) >= 8:
        alike = connection.execute(
            select(_run).where(_run.c.id.startswith(run_id, autoescape=True)).limit(2)
        ).all()
        found = alike[0] if len(alike) == 1 else None
    return found


def listed(connection: Connection, *, limit: int = 50) -> Sequence[Row[Any]]:
    """Return the newest runs first."""
    return connection.execute(
        select(_run).order_by(_run.c.created_at.desc(), _run.c.id.desc()).limit(limit)
    ).all()


def unclosed(connection: Connection) -> list[str]:
    """Return open runs all of whose steps have ended (their process died before closing them)."""
    moving = select(_step.c.run_id).where(_step.c.state != "done")
    return list(
        connection.execute(
            select(_run.c.id).where(_run.c.state != "done", _run.c.id.not_in(moving))
        ).scalars()
    )
