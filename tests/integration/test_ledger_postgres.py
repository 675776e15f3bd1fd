"""The log on PostgreSQL: many connections append at once, and one chain comes out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, text

from ledger import accounts, errors, passwords, sessions, tables, turns
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate
from ledger.pace import Paces
from ledger.verify_database import verify_database
from ledger.vocabulary import Event

from house import wait_for

pytestmark = pytest.mark.services

AUDIT = AuditLog("test")
ACTOR = {"type": "human", "sub": "cli:root"}


@pytest.fixture
def database(postgres: Database) -> Database:
    migrate(postgres)
    return postgres


def test_appends_at_once_make_one_chain_without_gaps(database: Database) -> None:
    others = [Database(database.url.render_as_string(hide_password=False)) for _ in range(4)]

    def work(own: Database) -> None:
        for n in range(25):
            with suppress(ZeroDivisionError), own.write() as connection:
                AUDIT.append(connection, Event.NOTIFICATION_SENT, private={"n": str(n)})
                assert 1 / (n % 5)  # every fifth transaction fails after its record

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, others))
    for other in others:
        other.close()
    report = verify_database(database)
    assert report.findings == report.warnings == ()
    assert report.records == 4 * 20


def test_a_verification_sees_one_moment_while_others_append(database: Database) -> None:
    stop = threading.Event()

    def append() -> None:
        while not stop.is_set():
            with database.write() as connection:
                AUDIT.append(connection, Event.NOTIFICATION_SENT, private={"x": "y"})

    with ThreadPoolExecutor(2) as threads:
        for _ in range(2):
            threads.submit(append)
        try:
            reports = [verify_database(database) for _ in range(10)]
            wait_for(
                lambda: reports.append(verify_database(database)) or reports[-1] != reports[0],
                20, "more records",
            )  # fmt: skip
        finally:
            stop.set()
    assert {report.findings for report in reports} == {()}
    assert reports[-1].records > reports[0].records


def test_the_isolation_of_a_verification_does_not_stay_with_its_connection(
    database: Database,
) -> None:
    verify_database(database)
    with database.read() as connection:
        level = connection.execute(text("SHOW transaction_isolation")).scalar_one()
    assert level == "read committed"


def test_accounts_work_as_on_sqlite(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
    password = "correct horse battery staple"
    user = accounts.add(
        database, AUDIT, "Alice@contoso.com", password, "admin", ("00u1",), actor=ACTOR
    )
    with pytest.raises(errors.NameTaken):
        accounts.add(database, AUDIT, "alice@contoso.com", password, "admin", actor=ACTOR)
    assert accounts.check_password(database, AUDIT, "alice@CONTOSO.com", password) == user
    assert accounts.check_password(database, AUDIT, "alice\x00", password) is None
    cookie = sessions.open_session(database, user, hours=1)
    assert sessions.find_session(database, cookie, idle_minutes=30) == user
    sessions.close_session(database, AUDIT, cookie)
    assert sessions.find_session(database, cookie, idle_minutes=30) is None
    with ThreadPoolExecutor(4) as threads:
        nobody = Paces(turns.STRANGERS)
        list(threads.map(lambda _: turns.line_up(database, user.name, nobody, 0), range(12)))
    assert accounts.check_password(database, AUDIT, user.name, "wrong password") is None
    (guessed_at,) = accounts.listed(database)
    assert guessed_at.locked_until > 0
    with database.read() as connection:
        assert connection.execute(select(tables.console_user.c.failures)).scalar_one() == 12
    assert verify_database(database).findings == ()
