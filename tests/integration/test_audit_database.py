"""The log where it is kept: what is noticed beyond the records themselves, and how it is handed out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from ledger import tables
from ledger.chain import AuditLog, leaf_hash
from ledger.database import Database
from ledger.export import export
from ledger.migrate import migrate
from ledger.verify import Report, verify
from ledger.verify_database import verify_database
from ledger.vocabulary import Event

AUDIT = AuditLog("test")
ACTOR = {"type": "human", "sub": "user-1"}


@pytest.fixture
def database(either: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A log of 60 records, which are three pages, each tenth with a private value."""
    monkeypatch.setattr("ledger.verify_database._PAGE", 25)
    monkeypatch.setattr("ledger.export._PAGE", 25)
    migrate(either)
    with either.write() as connection:
        for n in range(60):
            private = {"name": f"person {n}"} if n % 10 == 0 else None
            AUDIT.append(connection, Event.NOTIFICATION_SENT, run_id=f"run-{n}", private=private)
    return either


def forge(database: Database, statement: str, **values: Any) -> None:
    """Change the log as the owner of the database can."""
    with database.write() as connection:
        _unlock(connection)
        connection.execute(text(statement), values)


def _unlock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        for trigger in ("audit_no_update", "audit_no_delete", "audit_in_sequence"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
    else:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))


def only(report: Report) -> tuple[int, str, str]:
    assert report.problems == 1, report.findings
    assert report.first_bad
    return report.first_bad.seq, report.first_bad.what, report.first_bad.why


def record(database: Database, seq: int) -> bytes:
    with database.read() as connection:
        found = connection.execute(
            select(tables.audit.c.record).where(tables.audit.c.seq == seq)
        ).scalar_one()
    return bytes(found)


def test_an_untouched_database_is_verified(database: Database) -> None:
    report = verify_database(database)
    assert (report.verdict, report.records) == ("verified", 60)
    assert report.head == leaf_hash(record(database, 59))


def test_a_database_without_records_is_verified_with_a_warning(either: Database) -> None:
    migrate(either)
    report = verify_database(either)
    assert (report.verified, report.records) == (True, 0)
    assert report.warnings == ("the log has no records",)


def test_a_head_that_was_kept_is_asked_for(database: Database) -> None:
    kept = leaf_hash(record(database, 30))
    report = verify_database(database, kept=kept)
    assert (report.verdict, report.kept) == ("verified", 30)
    assert only(verify_database(database, kept="sha256:" + "0" * 64))[:2] == (60, "kept")


def test_a_log_cut_off_together_with_its_head_is_told_by_the_head_that_was_kept(
    database: Database,
) -> None:
    kept = leaf_hash(record(database, 59))
    forge(database, "DELETE FROM audit WHERE seq >= 45")
    forge(
        database,
        "UPDATE audit_head SET seq = 44, leaf = (SELECT leaf FROM audit WHERE seq = 44)",
    )
    assert verify_database(database).verified
    assert only(verify_database(database, kept=kept))[:2] == (45, "kept")


def test_records_cut_off_at_the_end_are_noticed(database: Database) -> None:
    forge(database, "DELETE FROM audit WHERE seq >= 45")
    seq, what, why = only(verify_database(database))
    assert (seq, what) == (45, "head")
    assert why == "records 45 to 59 are missing at the end: the log was cut off"


def test_a_log_that_was_emptied_is_noticed(database: Database) -> None:
    forge(database, "DELETE FROM audit")
    assert only(verify_database(database))[:2] == (0, "head")


def test_records_slipped_in_at_the_end_are_noticed(database: Database) -> None:
    forged = json.loads(record(database, 59)) | {
        "seq": 60,
        "id": "a-new-one",
        "prev": leaf_hash(record(database, 59)),
        "run": "run-x",
    }
    line = json.dumps(forged, sort_keys=True, separators=(",", ":")).encode()
    forge(
        database,
        "INSERT INTO audit SELECT 60, :leaf, time, event, 'run-x', :record FROM audit"
        " WHERE seq = 59",
        leaf=leaf_hash(line),
        record=line,
    )
    assert only(verify_database(database))[:2] == (60, "head")


def test_another_last_record_is_noticed(database: Database) -> None:
    line = record(database, 59).replace(b"run-59", b"run-58")
    forge(
        database,
        "UPDATE audit SET record = :record, leaf = :leaf, run_id = 'run-58' WHERE seq = 59",
        record=line,
        leaf=leaf_hash(line),
    )
    assert only(verify_database(database))[:2] == (59, "head")


def test_a_missing_head_is_noticed(database: Database) -> None:
    forge(database, "DELETE FROM audit_head")
    assert only(verify_database(database))[:2] == (60, "head")


@pytest.mark.parametrize("seq", [0, 24, 25, 37])
def test_a_deleted_record_is_noticed_across_pages(database: Database, seq: int) -> None:
    forge(database, "DELETE FROM audit WHERE seq = :seq", seq=seq)
    assert only(verify_database(database))[:2] == (seq, "sequence")


def test_a_changed_record_is_named_with_its_hash_or_without(database: Database) -> None:
    line = record(database, 30).replace(b"run-30", b"run-31")
    forge(
        database,
        "UPDATE audit SET record = :record, run_id = 'run-31' WHERE seq = 30",
        record=line,
    )
    report = verify_database(database)
    assert {(finding.seq, finding.what) for finding in report.findings} == {
        (30, "columns"),
        (30, "chain"),
    }
    forge(database, "UPDATE audit SET leaf = :leaf WHERE seq = 30", leaf=leaf_hash(line))
    assert only(verify_database(database))[:2] == (30, "chain")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET event = 'run.finished' WHERE seq = 3",
        "UPDATE audit SET run_id = NULL WHERE seq = 3",
        "UPDATE audit SET time = time + 1 WHERE seq = 3",
        "UPDATE audit SET time = 1152921504606846976 WHERE seq = 3",
    ],
)
def test_a_column_that_says_something_else_is_noticed(database: Database, statement: str) -> None:
    forge(database, statement)
    assert only(verify_database(database))[:2] == (3, "columns")


def test_an_exchanged_private_value_is_tampering_and_an_erased_one_is_not(
    database: Database,
) -> None:
    identity = json.loads(record(database, 40))["id"]
    forge(database, "UPDATE audit_private SET value = 'x' WHERE record_id = :id", id=identity)
    seq, what, why = only(verify_database(database))
    assert (seq, what, why) == (40, "sealed", "name is not the value it was sealed over")
    forge(database, "DELETE FROM audit_private WHERE record_id = :id", id=identity)
    assert verify_database(database).verified


def test_a_private_value_that_was_added_is_noticed(database: Database) -> None:
    identity = json.loads(record(database, 41))["id"]
    forge(database, "INSERT INTO audit_private VALUES (:id, 'note', 's', 'v')", id=identity)
    assert only(verify_database(database))[:2] == (41, "sealed")


def test_rows_of_any_type_are_reported_on(sqlite: Database) -> None:
    migrate(sqlite)
    with sqlite.write() as connection:
        AUDIT.append(connection, Event.NOTIFICATION_SENT)
    forge(
        sqlite,
        "UPDATE audit SET seq = 'x', leaf = 7, time = 'x', event = x'00', record = 'text'",
    )
    forge(sqlite, "UPDATE audit_head SET seq = 'x'")
    assert verify_database(sqlite).verdict == "broken"


def test_an_export_is_the_stored_bytes_and_its_own_record_last(database: Database) -> None:
    lines = export(database, AUDIT, ACTOR)
    with database.write() as connection:  # what comes later is not part of it
        AUDIT.append(connection, Event.NOTIFICATION_SENT)
    handed_out = list(lines)
    assert len(handed_out) == 61
    assert handed_out[30] == record(database, 30) + b"\n"
    last = json.loads(handed_out[-1])
    assert (last["event"], last["actor"], last["seq"]) == ("audit.exported", ACTOR, 60)
    report = verify(handed_out, exported=True)
    assert (report.verdict, report.warnings) == ("verified", ())


def test_an_export_is_recorded_although_nobody_reads_it(database: Database) -> None:
    export(database, AUDIT, ACTOR)
    assert b"audit.exported" in record(database, 60)


def test_a_log_that_was_cut_off_is_exported_as_it_is(database: Database) -> None:
    lines = export(database, AUDIT, ACTOR)
    forge(database, "DELETE FROM audit WHERE seq >= 35")
    report = verify(lines, exported=True)
    assert (report.records, report.verdict, report.cut) == (35, "incomplete", True)
