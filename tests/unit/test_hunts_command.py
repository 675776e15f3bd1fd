"""``rescind hunt``: a table for people, JSON for programs, alerts for the intake."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hunting import ADA, FIREFOX, HOSTING, auth0, entra, okta, usual

from cli.hunting.progress import watching
from cli.main import main
from detectors import registry
from detectors.alert import Alert, IdKind, NotUnderstood, Signal
from detectors.hunts.catalogue import hunts


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    own = [entra(n * 10, interactive=n == 0) for n in range(12)]
    stolen = [entra(n * 10 + 5, HOSTING, agent=FIREFOX, os="Linux") for n in range(2, 6)]
    path = tmp_path / "logs.ndjson"
    path.write_text("\n".join(map(json.dumps, [*usual(), *own, *stolen])), encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["hunt", *map(str, arguments)])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_a_table_tells_who_why_and_what_else_it_might_be(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "entra-session-spread", "--logs", logs)
    assert code == 1
    assert "ada@contoso.com" in out
    assert "on linux instead of windows" in out
    assert "company egress: ruled out" in out
    assert "203.0.113.9" in out
    assert "azure_monitor_sign_in" in err


def test_json_is_one_finding_a_line_with_its_evidence(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, err = run(capsys, "--logs", logs, "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert {each["hunt"] for each in found} >= {"entra-session-spread"}
    spread = next(each for each in found if each["hunt"] == "entra-session-spread")
    assert len(spread["evidence"]) == 4
    assert spread["user_id"] == ADA
    assert err == ""


def test_nothing_found_is_said_and_is_no_failure(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(
        capsys, "entra-session-spread", "--logs", logs, "--set", "allow_ips=203.0.113.9"
    )
    assert (code, out) == (0, "Nothing found by 1 hunt.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-hunt", "--logs", "LOGS"], "no hunt no-such-hunt"),
        ([], "--logs"),
        (["--logs", "LOGS/gone"], "not there"),
        (["--logs", "LOGS", "--set", "x"], "NAME=VALUE"),
        (["--logs", "LOGS", "--set", "colour=1"], "no tunable colour"),
        (["--logs", "LOGS", "--since", "soon"], "--since"),
        (["--logs", "LOGS", "--severity", "dire"], "--severity"),
        (["--logs", "LOGS", "--memory", "plenty"], "--memory"),
    ],
)
def test_what_cannot_be_hunted_is_refused_with_what_would_be_right(
    logs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, out, err = run(capsys, *(each.replace("LOGS", str(logs)) for each in arguments))
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bar_whose_connection_is_gone_says_nothing() -> None:
    connection = duckdb.connect()
    connection.close()
    with watching() as watch:
        watch.ask(connection)
        time.sleep(0.5)


@pytest.mark.parametrize("name", hunts())
def test_explaining_shows_the_sql_and_the_same_in_kql_and_spl(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "--explain", name)
    assert code == 0
    for heading in ("Benign causes", "Tunables", "SQL (DuckDB)", "KQL", "SPL"):
        assert heading in out
    assert hunts()[name].sql in out


SETTINGS = """
[database]
url = "sqlite:///{folder}/rescind.db"

[tenants.contoso.entra]
tenant_id = "contoso.com"
client_id = "c"
client_secret = "s"

[sources.{name}]
kind = "hunt"
origin = {{ proof = "shared_secret", secret = "nothing is posted to it" }}
"""


def test_alerts_go_the_way_of_every_alert_and_once(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "rescind.toml"
    config.write_text(SETTINGS.format(folder=tmp_path, name="hunts"), encoding="utf-8")
    main_arguments = ("entra-session-spread", "--logs", logs, "--alert", "--config", config)
    migrated(config, capsys)
    code, _, err = run(capsys, *main_arguments)
    assert code == 0
    assert "1 alert sent to hunts" in err
    _, _, again = run(capsys, *main_arguments)
    assert "0 alerts sent to hunts, 1 had been sent before" in again


def migrated(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["migrate", "--config", str(config)])
    capsys.readouterr()


def parsed(found: dict[str, Any]) -> Alert:
    (alert,) = registry.read("hunt", found, "hunts", registry.bare_source("hunt"))  # type: ignore[arg-type]
    assert isinstance(alert, Alert)
    return alert


def test_a_finding_becomes_an_alert_about_its_person(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "entra-session-spread", "--logs", logs, "--json")
    found = json.loads(out)
    alert = parsed(found)
    assert alert.event_id == found["id"]
    assert [(each.kind, each.value) for each in alert.victims[0].ids] == [
        (IdKind.ENTRA_OBJECT_ID, ADA),
        (IdKind.USER_PRINCIPAL_NAME, "ada@contoso.com"),
    ]
    assert alert.signal is Signal.SESSION_THEFT
    assert alert.actionable
    assert alert.session_ids == ("session-1",)
    assert alert.ips == ("203.0.113.9",)
    assert not parsed({**found, "severity": "low"}).actionable
    assert parsed({**found, "user_id": None, "user_name": None}).nameless
    with pytest.raises(NotUnderstood):
        parsed({"hunt": "x"})


def test_okta_and_auth0_name_people_their_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.ndjson"
    reuse = okta(0, event="app.oauth2.token.detect_reuse")
    path.write_text(
        "\n".join(map(json.dumps, [reuse, auth0(1, "192.0.2.1", kind="ferrt")])), encoding="utf-8"
    )
    _, out, _ = run(capsys, "refresh-token-reuse", "refresh-token-places", "--logs", path, "--json")
    kinds = [
        {each.kind for each in parsed(json.loads(line)).victims[0].ids} for line in out.splitlines()
    ]
    assert {IdKind.AUTH0_USER_ID, IdKind.EMAIL} in kinds
    assert {IdKind.OKTA_USER_ID, IdKind.OKTA_LOGIN} in kinds
