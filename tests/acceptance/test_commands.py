"""The commands as a person types them, against a practice tenant; the settings file is all there is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import main as command

from house import House, house


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("commands")) as made:
        yield made


def _rescind(built: House, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments, "--config", str(built.config)],
        cwd=built.folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.timeout(300)
def test_a_person_is_contained_from_the_terminal_alone(built: House) -> None:
    shown = _rescind(built, "contain", "user01@contoso.com", "--mode", "observe")
    assert shown.returncode == 0, shown.stderr
    assert "/revokeSignInSessions" in shown.stdout
    assert "Nothing was changed" in shown.stdout
    assert not [e for e in built.sim.requests.writes() if e.system in ("entra", "okta")]

    person = built.sim.tenant.person("user01")
    assert person.entra is not None
    done = _rescind(built, "contain", person.entra.id, "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    outcomes = {step["node"]: step["outcome"] for step in run["steps"]}
    assert outcomes["entra-revoke"] == outcomes["okta-revoke"] == "verified"
    assert outcomes["entra-disable"] is None
    assert run["approval"]["state"] == "pending"

    listed = _rescind(built, "runs", "--json")
    assert next(json.loads(line)["id"] for line in listed.stdout.splitlines()) == run["id"]
    one = _rescind(built, "run", run["id"][:18])
    assert "waits for a person" in one.stdout
    verified = _rescind(built, "audit", "verify", "--json")
    assert json.loads(verified.stdout)["verified"] is True


def test_what_names_nobody_starts_nothing(built: House) -> None:
    done = _rescind(built, "contain", "me")
    assert done.returncode == 2
    assert "Nothing was started" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_before_the_tables_exist_says_what_to_do(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        done = _rescind(built, "runs")
    assert done.returncode == 2
    assert "rescind migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_settings_are_all_named_and_nothing_starts(built: House) -> None:
    wrong = built.folder / "wrong.toml"
    text = built.config.read_text().replace("[web]", "[wbe]")
    wrong.write_text(text + '[approvals]\ndeadline_minutes = "soon"\n')
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "serve", "--config", str(wrong)],
        cwd=built.folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "wbe" in done.stderr
    assert "web" in done.stderr
    assert "approvals.deadline_minutes" in done.stderr
    assert "Traceback" not in done.stderr


def test_pausing_is_said_and_recorded(built: House) -> None:
    assert _rescind(built, "migrate").returncode == 0
    assert _rescind(built, "pause", "--reason", "a drill").returncode == 0
    assert "PAUSED" in _rescind(built, "runs").stdout
    assert _rescind(built, "resume").returncode == 0
    assert "PAUSED" not in _rescind(built, "runs").stdout


def test_every_verb_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for verb in ("serve", "contain", "audit", "demo"):
        assert f"\n  {verb} " in said
