"""Polled logs in the database: one holder at a time, cursor and findings together, nothing twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from ledger import pollers, tables
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.errors import PollerLost
from ledger.migrate import migrate
from ledger.pollers import Entry, Held, Progress

AUDIT = AuditLog("test")
SUBJECT = "contoso/okta_system_log"


@pytest.fixture
def database(either: Database) -> Database:
    migrate(either)
    return either


def claim(database: Database, owner: str = "a", *, lease_s: float = 60, subject: str = SUBJECT) -> Held | None:  # fmt: skip
    with database.write() as connection:
        return pollers.claim(connection, "okta-log", subject, owner, lease_s)


def held(database: Database, owner: str = "a", lease_s: float = 60) -> Held:
    found = claim(database, owner, lease_s=lease_s)
    assert found is not None
    return found


def advance(database: Database, hand: Held, *keys: str, cursor: str = "next") -> list[str]:
    kept = [Entry(key, f'{{"uuid": "{key}"}}'.encode()) for key in keys]
    with database.write() as connection:
        return pollers.advance(
            connection, AUDIT, hand, Progress({"after": cursor}, 1000, 10, kept),
            kind="okta_system_log", lease_s=60,
        )  # fmt: skip


def row(database: Database) -> Any:
    with database.read() as connection:
        (found,) = pollers.listed(connection)
    return found


def alerts(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.alert)).scalar_one())


def test_one_process_holds_a_log_and_gives_it_back_for_later(database: Database) -> None:
    with database.read() as connection:
        assert pollers.due(connection, ["okta-log", "other"]) == ["okta-log", "other"]
    hand = held(database)
    assert claim(database, "b") is None
    with database.read() as connection:
        assert pollers.due(connection, ["okta-log", "other"]) == ["other"]
    with database.write() as connection:
        pollers.release(connection, hand, after_s=60)
    assert claim(database, "b") is None
    assert row(database).lease_owner is None


def test_many_that_begin_at_once_are_one(database: Database) -> None:
    others = [Database(database.url.render_as_string(hide_password=False)) for _ in range(4)]
    together = threading.Barrier(4)

    def begin(own: Database) -> Held | None:
        together.wait(60)
        try:
            return claim(own)
        except IntegrityError:
            return None

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(begin, others))
    assert sum(each is not None for each in found) == 1
    for other in others:
        other.close()


def test_what_was_read_before_is_stored_once(database: Database) -> None:
    hand = held(database)
    assert len(advance(database, hand, "e1", "e2", "e1")) == 2
    assert advance(database, hand, "e1", "e2") == []
    assert len(advance(database, hand, "e2", "e3")) == 1
    known = row(database)
    assert (alerts(database), known.entries, known.kept) == (3, 30, 3)


def test_a_process_that_dies_before_the_commit_has_neither_stored_nor_gone_on(
    database: Database,
) -> None:
    hand = held(database, lease_s=-1)
    advance(database, hand, "e1", cursor="first")

    def die() -> None:
        with database.write() as connection:
            pollers.advance(
                connection, AUDIT, hand,
                Progress({"after": "second"}, 2000, 1, [Entry("e2", b"{}")]),
                kind="okta_system_log", lease_s=-1,
            )  # fmt: skip
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    assert (alerts(database), row(database).cursor) == (1, {"after": "first"})
    with database.write() as connection:
        pollers.free(connection)
    after = held(database, "b")
    assert after.cursor == {"after": "first"}
    assert len(advance(database, after, "e2", cursor="second")) == 1


def test_whoever_was_too_slow_stores_nothing_any_more(database: Database) -> None:
    slow = held(database, "a", lease_s=-1)
    quick = held(database, "b")
    assert quick.fence > slow.fence
    with pytest.raises(PollerLost):
        advance(database, slow, "e1")
    assert (alerts(database), row(database).cursor) == (0, None)
    with database.write() as connection:
        pollers.release(connection, slow, after_s=600)
        assert pollers.fail(connection, slow, after_s=600, reason="late", remedy="") == 0
    assert len(advance(database, quick, "e1")) == 1
    assert row(database).not_before == 0


def test_failures_are_counted_until_one_reading_works(database: Database) -> None:
    for failures in (1, 2):
        hand = held(database)
        with database.write() as connection:
            found = pollers.fail(
                connection, hand, after_s=0, reason="Forbidden", remedy="Grant it."
            )
        assert found == failures
    assert (row(database).last_error, row(database).remedy) == ("Forbidden", "Grant it.")
    advance(database, held(database))
    assert (row(database).failures, row(database).last_error) == (0, "")


def test_a_poller_that_reads_another_log_now_begins_anew(database: Database) -> None:
    hand = held(database)
    advance(database, hand, "e1")
    with database.write() as connection:
        pollers.release(connection, hand, after_s=0)
    other = claim(database, subject="fabrikam/okta_system_log")
    assert other is not None
    assert other.cursor is None
    assert row(database).entries == 0
