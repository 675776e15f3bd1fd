"""Whether an alert is here already: the same finding again, and until when it counts as the same."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, select

from ledger import past_runs, tables
from ledger.database import now_ms

_alert = tables.alert


def release_keys(
    connection: Connection, column: Column[Any], key: str, fold_s: float, but: str = ""
) -> None:
    """Let what came longer than ``fold_s`` ago no longer stand for what comes now."""
    before = now_ms(connection) - int(fold_s * 1000)
    connection.execute(
        _alert.update()
        .where(column == key, _alert.c.received_at < before, _alert.c.id != but)
        .values({column: None})
    )


def earlier(
    connection: Connection, event_key: str, but: str, *, fold_s: float | None
) -> str | None:
    """Return the id of another alert with the same finding, if there is one.

    ``fold_s`` is None where the detector named the finding; what is only worded alike is the same
    for so many seconds.
    """
    if fold_s is not None:
        release_keys(connection, _alert.c.event_key, event_key, fold_s, but)
    return connection.execute(
        select(_alert.c.id).where(_alert.c.event_key == event_key, _alert.c.id != but)
    ).scalar_one_or_none()


def went_on(connection: Connection, alert_id: str, last_seen_ms: int) -> bool:
    """Tell whether activity was seen after the runs for an alert had all ended, but for their watching.

    It then no longer stands for the finding, whose update is to be taken up anew.
    """
    run_ids = connection.execute(
        select(_alert.c.run_ids).where(_alert.c.id == alert_id)
    ).scalar_one()
    ends = past_runs.ends_of(connection, run_ids or ())
    if not ends or any(end is None or end >= last_seen_ms for end in ends):
        return False
    give_way(connection, alert_id)
    return True


def said_by(connection: Connection, alert_id: str) -> dict[str, Any] | None:
    """Return what an alert says, as it was understood."""
    found: dict[str, Any] | None = connection.execute(
        select(_alert.c.parsed).where(_alert.c.id == alert_id)
    ).scalar_one()
    return found


def confirms(connection: Connection, alert_id: str) -> bool:
    """Tell whether an alert stands as one that tells of what Rescind itself has done."""
    state = select(_alert.c.state).where(_alert.c.id == alert_id)
    return bool(connection.execute(state).scalar_one() == "confirmation")


def give_way(connection: Connection, alert_id: str) -> None:
    """Let an alert no longer stand for its finding, whose update is to be taken up anew."""
    connection.execute(_alert.update().where(_alert.c.id == alert_id).values(event_key=None))
