"""Routing through the whole engine: each alert is answered by the rule that takes it, and the run says so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Row, select

from ledger import steps, tables

from house import HOOK_SECRET, House, house

EXTRA = f"""
[sources.edr]
kind = "generic"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}
mapping = {{ title = "title", severity = "severity", "person.user_principal_name" = "user" }}

[sources.named]
kind = "generic"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}
mapping = {{ title = "title", severity = "severity", event_id = "id", "person.email" = "user" }}

[routing]
file = "mine.yaml"

[playbooks.parameters.cm0080]
watch_minutes = 0
watch_again_minutes = 0
"""
MINE = """
rules:
  - name: no-lockout-on-the-line
    when: alert.words.contains("on the line")
    playbook: cm0080
    mode: auto
    parameters: {entra_disable: false}
    reason: Who works on the line is not locked out.
  - name: quiet-for-administrators
    when: alert.words.contains("drill") && person.administrator
    mode: ignore
    reason: Administrators practise.
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    (folder / "mine.yaml").write_text(MINE)
    with house(folder, extra=EXTRA) as made:
        made.start()
        yield made


def _send(built: House, name: str, title: str, severity: str = "high") -> Row[Any]:
    body = {"title": title, "severity": severity, "user": built.sim.tenant.person(name).upn}
    return built.alert(built.post(body, source="edr").json()["alert"])


def _run(built: House, alert: Row[Any]) -> Row[Any]:
    (run_id,) = alert.run_ids
    return next(run for run in built.runs() if run.id == run_id)


def _created(built: House, run_id: str) -> dict[str, Any]:
    query = select(tables.audit.c.record).where(tables.audit.c.run_id == run_id)
    with built.service.database.read() as connection:
        records = [json.loads(body) for body in connection.execute(query).scalars()]
    return next(record for record in records if record["event"] == "run.created")


def _asked(built: House, name: str) -> list[str]:
    person = built.sim.tenant.person(name)
    own = [one for account in (person.entra, person.okta) if account for one in (account.id,)]
    return [
        entry.path
        for entry in built.sim.requests.all()
        if any(one in entry.path for one in (*own, person.upn))
    ]


def test_an_administrator_waits_for_people_and_the_run_says_by_which_rule(built: House) -> None:
    run = _run(built, _send(built, "quentin.admin", "Stolen session cookie"))
    assert run.mode == "approve"
    assert run.plan["reasons"][0].startswith("rule administrators: An administrator is worth most")
    assert run.plan["route"]["rule"] == "administrators"
    assert _created(built, run.id)["route"]["rule"] == "administrators"
    with built.service.database.read() as connection:
        changing = [step for step in steps.of_run(connection, run.id) if step.impact != "none"]
    assert all(step.approval == "pending" for step in changing if step.outcome is None)
    command = [sys.executable, "-m", "cli.main", "run", run.id, "-c", str(built.config)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Note: rule administrators: An administrator is worth most" in shown


def test_a_lone_context_change_asks_no_vendor_and_is_kept_with_the_reason(built: House) -> None:
    alert = _send(built, "user07", "Okta session context change", "medium")
    assert (alert.state, alert.run_ids) == ("ignored", [])
    assert alert.reason.startswith("rule lone-context-change: A new network or device")
    assert _asked(built, "user07") == []


def test_parameters_of_a_rule_are_in_the_plan_beside_those_of_the_settings(built: House) -> None:
    alert = _send(built, "user08", "Stolen session on the line")
    run = _run(built, alert)
    assert run.mode == "auto"
    assert run.plan["notes"][0] == (
        "rule no-lockout-on-the-line: Who works on the line is not locked out."
    )
    assert run.plan["route"]["parameters"] == {"entra_disable": False}
    by_node = {step["node"]: step for step in run.plan["steps"]}
    assert "entra_disable" in by_node["entra-disable"]["skipped"]
    assert "okta-suspend" in by_node
    built.run_of("user08")


def test_a_rule_over_the_person_ignores_one_and_not_another(built: House) -> None:
    ignored = _send(built, "quentin.admin", "Stolen session: a drill", "medium")
    assert (ignored.state, ignored.run_ids) == ("ignored", [])
    assert "quiet-for-administrators" in ignored.reason
    taken = _send(built, "user09", "Stolen session: a drill", "medium")
    assert taken.state == "run"
    assert _run(built, taken).plan["route"]["rule"] == "token-or-session-theft"
    built.run_of("user09")


def test_a_finding_that_turns_out_graver_is_no_duplicate(built: House) -> None:
    told = {"title": "Stolen session", "user": built.sim.tenant.person("user10").upn, "id": "F-10"}
    first = built.post({**told, "severity": "low"}, source="named").json()["alert"]
    waiting = _run(built, built.alert(first))
    assert (waiting.mode, waiting.plan["route"]["rule"]) == ("approve", "little-certainty")
    same = built.post({**told, "severity": "low", "more": 1}, source="named").json()["alert"]
    assert built.alert(same).state == "duplicate"
    graver = built.post({**told, "severity": "high"}, source="named").json()["alert"]
    assert _run(built, built.alert(graver)).mode == "auto"
    lighter = built.post({**told, "severity": "low", "more": 2}, source="named").json()["alert"]
    assert built.alert(lighter).state == "duplicate"
    built.run_of("user10")


def test_the_log_of_it_verifies(built: House) -> None:
    report = built.verify()
    assert report.verified, report.first_bad
