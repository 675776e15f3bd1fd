"""Alerts that are held because of how many people they name, and those of them released one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select

from ledger import tables

_alert = tables.alert


def quarantined(connection: Connection, alert_id: str) -> Row[Any] | None:
    """Return an alert that is set aside, its row locked; None where there is none of this id."""
    return connection.execute(
        select(_alert)
        .where(_alert.c.id == alert_id, _alert.c.state == "quarantined")
        .with_for_update()
    ).one_or_none()


def beside(connection: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    """Return what else of the same delivery is set aside, in its order."""
    return connection.execute(
        select(_alert)
        .where(
            _alert.c.state == "quarantined",
            _alert.c.body_sha256 == row.body_sha256,
            _alert.c.source == row.source,
            _alert.c.received_at == row.received_at,
            _alert.c.victim.is_(None),
            _alert.c.id != row.id,
        )
        .order_by(_alert.c.part)
    ).all()


def parts(connection: Connection, row: Row[Any]) -> int:
    """Count the people of an alert that have been given alerts of their own."""
    counted = select(func.count()).where(_alert.c.delivery_key.startswith(f"{row.id}#{row.part}@"))
    return int(connection.execute(counted).scalar_one())


def alike(connection: Connection, row: Row[Any], finding: str) -> bool:
    """Tell whether something of the same delivery, or the same finding as it was before, is set aside.

    ``finding`` is what the event keys of all its updates begin with.
    """
    aside = _alert.c.state == "quarantined"
    others = _alert.c.id != row.id
    delivery = exists().where(aside, others, _alert.c.body_sha256 == row.body_sha256)
    earlier = exists().where(aside, others, _alert.c.event_key.startswith(finding, autoescape=True))
    return bool(connection.execute(select(delivery | earlier)).scalar_one())


def note(connection: Connection, alert_id: str, *, released: int, of: int) -> None:
    """Write how many people of a held alert were released; once all are, it is set aside no more."""
    said = f"{released:,} of its {of:,} people were released, each is an alert of its own"
    values = {"reason": said} | ({"state": "run", "remedy": ""} if released == of else {})
    connection.execute(_alert.update().where(_alert.c.id == alert_id).values(**values))
