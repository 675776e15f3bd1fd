"""Checking the audit log where it is kept: what ``ledger.verify`` checks, and what stands beside it.

Where it is kept is all that is shared with the part that writes: the tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, cast, select

from ledger import tables
from ledger.database import Database
from ledger.story_facts import Record
from ledger.told_runs import Place
from ledger.verify import Report, Verifier, missing
from ledger.verify_rows import check_runs, check_told
from ledger.written import leaf_hash, moment, sealed_digest

_PAGE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_audit = tables.audit
_private = tables.audit_private


def verify_database(database: Database, *, kept: str | None = None) -> Report:
    """Check the log in the database, as of one moment; ``kept`` is as ``ledger.verify`` says.

    Beyond the records themselves: the columns beside a record say what the record says; private
    values that are still kept are those the record was sealed over (an erased one is no fault);
    the head is the last record, so that records cut off at the end are missed, unless whoever cut
    them off has changed the head as well; and the tables say what was told (``ledger.verify_rows``).

    Raises:
        DatabaseUnreachable: the database does not answer.
    """
    verifier = Verifier(kept)
    with database.read() as connection:
        if not database.sqlite:  # in SQLite a transaction sees one moment as it is
            connection.execution_options(isolation_level="REPEATABLE READ")
        head = connection.execute(select(tables.audit_head)).one_or_none()
        last: Row[Any] | None = None
        for page in _pages(connection):
            _check_page(verifier, connection, page)
            last = page[-1]
        check_runs(verifier, connection)
    _check_head(verifier, head, last)
    return verifier.report()


def _pages(connection: Connection) -> Iterator[Sequence[Row[Any]]]:
    # cast: in SQLite a forged row may hold text where bytes belong
    columns = [cast(c, LargeBinary).label(c.name) if c is _audit.c.record else c for c in _audit.c]
    query = select(*columns).order_by(_audit.c.seq).limit(_PAGE)
    page = connection.execute(query).all()
    while page:
        yield page
        page = connection.execute(query.where(_audit.c.seq > page[-1].seq)).all()


def _check_page(verifier: Verifier, connection: Connection, page: Sequence[Row[Any]]) -> None:
    sealed: dict[str, tuple[Place, dict[str, Any]]] = {}
    told: dict[Place, Record] = {}
    for row in page:
        record = verifier.read(row.record)
        if row.leaf != leaf_hash(row.record):
            verifier.fault("columns", "the hash kept beside it is not its hash")
        if record is None:
            continue
        beside = (row.seq, row.event, row.run_id, row.time)
        own = (*(record.get(name) for name in ("seq", "event", "run")), _milliseconds(record))
        if beside != own:
            verifier.fault("columns", "number, event, run or time kept beside it are not its own")
        told[verifier.here] = record
        identity, digests = record.get("id"), record.get("sealed")
        if isinstance(identity, str):
            sealed[identity] = verifier.here, digests if isinstance(digests, dict) else {}
    for identity, kept in _kept(connection, list(sealed)).items():
        at, digests = sealed[identity]
        for value in kept:
            if value.name not in digests:
                verifier.fault(
                    "sealed", f"beside it stands a value it does not name: {value.name}", at
                )
            elif digests[value.name] != sealed_digest(value.salt, value.value):
                verifier.fault("sealed", f"{value.name} is not the value it was sealed over", at)
    check_told(verifier, connection, told)


def _kept(connection: Connection, identities: list[str]) -> dict[str, list[Row[Any]]]:
    found = defaultdict(list)
    for value in connection.execute(select(_private).where(_private.c.record_id.in_(identities))):
        found[value.record_id].append(value)
    return found


def _check_head(verifier: Verifier, head: Row[Any] | None, last: Row[Any] | None) -> None:
    ends = -1 if last is None else last.seq
    if not isinstance(ends, int):
        return  # reported at its row: nothing can be said about the end
    if head is None or not isinstance(head.seq, int):
        verifier.fault("head", "the head of the log is missing or no number", (ends + 1, None))
    elif head.seq > ends:
        gap = f"{missing(ends + 1, head.seq)} at the end: the log was cut off"
        verifier.fault("head", gap, (ends + 1, None))
    elif head.seq < ends:
        beyond = f"the head of the log ends before it, at record {head.seq}"
        verifier.fault("head", beyond, (head.seq + 1, None))
    elif last is not None and head.leaf != leaf_hash(last.record):
        verifier.fault("head", "it is not the record that the head of the log was set to")


def _milliseconds(record: dict[str, Any]) -> int | None:
    """Return a record's time in milliseconds since 1970; None where it is none."""
    at = moment(record.get("time"))
    return None if at is None else (at - _EPOCH) // timedelta(milliseconds=1)
