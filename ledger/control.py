"""The pause switch."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from ledger import tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.vocabulary import Event

_control = tables.control
_PAUSE = "pause"


def pause(connection: Connection, audit: AuditLog, *, actor: str, reason: str) -> None:
    """Stop all changes. The next intent of any worker is refused."""
    _set(connection, {"paused": True, "reason": reason}, actor)
    audit.append(
        connection,
        Event.CONTROL_PAUSED,
        actor={"type": "human", "sub": actor},
        private={"reason": reason},
    )


def resume(connection: Connection, audit: AuditLog, *, actor: str) -> None:
    """Let changes go on."""
    _set(connection, {"paused": False, "reason": ""}, actor)
    audit.append(connection, Event.CONTROL_RESUMED, actor={"type": "human", "sub": actor})


def paused(connection: Connection) -> dict[str, Any] | None:
    """Return who paused, when and why; None where changes may be sent.

    Inside a transaction the answer stays true until its end: a pause waits for it.
    """
    row = connection.execute(
        select(_control).where(_control.c.key == _PAUSE).with_for_update(read=True)
    ).one_or_none()
    if row is None or not row.value.get("paused"):
        return None
    return {"by": row.changed_by, "at": row.changed_at, "reason": row.value.get("reason", "")}


def _set(connection: Connection, value: dict[str, Any], actor: str) -> None:
    values = {"value": value, "changed_at": now_ms(connection), "changed_by": actor}
    connection.execute(_control.update().where(_control.c.key == _PAUSE).values(**values))
