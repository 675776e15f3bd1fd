"""Approvals: one decision per plan, by a signed-in person, over exactly that plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from ledger import tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.vocabulary import Event

_approval = tables.approval
_step = tables.step


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a click. ``accepted`` is False where it came too late or over another plan.

    ``state``, ``by`` and ``at`` tell what stands now, to show whoever clicked.
    """

    accepted: bool
    state: str
    by: str | None
    at: int | None
    why: str = ""


def get(connection: Connection, approval_id: str) -> Row[Any] | None:
    """Return an approval by its id."""
    return connection.execute(select(_approval).where(_approval.c.id == approval_id)).one_or_none()


def of_run(connection: Connection, run_id: str) -> Row[Any] | None:
    """Return the newest approval of a run."""
    return connection.execute(
        select(_approval)
        .where(_approval.c.run_id == run_id)
        .order_by(_approval.c.requested_at.desc())
        .limit(1)
    ).one_or_none()


def pending(connection: Connection) -> Sequence[Row[Any]]:
    """Return what waits for a person, the most urgent first."""
    return connection.execute(
        select(_approval).where(_approval.c.state == "pending").order_by(_approval.c.deadline)
    ).all()


def decide(
    connection: Connection,
    audit: AuditLog,
    approval_id: str,
    *,
    approve: bool,
    plan_hash: str,
    user_id: str,
    user_name: str,
    reason: str,
) -> Decision:
    """Record a person's decision and set its steps free or end them (``steps.advance`` moves them).

    The caller has checked that this person may decide. One row update decides a race.
    """
    now = now_ms(connection)
    state = "approved" if approve else "denied"
    changed = connection.execute(
        _approval.update()
        .where(
            _approval.c.id == approval_id,
            _approval.c.state == "pending",
            _approval.c.plan_hash == plan_hash,
            _approval.c.deadline > now,
        )
        .values(state=state, decided_at=now, decided_by=user_name, reason=reason)
        .returning(_approval.c.run_id)
    ).one_or_none()
    if changed is None:
        return _refused(get(connection, approval_id), plan_hash)
    _set_steps(connection, changed.run_id, state)
    audit.append(
        connection,
        Event.APPROVAL_DECIDED,
        run_id=changed.run_id,
        approval={"id": approval_id, "plan_hash": plan_hash, "decision": state},
        actor={"type": "human", "sub": user_id},
        private={"name": user_name, "reason": reason},
    )
    return Decision(accepted=True, state=state, by=user_name, at=now)


def refuse(
    connection: Connection,
    audit: AuditLog,
    approval_id: str,
    *,
    plan_hash: str,
    user_id: str,
    user_name: str,
    containment: str,
    why: str,
) -> Decision:
    """Record that a person's approval was not taken, because the run ``containment`` stands against it.

    The request goes on waiting.
    """
    row = get(connection, approval_id)
    waits = row is not None and row.state == "pending" and row.deadline > now_ms(connection)
    if row is None or not waits or row.plan_hash != plan_hash:
        return _refused(row, plan_hash)
    audit.append(
        connection,
        Event.APPROVAL_REFUSED,
        run_id=row.run_id,
        approval={"id": approval_id, "plan_hash": plan_hash, "containment": containment},
        actor={"type": "human", "sub": user_id},
        private={"name": user_name, "reason": why},
    )
    return Decision(False, row.state, None, None, why)


def _refused(row: Row[Any] | None, plan_hash: str) -> Decision:
    if row is None:
        return Decision(False, "unknown", None, None, "there is no such request")
    if row.state != "pending":
        return Decision(False, row.state, row.decided_by, row.decided_at, "it is decided already")
    if row.plan_hash != plan_hash:
        return Decision(False, row.state, None, None, "the plan has changed; look at it again")
    return Decision(False, "expired", None, row.deadline, "the time to decide is over")


def expire(connection: Connection, audit: AuditLog) -> list[str]:
    """End the requests whose time is over; return the runs concerned."""
    over = connection.execute(
        _approval.update()
        .where(_approval.c.state == "pending", _approval.c.deadline <= now_ms(connection))
        .values(state="expired")
        .returning(_approval.c.id, _approval.c.run_id, _approval.c.plan_hash)
    ).all()
    for row in over:
        _set_steps(connection, row.run_id, "expired")
        audit.append(
            connection,
            Event.APPROVAL_EXPIRED,
            run_id=row.run_id,
            approval={"id": row.id, "plan_hash": row.plan_hash},
        )
    return [row.run_id for row in over]


def supersede(connection: Connection, audit: AuditLog, run_id: str) -> None:
    """End a run that waits for people alone, because a newer alert asks anew.

    All its held steps end, those too that would only have followed what was asked.
    """
    over = connection.execute(
        _approval.update()
        .where(_approval.c.run_id == run_id, _approval.c.state == "pending")
        .values(state="superseded")
        .returning(_approval.c.id, _approval.c.plan_hash)
    ).all()
    connection.execute(
        _step.update()
        .where(_step.c.run_id == run_id, _step.c.state == "held")
        .values(approval="superseded")
    )
    for row in over:
        audit.append(
            connection,
            Event.APPROVAL_SUPERSEDED,
            run_id=run_id,
            approval={"id": row.id, "plan_hash": row.plan_hash},
        )


def _set_steps(connection: Connection, run_id: str, state: str) -> None:
    connection.execute(
        _step.update()
        .where(_step.c.run_id == run_id, _step.c.approval == "pending")
        .values(approval=state)
    )
