"""``rescind pause`` and ``resume``, as a person at a terminal meets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from cli.main import main
from ledger import control, tables
from ledger.database import Database
from ledger.migrate import migrate

Rescind = Callable[..., str]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'rescind.db'}")
    migrate(database)
    return database


@pytest.fixture
def rescind(
    tmp_path: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Rescind:
    """Run a command that succeeds; return what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESCIND_DATABASE__URL", str(database.url))

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert not ended.value.code
        return capsys.readouterr().out

    return run


def events(database: Database) -> list[str]:
    with database.read() as connection:
        found = select(tables.audit.c.event).order_by(tables.audit.c.seq)
        return list(connection.execute(found).scalars())


def test_a_second_pause_leaves_the_first_as_it_is(rescind: Rescind, database: Database) -> None:
    assert "already" not in rescind("pause", "--reason", "wrong playbook")
    with database.read() as connection:
        first = control.paused(connection)
    assert first is not None
    said = rescind("pause", "--reason", "another")
    assert f"Paused already by {first['by']} since 20" in said
    assert "wrong playbook" in said
    assert "no change leaves until `rescind resume`" in said
    with database.read() as connection:
        assert control.paused(connection) == first
    assert events(database) == ["control.paused"]


def test_resuming_says_whether_anything_was_paused(rescind: Rescind, database: Database) -> None:
    assert rescind("resume").startswith("Nothing was paused")
    assert events(database) == []
    rescind("pause")
    assert rescind("resume").startswith("Resumed")
    assert rescind("resume").startswith("Nothing was paused")
    assert events(database) == ["control.paused", "control.resumed"]
    assert "already" not in rescind("pause")
