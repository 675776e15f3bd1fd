"""`rescind config`: what is in effect, where it came from, and never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.config import app
from config.show import MASK, masked_url

RUNNER = CliRunner()
SECRETS = ("hunter2-hunter2-hunter2", "pass-word-17", "tok3nInAPath")
TOML = """
[database]
url = "postgresql+psycopg://rescind:pass-word-17@db.example.com/rescind"

[chat.urls]
soc = "slack://tok3nInAPath/b/c"

[sources.siem]
kind = "sentinel"
origin = { proof = "shared_secret", secret = "hunter2-hunter2-hunter2" }
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own.toml"
    path.write_text(TOML)
    return path


def test_show_names_every_value_and_where_it_came_from(file: Path) -> None:
    result = RUNNER.invoke(app, ["show", "--config", str(file)], env={"RESCIND_WEB__PORT": "9000"})
    assert result.exit_code == 0
    lines = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert lines["web.port"] == ["9000", "env", "RESCIND_WEB__PORT"]
    assert lines["web.host"] == ["127.0.0.1", "default"]
    assert lines["sources.siem.kind"] == ["sentinel", "own.toml:9"]
    assert lines["sources.siem.origin.secret"] == [MASK, "own.toml:10"]
    assert lines["sources.siem.origin.previous_secret"] == ["-", "default"]
    assert lines["chat.urls.soc"] == [MASK, "own.toml:6"]
    assert lines["database.url"][0] == (
        f"postgresql+psycopg://rescind:{MASK}@db.example.com/rescind"
    )
    assert "\x1b" not in result.stdout
    for secret in SECRETS:
        assert secret not in result.output


def test_show_as_json_is_the_same(file: Path) -> None:
    result = RUNNER.invoke(app, ["show", "--json"], env={"RESCIND_CONFIG": str(file)})
    rows = {row["key"]: (row["value"], row["source"]) for row in json.loads(result.stdout)}
    assert rows["web.port"] == (8480, "default")
    assert rows["broker.url"] == ("memory://", "default")
    assert rows["database.url"][1] == "own.toml:3"
    assert rows["tenants"] == ({}, "default")
    assert rows["chat.schemas"][0][0] == "slack"
    for secret in SECRETS:
        assert secret not in result.output


def test_check_says_that_all_is_well(file: Path) -> None:
    result = RUNNER.invoke(app, ["check", "-c", str(file)])
    assert result.exit_code == 0
    assert "1 source, 0 tenants" in result.stdout


@pytest.mark.parametrize("command", ["show", "check"])
def test_problems_go_to_standard_error_with_status_2(file: Path, command: str) -> None:
    file.write_text(TOML + "\n[web]\nprot = 1\n")
    result = RUNNER.invoke(app, [command, "-c", str(file)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "web.prot  (own.toml:13)" in result.stderr
    assert "did you mean port?" in result.stderr


def test_a_mapping_that_cannot_work_is_a_problem_of_the_settings(file: Path) -> None:
    file.write_text(TOML.replace('"sentinel"', '"generic"') + 'mapping = { title = "a[" }\n')
    result = RUNNER.invoke(app, ["check", "-c", str(file)])
    assert result.exit_code == 2
    assert "sources.siem.mapping  (own.toml:11)" in result.stderr
    assert result.stderr.count("not JMESPath") == 1
    assert "nothing names the person" in result.stderr


def test_a_source_no_detector_and_no_playbook_answers_is_a_problem(file: Path) -> None:
    file.write_text(TOML.replace('"sentinel"', '"sentinal"') + 'playbook = "cm0081"\n')
    result = RUNNER.invoke(app, ["check", "-c", str(file)])
    assert "sources.siem.kind  (own.toml:9)" in result.stderr
    assert "sources.siem.playbook  (own.toml:11)" in result.stderr


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("memory://", "memory://"),
        ("sqlite:///rescind.db", "sqlite:///rescind.db"),
        ("sqlite:////var/lib/rescind.db", "sqlite:////var/lib/rescind.db"),
        ("redis://:pw@host:6379/0", f"redis://:{MASK}@host:6379/0"),
        ("redis://pw@host/0", f"redis://{MASK}@host/0"),
        ("amqp://me:p@w@host//", f"amqp://me:{MASK}@host//"),
        ("postgresql://host/db?password=pw", f"postgresql://host/db?{MASK}"),
        ("https://host/#pw", f"https://host/#{MASK}"),
        ("pw", MASK),
        ("pw:more", MASK),
        ("http://[pw", MASK),
    ],
)
def test_a_connection_is_shown_without_its_password(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_check_counts_and_refuses_a_playbook_with_an_unknown_action(file: Path) -> None:
    fine = RUNNER.invoke(app, ["check", "--config", str(file)])
    assert (fine.exit_code, "1 source, 0 tenants." in fine.stdout) == (0, True)
    folder = file.parent / "playbooks"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "id: mine\nname: M\ncountermeasure: CM0080\nversion: '1'\ndescription: d\n"
        "steps:\n  - {id: a, stage: x, action: entra.revoke_session}\n"
    )
    text = TOML.replace('kind = "sentinel"', 'kind = "sentinel"\nplaybook = "mine"')
    file.write_text(f'playbooks.folder = "playbooks"\n{text}')
    refused = RUNNER.invoke(app, ["check", "--config", str(file)])
    assert refused.exit_code == 2
    assert "line 7" in refused.output
    assert "did you mean entra.revoke_sessions?" in refused.output


def test_show_shows_what_cannot_be_used_yet(file: Path) -> None:
    file.write_text(TOML.replace('kind = "sentinel"', 'kind = "sentinel"\nplaybook = "mine"'))
    assert RUNNER.invoke(app, ["check", "-c", str(file)]).exit_code == 2
    shown = RUNNER.invoke(app, ["show", "-c", str(file)])
    assert shown.exit_code == 0
    assert "sources.siem.playbook" in shown.stdout


def test_help_looks_like_that_of_every_verb() -> None:
    said = RUNNER.invoke(app, ["--help"]).stdout
    assert "install-completion" not in said
    assert "\u2500" not in said
