"""Which runs a person may mean by the beginning of an id."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from ledger import tables

_run = tables.run


def beginning_with(connection: Connection, beginning: str, *, limit: int) -> Sequence[str]:
    """Return the ids that begin so, the newest run's first, at most ``limit``."""
    return list(
        connection.execute(
            select(_run.c.id)
            .where(_run.c.id.startswith(beginning, autoescape=True))
            .order_by(_run.c.created_at.desc(), _run.c.id.desc())
            .limit(limit)
        ).scalars()
    )
