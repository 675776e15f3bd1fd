"""``rescind audit verify FILE``: what an auditor is told about a file she was handed."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import main
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.export import export
from ledger.migrate import migrate
from ledger.vocabulary import Event
from ledger.written import leaf_hash

Rescind = Callable[..., tuple[int, str, str]]

HUMAN = {"type": "human", "sub": "cli:alex"}
CUT = (
    "the end is missing: every whole export ends with audit.exported, and this one was cut off"
    " before it, or added to after it"
)


@pytest.fixture
def rescind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Rescind:
    """Run a command in an empty folder; return its exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, typed: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        told = capfdbinary.readouterr()
        return int(str(ended.value.code or 0)), told.out.decode(), told.err.decode()

    return run


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """An export of four records, the last of them its own."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('log')}/rescind.db")
    migrate(database)
    audit = AuditLog("rescind")
    with database.write() as connection:
        for event in (Event.CONTROL_PAUSED, Event.CONTROL_RESUMED, Event.AUTH_LOGOUT):
            audit.append(connection, event, actor=HUMAN)
    exported = list(export(database, audit, HUMAN))
    database.close()
    return exported


def head(line: bytes) -> str:
    return leaf_hash(line.rstrip())


@pytest.mark.parametrize("left", [1, 2, 3])
def test_a_file_that_was_cut_is_incomplete(rescind: Rescind, lines: list[bytes], left: int) -> None:
    code, out, _ = rescind("audit", "verify", "-", typed=b"".join(lines[:left]))
    assert code == 3
    records = "1 record" if left == 1 else f"{left} records"
    assert out.splitlines()[0] == f"INCOMPLETE {records}: nothing is wrong, but {CUT}"


def test_a_machine_is_told_the_same(rescind: Rescind, lines: list[bytes]) -> None:
    code, out, _ = rescind("audit", "verify", "--json", "-", typed=b"".join(lines[:3]))
    report = json.loads(out)
    assert (code, report["verdict"], report["verified"], report["cut"]) == (
        3,
        "incomplete",
        False,
        True,
    )


def test_a_file_cut_to_nothing_is_incomplete(rescind: Rescind) -> None:
    code, out, _ = rescind("audit", "verify", "-")
    assert code == 3
    assert out.splitlines()[0] == f"INCOMPLETE 0 records: nothing is wrong, but {CUT}"


def test_a_file_cut_within_a_record_is_broken_and_said_to_be_cut(
    rescind: Rescind, lines: list[bytes]
) -> None:
    code, out, _ = rescind("audit", "verify", "-", typed=b"".join(lines)[:-20])
    assert code == 1
    assert out.startswith("BROKEN at record 3: this line is not a record")
    assert f"  {CUT}" in out.splitlines()


@pytest.mark.parametrize("kept", [0, 2, 3])
def test_a_head_that_was_kept_is_found(rescind: Rescind, lines: list[bytes], kept: int) -> None:
    typed = b"".join(lines)
    code, out, _ = rescind("audit", "verify", "-", "--head", head(lines[kept]), typed=typed)
    assert code == 0
    assert f"  the head you kept is the hash of record {kept}" in out.splitlines()
    loud = f" {head(lines[kept]).upper()} "
    assert rescind("audit", "verify", "-", "--head", loud, typed=typed)[0] == 0


def test_a_file_without_the_head_that_was_kept_is_broken(
    rescind: Rescind, lines: list[bytes]
) -> None:
    kept = head(lines[3])
    code, out, _ = rescind("audit", "verify", "-", "--head", kept, typed=b"".join(lines[:3]))
    assert code == 1
    assert out.splitlines()[0] == (
        f"BROKEN: no record has the hash {kept} that was kept: the log was written anew since, or"
        " cut off before that record"
    )
    assert f"  {CUT}" in out.splitlines()


@pytest.mark.parametrize("given", ["", "abc", "sha256:abc", "a" * 64])
def test_a_head_that_is_none_is_a_wrong_use(rescind: Rescind, given: str) -> None:
    code, out, err = rescind("audit", "verify", "-", "--head", given)
    assert (code, out) == (2, "")
    assert "a head is sha256: and 64 hex digits" in err


def test_the_head_of_the_database_is_asked_for_likewise(
    rescind: Rescind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCIND_DATABASE__URL", "sqlite:///rescind.db")
    database = Database(f"sqlite:///{tmp_path}/rescind.db")
    migrate(database)
    with database.write() as connection:
        AuditLog("rescind").append(connection, Event.CONTROL_RESUMED, actor=HUMAN)
    database.close()
    kept = json.loads(rescind("audit", "verify", "--json")[1])["head"]
    rescind("audit", "export")
    assert rescind("audit", "verify", "--head", kept)[0] == 0
    code, out, _ = rescind("audit", "verify", "--head", "sha256:" + "0" * 64)
    assert code == 1
    assert out.startswith("BROKEN: no record has the hash")


@pytest.mark.parametrize("kind", ["packed", "binary", "csv", "array", "pretty", "other", "utf-16"])
def test_a_file_of_another_kind_is_told_what_was_expected(
    rescind: Rescind, lines: list[bytes], tmp_path: Path, kind: str
) -> None:
    records = [json.loads(line) for line in lines]
    content = {
        "packed": gzip.compress(b"".join(lines)),
        "binary": bytes(range(256)) * 100,
        "csv": b"seq,event\r\n0,control.paused\r\n",
        "array": json.dumps(records).encode(),
        "pretty": json.dumps(records[0], indent=2).encode(),
        "other": b'{"verdict": "verified"}\n',
        "utf-16": b"".join(lines).decode().encode("utf-16"),
    }[kind]
    (tmp_path / "handed-over").write_bytes(content)
    for more in ((), ("--json",)):
        code, out, err = rescind("audit", "verify", "handed-over", *more)
        assert (code, out) == (2, "")
        assert "handed-over is no audit log: not one of its lines is a record." in err
        assert "one JSON object a line in UTF-8" in err


def test_a_log_of_which_one_line_is_left_is_a_broken_log(
    rescind: Rescind, lines: list[bytes]
) -> None:
    code, out, _ = rescind("audit", "verify", "-", typed=b"junk\n" + lines[3])
    assert code == 1
    assert out.startswith("BROKEN at record 0: this line is not a record")
