"""`rescind detectors`: an answer for every file, and hints for whoever writes a mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import terminal
from cli.main import main

EVENT = {
    "uuid": "uuid-1",
    "published": "2026-11-22T03:05:00Z",
    "eventType": "app.oauth2.token.detect_reuse",
    "displayMessage": "Token reused",
    "actor": {"id": "00uAdaAdaAdaAdaAda1d7", "type": "User", "alternateId": "ada@contoso.com"},
    "debugContext": {"debugData": {}},
}


@pytest.fixture(autouse=True)
def _a_pipe_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("COLUMNS", raising=False)
    terminal.console.cache_clear()
    yield
    terminal.console.cache_clear()


def run(*words: str | Path) -> int:
    try:
        main([str(word) for word in words])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def parsed(
    capsys: pytest.CaptureFixture[str], *words: str | Path, status: int = 0
) -> list[dict[str, Any]]:
    assert run("detectors", "parse", "--json", *words) == status
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_file_says_whom_it_names_and_what_it_is_a_sign_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(EVENT))
    (read,) = parsed(capsys, file)
    (event,) = read["events"]
    assert (read["file"], read["kind"]) == (str(file), "okta_system_log")
    assert event["id"] == "uuid-1"
    assert event["persons"] == [
        {"role": "victim", "kind": "okta_user_id", "value": "00uAdaAdaAdaAdaAda1d7"},
        {"role": "victim", "kind": "okta_login", "value": "ada@contoso.com"},
    ]
    assert (event["signal"], event["actionable"]) == ("token_theft", True)
    assert event["why"]


def test_every_file_gets_a_line_whatever_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = {
        "strange.json": b'{"things": [{"labels": {"user": "ada"}}]}',
        "near.json": b'{"category": "SignInLogs", "time": "2026-11-22T03:05:00Z"}',
        "broken.json": b'{"a": ',
        "empty.json": b"",
        "noise.bin": bytes(range(256)),
    }
    files = [tmp_path / name for name in contents]
    for file in files:
        file.write_bytes(contents[file.name])
    read = parsed(capsys, *files)
    assert len(read) == len(files)
    assert all(each["kind"] is None and each["events"] == [] and each["why"] for each in read)
    assert read[1]["nearest"] == "entra_azure_monitor_log"
    assert "lacks properties" in read[1]["why"]


def test_a_file_that_cannot_be_read_is_told_by_the_exit_status_and_keeps_no_other_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(EVENT))
    absent, folder, event = parsed(capsys, tmp_path / "absent.json", tmp_path, file, status=2)
    assert (absent["kind"], absent["events"]) == (None, [])
    assert absent["why"] == "It cannot be read (No such file or directory)."
    assert folder["why"] == "It cannot be read (Is a directory)."
    assert event["events"]
    assert run("detectors", "parse", tmp_path / "absent.json", file) == 2
    said = capsys.readouterr().out
    assert "cannot be read" in said
    assert "ada@contoso.com" in said


def test_a_kind_that_is_named_is_used_and_has_to_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(EVENT))
    (read,) = parsed(capsys, "--kind", "okta_event_hook", file)
    assert read["kind"] == "okta_event_hook"
    (read,) = parsed(capsys, "--kind", "sentinel", file)
    assert read["events"] == []
    assert "no Sentinel incident" in read["why"]
    assert run("detectors", "parse", "--kind", "nothing", file) == 2
    assert "`rescind detectors list` names" in capsys.readouterr().err
    assert run("detectors", "parse", "--kind", "okta_system_logs", file) == 2
    assert "okta_system_log, or another one" in capsys.readouterr().err
    assert run("detectors", "parse", "--kind", "generic", file) == 2
    assert "detectors try" in capsys.readouterr().err


def test_people_read_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(EVENT))
    assert run("detectors", "parse", file) == 0
    said = capsys.readouterr().out
    assert "victim ada@contoso.com" in said
    assert "token_theft" in said
    assert run("detectors", "list") == 0
    listed = capsys.readouterr().out
    assert "entra_azure_monitor_log" in listed
    assert "Any JSON, by a mapping of your own" in listed
    assert run("detectors", "list", "--json") == 0
    assert {"generic", "okta_system_log"} <= {
        each["kind"] for each in json.loads(capsys.readouterr().out)
    }


def test_nothing_is_cut_off_in_a_narrow_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal.console.cache_clear()
    file = tmp_path / "event.json"
    file.write_text(json.dumps(EVENT).replace("ada@", "ada.with.quite.a.long.name@"))
    for words in (("list",), ("parse", file)):
        assert run("detectors", *words) == 0
        said = capsys.readouterr().out
        assert "…" not in said
        assert max(map(len, said.splitlines())) <= 80


def test_of_a_shape_nobody_knows_it_says_how_to_have_it_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "strange.json"
    file.write_text('{"things": [1]}')
    assert run("detectors", "parse", file) == 0
    assert "rescind detectors try --mapping" in capsys.readouterr().out


def test_where_no_list_is_found_the_other_expressions_are_not_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.toml").write_text('items = "detectoins"\nperson.email = "user.upn"')
    (tmp_path / "s.json").write_text(json.dumps(SAMPLE))
    assert run("detectors", "try", "--mapping", tmp_path / "m.toml", tmp_path / "s.json") == 1
    said = capsys.readouterr().out
    assert "not tried: items finds no list" in said
    assert "no user" not in said


SAMPLE = {"detections": [{"name": "Token replay", "user": {"upn": "ada@contoso.com"}}]}


@pytest.mark.parametrize(
    ("mapping", "status", "said"),
    [
        ('items = "detections"\ntitle = "name"\n"person.email" = "user.upn"', 0, "ada@contoso.com"),
        ('[sources.edr.mapping]\nitems = "detections"\nperson.email = "user.upn"', 0, "ada@contoso.com"),
        ('items = "detections"\nperson.email = "user.mail"', 1, "`user` has no mail; it has: upn"),
        ('items = "detectoins"\nperson.email = "user.upn"', 1, "did you mean detections?"),
        ('person.email = "detections.user.upn"', 1, "is a list: write [0] or []"),
        ('title = "name"', 1, "nothing names the person"),
        ('"person.email" = "a["', 1, "not JMESPath"),
        ('person = "x', 2, "Write lines such as"),
        ("", 2, "no table of expressions"),
    ],
)  # fmt: skip
def test_a_mapping_is_tried_and_what_it_lacks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mapping: str, status: int, said: str
) -> None:
    (tmp_path / "m.toml").write_text(mapping)
    (tmp_path / "s.json").write_text(json.dumps(SAMPLE))
    words = ("detectors", "try", "--mapping", tmp_path / "m.toml", tmp_path / "s.json")
    assert run(*words) == status
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
