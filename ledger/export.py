"""Handing out the audit log: the bytes that were hashed, one record a line.

There is no filter: part of a log proves nothing about what is missing from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from ledger import tables
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.vocabulary import Event

_PAGE = 500


def export(database: Database, audit: AuditLog, actor: Mapping[str, str]) -> Iterator[bytes]:
    """Record that the log is exported, by whom, and give its lines up to and with that record.

    The record is committed before this returns. Lines are read page by page, in short reads, so a
    slow reader holds up nobody.

    Args:
        database: where the log is kept.
        audit: the log.
        actor: who exports: ``{"type": "human", "sub": …}``. No personal names: they would stay.

    Raises:
        DatabaseUnreachable: the database does not answer.
    """
    with database.write() as connection:
        last = audit.append(connection, Event.AUDIT_EXPORTED, actor=dict(actor))
    return _lines(database, last)


def _lines(database: Database, last: int) -> Iterator[bytes]:
    column = tables.audit.c
    query = select(column.seq, column.record).order_by(column.seq).limit(_PAGE)
    after = -1
    while after < last:
        with database.read() as connection:
            page = connection.execute(query.where(column.seq > after, column.seq <= last)).all()
        if not page:  # the end was cut off meanwhile; the verifier says so
            return
        for row in page:
            yield row.record + b"\n"
        after = page[-1].seq
