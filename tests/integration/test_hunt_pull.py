"""A tenant's logs pulled for a hunt: what is read, what is not, and what becomes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.main import main
from simulator.faults import Fault, forbid, throttle
from simulator.okta_scene import THIEF
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

SETTINGS = """
[database]
url = "sqlite:///{folder}/rescind.db"

[retries]
first_wait_s = 0.01

[tenants.contoso]
domains = ["contoso.com"]

[tenants.contoso.okta]
org_url = "{sim}"
api_token = "simulated-okta-token"

[tenants.contoso.auth0]
domain = "contoso.eu.auth0.com"
base_url = "{sim}"
access_token = "simulated-auth0-token"
"""
ENTRA = """
[tenants.contoso.entra]
tenant_id = "contoso.com"
base_url = "{sim}/v1.0"
access_token = "simulated-graph-token"
"""


def hunt(
    sim: Simulator,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    *more: str,
    entra: bool = False,
) -> tuple[int, str, str]:
    config = folder / "rescind.toml"
    text = SETTINGS + (ENTRA if entra else "")
    config.write_text(text.format(folder=folder, sim=sim.url), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["hunt", *more, "--config", str(config)])
    shown = capsys.readouterr()
    return int(str(ended.value.code)), shown.out, shown.err


def rows(folder: Path, name: str) -> list[dict[str, object]]:
    lines = (folder / f"{name}.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_what_the_logs_tell_is_hunted_through_and_kept_where_it_is_wanted(
    sim: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = sim.tenant.person("nora.lind")
    assert victim.okta is not None
    assert victim.auth0 is not None
    with sim.tenant.lock:
        for _ in range(3):
            sim.tenant.okta_event(
                "app.oauth2.as.token.detect_reuse", victim.okta, transaction="t", by=victim.okta,
                scene=THIEF,
            )  # fmt: skip
    sim.tenant.page_size = 4
    kept = tmp_path / "kept"
    code, out, err = hunt(
        sim, tmp_path, capsys, "refresh-token-reuse", "--tenant", "contoso", "--since", "3d",
        "--keep", str(kept), "--json",
    )  # fmt: skip
    assert (code, err) == (1, "")
    assert {json.loads(line)["hunt"] for line in out.splitlines()} == {"refresh-token-reuse"}
    began = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    okta = [event for event in sim.tenant.okta_events if str(event["published"]) > began]
    assert {row["uuid"] for row in rows(kept, "okta_system_log")} == {e["uuid"] for e in okta}
    auth0 = [event for event in sim.tenant.auth0_events if str(event["date"]) > began]
    assert auth0
    assert {row["log_id"] for row in rows(kept, "auth0_logs")} == {e["log_id"] for e in auth0}
    assert not any(file.stat().st_mode & 0o077 for file in kept.iterdir())
    # and hunted through again without asking anybody
    asked = len(sim.requests.all())
    again, _, _ = hunt(sim, tmp_path, capsys, "refresh-token-reuse", "--logs", str(kept))
    assert (again, len(sim.requests.all())) == (1, asked)


def test_a_log_that_cannot_be_read_is_named_and_keeps_no_other_from_being_read(
    sim: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sim.faults.add(Fault(forbid(), system="okta", path_regex="/api/v1/logs"))
    sim.faults.add(Fault(throttle(1), system="auth0", path_regex="/api/v2/logs", times=1))
    code, _, err = hunt(
        sim, tmp_path, capsys, "okta-session-spread", "--tenant", "contoso", "--since", "1d",
        entra=True,
    )  # fmt: skip
    assert code == 0
    assert "okta_system_log: not read to its end" in err
    assert "To do: Grant the service app the scope okta.logs.read" in err
    assert "graph_sign_in" in err
    assert "auth0_token" in err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--tenant", "contoso"], "say with --since"),
        (["--tenant", "fabrikam", "--since", "1d"], "no such tenant"),
    ],
)
def test_what_is_missing_is_said(
    sim: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    code, _, err = hunt(sim, tmp_path, capsys, *more)
    assert code == 2
    assert said in err
