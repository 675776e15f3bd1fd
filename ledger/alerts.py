"""Alerts: stored before they are answered, taken up once, never lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, TableValuedAlias, exists, func, or_, select

from ledger import tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.errors import AlertLost
from ledger.identifiers import new_id
from ledger.vocabulary import Event

_alert = tables.alert
#: How much of an id has to be given, at least.
_SHORTEST = 8


def claim(connection: Connection, alert_id: str, lease_s: float) -> Row[Any] | None:
    """Take up a received alert for ``lease_s`` seconds; None where somebody else has it."""
    now = now_ms(connection)
    return connection.execute(
        _alert.update()
        .where(_alert.c.id == alert_id, _alert.c.state == "received", _alert.c.lease_until <= now)
        .values(lease_until=now + int(lease_s * 1000), attempts=_alert.c.attempts + 1)
        .returning(*_alert.c)
    ).one_or_none()


def waiting(connection: Connection, alert_id: str) -> Row[Any] | None:
    """Return an alert that waits to be taken up and is in nobody's hands, else None; reads only."""
    return connection.execute(
        select(_alert).where(
            _alert.c.id == alert_id,
            _alert.c.state == "received",
            _alert.c.lease_until <= now_ms(connection),
        )
    ).one_or_none()


def hold(connection: Connection, held: Row[Any]) -> None:
    """Lock the alert that ``claim`` gave, first thing in a transaction that writes what became of it.

    Raises:
        AlertLost: its lease ran out and another has taken it up, or settled it, since.
    """
    ours = connection.execute(
        select(_alert.c.id)
        .where(
            _alert.c.id == held.id,
            _alert.c.state == "received",
            _alert.c.attempts == held.attempts,
        )
        .with_for_update()
    ).first()
    if ours is None:
        raise AlertLost


def postpone(connection: Connection, alert_id: str, seconds: float, reason: str) -> None:
    """Give an alert back, to be taken up again after ``seconds``."""
    connection.execute(
        _alert.update()
        .where(_alert.c.id == alert_id)
        .values(lease_until=now_ms(connection) + int(seconds * 1000), rung_at=None, reason=reason)
    )


def quarantine(
    connection: Connection,
    audit: AuditLog,
    alert_id: str,
    *,
    reason: str,
    remedy: str,
    parsed: Mapping[str, Any] | None = None,
    event_key: str | None = None,
) -> None:
    """Set an alert aside with what was wrong and what to do; it can be replayed.

    ``parsed`` is what could be understood of it, for whoever looks. With ``event_key`` the same finding
    again is a repetition of this one.
    """
    connection.execute(
        _alert.update()
        .where(_alert.c.id == alert_id)
        .values(
            state="quarantined",
            reason=reason,
            remedy=remedy,
            parsed=dict(parsed) if parsed else None,
            event_key=event_key,
        )
    )
    audit.append(connection, Event.ALERT_QUARANTINED, alert=alert_id, reason=reason)


def replay(connection: Connection, audit: AuditLog, alert_id: str, *, actor: str) -> bool:
    """Put an alert that was set aside or ignored back to be taken up; False where it was neither."""
    changed = connection.execute(
        _alert.update()
        .where(_alert.c.id == alert_id, _alert.c.state.in_(("quarantined", "ignored")))
        .values(
            state="received",
            reason="",
            remedy="",
            attempts=0,
            lease_until=0,
            rung_at=None,
            event_key=None,
        )
    ).rowcount
    if changed:
        audit.append(
            connection, Event.ALERT_REPLAYED, alert=alert_id, actor={"type": "human", "sub": actor}
        )
    return bool(changed)


def settle(
    connection: Connection,
    alert_id: str,
    *,
    state: str,
    reason: str = "",
    remedy: str = "",
    event_key: str | None = None,
    parsed: Mapping[str, Any] | None = None,
    run_ids: Sequence[str] = (),
    duplicate_of: str | None = None,
) -> None:
    """Write what became of an alert."""
    connection.execute(
        _alert.update()
        .where(_alert.c.id == alert_id)
        .values(
            state=state,
            reason=reason,
            remedy=remedy,
            event_key=event_key,
            parsed=dict(parsed) if parsed else None,
            run_ids=list(run_ids),
            duplicate_of=duplicate_of,
        )
    )


def add_part(connection: Connection, of: Row[Any], part: int, *, victim: int | None = None) -> str:
    """Give a further finding of a delivery, or one victim of a finding, a row of its own.

    Returns:
        The row's id. Taking a delivery up again after a crash finds the rows that exist already.
    """
    one = f"#{part}" if victim is None else f"#{part}@{victim}"
    key = f"{of.id}{one}"
    known = connection.execute(
        select(_alert.c.id).where(_alert.c.delivery_key == key)
    ).scalar_one_or_none()
    if known is not None:
        return str(known)
    part_id = new_id()
    connection.execute(
        _alert.insert().values(
            id=part_id,
            source=of.source,
            kind=of.kind,
            received_at=of.received_at,
            body_sha256=of.body_sha256,
            content_type=of.content_type,
            delivery_key=key,
            part=part,
            victim=victim,
            state="received",
        )
    )
    return part_id


def due(connection: Connection, ring_again_s: float, limit: int = 200) -> list[str]:
    """Mark and return the received alerts nobody has been called for lately."""
    now = now_ms(connection)
    ids = list(
        connection.execute(
            select(_alert.c.id)
            .where(
                _alert.c.state == "received",
                _alert.c.lease_until <= now,
                or_(_alert.c.rung_at.is_(None), _alert.c.rung_at < now - int(ring_again_s * 1000)),
            )
            .order_by(_alert.c.received_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
    )
    if ids:
        connection.execute(_alert.update().where(_alert.c.id.in_(ids)).values(rung_at=now))
    return ids


def listed(
    connection: Connection, *, state: str | None = None, limit: int = 50
) -> Sequence[Row[Any]]:
    """Return the newest alerts first."""
    wanted = select(_alert).order_by(_alert.c.received_at.desc(), _alert.c.id.desc()).limit(limit)
    if state:
        wanted = wanted.where(_alert.c.state == state)
    return connection.execute(wanted).all()


def counted(connection: Connection, state: str) -> int:
    """Count the alerts in a state."""
    found = select(func.count()).select_from(_alert).where(_alert.c.state == state)
    return int(connection.execute(found).scalar_one())


def beginning(connection: Connection, alert_id: str) -> Sequence[Row[Any]]:
    """Return the alert of this id, else those (at most ten) whose id begins so, of 8 characters or more."""
    exact = connection.execute(select(_alert).where(_alert.c.id == alert_id)).all()
    if exact or len(alert_id) < _SHORTEST:
        return exact
    alike = select(_alert).where(_alert.c.id.startswith(alert_id, autoescape=True))
    return connection.execute(alike.order_by(_alert.c.id).limit(10)).all()


def free(connection: Connection) -> None:
    """Free the alerts a dead process had taken up: for a process that knows it is the only one."""
    connection.execute(
        _alert.update().where(_alert.c.state == "received").values(lease_until=0, rung_at=None)
    )


def confirming(connection: Connection, run_id: str) -> dict[str, int]:
    """Count by source the alerts that tell of what a run has done."""
    named = _named_runs(connection)
    found = (
        select(_alert.c.source, func.count())
        .where(
            _alert.c.state == "confirmation",
            exists().select_from(named).where(named.c.value == run_id),
        )
        .group_by(_alert.c.source)
        .order_by(_alert.c.source)
    )
    return {source: int(count) for source, count in connection.execute(found)}


def _named_runs(connection: Connection) -> TableValuedAlias:
    sqlite = connection.dialect.name == "sqlite"
    each = func.json_each if sqlite else func.jsonb_array_elements_text
    return each(_alert.c.run_ids).table_valued("value")


def of_runs(connection: Connection, run_ids: Collection[str]) -> dict[str, list[Row[Any]]]:
    """Return by run the alerts that opened or joined it, in the order they came.

    With the findings that some of them are parts of, and the repetitions of all these: each may
    name people whom the others do not.
    """
    by_run: dict[str, dict[str, Row[Any]]] = {run_id: {} for run_id in run_ids}
    if not by_run:
        return {}
    opened = select(tables.run.c.id.label("opened"), _alert).join_from(
        tables.run, _alert, tables.run.c.alert_id == _alert.c.id
    )
    for row in connection.execute(opened.where(tables.run.c.id.in_(by_run))):
        by_run[row.opened][row.id] = row
    named = _named_runs(connection)
    joined = select(_alert).where(
        _alert.c.state.in_(("run", "joined")),
        exists().select_from(named).where(named.c.value.in_(by_run)),
    )
    for row in connection.execute(joined):
        for run_id in by_run.keys() & set(row.run_ids):
            by_run[run_id][row.id] = row
    for of_run in by_run.values():
        parts = [row for row in of_run.values() if row.victim is not None]
        wholes = [(row.delivery_key or "").partition("#")[0] for row in parts]
        if wholes:
            found = connection.execute(select(_alert).where(_alert.c.id.in_(wholes)))
            of_run |= {row.id: row for row in found}
    ids = {alert_id for of_run in by_run.values() for alert_id in of_run}
    again = select(_alert).where(_alert.c.state == "duplicate", _alert.c.duplicate_of.in_(ids))
    for row in connection.execute(again):
        for of_run in by_run.values():
            if row.duplicate_of in of_run:
                of_run[row.id] = row
    return {
        run_id: sorted(of_run.values(), key=lambda row: (row.received_at, row.id))
        for run_id, of_run in by_run.items()
    }
