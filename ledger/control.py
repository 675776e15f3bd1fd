"""The pause switch."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from ledger import locks, tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.vocabulary import Event

_control = tables.control
_PAUSE = "pause"


def pause(
    connection: Connection, audit: AuditLog, *, actor: str, reason: str
) -> dict[str, Any] | None:
    """Stop all changes. The next intent of any worker is refused.

    Returns:
        None; or, where changes are paused already, that pause as ``paused`` gives it. It stays as it
        is, with who, when and why.
    """
    locks.take(connection, locks.CHANGES)
    standing = paused(connection)
    if standing is not None:
        return standing
    _set(connection, {"paused": True, "reason": reason}, actor)
    audit.append(
        connection,
        Event.CONTROL_PAUSED,
        actor={"type": "human", "sub": actor},
        private={"reason": reason},
    )
    return None


def resume(connection: Connection, audit: AuditLog, *, actor: str) -> bool:
    """Let changes go on: the steps that wait are called for at the next look.

    Returns:
        False where nothing was paused; then nothing is done.
    """
    locks.take(connection, locks.CHANGES)
    if paused(connection) is None:
        return False
    _set(connection, {"paused": False, "reason": ""}, actor)
    step = tables.step
    connection.execute(step.update().where(step.c.state == "ready").values(rung_at=None))
    audit.append(connection, Event.CONTROL_RESUMED, actor={"type": "human", "sub": actor})
    return True


def paused(connection: Connection) -> dict[str, Any] | None:
    """Return who paused, when and why; None where changes may be sent."""
    row = connection.execute(select(_control).where(_control.c.key == _PAUSE)).one_or_none()
    if row is None or not row.value.get("paused"):
        return None
    return {"by": row.changed_by, "at": row.changed_at, "reason": row.value.get("reason", "")}


def let_out(connection: Connection) -> bool:
    """Tell whether a change may be sent; it stays true to the transaction's end: a pause waits."""
    locks.take(connection, locks.CHANGES, shared=True)
    return paused(connection) is None


def _set(connection: Connection, value: dict[str, Any], actor: str) -> None:
    values = {"value": value, "changed_at": now_ms(connection), "changed_by": actor}
    connection.execute(_control.update().where(_control.c.key == _PAUSE).values(**values))
