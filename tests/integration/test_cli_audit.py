"""``rescind audit`` and ``rescind users``, as a person at a terminal meets them."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import main
from ledger import runs, steps
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate
from ledger.vocabulary import Event

PASSWORD = "correct horse battery staple"

Rescind = Callable[..., tuple[int, str, str]]


@pytest.fixture
def rescind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Rescind:
    """Run a command in an empty folder; return its exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESCIND_DATABASE__URL", "sqlite:///rescind.db")

    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        told = capfdbinary.readouterr()
        return int(str(ended.value.code or 0)), told.out.decode(), told.err.decode()

    return run


@pytest.fixture
def migrated(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/rescind.db")
    migrate(database)
    database.close()


def added(rescind: Rescind, name: str = "alice@contoso.com") -> None:
    code, _, err = rescind(
        "users", "add", name, "--role", "admin", "--password-stdin", typed=f"{PASSWORD}\n"
    )
    assert code == 0, err


@pytest.mark.parametrize("arguments", [("audit", "verify"), ("audit", "export"), ("users", "list")])
def test_without_tables_the_remedy_is_said(
    rescind: Rescind, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    code, out, err = rescind(*arguments)
    assert (code, out) == (2, "")
    assert f"there is no database at {tmp_path}/rescind.db" in err
    assert "rescind migrate" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("migrated")
def test_an_export_is_verified_without_database_or_settings(
    rescind: Rescind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(rescind)
    code, out, err = rescind("audit", "export", "--output", "log.jsonl")
    assert (code, out) == (0, "")
    assert err.startswith("2 records exported; the last one's hash is\nsha256:")
    head = err.splitlines()[1]
    (tmp_path / "rescind.db").unlink()
    monkeypatch.setenv("RESCIND_DATABASE__URL", "nonsense")
    code, out, _ = rescind("audit", "verify", "log.jsonl")
    assert code == 0
    assert out.splitlines() == [
        "VERIFIED 2 records",
        "  log rescind, 2 records, the last one's hash is",
        f"  {head}",
    ]
    typed = (tmp_path / "log.jsonl").read_text()
    assert rescind("audit", "verify", "-", typed=typed)[:2] == (0, out)
    assert list(tmp_path.glob(".*")) == []
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("migrated")
def test_a_changed_export_is_broken_at_its_record(rescind: Rescind, tmp_path: Path) -> None:
    added(rescind)
    rescind("users", "disable", "alice@contoso.com")
    _, out, err = rescind("audit", "export")
    assert err.startswith("3 records exported")
    lines = out.splitlines()
    identity = json.loads(lines[1])["id"]
    lines[1] = lines[1].replace("disabled", "enabled")
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    code, out, _ = rescind("audit", "verify", "log.jsonl")
    assert code == 1
    assert out.splitlines()[0] == (
        f"BROKEN at record 1 ({identity}): it was changed after record 2 was chained to it"
    )
    code, out, _ = rescind("audit", "verify", "log.jsonl", "--json")
    report = json.loads(out)
    assert (code, report["verdict"], report["verified"]) == (1, "broken", False)
    assert report["first_bad"]["id"] == identity


@pytest.mark.usefixtures("migrated")
def test_the_database_is_verified_and_its_tampering_told(rescind: Rescind, tmp_path: Path) -> None:
    added(rescind)
    added(rescind, "bob")
    assert rescind("audit", "verify")[1].startswith("VERIFIED 2 records")
    with sqlite3.connect(tmp_path / "rescind.db") as connection:
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute("DELETE FROM audit WHERE seq = 1")
    code, out, _ = rescind("audit", "verify")
    assert code == 1
    assert out.startswith("BROKEN at record 1: record 1 is missing at the end")


@pytest.mark.usefixtures("migrated")
def test_an_open_intent_is_incomplete(rescind: Rescind, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/rescind.db")
    audit = AuditLog("rescind")
    step = runs.NewStep(
        node="revoke", stage="s", action="entra.revoke_sessions", system="entra", tenant="contoso",
        impact="low", parameters={}, target={}, approval=False,
    )  # fmt: skip
    new = runs.NewRun(
        tenant="contoso", person_key="p", person={}, alert_id=None, requested_by="cli:x",
        playbook="cm0080", playbook_hash="p", mode="auto", plan_hash="h", plan={}, steps=(step,),
    )  # fmt: skip
    with database.write() as connection:
        run_id = runs.create(connection, audit, new, approval_deadline_s=60).run_id
        (ready,) = steps.advance(connection, audit, run_id)
        held = {"id": ready, "node": "revoke", "fence": 1, "attempt": 1}
        audit.append(
            connection, Event.ACTION_INTENT, run_id=run_id, step=held, intent="i", plan_hash="h"
        )
    database.close()
    code, out, _ = rescind("audit", "verify")
    assert code == 3
    assert out.splitlines()[0] == (
        "INCOMPLETE 3 records: nothing is wrong, but 1 intent without a known outcome"
    )
    assert "  open intent i" in out.splitlines()
    code, out, _ = rescind("audit", "verify", "--json")
    assert (code, json.loads(out)["intents_open"]) == (3, ["i"])


@pytest.mark.usefixtures("migrated")
def test_an_export_overwrites_nothing_and_leaves_nothing_half_done(
    rescind: Rescind, tmp_path: Path
) -> None:
    (tmp_path / "log.jsonl").write_text("evidence")
    for name, why in (("log.jsonl", "exists already"), ("none/log.jsonl", "cannot be written")):
        code, _, err = rescind("audit", "export", "-o", name)
        assert code == 2
        assert why in err
    assert (tmp_path / "log.jsonl").read_text() == "evidence"
    assert rescind("audit", "verify")[1].startswith("VERIFIED 0 records")


@pytest.mark.parametrize("argument", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_a_wrong_use(rescind: Rescind, argument: str) -> None:
    code, out, err = rescind("audit", "verify", argument)
    assert (code, out) == (2, "")
    assert argument in err


@pytest.mark.usefixtures("migrated")
def test_users_are_added_listed_disabled_and_enabled(rescind: Rescind) -> None:
    assert rescind("users", "list")[1] == "No accounts yet: rescind users add NAME --role admin\n"
    code, out, _ = rescind(
        "users", "add", "Bob", "--role", "viewer", "--account-id", "00u1", "--password-stdin",
        typed=f"{PASSWORD}\r\n",
    )  # fmt: skip
    assert (code, out) == (0, "bob may sign in as viewer.\n")
    added(rescind)
    rescind("users", "disable", "bob")
    assert rescind("users", "list")[1].splitlines() == [
        "alice@contoso.com  admin      active",
        "bob                viewer     disabled",
    ]
    bob = json.loads(rescind("users", "list", "--json")[1].splitlines()[1])
    assert (bob["account_ids"], bob["disabled"]) == (["00u1"], True)
    rescind("users", "enable", "bob")
    assert "disabled" not in rescind("users", "list")[1]
    code, _, err = rescind(
        "users", "password", "bob", "--password-stdin", typed="another long password"
    )
    assert code == 0, err
    assert rescind("audit", "verify")[1].startswith("VERIFIED 5 records")


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize(
    ("name", "role", "password", "why"),
    [
        ("alice@contoso.com", "admin", PASSWORD, "there is an account 'alice@contoso.com' already"),
        ("bob", "admin", "short", "the password has 5 characters, 12 are needed"),
        ("bob smith", "admin", PASSWORD, "This cannot be the name of an account."),
        ("bob", "emperor", PASSWORD, "'emperor' is not one of"),
    ],
)
def test_what_cannot_be_added_is_said_without_the_password(
    rescind: Rescind, name: str, role: str, password: str, why: str
) -> None:
    added(rescind)
    code, _, err = rescind(
        "users", "add", name, "--role", role, "--password-stdin", typed=f"{password}\n"
    )
    assert code == 2
    assert why in err
    assert password not in err
    assert len(rescind("users", "list")[1].splitlines()) == 1


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("verb", ["disable", "enable", "password"])
def test_nobody_of_that_name_is_said(rescind: Rescind, verb: str) -> None:
    code, _, err = rescind("users", verb, "nobody")
    assert code == 2
    assert "there is no account 'nobody'" in err
    assert "rescind users list" in err
