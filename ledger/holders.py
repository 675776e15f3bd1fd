"""Whether a change that is to be put back by its time is put back already, or held by a newer run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from ledger import tables
from ledger.steps import GOOD, restored

_step = tables.step


def is_restored(connection: Connection, base: Row[Any]) -> bool:
    """Tell whether the change of a step was put back, by whatever run."""
    return base.node in restored(connection, base.run_id)


def held_until(
    connection: Connection, base: Row[Any], *, shared: bool = False, others: bool = False
) -> int | None:
    """Return until when newer runs hold what a step has changed; None where none does.

    Such a run has found the change there, or has made it itself since, and puts it back when its own
    time has come: in milliseconds since 1970 UTC. ``shared`` tells that the action's parameters alone
    name what it changes, so that runs for other persons hold it, too; ``others`` asks for those alone.
    """
    newer = connection.execute(
        select(_step).where(
            _step.c.action == base.action,
            _step.c.tenant == base.tenant,
            _step.c.run_id != base.run_id,
            _step.c.undoes.is_(None),
            _step.c.started_at > base.started_at,
            _step.c.outcome.in_(GOOD),
        )
    ).all()
    ends = [
        end.not_before
        for each in newer
        if _same(base, each, shared=shared) and not (others and _about_one(base, each))
        for end in connection.execute(
            select(_step).where(
                _step.c.run_id == each.run_id,
                _step.c.undoes == each.node,
                _step.c.undoes_run.is_(None),
                _step.c.state == "ready",
                _step.c.delay_s > 0,
            )
        )
    ]
    return max(ends, default=None)


def is_timed(connection: Connection, base: Row[Any]) -> bool:
    """Tell whether the run of a step still waits for the time to put its change back."""
    timer = select(_step.c.id).where(
        _step.c.run_id == base.run_id,
        _step.c.undoes == base.node,
        _step.c.undoes_run.is_(None),
        _step.c.state.in_(("ready", "leased")),
        _step.c.delay_s > 0,
    )
    return connection.execute(timer.limit(1)).first() is not None


def _about_one(one: Row[Any], other: Row[Any]) -> bool:
    return bool(one.target.get("id") == other.target.get("id"))


def _same(one: Row[Any], other: Row[Any], *, shared: bool) -> bool:
    """Tell whether two steps of an action have changed the same thing."""
    mine, theirs = one.parameters or {}, other.parameters or {}
    if "ips" in mine and "ips" in theirs:  # a zone is everybody's
        return bool(set(mine["ips"]) & set(theirs["ips"]))
    return bool(mine == theirs and (shared or _about_one(one, other)))
