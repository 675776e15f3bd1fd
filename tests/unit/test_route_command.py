"""`rescind route`: which rule takes an alert, understood at once; and a linted file of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import terminal
from cli.main import main

REUSE = {
    "uuid": "uuid-1",
    "published": "2026-11-22T03:05:00Z",
    "eventType": "app.oauth2.token.detect_reuse",
    "displayMessage": "Token reused",
    "actor": {"id": "00uAdaAdaAdaAdaAda1d7", "type": "User", "alternateId": "ada@contoso.com"},
    "debugContext": {"debugData": {}},
}
CHANGE = {
    **REUSE,
    "uuid": "uuid-2",
    "eventType": "user.session.context.change",
    "displayMessage": "Session context changed",
    "target": [{"id": "00uAdaAdaAdaAdaAda1d7", "type": "User", "alternateId": "ada@contoso.com"}],
}
THEFT = {
    "name": "0f3c2f4e-0000-4000-8000-000000000001",
    "type": "Microsoft.SecurityInsights/Incidents",
    "properties": {
        "title": "Stolen session cookie", "severity": "High", "status": "New", "incidentNumber": 1,
        "relatedEntities": [
            {"kind": "Account", "properties": {"accountName": "ada", "upnSuffix": "contoso.com"}}
        ],
    },
}  # fmt: skip
TOML = """
[sources.siem]
kind = "sentinel"
mode = "approve"
origin = { proof = "shared_secret", secret = "a-secret-for-this-test" }
[sources.fixed]
kind = "sentinel"
playbook = "cm0077"
origin = { proof = "shared_secret", secret = "a-secret-for-this-test" }
[routing]
file = "mine.yaml"
"""
MINE = """
rules:
  - name: the-night
    when: alert.words.contains("cookie")
    playbook: cm0080
    mode: auto
    parameters: {delete_rules: true}
    reason: Cookies are stolen at night.
"""


@pytest.fixture(autouse=True)
def _a_pipe_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path)
    terminal.console.cache_clear()
    yield
    terminal.console.cache_clear()


def run(*words: str) -> int:
    try:
        main(words)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def written(content: Any, name: str = "alert.json") -> str:
    Path(name).write_text(content if isinstance(content, str) else json.dumps(content))
    return name


def routed(
    capsys: pytest.CaptureFixture[str], *words: str, status: int = 0
) -> list[dict[str, Any]]:
    assert run("route", "--json", *words) == status
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def settings() -> tuple[str, str]:
    written(MINE, "mine.yaml")
    return "-c", written(TOML, "rescind.toml")


def test_it_says_which_rule_took_it_and_what_follows(capsys: pytest.CaptureFixture[str]) -> None:
    ((alert,),) = (each["alerts"] for each in routed(capsys, written(REUSE)))
    assert (alert["rule"], alert["playbook"], alert["mode"]) == (
        "refresh-token-reused", "cm0080", "auto",
    )  # fmt: skip
    assert alert["victims"] == ["ada@contoso.com"]
    assert "used twice" in alert["reason"]
    assert "others" not in alert


def test_what_an_adapter_does_not_act_upon_no_rule_is_asked_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ((alert,),) = (each["alerts"] for each in routed(capsys, written(CHANGE)))
    assert alert["outcome"] == "ignored"
    assert "rule" not in alert
    assert alert["why"].endswith("No rule is asked.")


def test_explain_says_of_every_other_rule_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("route", written(THEFT), "--explain") == 0
    said = capsys.readouterr().out
    assert "-> cm0080, auto  by rule token-or-session-theft" in said
    assert 'alert.signal == "mfa" does not hold: alert.signal is "session_theft"' in said
    assert "person.administrator is not known; it was passed over" in said
    assert "stands behind token-or-session-theft" in said


def test_the_person_can_be_taken_for_an_administrator(capsys: pytest.CaptureFixture[str]) -> None:
    file = written(THEFT)
    ((alert,),) = (each["alerts"] for each in routed(capsys, file, "--person", "administrator"))
    assert (alert["rule"], alert["mode"]) == ("administrators", "approve")
    ((alert,),) = (each["alerts"] for each in routed(capsys, file, "--person", "ordinary"))
    assert (alert["rule"], alert["notes"]) == ("token-or-session-theft", [])


def test_the_settings_of_a_source_and_a_file_of_ones_own_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, config = written(THEFT), settings()
    ((alert,),) = (each["alerts"] for each in routed(capsys, file, *config))
    assert (alert["rule"], alert["mode"], alert["parameters"]) == (
        "the-night", "auto", {"delete_rules": True},
    )  # fmt: skip
    ((alert,),) = (each["alerts"] for each in routed(capsys, file, "--source", "siem", *config))
    assert alert["mode"] == "approve"
    assert alert["waits"] == ["sources.siem.mode is approve, and goes no further"]
    ((alert,),) = (each["alerts"] for each in routed(capsys, file, "--source", "fixed", *config))
    assert (alert["rule"], alert["playbook"]) == ("sources.fixed", "cm0077")


def test_whatever_a_file_holds_there_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    files = [written("{", "broken"), written({"x": 1}, "strange"), written([], "empty")]
    assert all(each["alerts"] == [] and each["why"] for each in routed(capsys, *files))
    ((alert,),) = (
        each["alerts"] for each in routed(capsys, "--kind", "sentinel", written({"x": 1}))
    )
    assert alert["outcome"] == "quarantined"
    assert run("route", *files) == 0


def test_a_file_that_cannot_be_read_is_told_by_the_exit_status_and_keeps_no_other_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = written(REUSE)
    absent, read = routed(capsys, "absent", file, status=2)
    assert absent["why"] == "It cannot be read (No such file or directory)."
    assert read["alerts"][0]["rule"] == "refresh-token-reused"
    assert run("route", "absent", file) == 2
    said = capsys.readouterr().out
    assert "cannot be read" in said
    assert "by rule refresh-token-reused" in said


def test_what_is_ignored_alike_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [{**CHANGE, "uuid": f"uuid-{number}"} for number in range(5)]
    file = written("\n".join(map(json.dumps, [*entries, REUSE])), "export.ndjson")
    assert run("route", file) == 0
    said = capsys.readouterr().out
    assert said.count("Session context changed") == 1
    assert "and 4 more like it" in said
    assert "by rule refresh-token-reused" in said
    ((*alerts,),) = (each["alerts"] for each in routed(capsys, file))
    assert len(alerts) == 6


def test_where_the_person_would_count_it_says_how_to_suppose_her(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hint = "--person administrator or --person ordinary"
    assert run("route", written(THEFT)) == 0
    assert hint in capsys.readouterr().out
    assert run("route", written(THEFT), "--person", "ordinary") == 0
    assert hint not in capsys.readouterr().out


def test_of_a_shape_nobody_knows_it_says_how_to_have_it_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("route", written({"x": 1})) == 0
    assert "--source where a mapping reads it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "nothing"), "`rescind detectors list` names"),
        (("--kind", "generic"), "--source NAME"),
        (("--source", "nothing"), "there is no source 'nothing'"),
    ],
)
def test_what_is_not_there_is_told(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("route", written(THEFT), *words) == 2
    assert said in capsys.readouterr().err


def test_config_check_names_the_line_of_each_fault(capsys: pytest.CaptureFixture[str]) -> None:
    _, config = settings()
    assert run("config", "check", "-c", config) == 0
    written(MINE.replace("alert.words", "alert.word").replace("delete_rules", "del"), "mine.yaml")
    capsys.readouterr()
    assert run("config", "check", "-c", config) == 2
    said = capsys.readouterr().err
    assert "routing.file  (rescind.toml:11)" in said
    assert "mine.yaml, line 4, rules.0.when.0: alert has no field word; did you mean" in said
    assert "mine.yaml, line 7, rules.0.parameters.del: no parameter of this playbook" in said
    assert run("route", written(THEFT), "-c", config) == 2
