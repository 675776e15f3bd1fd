"""What follows a person's decision: steps set free or ended, workers called."""

from __future__ import annotations

from sqlalchemy import Connection

from ledger import approvals, locks, runs, steps
from ledger.approvals import Decision
from tasks import closing, reissuing
from tasks.reissuing import Containment
from tasks.service import Rings, Service


def decide(
    service: Service,
    approval_id: str,
    *,
    approve: bool,
    plan_hash: str,
    user_id: str,
    user_name: str,
    reason: str,
) -> Decision:
    """Record the decision of a person who may decide, over the plan with ``plan_hash``.

    Returns:
        What became of it; ``accepted`` is False for a late or double click, a changed plan, or an
        approval to give an account back whose person is contained by now.
    """
    rings = Rings()
    with service.database.write() as connection:
        against = _against(connection, approval_id) if approve else None
        if against is not None:
            return approvals.refuse(
                connection,
                service.audit,
                approval_id,
                plan_hash=plan_hash,
                user_id=user_id,
                user_name=user_name,
                containment=against.run_id,
                why=f"{against.told}. {against.remedy}",
            )
        decision = approvals.decide(
            connection,
            service.audit,
            approval_id,
            approve=approve,
            plan_hash=plan_hash,
            user_id=user_id,
            user_name=user_name,
            reason=reason,
        )
        if decision.accepted:
            rings = _follow(connection, service, approval_id)
    service.ring(rings)
    return decision


def expire(service: Service) -> None:
    """End the requests whose time is over, and what waited for them."""
    rings = Rings()
    with service.database.write() as connection:
        for run_id in approvals.expire(connection, service.audit):
            rings += move_on(connection, service, run_id)
    service.ring(rings)


def move_on(connection: Connection, service: Service, run_id: str) -> Rings:
    """Move a run's held steps on and close it where all have ended; inside the caller's commit."""
    ready = steps.advance(connection, service.audit, run_id, called=service.bell.heard)
    return Rings(steps=tuple(ready)) + closing.close_if_ended(connection, service, run_id)


def _against(connection: Connection, approval_id: str) -> Containment | None:
    """Return what stands against approving; no containment is opened until the caller's commit."""
    asked = approvals.get(connection, approval_id)
    run = runs.get(connection, asked.run_id) if asked is not None else None
    if run is None or run.aim not in reissuing.GIVES_BACK:
        return None
    locks.take(connection, locks.people_of(run.tenant))
    return reissuing.containment_of(connection, run)


def _follow(connection: Connection, service: Service, approval_id: str) -> Rings:
    row = approvals.get(connection, approval_id)
    return move_on(connection, service, row.run_id) if row else Rings()
