"""Console accounts: who gets in, who is kept out, and what is written down about it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from sqlalchemy import select

from ledger import accounts, errors, passwords, sessions, tables
from ledger.accounts import Role
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate
from ledger.verify_database import verify_database

AUDIT = AuditLog("test")
ACTOR = {"type": "human", "sub": "cli:root"}
PASSWORD = "correct horse battery staple"
MINUTE = 60_000
AS_SHIPPED = passwords._hasher


class Clock:
    """The database's clock on SQLite, moved by hand."""

    def __init__(self) -> None:
        self.ms = 1_795_324_579_000

    def time_ns(self) -> int:
        return self.ms * 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    moved = SimpleNamespace(time_ns=clock.time_ns, monotonic=time.monotonic, sleep=time.sleep)
    monkeypatch.setattr("ledger.database.time", moved)
    return clock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/rescind.db")
    migrate(database)
    yield database
    database.close()


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


def added(database: Database, name: str = "alice@contoso.com", role: str = "approver") -> Any:
    return accounts.add(database, AUDIT, name, PASSWORD, role, ("00u1", "entra-1"), actor=ACTOR)


def signs_in(database: Database, name: str = "alice@contoso.com", password: str = PASSWORD) -> Any:
    return accounts.check_password(database, AUDIT, name, password, remote="198.51.100.7")


def records(database: Database) -> list[dict[str, Any]]:
    query = select(tables.audit.c.record).order_by(tables.audit.c.seq)
    with database.read() as connection:
        return [json.loads(record) for record in connection.execute(query).scalars()]


def everything_kept(database: Database) -> str:
    with database.read() as connection:
        return repr(
            [
                connection.execute(select(table)).all()
                for table in tables.metadata.sorted_tables
                if table.name != "console_user"
            ]
        )


def test_a_user_signs_in_with_her_name_in_any_case(database: Database) -> None:
    user = added(database, "  Alice@Contoso.com ")
    assert (user.name, user.role, user.account_ids) == (
        "alice@contoso.com",
        Role.APPROVER,
        ("00u1", "entra-1"),
    )
    assert signs_in(database, "ALICE@contoso.com") == user
    login = records(database)[-1]
    assert login["event"] == "auth.login"
    assert login["actor"] == {"type": "human", "sub": user.id}
    assert set(login["sealed"]) == {"name", "remote"}


def test_the_same_password_typed_on_another_system_signs_in(database: Database) -> None:
    accounts.add(database, AUDIT, "zoé", "un café crème\u0301 allongé", "viewer", actor=ACTOR)
    assert signs_in(database, "zoe\u0301", "un cafe\u0301 crème\u0301 allonge\u0301")


@pytest.mark.parametrize(
    "password", ["", PASSWORD.upper(), PASSWORD + "x", "x" * 5000, "\ud800" * 20, "\x00"]
)
def test_another_password_does_not(database: Database, password: str) -> None:
    user = added(database)
    assert signs_in(database, password=password) is None
    failed = records(database)[-1]
    assert (failed["event"], failed["reason"]) == ("auth.failed", "wrong")
    assert failed["user"] == {"id": user.id}


@pytest.mark.parametrize(
    "name", ["mallory", "", "a\x00b", "x" * 500, "\ud800", "alice @contoso.com"]
)
def test_an_unknown_name_is_refused_and_not_kept(database: Database, name: str) -> None:
    added(database)
    assert signs_in(database, name) is None
    failed = records(database)[-1]
    assert (failed["event"], failed["reason"]) == ("auth.failed", "unknown")
    assert "user" not in failed
    assert set(failed["sealed"]) == {"remote"}


def test_an_unknown_name_costs_a_hash_as_well(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: Any, password: Any) -> Any:  # noqa: A002 - argon2's own name
            checked.append(str(hash).rsplit("$", 2)[0])
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Watched(1, 8, 1))
    added(database)
    assert signs_in(database, "alice@contoso.com", "wrong password") is None
    assert signs_in(database, "mallory", "wrong password") is None
    assert signs_in(database, "mallory", "\ud800") is None
    assert len(checked) == 3
    assert len(set(checked)) == 1


def test_passwords_and_cookies_are_kept_nowhere(database: Database) -> None:
    user = added(database)
    signs_in(database)
    signs_in(database, password="hunter2 hunter2 hunter2")
    signs_in(database, "hunter3 typed into the wrong field")
    cookie = sessions.open_session(database, user, hours=1)
    kept = everything_kept(database)
    for secret in (PASSWORD, "hunter", cookie):
        assert secret not in kept
    with database.read() as connection:
        stored = connection.execute(select(tables.console_user.c.password_hash)).scalar_one()
    assert stored.startswith("$argon2id$")


def test_ten_wrong_passwords_lock_the_account_for_a_while(database: Database, clock: Clock) -> None:
    added(database)
    for _ in range(10):
        assert signs_in(database, password="wrong password") is None
    assert records(database)[-1]["locked_ms"] == 5 * MINUTE
    assert signs_in(database) is None
    assert records(database)[-1]["reason"] == "locked"
    clock.ms += 5 * MINUTE - 1
    assert signs_in(database) is None
    clock.ms += 1
    assert signs_in(database)


def test_each_further_failure_locks_for_longer_up_to_an_hour(
    database: Database, clock: Clock
) -> None:
    added(database)
    locked: list[int] = []
    for _ in range(15):
        signs_in(database, password="wrong password")
        locked.append(records(database)[-1].get("locked_ms", 0) // MINUTE)
        clock.ms += 60 * MINUTE
    assert locked == [0] * 9 + [5, 10, 20, 40, 60, 60]


def test_signing_in_forgets_earlier_failures(database: Database) -> None:
    added(database)
    for _ in range(3):
        for _ in range(9):
            signs_in(database, password="wrong password")
        assert signs_in(database)


def test_guesses_side_by_side_are_counted_one_by_one(database: Database) -> None:
    added(database)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: signs_in(database, password="wrong password"), range(16)))
    reasons = [each["reason"] for each in records(database) if each["event"] == "auth.failed"]
    assert (reasons.count("wrong"), reasons.count("locked")) == (10, 6)


def test_a_right_guess_does_not_slip_in_beside_the_tenth_wrong_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(database)
    slow = passwords.matches

    def overtaken(stored: str | None, password: str) -> bool:
        if password == PASSWORD:
            for _ in range(10):
                signs_in(database, password="wrong password")
        return slow(stored, password)

    monkeypatch.setattr(passwords, "matches", overtaken)
    assert signs_in(database) is None


def test_a_password_changed_meanwhile_no_longer_counts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(database)
    slow = passwords.matches

    def overtaken(stored: str | None, password: str) -> bool:
        right = slow(stored, password)
        accounts.set_password(
            database, AUDIT, "alice@contoso.com", "another long password", actor=ACTOR
        )
        return right

    monkeypatch.setattr(passwords, "matches", overtaken)
    assert signs_in(database) is None


def test_nobody_waits_for_a_hash_to_write(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(database)
    slow, wrote = passwords.matches, []

    def write() -> None:
        with database.write() as connection:
            wrote.append(connection.execute(select(1)).scalar_one())

    def while_others_write(stored: str | None, password: str) -> bool:
        other = threading.Thread(target=write)
        other.start()
        other.join(5)
        assert wrote, "the writer's lock is held while a password is checked"
        return slow(stored, password)

    monkeypatch.setattr(passwords, "matches", while_others_write)
    assert signs_in(database)


def test_a_disabled_user_is_kept_out_until_enabled(database: Database) -> None:
    user = added(database)
    cookie = sessions.open_session(database, user, hours=1)
    changed = accounts.set_disabled(database, AUDIT, user.name, disabled=True, actor=ACTOR)
    assert changed.disabled
    assert sessions.find_session(database, cookie, idle_minutes=30) is None
    assert signs_in(database) is None
    assert records(database)[-1]["reason"] == "disabled"
    accounts.set_disabled(database, AUDIT, user.name, disabled=False, actor=ACTOR)
    assert signs_in(database)
    assert sessions.find_session(database, cookie, idle_minutes=30) is None


def test_a_new_password_unlocks_and_ends_sessions(database: Database) -> None:
    user = added(database)
    cookie = sessions.open_session(database, user, hours=1)
    for _ in range(10):
        signs_in(database, password="wrong password")
    accounts.set_password(database, AUDIT, user.name, "another long password", actor=ACTOR)
    assert sessions.find_session(database, cookie, idle_minutes=30) is None
    assert signs_in(database, password="another long password")
    change = [each for each in records(database) if each["event"] == "user.changed"]
    assert [(each["change"], each["actor"]) for each in change] == [("password", ACTOR)]


@pytest.mark.parametrize(
    ("name", "password", "role", "error"),
    [
        ("bob", "eleven char", "viewer", errors.PasswordRefused),
        ("bob", "x" * 1025, "viewer", errors.PasswordRefused),
        ("bob", "\ud800" * 12, "viewer", errors.PasswordRefused),
        ("", PASSWORD, "viewer", errors.NameRefused),
        ("bob smith", PASSWORD, "viewer", errors.NameRefused),
        ("bob\x07", PASSWORD, "viewer", errors.NameRefused),
        ("b" * 201, PASSWORD, "viewer", errors.NameRefused),
        ("bob", PASSWORD, "root", errors.UnknownRole),
        ("Alice@CONTOSO.com", PASSWORD, "viewer", errors.NameTaken),
    ],
)
def test_what_cannot_be_an_account(
    database: Database, name: str, password: str, role: str, error: type[errors.LedgerError]
) -> None:
    added(database)
    with pytest.raises(error) as caught:
        accounts.add(database, AUDIT, name, password, role, actor=ACTOR)
    assert caught.value.remedy
    assert password not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(accounts.listed(database)) == 1
    assert [record["event"] for record in records(database)] == ["user.added"]


def test_changing_nobody_is_said(database: Database) -> None:
    for change in (
        lambda: accounts.get(database, "nobody"),
        lambda: accounts.set_disabled(database, AUDIT, "nobody", disabled=True, actor=ACTOR),
        lambda: accounts.set_password(database, AUDIT, "nobody", PASSWORD, actor=ACTOR),
    ):
        with pytest.raises(errors.UnknownUser, match="nobody"):
            change()
    assert records(database) == []


def test_a_session_ends_when_idle_and_after_its_hours(database: Database, clock: Clock) -> None:
    user = added(database)
    cookie = sessions.open_session(database, user, hours=2)
    for _ in range(4):
        clock.ms += 29 * MINUTE
        assert sessions.find_session(database, cookie, idle_minutes=30) == user
    clock.ms += 4 * MINUTE
    assert sessions.find_session(database, cookie, idle_minutes=30) is None
    cookie = sessions.open_session(database, user, hours=2)
    clock.ms += 30 * MINUTE
    assert sessions.find_session(database, cookie, idle_minutes=30) is None


def test_a_used_session_is_written_at_most_once_a_minute(database: Database, clock: Clock) -> None:
    cookie = sessions.open_session(database, added(database), hours=2)
    seen = select(tables.console_session.c.seen_at)

    def use() -> int:
        sessions.find_session(database, cookie, idle_minutes=30)
        with database.read() as connection:
            return int(connection.execute(seen).scalar_one())

    first = use()
    clock.ms += MINUTE - 1
    assert use() == first
    clock.ms += 1
    assert use() == first + MINUTE


def test_a_session_shows_the_user_as_she_is_now(database: Database) -> None:
    user = added(database)
    cookie = sessions.open_session(database, user, hours=1)
    with database.write() as connection:
        connection.execute(tables.console_user.update().values(role="viewer"))
    found = sessions.find_session(database, cookie, idle_minutes=30)
    assert found
    assert found.role is Role.VIEWER


def test_signing_in_replaces_the_session_that_was_there(database: Database) -> None:
    user = added(database)
    planted = sessions.open_session(database, user, hours=1)
    fresh = sessions.open_session(database, user, hours=1, replacing=planted)
    assert fresh != planted
    assert sessions.find_session(database, planted, idle_minutes=30) is None
    assert sessions.find_session(database, fresh, idle_minutes=30) == user


def test_signing_out_ends_one_session_and_is_recorded_once(database: Database) -> None:
    user = added(database)
    one, other = (sessions.open_session(database, user, hours=1) for _ in range(2))
    sessions.close_session(database, AUDIT, one)
    sessions.close_session(database, AUDIT, one)
    assert sessions.find_session(database, one, idle_minutes=30) is None
    assert sessions.find_session(database, other, idle_minutes=30) == user
    events = [record["event"] for record in records(database)]
    assert events == ["user.added", "auth.logout"]


@pytest.mark.parametrize("cookie", ["", "x", "é\ud800", "x" * 10_000])
def test_a_cookie_that_is_none_finds_nobody(database: Database, cookie: str) -> None:
    sessions.open_session(database, added(database), hours=1)
    assert sessions.find_session(database, cookie, idle_minutes=30) is None


def test_sessions_that_are_over_are_cleared_away(database: Database, clock: Clock) -> None:
    user = added(database)
    sessions.open_session(database, user, hours=1)
    clock.ms += 60 * MINUTE
    sessions.open_session(database, user, hours=1)
    with database.read() as connection:
        assert len(connection.execute(select(tables.console_session)).all()) == 1


def test_a_hash_made_at_another_cost_is_renewed_when_its_user_signs_in(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(database)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(2, 16, 1))
    assert signs_in(database)
    with database.read() as connection:
        stored = connection.execute(select(tables.console_user.c.password_hash)).scalar_one()
    assert extract_parameters(stored).time_cost == 2
    assert signs_in(database)


def test_the_cost_is_the_recommended_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", AS_SHIPPED)
    assert extract_parameters(passwords.hashed(PASSWORD)) == RFC_9106_LOW_MEMORY


def test_what_accounts_leave_behind_is_verified(database: Database) -> None:
    user = added(database)
    signs_in(database)
    signs_in(database, "mallory")
    accounts.set_disabled(database, AUDIT, user.name, disabled=True, actor=ACTOR)
    report = verify_database(database)
    assert report.findings == ()
    assert report.records == 4
