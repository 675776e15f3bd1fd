"""Steps of a run: which are due, which may move on, how each ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, not_, or_, select

from ledger import control, tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.vocabulary import Event

_step = tables.step
_need = tables.step_need

#: Outcomes after which steps that need a success may follow.
GOOD = frozenset({"verified", "accepted", "already", "observed", "unverifiable"})


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended. ``lacks`` names what one that was skipped would have needed: ``permission``.

    ``leads`` are what it has found by reading that a run should follow up (``ledger.leads``).
    """

    outcome: str
    reason: str = ""
    instructions: str = ""
    receipt: Mapping[str, Any] | None = None
    proof: Mapping[str, Any] | None = None
    lacks: str = ""
    leads: Sequence[Mapping[str, Any]] = ()


def record_finished(connection: Connection, audit: AuditLog, step: Row[Any], ended: Ended) -> None:
    """Write the record that ends a step; its reason is sealed, for it may name people."""
    audit.append(
        connection,
        Event.STEP_FINISHED,
        run_id=step.run_id,
        step={"id": step.id, "node": step.node},
        action=step.action,
        outcome=ended.outcome,
        **({"lacks": ended.lacks} if ended.lacks else {}),
        private={"reason": ended.reason} if ended.reason else None,
    )


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


def advance(
    connection: Connection, audit: AuditLog, run_id: str, *, called: bool = True
) -> list[str]:
    """Move on the held steps of a run whose needs and approval are settled; return the ready ones.

    ``called`` says that the caller can call a worker for those; otherwise upkeep does at its next look.

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
                        rung_at=now if called and not step.delay_s else None,
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
        return Ended("skipped", "a newer request on this person takes its place"), False
    done = [need for need in needs if steps[need.needs_id].state == "done"]
    for need in done:
        needed = steps[need.needs_id]
        if need.success and needed.outcome not in GOOD:
            return Ended(
                "skipped", f"{needed.node} must succeed first; it ended {needed.outcome}"
            ), False
    vain = _in_vain([steps[need.needs_id] for need in needs if need.followed])
    if vain is not None:
        return vain, False
    return None, len(done) == len(needs) and step.approval in ("none", "approved")


def _in_vain(followed: Sequence[Row[Any]]) -> Ended | None:
    """Return how a step ends that came after what nobody has approved."""
    if not followed or any(step.outcome not in ("denied", "skipped") for step in followed):
        return None
    names = ", ".join(step.node for step in followed)
    if any(step.approval == "denied" for step in followed):
        return Ended("denied", f"it was to follow {names}, and a person denied that")
    if any(step.approval in ("expired", "superseded") for step in followed):
        return Ended("skipped", f"it was to follow {names}, and nobody approved that")
    return None


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
    record_finished(connection, audit, step, ended)


def needs_of(connection: Connection, step_id: str) -> Sequence[Row[Any]]:
    """Return what a step waits for."""
    return connection.execute(select(_need).where(_need.c.step_id == step_id)).all()


def any_moves(connection: Connection, run_id: str) -> bool:
    """Tell whether a step of a run is under way or about to be.

    What is held waits for a person, or for a step that waits for one; what is ready may wait for its time.
    """
    waits = and_(_step.c.state == "ready", _step.c.not_before > now_ms(connection))
    still = or_(_step.c.state.in_(("done", "held")), waits)
    found = select(_step.c.id).where(_step.c.run_id == run_id, not_(still)).limit(1)
    return connection.execute(found).first() is not None


def of_run(connection: Connection, run_id: str) -> Sequence[Row[Any]]:
    """Return the steps of a run in the order of its plan."""
    return connection.execute(
        select(_step).where(_step.c.run_id == run_id).order_by(_step.c.position)
    ).all()


def restored(connection: Connection, run_id: str) -> set[str]:
    """Return the nodes of a run whose change was put back, by a step of it or of another run."""
    return set(
        connection.execute(
            select(_step.c.undoes).where(
                _step.c.undoes.is_not(None),
                func.coalesce(_step.c.undoes_run, _step.c.run_id) == run_id,
                _step.c.outcome.in_(GOOD),
            )
        ).scalars()
    )


def contained_at(connection: Connection, run_id: str) -> int | None:
    """Return when the last change of a run ended well, what puts something back aside; None if none did.

    In milliseconds since 1970, UTC.
    """
    changed = select(func.max(_step.c.finished_at)).where(
        _step.c.run_id == run_id,
        _step.c.impact != "none",
        _step.c.undoes.is_(None),
        _step.c.outcome.in_(GOOD),
    )
    found = connection.execute(changed).scalar_one()
    return None if found is None else int(found)


def by_node(connection: Connection, run_id: str, node: str) -> Row[Any]:
    """Return one step of a run by its node."""
    return connection.execute(
        select(_step).where(_step.c.run_id == run_id, _step.c.node == node)
    ).one()
