"""Appending: what a record looks like, and that it stands or falls with its transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from sqlalchemy import select

from ledger import tables
from ledger.chain import GENESIS, AuditLog, leaf_hash, rfc3339, sealed_digest
from ledger.database import Database
from ledger.migrate import migrate
from ledger.verify import verify
from ledger.vocabulary import Event


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/rescind.db")
    migrate(database)
    yield database
    database.close()


def rows(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(tables.audit).order_by(tables.audit.c.seq)))


def test_records_are_canonical_and_chained(database: Database) -> None:
    audit = AuditLog("contoso/rescind")
    with database.write() as connection:
        assert audit.append(connection, Event.CONTROL_PAUSED, actor={"sub": "ü"}) == 0
        assert audit.append(connection, Event.CONTROL_RESUMED, run_id="r-1", note=None) == 1
    first, second = rows(database)
    one, two = json.loads(first.record), json.loads(second.record)
    assert first.record == rfc8785.dumps(one)
    assert one["prev"] == GENESIS
    assert two["prev"] == first.leaf == leaf_hash(first.record)
    assert (one["v"], one["log"], one["seq"]) == (1, "contoso/rescind", 0)
    assert one["actor"] == {"sub": "ü"}
    assert (second.event, second.run_id) == (two["event"], two["run"]) == ("control.resumed", "r-1")
    assert "note" not in two
    assert one["time"] == rfc3339(first.time)
    assert verify([first.record, second.record]).verified


def test_a_transaction_that_fails_leaves_no_record_and_no_gap(database: Database) -> None:
    audit = AuditLog("test")

    def fail() -> None:
        with database.write() as connection:
            audit.append(connection, Event.CONTROL_PAUSED)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.write() as connection:
        assert audit.append(connection, Event.CONTROL_RESUMED) == 0
    assert verify([row.record for row in rows(database)]).verified


def test_private_values_stand_beside_the_record(database: Database) -> None:
    with database.write() as connection:
        AuditLog("test").append(
            connection, Event.AUTH_FAILED, private={"name": "alice@contoso.com", "remote": "::1"}
        )
    (row,) = rows(database)
    assert b"alice" not in row.record
    record = json.loads(row.record)
    with database.read() as connection:
        kept = connection.execute(select(tables.audit_private)).all()
    assert {value.name for value in kept} == {"name", "remote"}
    assert len({value.salt for value in kept}) == 2
    for value in kept:
        assert value.record_id == record["id"]
        assert record["sealed"][value.name] == sealed_digest(value.salt, value.value)


def test_what_is_no_json_value_is_refused(database: Database) -> None:
    with pytest.raises(ValueError), database.write() as connection:  # noqa: PT011 - rfc8785's own
        AuditLog("test").append(connection, Event.CONTROL_PAUSED, value=float("nan"))
    assert rows(database) == []


def test_a_member_of_every_record_cannot_be_overwritten(database: Database) -> None:
    with pytest.raises(ValueError, match="seq"), database.write() as connection:
        AuditLog("test").append(connection, Event.CONTROL_PAUSED, seq=7)
    assert rows(database) == []


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2**53, str(2**53)),
        ({1: 2}, {"1": 2}),
        ("a\ud800b", "a\ufffdb"),
        (["a\x00b"], ["a\ufffdb"]),
    ],
)
def test_what_has_no_canonical_form_is_written_in_the_nearest(
    database: Database, value: object, written: object
) -> None:
    with database.write() as connection:
        AuditLog("test").append(connection, Event.CONTROL_PAUSED, value=value)
    assert json.loads(rows(database)[0].record)["value"] == written


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_324_579_999, "2026-11-22T05:16:19.999Z"),
        (1_795_324_579_001, "2026-11-22T05:16:19.001Z"),
    ],
)
def test_times_are_exact_to_the_millisecond(milliseconds: int, text: str) -> None:
    assert rfc3339(milliseconds) == text
