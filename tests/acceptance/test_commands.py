"""The commands as a person types them, against a practice tenant; the settings file is all there is."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cli import main as command
from cli import terminal
from ledger import alerts, deliveries
from ledger.migrate import migrate

from house import House, house, reserved_port

CHECKOUT = Path(__file__).resolve().parents[2]
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("commands"), with_tables=False) as made:
        text = made.config.read_text()
        made.config.write_text(re.sub(r"sqlite:///.*rescind\.db", "sqlite:///rescind.db", text))
        yield made


def _rescind(
    built: House, *arguments: str, typed: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    elsewhere = built.folder / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    ours = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments, "--config", str(built.config)],
        cwd=elsewhere,
        env={**ours, "PYTHONPATH": str(CHECKOUT), **environ},
        input=typed,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_person_is_contained_from_the_terminal_alone(built: House) -> None:
    shown = _rescind(built, "contain", "user01@contoso.com", "--mode", "observe")
    assert shown.returncode == 0, shown.stderr
    database = built.folder / "rescind.db"
    assert f"new database at {database}" in shown.stderr
    assert database.exists()
    assert not list((built.folder / "elsewhere").iterdir())
    assert "/revokeSignInSessions" in shown.stdout
    assert "Nothing was changed" in shown.stdout
    assert re.search(r"entra-trace: .* \(only reads\)", shown.stdout)
    assert not re.search(r"left out:\s*$", shown.stdout, re.MULTILINE)
    assert "left out by the plan" not in shown.stdout, "each step is shown above"
    assert not [e for e in built.sim.requests.writes() if e.system in ("entra", "okta")]

    person = built.sim.tenant.person("user01")
    assert person.entra is not None
    done = _rescind(built, "contain", person.entra.id, "--json", "--since", "90m")
    assert done.returncode == 0, done.stderr
    assert "new database" not in done.stderr
    run = json.loads(done.stdout)
    assert RFC3339.fullmatch(run["created_at"])
    assert RFC3339.fullmatch(run["approval"]["deadline"])
    outcomes = {step["node"]: step["outcome"] for step in run["steps"]}
    assert outcomes["entra-revoke"] == outcomes["okta-revoke"] == "verified"
    assert outcomes["entra-disable"] is None
    assert run["approval"]["state"] == "pending"

    listed = _rescind(built, "runs", "--json")
    assert next(json.loads(line)["id"] for line in listed.stdout.splitlines()) == run["id"]
    one = _rescind(built, "run", run["id"][:18])
    assert "waits for a person" in one.stdout
    link = f"http://127.0.0.1:{built.port}/approvals/{run['approval']['id']}"
    assert link in one.stdout.splitlines()
    assert run["approval"]["deadline"][:19].replace("T", " ") in one.stdout
    _fits(built, "run", run["id"])
    wide = _rescind(built, "runs").stdout.splitlines()
    assert any(run["id"] in line and "contoso" in line for line in wide)
    blocks = _fits(built, "runs")
    assert any(line.startswith(run["id"]) for line in blocks)
    verified = _rescind(built, "audit", "verify", "--json")
    assert json.loads(verified.stdout)["verified"] is True


def _fits(built: House, *arguments: str) -> list[str]:
    lines = _rescind(built, *arguments, COLUMNS="80").stdout.splitlines()
    assert lines
    assert not [line for line in lines if len(line) > 80]
    return lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["me"], "'me' is neither a sign-in name"),
        (
            ["a@contoso.com", "--playbook", "nope"],
            "there is no playbook 'nope'; known are cm0071, cm0077, cm0080, cm0082",
        ),
        (["a@contoso.com", "--since", "yesterday"], "'yesterday' is no time"),
    ],
)
def test_what_cannot_be_meant_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    config = tmp_path / "rescind.toml"
    config.touch()
    with pytest.raises(SystemExit) as ended:
        command.main(["contain", *arguments, "--config", str(config)])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("Nothing was started")
    assert said in told
    assert list(tmp_path.iterdir()) == [config]


def test_a_pause_is_said_to_whoever_contains(built: House) -> None:
    assert _rescind(built, "migrate").returncode == 0
    assert _rescind(built, "pause", "--reason", "a drill").returncode == 0
    try:
        sent = len(built.sim.requests.writes())
        done = _rescind(built, "contain", "user02@contoso.com")
    finally:
        _rescind(built, "resume")
    assert done.returncode == 0, done.stderr
    assert "PAUSED by cli:" in done.stdout
    assert "a drill" in done.stdout
    assert "rescind resume" in done.stdout
    assert len(built.sim.requests.writes()) == sent


def test_a_sign_in_service_out_of_reach_is_said_once_with_what_to_do(tmp_path: Path) -> None:
    config, ours = tmp_path / "rescind.toml", "11111111-2222-3333-4444-555555555555"
    config.write_text(
        f'[tenants.contoso.entra]\ntenant_id = "{ours}"\nclient_id = "{ours}"\n'
        'client_secret = "a-secret-for-the-tests-only"\n'
    )
    with reserved_port() as taken:  # nobody listens there
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "contain", "a@contoso.com", "--config", str(config)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "HTTPS_PROXY": nobody},
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    new, what, remedy = done.stderr.splitlines()
    assert new.startswith("new database")
    assert what.startswith("Nothing was started: entra of tenant contoso: ")
    assert "the sign-in service does not answer" in what
    assert "Nothing is tried again by itself" in remedy


def test_a_command_before_the_tables_exist_says_what_to_do(tmp_path: Path) -> None:
    with house(tmp_path, with_tables=False) as built:
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


def test_a_port_in_use_is_said_in_a_line(built: House) -> None:
    with socket.create_server(("127.0.0.1", built.port)):
        done = _rescind(built, "serve")
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("rescind:")]
    assert f"127.0.0.1 port {built.port}: the port is in use" in line
    assert "web.port" in line
    assert "Traceback" not in done.stderr


def test_the_simulator_says_where_it_listens_and_what_opens_it() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "simulator", "--port", "0"],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        at, graph, okta = (process.stdout.readline().strip() for _ in range(3))
        url = at.split()[-1]
        answer = httpx.get(f"{url}/_sim/state", timeout=60, trust_env=False)
        port = url.rpartition(":")[2]
        again = subprocess.run(
            [sys.executable, "-m", "cli.main", "simulator", "--port", port],
            cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert answer.status_code == 200
    assert graph.endswith(f"{url}/v1.0, access_token simulated-graph-token")
    assert okta.endswith(f"{url}, api_token simulated-okta-token")
    assert again.returncode == 2
    assert "--port" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.parametrize("verb", ["audit", "users", "config", "runs"])
def test_help_looks_the_same_everywhere(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main([verb, "--help"])
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: rescind {verb}")
    assert "completion" not in said
    assert "\u2500" not in said


@pytest.mark.parametrize("columns", ["", "80"])
def test_alerts_can_be_read_in_any_width(
    tmp_path: Path,
    columns: str,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    terminal.console.cache_clear()
    request.addfinalizer(terminal.console.cache_clear)
    ids: list[str] = []
    with house(tmp_path) as built:
        migrate(built.service.database)
        with built.service.database.write() as connection:
            for body, times in ((b"first", 2), (b"second", 3)):
                for _ in range(times):
                    received = deliveries.receive(
                        connection,
                        built.service.audit,
                        source="sentinel",
                        kind="sentinel",
                        body=body,
                        fold_s=3600,
                    )
                ids.append(received.id)
                alerts.quarantine(
                    connection, built.service.audit, received.id,
                    reason="no person " * 12, remedy="map a person",
                )  # fmt: skip
        with pytest.raises(SystemExit):
            command.main(["alerts", "--config", str(built.config)])
        told = capsys.readouterr().out.splitlines()
        with pytest.raises(SystemExit):
            command.main(["alerts", "--json", "--config", str(built.config)])
        times = [json.loads(line)["received_at"] for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, told)) <= int(columns or 200)
    for alert_id in ids:
        assert any(alert_id in line for line in told)
    assert any(line.rstrip().endswith("sent again once") for line in told)
    assert any(line.rstrip().endswith("sent again 2 times") for line in told)
    assert all(RFC3339.fullmatch(time) for time in times)
