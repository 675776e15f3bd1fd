"""Steps: claimed under a lease with a fence, finished only by whoever still holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from ledger import control, intents, tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.vocabulary import Event

_step = tables.step
_need = tables.step_need

#: Outcomes after which steps that need a success may follow.
GOOD = frozenset({"verified", "accepted", "already", "unverifiable"})


@dataclass(frozen=True, slots=True)
class Claim:
    """A step in one worker's hands. ``fence`` grows with every claim: an older holder is refused."""

    step: Row[Any]
    plan_hash: str
    sent: intents.Sent

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


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended."""

    outcome: str
    reason: str = ""
    instructions: str = ""
    receipt: Mapping[str, Any] | None = None
    proof: Mapping[str, Any] | None = None


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
    plan_hash = connection.execute(
        select(tables.run.c.plan_hash).where(tables.run.c.id == taken.run_id)
    ).scalar_one()
    held = Claim(taken, str(plan_hash), intents.sent(connection, step_id))
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


def finish(connection: Connection, audit: AuditLog, held: Claim, ended: Ended) -> bool:
    """End a step; False, with a record, where it is no longer ours."""
    changed = connection.execute(
        _step.update()
        .where(_step.c.id == held.id, _step.c.fence == held.fence, _step.c.state == "leased")
        .values(
            state="done",
            outcome=ended.outcome,
            reason=ended.reason,
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
    _record_finished(connection, audit, held.step, ended)
    return True


def _record_finished(connection: Connection, audit: AuditLog, step: Row[Any], ended: Ended) -> None:
    audit.append(
        connection,
        Event.STEP_FINISHED,
        run_id=step.run_id,
        step={"id": step.id, "node": step.node},
        action=step.action,
        outcome=ended.outcome,
        private={"reason": ended.reason} if ended.reason else None,
    )


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


def expire(connection: Connection, audit: AuditLog, *, owners_but: str | None = None) -> list[str]:
    """Free the steps whose holder's lease ran out; return their ids.

    ``owners_but`` frees all leases except that owner's, for a process that knows it is alone.
    """
    over = _step.c.lease_until < now_ms(connection)
    if owners_but is not None:
        over = _step.c.lease_owner != owners_but
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
    return [step.id for step in freed]


def due(connection: Connection, ring_again_s: float, limit: int = 200) -> list[str]:
    """Mark and return the ready steps that are due and nobody has been called for lately."""
    if control.paused(connection):
        return []
    now = now_ms(connection)
    ids = list(
        connection.execute(
            select(_step.c.id)
            .where(
                _step.c.state == "ready",
                _step.c.not_before <= now,
                or_(_step.c.rung_at.is_(None), _step.c.rung_at < now - int(ring_again_s * 1000)),
            )
            .order_by(_step.c.not_before)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
    )
    if ids:
        connection.execute(_step.update().where(_step.c.id.in_(ids)).values(rung_at=now))
    return ids


def advance(connection: Connection, audit: AuditLog, run_id: str) -> list[str]:
    """Move on the held steps of a run whose needs and approval are settled; return the ready ones.

    A step whose needed success failed to come, or that was denied, ends here with its reason. The
    run's row is locked, so that two siblings that end at once do not both miss their successor.
    """
    connection.execute(
        select(tables.run.c.id).where(tables.run.c.id == run_id).with_for_update()
    ).one()
    ready: list[str] = []
    moved = True
    while moved:
        moved = False
        steps = {step.id: step for step in of_run(connection, run_id)}
        for step in steps.values():
            if step.state != "held":
                continue
            ended, free = _look(step, needs_of(connection, step.id), steps)
            if ended is not None:
                _end_unstarted(connection, audit, step, ended)
                moved = True
            elif free:
                now = now_ms(connection)
                connection.execute(
                    _step.update()
                    .where(_step.c.id == step.id, _step.c.state == "held")
                    .values(
                        state="ready",
                        not_before=now + step.delay_s * 1000,
                        rung_at=None if step.delay_s else now,
                    )
                )
                if not step.delay_s:
                    ready.append(step.id)
    return ready


def _look(
    step: Row[Any], needs: Sequence[Row[Any]], steps: Mapping[str, Row[Any]]
) -> tuple[Ended | None, bool]:
    if step.approval == "denied":
        return Ended("denied", "a person denied the plan"), False
    if step.approval == "expired":
        return Ended("skipped", "nobody approved in time"), False
    if step.approval == "superseded":
        return Ended("skipped", "a newer alert on this person asks anew"), False
    done = [need for need in needs if steps[need.needs_id].state == "done"]
    for need in done:
        needed = steps[need.needs_id]
        if need.success and needed.outcome not in GOOD:
            return Ended(
                "skipped", f"{needed.node} must succeed first; it ended {needed.outcome}"
            ), False
    return None, len(done) == len(needs) and step.approval in ("none", "approved")


def _end_unstarted(connection: Connection, audit: AuditLog, step: Row[Any], ended: Ended) -> None:
    connection.execute(
        _step.update()
        .where(_step.c.id == step.id, _step.c.state == "held")
        .values(
            state="done",
            outcome=ended.outcome,
            reason=ended.reason,
            finished_at=now_ms(connection),
        )
    )
    _record_finished(connection, audit, step, ended)


def needs_of(connection: Connection, step_id: str) -> Sequence[Row[Any]]:
    """Return what a step waits for."""
    return connection.execute(select(_need).where(_need.c.step_id == step_id)).all()


def of_run(connection: Connection, run_id: str) -> Sequence[Row[Any]]:
    """Return the steps of a run in the order of its plan."""
    return connection.execute(
        select(_step).where(_step.c.run_id == run_id).order_by(_step.c.position)
    ).all()


def by_node(connection: Connection, run_id: str, node: str) -> Row[Any]:
    """Return one step of a run by its node."""
    return connection.execute(
        select(_step).where(_step.c.run_id == run_id, _step.c.node == node)
    ).one()
