"""Leases: a step in one worker's hands, finished only by whoever still holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, true

from ledger import control, intents, tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.steps import Ended, record_finished
from ledger.vocabulary import Event

_step = tables.step


@dataclass(frozen=True, slots=True)
class Claim:
    """A step in one worker's hands. ``fence`` grows with every claim: an older holder is refused.

    ``aim`` is its run's.
    """

    step: Row[Any]
    plan_hash: str
    sent: intents.Sent
    aim: str

    @property
    def id(self) -> str:
        """The step's id."""
        return str(self.step.id)

    @property
    def fence(self) -> int:
        """The fence under which this worker may write."""
        return int(self.step.fence)

    @property
    def named(self) -> dict[str, Any]:
        """How audit records name this attempt."""
        return {
            "id": self.step.id,
            "node": self.step.node,
            "attempt": self.step.attempts,
            "fence": self.step.fence,
        }


def claim(
    connection: Connection, audit: AuditLog, step_id: str, owner: str, lease_s: float
) -> Claim | None:
    """Take a ready step; None where it is not ready, not due, taken, or changes are paused."""
    if control.paused(connection):
        return None
    now = now_ms(connection)
    taken = connection.execute(
        _step.update()
        .where(_step.c.id == step_id, _step.c.state == "ready", _step.c.not_before <= now)
        .values(
            state="leased",
            fence=_step.c.fence + 1,
            attempts=_step.c.attempts + 1,
            lease_owner=owner,
            lease_until=now + int(lease_s * 1000),
            started_at=now,
        )
        .returning(*_step.c)
    ).one_or_none()
    if taken is None:
        return None
    run = connection.execute(
        select(tables.run.c.plan_hash, tables.run.c.aim).where(tables.run.c.id == taken.run_id)
    ).one()
    held = Claim(taken, str(run.plan_hash), intents.sent(connection, step_id), str(run.aim))
    audit.append(connection, Event.STEP_STARTED, run_id=taken.run_id, step=held.named)
    return held


def extend(connection: Connection, held: Claim, lease_s: float) -> bool:
    """Keep the lease alive; False where it is no longer ours."""
    return bool(
        connection.execute(
            _step.update()
            .where(_step.c.id == held.id, _step.c.fence == held.fence, _step.c.state == "leased")
            .values(lease_until=now_ms(connection) + int(lease_s * 1000))
        ).rowcount
    )


def keep_before(
    connection: Connection, audit: AuditLog, held: Claim, before: Mapping[str, Any]
) -> bool:
    """Commit the state before the change; False where the step is no longer ours."""
    kept = connection.execute(
        _step.update()
        .where(_step.c.id == held.id, _step.c.fence == held.fence, _step.c.state == "leased")
        .values(before=dict(before))
    ).rowcount
    if kept:
        audit.append(
            connection, Event.STEP_OBSERVED, run_id=held.step.run_id, step=held.named,
            satisfied=before.get("satisfied"),
        )  # fmt: skip
    return bool(kept)


def keep_receipt(connection: Connection, held: Claim, receipt: Mapping[str, Any]) -> bool:
    """Keep what the vendor answered once all of a change was sent; False where no longer ours."""
    return bool(
        connection.execute(
            _step.update()
            .where(_step.c.id == held.id, _step.c.fence == held.fence, _step.c.state == "leased")
            .values(receipt=dict(receipt))
        ).rowcount
    )


def finish(connection: Connection, audit: AuditLog, held: Claim, ended: Ended) -> bool:
    """End a step; False, with a record, where it is no longer ours."""
    changed = connection.execute(
        _step.update()
        .where(_step.c.id == held.id, _step.c.fence == held.fence, _step.c.state == "leased")
        .values(
            state="done",
            outcome=ended.outcome,
            reason=ended.reason,
            lacks=ended.lacks,
            instructions=ended.instructions,
            receipt=dict(ended.receipt) if ended.receipt is not None else None,
            proof=dict(ended.proof) if ended.proof is not None else None,
            finished_at=now_ms(connection),
        )
    ).rowcount
    if not changed:
        audit.append(connection, Event.RESULT_STALE, run_id=held.step.run_id, step=held.named)
        return False
    if ended.proof is not None:
        audit.append(
            connection,
            Event.VERIFY_RESULT,
            run_id=held.step.run_id,
            step=held.named,
            check=ended.proof.get("check"),
            expected=ended.proof.get("expected"),
            observed=ended.proof.get("observed"),
            outcome=ended.proof.get("outcome"),
        )
    record_finished(connection, audit, held.step, ended)
    return True


def release(
    connection: Connection,
    audit: AuditLog,
    held: Claim,
    *,
    after_s: float,
    reason: str,
    uncounted: bool = False,
) -> bool:
    """Give a step back, to be taken again after ``after_s`` seconds.

    ``uncounted`` takes the attempt back, for a wait that is no failure (a pause).
    """
    changed = connection.execute(
        _step.update()
        .where(_step.c.id == held.id, _step.c.fence == held.fence, _step.c.state == "leased")
        .values(
            state="ready",
            not_before=now_ms(connection) + int(after_s * 1000),
            rung_at=None,
            lease_owner=None,
            last_error=reason,
            attempts=_step.c.attempts - (1 if uncounted else 0),
        )
    ).rowcount
    if changed:
        audit.append(
            connection,
            Event.STEP_POSTPONED,
            run_id=held.step.run_id,
            step=held.named,
            reason=reason,
            after_ms=int(after_s * 1000),
        )
    return bool(changed)


def expire(connection: Connection, audit: AuditLog) -> None:
    """Free the steps whose holder's lease ran out."""
    _free(connection, audit, _step.c.lease_until < now_ms(connection))


def free(connection: Connection, audit: AuditLog) -> None:
    """Free what a dead process held or had been called for: for the only process, as it starts."""
    _free(connection, audit, true())
    connection.execute(_step.update().where(_step.c.state == "ready").values(rung_at=None))


def _free(connection: Connection, audit: AuditLog, over: ColumnElement[bool]) -> None:
    freed = connection.execute(
        _step.update()
        .where(_step.c.state == "leased", over)
        .values(state="ready", rung_at=None, lease_owner=None, not_before=0)
        .returning(_step.c.id, _step.c.run_id, _step.c.node, _step.c.attempts, _step.c.fence)
    ).all()
    for step in freed:
        audit.append(
            connection,
            Event.LEASE_EXPIRED,
            run_id=step.run_id,
            step={
                "id": step.id, "node": step.node, "attempt": step.attempts, "fence": step.fence,
            },
        )  # fmt: skip
