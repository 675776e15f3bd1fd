"""What the doctor finds: everything that a containment needs, before there is one."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from config.settings import Settings
from tasks.diagnosis import systems
from tasks.systems import Systems

from house import House, house

ROLES = ["User.RevokeSessions.All", "User.Read.All"]


def _doctor(built: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", "doctor", *arguments, "-c", str(built.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _states(found: dict[str, Any]) -> dict[str, str]:
    return {check["what"]: check["state"] for check in found["checks"]}


def test_a_tenant_that_is_ready_is_well_and_nothing_is_changed(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        done = _doctor(built, "--json")
        found = json.loads(done.stdout)
        assert (done.returncode, found["well"], done.stderr) == (0, True, "")
        assert _states(found) == {
            "database": "ok",
            "broker": "ok",
            "chat": "warning",
            "contoso/entra": "ok",
            "contoso/okta": "ok",
        }
        # these credentials do not tell what they may do
        assert {each["state"] for each in found["abilities"]} == {"unknown"}
        assert built.sim.requests.writes() == []
        logs = {each["name"]: each["state"] for each in found["logs"]}
        assert (logs["okta.system_log"], logs["entra.export"]) == ("delivered", "unknown")
        assert logs["exchange.unified_audit"] == "unknown"
        hunts = {each["hunt"]: each["state"] for each in found["hunts"]}
        assert (hunts["okta-session-spread"], "refresh-token-places" in hunts) == ("ready", False)
        shown = _doctor(built).stdout
        assert "nobody is told of anything" in shown
        assert "contoso/entra: its credential does not tell which of" in shown
        assert "entra.revoke_sessions" not in shown
        assert "reads okta.system_log" in shown


def test_what_is_missing_is_named_with_what_to_grant(tmp_path: Path) -> None:
    said = base64.urlsafe_b64encode(json.dumps({"roles": ROLES}).encode()).decode().rstrip("=")
    token = f"e30.{said}.c2ln"
    with house(tmp_path, with_tables=False) as built:
        built.config.write_text(built.config.read_text().replace("simulated-graph-token", token))
        built.sim.tenant.graph_api_token = token
        built.sim.tenant.clock_offset_s = 600
        built.sim.tenant.okta_api_token = "another"
        done = _doctor(built, "--json")
        found = json.loads(done.stdout)
        states = _states(found)
        assert (done.returncode, found["well"]) == (1, False)
        assert (states["database"], states["contoso/okta"]) == ("problem", "problem")
        abilities = {each["action"]: each for each in found["abilities"]}
        assert abilities["entra.revoke_sessions"]["state"] == "can"
        assert abilities["entra.disable_user"]["grant"] == ["User.EnableDisableAccount.All"]
        assert abilities["okta.suspend_user"]["state"] == "unknown"
        remedies = [check["remedy"] for check in found["checks"] if check["state"] == "problem"]
        assert all(remedies)
        shown = _doctor(built).stdout
        assert "cannot: grant User.EnableDisableAccount.All" in shown
        assert "entra.revoke_sessions" in shown
        assert "contoso/okta: it was not reached, so nobody knows which of" in shown


async def test_a_system_that_is_not_there_is_told_with_what_to_look_at() -> None:
    settings = Settings.model_validate(
        {"tenants": {"contoso": {"okta": {"org_url": "http://127.0.0.1:9", "api_token": "x"}}}}
    )
    known = Systems(settings)
    (check,) = (await systems(settings, known)).checks
    await known.close()
    assert check.state == "problem"
    assert "its address in the settings" in check.remedy


def test_a_clock_that_is_off_is_said(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        built.sim.tenant.clock_offset_s = 600
        found = json.loads(_doctor(built, "--json").stdout)
        assert _states(found)["contoso/entra"] == "warning"


def test_the_test_message_goes_to_every_channel(tmp_path: Path) -> None:
    with house(tmp_path, extra='[chat.urls]\noncall = "json://127.0.0.1:9/"') as built:
        text = built.config.read_text()
        built.config.write_text(
            text.replace("[chat.urls]", '[chat]\nschemas = ["json"]\n[chat.urls]')
        )
        done = _doctor(built, "--json", "--tell")
        found = json.loads(done.stdout)
        assert _states(found)["chat delivery"] == "problem"
        assert done.returncode == 1
