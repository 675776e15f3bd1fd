"""Console accounts: who gets in, who is kept out, and what is written down about it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from sqlalchemy import select

from ledger import accounts, browsers, errors, passwords, sessions, tables, turns
from ledger.accounts import Role
from ledger.budget import RecordBudget
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate
from ledger.pace import Pace, Paces
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


def lines_up(database: Database, name: str = "alice@contoso.com", patience_ms: int = 0) -> int:
    return turns.line_up(database, name, Paces(turns.STRANGERS), patience_ms).wait_ms


def test_guesses_from_everywhere_take_turns_after_a_hundred(
    database: Database, clock: Clock
) -> None:
    added(database)
    assert [lines_up(database) for _ in range(100)] == [0] * 100
    assert lines_up(database) == 4_000
    assert lines_up(database) == 4_000, "a turn for which nobody waits is not booked"
    assert lines_up(database, patience_ms=20_000) == 4_000
    assert lines_up(database, patience_ms=20_000) == 8_000
    clock.ms += 12_000
    assert [lines_up(database), lines_up(database)] == [0, 4_000]
    clock.ms += 60 * MINUTE
    assert [lines_up(database) for _ in range(100)] == [0] * 100


def test_names_that_do_not_exist_take_the_same_turns() -> None:
    now = 1000.0
    nobody = Paces(turns.STRANGERS, clock=lambda: now)
    waits = [nobody.book("mallory", 20_000).wait_ms for _ in range(106)]
    assert waits == [0] * 100 + [4_000, 8_000, 12_000, 16_000, 20_000, 24_000]
    assert nobody.book("trudy").wait_ms == 0


@pytest.mark.usefixtures("clock")
def test_the_right_password_gives_its_turn_back_and_tells_of_the_others(
    database: Database,
) -> None:
    added(database)
    for _ in range(100):
        lines_up(database)
    assert accounts.check_password(database, AUDIT, "alice@contoso.com", PASSWORD, lined_up=True), (
        "a turn of hers is among them"
    )
    assert records(database)[-1]["failures"] == 99
    assert [lines_up(database), lines_up(database)] == [0, 4_000]
    assert signs_in(database), "a known browser takes no turn"
    assert records(database)[-1]["failures"] == 1
    assert lines_up(database) == 4_000, "a sign-in is no amnesty for those who guess"


@pytest.mark.usefixtures("clock")
def test_turns_booked_side_by_side_are_booked_one_by_one(database: Database) -> None:
    added(database)
    with ThreadPoolExecutor(4) as threads:
        waits = list(threads.map(lambda _: lines_up(database), range(108)))
    assert (waits.count(0), waits.count(4_000)) == (100, 8)


def test_a_flood_of_failures_is_counted_and_not_kept(database: Database) -> None:
    added(database)
    now = 1000.0
    budget = RecordBudget(per_minute=2, clock=lambda: now)

    def fails(name: str) -> None:
        assert (
            accounts.check_password(database, AUDIT, name, "wrong password", records=budget) is None
        )

    for _ in range(5):
        fails("alice@contoso.com")
        fails("mallory")
    now += 61
    fails("alice@contoso.com")
    failed = [each for each in records(database) if each["event"] == "auth.failed"]
    assert [each["reason"] for each in failed] == ["wrong", "unknown", "wrong", "unknown", "wrong"]
    assert [each.get("unrecorded") for each in failed] == [None] * 4 + [3]
    assert verify_database(database).findings == ()


def marked(database: Database, name: str = "alice@contoso.com") -> str:
    return browsers.mark(database, accounts.get(database, name))


def test_a_browser_is_known_for_the_account_it_signed_in_with(database: Database) -> None:
    added(database)
    added(database, "bob@contoso.com")
    one, other = marked(database), marked(database)
    assert browsers.known(database, "ALICE@contoso.com", one)
    assert browsers.known(database, "alice@contoso.com", one) != browsers.known(
        database, "alice@contoso.com", other
    )
    assert browsers.known(database, "bob@contoso.com", one) is None
    assert browsers.known(database, "nobody", one) is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda mark: mark[:0],
        lambda mark: mark[:-1] + ("0" if mark[-1] != "0" else "1"),
        lambda mark: "9" + mark[1:],
        lambda mark: mark + "\n",
        lambda mark: mark * 2,
        lambda mark: mark.replace(".", "\u0660.", 1),
    ],
)
def test_a_forged_mark_is_none(database: Database, forge: Callable[[str], str]) -> None:
    added(database)
    assert browsers.known(database, "alice@contoso.com", forge(marked(database))) is None


def test_a_browser_is_forgotten_after_a_while_and_by_a_new_password(
    database: Database, clock: Clock
) -> None:
    added(database)
    mark = marked(database)
    clock.ms += browsers.DAYS * 24 * 60 * MINUTE - 1
    assert browsers.known(database, "alice@contoso.com", mark)
    clock.ms += 1
    assert browsers.known(database, "alice@contoso.com", mark) is None
    mark = marked(database)
    accounts.set_password(
        database, AUDIT, "alice@contoso.com", "another long password", actor=ACTOR
    )
    assert browsers.known(database, "alice@contoso.com", mark) is None


def test_a_pace_forgets_whom_it_has_not_seen_for_longest() -> None:
    paces = Paces(Pace(burst=1, every_ms=MINUTE), clock=lambda: 1000.0)
    assert [paces.book(0).wait_ms, paces.book(0).wait_ms] == [0, MINUTE]
    for key in range(1, 20_001):
        paces.book(key)
    assert paces.book(0).wait_ms == 0


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
    for _ in range(101):
        lines_up(database)
    assert lines_up(database) > 0
    accounts.set_password(database, AUDIT, user.name, "another long password", actor=ACTOR)
    assert lines_up(database) == 0
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
