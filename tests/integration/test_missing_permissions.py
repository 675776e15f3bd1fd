"""A permission that is missing: seen in the plan before it is tried, and no reason to stop the rest."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from simulator.faults import Fault, forbid

from house import house

#: What the token says it may do: everything but block sign-in.
ROLES = [
    "User.RevokeSessions.All",
    "User.Read.All",
    "User-PasswordProfile.ReadWrite.All",
    "MailboxSettings.ReadWrite",
    "UserAuthenticationMethod.ReadWrite.All",
    "AuditLog.Read.All",
    "Device.ReadWrite.All",
]


def _token() -> str:
    said = base64.urlsafe_b64encode(json.dumps({"roles": ROLES}).encode()).decode().rstrip("=")
    return f"e30.{said}.c2ln"


def test_it_is_said_before_it_is_tried_and_the_rest_goes_on(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        text = built.config.read_text().replace("simulated-graph-token", _token())
        built.config.write_text(text)
        built.sim.tenant.graph_api_token = _token()
        person = built.sim.tenant.person("user01")
        assert person.entra
        built.sim.faults.add(
            Fault(forbid(), method="PATCH", path_regex=f"/users/{person.entra.id}$")
        )
        built.start()
        assert built.post(built.incident("user01")).status_code == 202
        run = built.run_of("user01")
        lacks = {step["node"]: step["lacks"] for step in run.plan["steps"] if step["lacks"]}
        assert lacks == {"entra-disable": ["User.EnableDisableAccount.All"]}
        outcomes = built.outcomes(run.id)
        assert outcomes["entra-disable"] == "skipped"
        assert outcomes["entra-revoke"] == outcomes["okta-suspend"] == "verified"
        assert run.status == "partial"
        assert "User.EnableDisableAccount.All" in built.steps(run.id)["entra-disable"].instructions
        (asked, *_) = [
            notice.body for notice in built.notices() if notice.kind == "approval_requested"
        ]
        assert asked.startswith("Because: Anomalous token: refresh token replayed")
        assert "(severity high, source:sentinel)" in asked
        assert "WILL BE REFUSED: grant User.EnableDisableAccount.All" in asked
        assert built.verify().verified


def test_where_no_factor_was_added_and_the_log_may_not_be_read_nothing_is_told_of_as_done(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as built:
        person = built.sim.tenant.person("user01")
        assert person.okta
        person.okta.factors = [each for each in person.okta.factors if each.factor_type != "sms"]
        built.sim.faults.add(Fault(forbid(), system="okta", path_regex="/api/v1/logs"))
        built.start()
        assert built.post(built.incident("user01")).status_code == 202
        run = built.run_of("user01")
        step = built.steps(run.id)["okta-factors"]
        assert step.outcome == "already"
        assert "grant okta.logs.read" in step.reason
        report = built.verify()
        assert report.verified, report.first_bad
