"""Setting an alert aside and telling people: one by one while they are few, and then that there are more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from ledger import notices
from ledger.database import now_ms
from tasks import messages
from tasks.service import Rings

KIND = "alert_quarantined"
#: So many are told one by one in so many seconds; a chat that is flooded is read by nobody.
ONE_BY_ONE = 10
WITHIN_S = 600


def tell(connection: Connection, row: Row[Any], message: tuple[str, str]) -> Rings:
    """Queue ``message`` (title and body) on an alert that was set aside; inside the caller's commit.

    The last of too many says instead that the following ones are not told one by one.
    """
    since = now_ms(connection) - WITHIN_S * 1000
    told = notices.added_since(connection, KIND, since)
    if told > ONE_BY_ONE:
        return Rings()
    if told == ONE_BY_ONE:
        message = messages.many_aside(row.source, ONE_BY_ONE, WITHIN_S // 60)
    title, body = message
    return Rings(notices=(notices.add(connection, kind=KIND, title=title, body=body),))
