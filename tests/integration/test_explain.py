"""What the command tells of a person's token lifetimes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from simulator.access_policies import AccessPolicy
from simulator.faults import Fault, forbid
from simulator.people import LINE_APP
from simulator.tenant import LifetimePolicy

from house import House, house

OLD = '{"TokenLifetimePolicy":{"Version":1,"MaxInactiveTime":"14.00:00:00"}}'

EVERYBODY = {
    "users": {"includeUsers": ["All"]},
    "applications": {"includeApplications": ["All"]},
}
FOUR_HOURS = {"isEnabled": True, "type": "hours", "value": 4, "frequencyInterval": "timeBased"}


def _explain(built: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", "explain", "lifetimes", *arguments]
    command += ["-c", str(built.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_holds_is_told_to_people_and_to_programs(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        tenant = built.sim.tenant
        tenant.policies["old"] = LifetimePolicy("old", "Legacy", [OLD], None, True)
        tenant.access_policies["short"] = AccessPolicy(
            "short", "Short day", "enabled", EVERYBODY, None, {"signInFrequency": FOUR_HOURS}
        )
        done = _explain(built, "nora.lind@contoso.com", "--app", LINE_APP.app_id)
        assert (done.returncode, done.stderr) == (0, "")
        shown = done.stdout
        assert "nora.lind@contoso.com in Contoso Expenses" in shown
        assert "after 4 hours" in shown
        assert '"Short day"' in shown
        assert "no effect since 2021-01-30" in shown
        written = next(line for line in shown.splitlines() if "tokenLifetimePolicies {" in line)
        assert json.loads(written.partition("Policies ")[2])["isOrganizationDefault"] is True
        told = json.loads(_explain(built, "nora.lind@contoso.com", "--json").stdout)
        assert {row["what"]: row["lives"] for row in told["rows"]}["sign-in again"] == (
            "after 4 hours"
        )
        assert told["says"].startswith("nora.lind@contoso.com in any app")
        assert built.sim.requests.writes() == []


def test_what_cannot_be_read_is_said_to_be_unknown(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        built.sim.faults.add(Fault(forbid(), path_regex="conditionalAccess"))
        done = _explain(built, "nora.lind@contoso.com")
        assert done.returncode == 1
        assert "unknown: Conditional Access policies" in done.stdout
        assert "Grant Rescind's application the permission Policy.Read.All" in done.stdout


def test_who_or_what_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        for arguments, why in (
            (("nobody@contoso.com",), "no Entra account of nobody@contoso.com"),
            (("nora.lind@contoso.com", "--app", "expenses"), "client) id is a GUID"),
            (("nora.lind@contoso.com", "--tenant", "fabrikam"), "has no Entra ID"),
            (("nora",), "neither a sign-in name"),
        ):
            done = _explain(built, *arguments)
            assert done.returncode == 2
            assert done.stderr.startswith("Nothing can be told: ")
            assert why in done.stderr
