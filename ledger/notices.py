"""What people are to be told: an outbox, so that telling them commits with what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from ledger import tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.identifiers import first_id, new_id
from ledger.vocabulary import Event

_notice = tables.notice


def add(
    connection: Connection,
    *,
    kind: str,
    title: str,
    body: str,
    run_id: str | None = None,
    approval_id: str | None = None,
) -> str:
    """Queue a message inside the caller's transaction; return its id."""
    notice_id = new_id()
    connection.execute(
        _notice.insert().values(
            id=notice_id,
            kind=kind,
            title=title,
            body=body,
            run_id=run_id,
            approval_id=approval_id,
            state="due",
            created_at=now_ms(connection),
        )
    )
    return notice_id


def added_since(connection: Connection, kind: str, since_ms: int) -> int:
    """Count the messages of a kind that were queued at ``since_ms`` or later."""
    oldest = first_id(since_ms)  # ids sort by time, and have an index
    counted = select(func.count()).where(
        _notice.c.id >= oldest, _notice.c.kind == kind, _notice.c.created_at >= since_ms
    )
    return int(connection.execute(counted).scalar_one())


def claim(connection: Connection, notice_id: str, lease_s: float) -> Row[Any] | None:
    """Take a due message for ``lease_s`` seconds; None where somebody else has it."""
    now = now_ms(connection)
    return connection.execute(
        _notice.update()
        .where(
            _notice.c.id == notice_id,
            _notice.c.state == "due",
            _notice.c.not_before <= now,
            _notice.c.lease_until <= now,
        )
        .values(lease_until=now + int(lease_s * 1000), attempts=_notice.c.attempts + 1)
        .returning(*_notice.c)
    ).one_or_none()


def settle(
    connection: Connection,
    audit: AuditLog,
    notice: Row[Any],
    *,
    state: str,
    result: Mapping[str, Any],
    retry_after_s: float | None = None,
) -> None:
    """Record how a delivery went: ``sent``, ``partial``, ``nobody``, ``failed`` or ``unknown``.

    With ``retry_after_s`` the message stays due and is tried again.
    """
    again = retry_after_s is not None
    connection.execute(
        _notice.update()
        .where(_notice.c.id == notice.id)
        .values(
            state="due" if again else state,
            result=dict(result),
            lease_until=0,
            rung_at=None,
            not_before=now_ms(connection) + int((retry_after_s or 0) * 1000),
        )
    )
    audit.append(
        connection,
        Event.NOTIFICATION_SENT if state == "sent" else Event.NOTIFICATION_FAILED,
        run_id=notice.run_id,
        notice={"id": notice.id, "kind": notice.kind, "attempt": notice.attempts},
        outcome=state,
        channels=result.get("channels"),
    )


def due(connection: Connection, ring_again_s: float, limit: int = 100) -> list[str]:
    """Mark and return the messages that are due and nobody has been called for lately."""
    now = now_ms(connection)
    ids = list(
        connection.execute(
            select(_notice.c.id)
            .where(
                _notice.c.state == "due",
                _notice.c.not_before <= now,
                _notice.c.lease_until <= now,
                or_(
                    _notice.c.rung_at.is_(None),
                    _notice.c.rung_at < now - int(ring_again_s * 1000),
                ),
            )
            .order_by(_notice.c.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
    )
    if ids:
        connection.execute(_notice.update().where(_notice.c.id.in_(ids)).values(rung_at=now))
    return ids


def of_run(connection: Connection, run_id: str) -> Sequence[Row[Any]]:
    """Return what people were told about a run, in order."""
    return connection.execute(
        select(_notice).where(_notice.c.run_id == run_id).order_by(_notice.c.created_at)
    ).all()


def free(connection: Connection) -> None:
    """Free the messages a dead process had taken: for a process that knows it is the only one."""
    connection.execute(
        _notice.update().where(_notice.c.state == "due").values(lease_until=0, rung_at=None)
    )
