"""``rescind run ID``: which run is meant, and why none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import main
from ledger import runs, tables
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate

#: Twelve that begin alike, and three that do.
IDS = [f"0197a0b{n // 12}-0000-7000-8000-0000000000{n:02}" for n in range(15)]


@pytest.fixture(autouse=True)
def _runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'rescind.db'}"
    monkeypatch.setenv("RESCIND_DATABASE__URL", url)
    monkeypatch.chdir(tmp_path)
    database = Database(url)
    migrate(database)
    with database.write() as connection:
        for number, run_id in enumerate(IDS):
            new = runs.NewRun(
                tenant="contoso", person_key=f"p{number}", person={"accounts": []}, alert_id=None,
                requested_by="riley", playbook="cm0080", playbook_hash="", mode="auto",
                plan_hash="", plan={}, steps=(),
            )  # fmt: skip
            made = runs.create(connection, AuditLog("test"), new, approval_deadline_s=60)
            connection.execute(
                tables.run.update().where(tables.run.c.id == made.run_id).values(id=run_id)
            )
    database.close()


def refused(capsys: pytest.CaptureFixture[str], beginning: str) -> list[str]:
    with pytest.raises(SystemExit) as ended:
        main(["run", beginning])
    assert ended.value.code == 1
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("beginning", ["", "0197a0b"])
def test_too_little_of_an_id_is_told(capsys: pytest.CaptureFixture[str], beginning: str) -> None:
    (line,) = refused(capsys, beginning)
    assert f"{beginning!r} is too short: at least 8 characters" in line


@pytest.mark.parametrize("beginning", ["0197a0b9", "0197a0b_", "%%%%%%%%"])
def test_an_id_that_no_run_has_is_told(capsys: pytest.CaptureFixture[str], beginning: str) -> None:
    (line,) = refused(capsys, beginning)
    assert line.startswith(f"{beginning}: no run has an id that begins so")


def test_the_runs_whose_ids_begin_so_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    first, *named = refused(capsys, "0197a0b1")
    assert first == "0197a0b1: several runs have an id that begins so:"
    assert [line.strip() for line in named] == IDS[:11:-1]


def test_of_many_runs_the_newest_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, *named, last = refused(capsys, "0197a0b0")
    assert [line.strip() for line in named] == IDS[11:1:-1]
    assert last.strip() == "and more"


def test_an_undoing_is_told_from_a_containment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'rescind.db'}")
    with database.write() as connection:
        changed = tables.run.update().where(tables.run.c.id == IDS[0])
        connection.execute(changed.values(aim="undo"))
    database.close()
    with pytest.raises(SystemExit) as ended:
        main(["runs"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.count("cm0080") == len(IDS)
    assert told.count("cm0080 (undo)") == 1
