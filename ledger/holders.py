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


def held_until(connection: Connection, base: Row[Any], *, shared: bool = False) -> int | None:
    """Return until when newer runs hold what a step has changed; None where none does.

    Such a run has found the change there, or has made it itself since, and puts it back when its own
    time has come: in milliseconds since 1970 UTC. ``shared`` tells that the action's parameters alone
    name what it changes, so that runs for other persons hold it, too.
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
        if _same(base, each, shared=shared)
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


def _same(one: Row[Any], other: Row[Any], *, shared: bool) -> bool:
    """Tell whether two steps of an action have changed the same thing."""
    mine, theirs = one.parameters or {}, other.parameters or {}
    if "ips" in mine and "ips" in theirs:  # a zone is everybody's
        return bool(set(mine["ips"]) & set(theirs["ips"]))
    return bool(mine == theirs and (shared or one.target.get("id") == other.target.get("id")))
