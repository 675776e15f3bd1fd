"""What is handed over, as it is kept: sealed, for one person, once; on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger import handovers, leases, runs, tables
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.errors import NotSealedHere, SealKeyUnusable
from ledger.handovers import NewHandover
from ledger.identifiers import new_id
from ledger.leases import Claim
from ledger.migrate import migrate
from ledger.runs import NewRun, NewStep
from ledger.sealing import Seal

AUDIT = AuditLog("test")
SECRET = "Qm4%-not-for-the-log"


@pytest.fixture
def database(either: Database) -> Iterator[Database]:
    migrate(either)
    return either


@pytest.fixture
def seal() -> Seal:
    return Seal(b"k" * 32)


def _user(database: Database, name: str) -> str:
    user_id = new_id()
    with database.write() as connection:
        connection.execute(
            tables.console_user.insert().values(
                id=user_id, name=name, password_hash="x", role="responder", disabled=False,
                created_at=1,
            )
        )  # fmt: skip
    return user_id


def _claim(database: Database) -> Claim:
    step = NewStep(
        node="okta-reset-password", stage="reissue", action="okta.reset_password", system="okta",
        tenant="contoso", impact="high", parameters={}, target={"name": "nora"}, approval=False,
    )  # fmt: skip
    new = NewRun(
        tenant="contoso", person_key=new_id(), person={}, alert_id=None, requested_by="test",
        playbook="reissue", playbook_hash="", mode="auto", plan_hash="", plan={}, steps=[step],
    )  # fmt: skip
    with database.write() as connection:
        run_id = runs.create(connection, AUDIT, new, approval_deadline_s=60).run_id
        connection.execute(
            tables.step.update().where(tables.step.c.run_id == run_id).values(state="ready")
        )
        step_id = connection.execute(
            select(tables.step.c.id).where(tables.step.c.run_id == run_id)
        ).scalar_one()
        claim = leases.claim(connection, AUDIT, step_id, "me", 30)
    assert claim
    return claim


def _kept(database: Database, seal: Seal, claim: Claim, user: str, *, keep_s: float = 60) -> str:
    new = NewHandover("reset_link", SECRET, "unknown", user, keep_s)
    with database.write() as connection:
        handovers.keep(connection, AUDIT, seal, claim, new)
        ready = handovers.settle(connection, AUDIT, claim, good=True)
    assert ready
    return ready


def _reveal(database: Database, seal: Seal, handover_id: str, user: str) -> str | None:
    with database.write() as connection:
        return handovers.reveal(connection, AUDIT, seal, handover_id, user)


def test_one_of_many_who_ask_at_once_is_shown_it(database: Database, seal: Seal) -> None:
    user = _user(database, "harper")
    ready = _kept(database, seal, _claim(database), user)
    with ThreadPoolExecutor(8) as pool:
        shown = list(pool.map(lambda _: _reveal(database, seal, ready, user), range(8)))
    assert sorted(map(str, shown)) == sorted([SECRET, *["None"] * 7])


def test_nobody_else_is_shown_it(database: Database, seal: Seal) -> None:
    user, other = _user(database, "harper"), _user(database, "ash")
    ready = _kept(database, seal, _claim(database), user)
    assert _reveal(database, seal, ready, other) is None
    assert _reveal(database, seal, ready, user) == SECRET


def test_a_row_made_out_to_somebody_else_does_not_open(database: Database, seal: Seal) -> None:
    user, other = _user(database, "harper"), _user(database, "ash")
    ready = _kept(database, seal, _claim(database), user)
    with database.write() as connection:
        connection.execute(
            tables.handover.update().where(tables.handover.c.id == ready).values(for_user=other)
        )
    with pytest.raises(NotSealedHere):
        _reveal(database, seal, ready, other)


def test_it_is_left_as_it_is_under_another_key(database: Database, seal: Seal) -> None:
    user = _user(database, "harper")
    ready = _kept(database, seal, _claim(database), user)
    with pytest.raises(NotSealedHere):
        _reveal(database, Seal(b"o" * 32), ready, user)
    assert _reveal(database, seal, ready, user) == SECRET


def test_another_one_of_the_same_step_takes_its_place(database: Database, seal: Seal) -> None:
    user, claim = _user(database, "harper"), None
    claim = _claim(database)
    first = _kept(database, seal, claim, user)
    second = _kept(database, seal, claim, user)
    assert _reveal(database, seal, first, user) is None
    assert _reveal(database, seal, second, user) == SECRET


def test_it_is_erased_when_its_time_is_over_or_its_step_failed(
    database: Database, seal: Seal
) -> None:
    user, claim = _user(database, "harper"), _claim(database)
    ready = _kept(database, seal, claim, user, keep_s=-1)
    assert _reveal(database, seal, ready, user) is None
    with database.write() as connection:
        handovers.expire(connection, AUDIT)
        new = NewHandover("reset_link", SECRET, "unknown", user, 60)
        handovers.keep(connection, AUDIT, seal, claim, new)
        assert handovers.settle(connection, AUDIT, claim, good=False) is None
    with database.read() as connection:
        rows = connection.execute(select(tables.handover)).all()
    assert [(row.state, row.sealed) for row in rows] == [("void", None)] * 2


def test_the_key_beside_a_database_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "rescind.db.handover-key"
    with ThreadPoolExecutor(4) as pool:
        seals = list(pool.map(lambda _: Seal.beside(path), range(4)))
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert all(seal.open(seals[0].close("x", "here"), "here") == "x" for seal in seals)


@pytest.mark.parametrize("key", ["", "short", "bm90IDMyIGJ5dGVz", "ü"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(SealKeyUnusable):
        Seal.of(key)
