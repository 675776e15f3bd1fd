"""What becomes of alerts and steps: one server, one tenant, a person for each test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Row

from ledger import alerts, approvals, control, steps, tables
from simulator.faults import Fault, apply_then, drop, ignore, status, throttle
from simulator.people import LINE_APP, entra_id

from house import HOOK_SECRET, House, house, wait_for

EXTRA = f"""
[sources.elastic]
kind = "generic"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}
mapping = {{ title = "rule.name", "person.user_principal_name" = "user.name", app_ids = "app" }}

[sources.watch]
kind = "sentinel"
mode = "observe"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}

[sources.careful]
kind = "sentinel"
mode = "approve"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}

[[guardrails.protected]]
id = "PROTECTED"
reason = "runs the plant"

[guardrails]
people_per_hour = 500

[playbooks.parameters.cm0080]
# a trace takes its turns at the logs from others, who then wait in the database, too
trace = false
shorten_to_minutes = 10
restore_after_minutes = 0
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    extra = EXTRA.replace("PROTECTED", entra_id("user12"))
    with house(tmp_path_factory.mktemp("house"), extra=extra) as made:
        made.start()
        yield made


@pytest.fixture(autouse=True)
def no_faults(built: House) -> None:
    built.sim.faults.clear()


def _send(built: House, name: str, source: str = "sentinel") -> str:
    answer = built.post(built.incident(name), source=source)
    assert answer.status_code == 202
    return str(answer.json()["alert"])


def _generic(built: House, user: str) -> Row[Any]:
    answer = built.post(
        {"rule": {"name": "stolen token"}, "user": {"name": user}}, source="elastic"
    )
    assert answer.status_code == 202
    return built.alert(answer.json()["alert"])


def _writes(built: House, name: str) -> list[str]:
    person = built.sim.tenant.person(name)
    ids = [account.id for account in (person.entra, person.okta) if account]
    return [
        f"{entry.method} {entry.path}"
        for entry in built.sim.requests.writes()
        if entry.system in ("entra", "okta") and any(one in entry.path for one in ids)
    ]


def test_sessions_end_at_once_and_the_rest_waits_for_a_person(built: House) -> None:
    _send(built, "user01")

    def revoked() -> bool:
        return len(_writes(built, "user01")) == 2

    wait_for(revoked, 10, "both revocations", built.progress)
    (run_id,) = _waiting(built, "user01")
    assert built.outcomes(run_id)["entra-disable"] is None
    assert built.run_of("user01").status == "contained"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("user02", "/v1.0/users/{entra}/revokeSignInSessions"),
        ("user03", "/api/v1/users/{okta}/sessions"),
        ("user04", "/v1.0/users/{entra}/authentication/methods"),
        ("user05", "/api/v1/users/{okta}/lifecycle/suspend"),
        ("user06", "/v1.0/users/{entra}/mailFolders"),
        ("user07", "/api/v1/users/{okta}/clients"),
    ],
)
def test_a_throttled_call_goes_on_with_the_same_step(built: House, name: str, path: str) -> None:
    person = built.sim.tenant.person(name)
    assert person.entra is not None
    assert person.okta is not None
    regex = path.format(entra=person.entra.id, okta=person.okta.id)
    built.sim.faults.add(Fault(throttle(2), path_regex=regex, times=1))
    _send(built, name)
    run = built.run_of(name)
    assert run.status == "contained"
    assert all(fault.hits == 1 for fault in built.sim.faults.all())
    # what only reads waits in the database for its turn at a log, for others want it, too
    changing = [step for step in built.steps(run.id).values() if step.impact != "none"]
    assert {step.attempts for step in changing if step.attempts} == {1}


def test_an_answer_without_effect_ends_as_failed(built: House) -> None:
    built.sim.faults.add(Fault(ignore(), path_regex="revokeSignInSessions"))
    _send(built, "user08")
    run = built.run_of("user08", 60)
    outcomes = built.outcomes(run.id)
    assert outcomes["entra-revoke"] == "failed"
    assert outcomes["okta-revoke"] == "verified"
    assert run.status == "partial"
    assert any(item["until"] == "unknown" for item in run.exposure if item["system"] == "entra")


@pytest.mark.parametrize(("name", "effect"), [("user09", apply_then(504)), ("user10", drop())])
def test_an_unknown_outcome_is_looked_at_before_anything_is_sent_again(
    built: House, name: str, effect: Any
) -> None:
    built.sim.faults.add(Fault(effect, path_regex="revokeSignInSessions", times=1))
    _send(built, name)
    run = built.run_of(name)
    assert built.outcomes(run.id)["entra-revoke"] == "verified"
    sent = [write for write in _writes(built, name) if "revokeSignInSessions" in write]
    lost = effect == drop()
    assert len(sent) == (3 if lost else 2)
    assert built.verify().verified


def test_what_a_person_denies_is_not_done(built: House) -> None:
    _send(built, "o'brien/dev.ops")
    run = built.run_of("o'brien/dev.ops", approve=False)
    outcomes = built.outcomes(run.id)
    assert outcomes["entra-disable"] == "denied"
    assert outcomes["entra-revoke"] == "verified"
    assert run.status == "partial"
    assert outcomes["entra-revoke-again"] == outcomes["okta-revoke-again"] == "denied"
    sent = _writes(built, "o'brien/dev.ops")
    assert len(sent) == 2, sent
    assert all("evokeSignIn" in one or "/sessions" in one for one in sent)
    assert not any("refresh token" in item["what"] for item in run.exposure)
    assert built.verify().verified


def test_an_alert_whose_id_and_name_are_two_people_contains_neither(built: House) -> None:
    incident = built.incident("user06")
    for entity in incident["object"]["properties"]["relatedEntities"]:
        entity["properties"]["aadUserId"] = entra_id("user08")
    before = _writes(built, "user06") + _writes(built, "user08")
    row = built.alert(built.post(incident).json()["alert"])
    assert row.state == "quarantined"
    assert "different people" in row.reason
    assert _writes(built, "user06") + _writes(built, "user08") == before


def test_what_nobody_decides_in_time_is_not_done(built: House) -> None:
    incident = built.incident("user03")
    incident["object"]["properties"]["firstActivityTimeUtc"] = datetime.now(UTC).isoformat()
    assert built.post(incident).status_code == 202
    wait_for(lambda: bool(_waiting(built, "user03")), 10, "a request", built.progress)
    with built.service.database.write() as connection:
        approval = tables.approval
        connection.execute(
            approval.update()
            .where(approval.c.run_id.in_(_waiting(built, "user03")))
            .values(deadline=0)
        )
    run = built.run_of("user03", approve=None)
    outcomes = built.outcomes(run.id)
    assert outcomes["entra-revoke"] == "verified"
    assert outcomes["entra-disable"] == outcomes["okta-suspend"] == "skipped"
    steps_of = built.steps(run.id)
    assert steps_of["entra-disable"].reason == "nobody approved in time"
    assert outcomes["entra-revoke-again"] == "skipped"
    assert "nobody approved that" in steps_of["entra-revoke-again"].reason
    assert run.status == "partial"


def _waiting(built: House, name: str) -> list[str]:
    person = built.sim.tenant.person(name)
    with built.service.database.read() as connection:
        waiting = {one.run_id for one in approvals.pending(connection)}
    return [
        run.id
        for run in built.runs()
        if run.id in waiting
        and any(person.entra and one["id"] == person.entra.id for one in run.person["accounts"])
    ]


def test_nothing_happens_to_protected_people_without_a_person(built: House) -> None:
    _send(built, "user12")
    wait_for(lambda: bool(_waiting(built, "user12")), 10, "a run", built.progress)
    assert not _writes(built, "user12")
    run = built.run_of("user12")
    assert run.mode == "approve"
    assert run.plan["reasons"] == ["protected: runs the plant"]


def test_mode_observe_changes_nothing_and_shows_the_calls(built: House) -> None:
    _send(built, "user11", "watch")
    run = built.run_of("user11")
    assert run.status == "observed"
    assert not _writes(built, "user11")
    calls = [call for step in run.plan["steps"] for call in step["calls"]]
    assert any(call["path"].endswith("/revokeSignInSessions") for call in calls)


def test_mode_approve_waits_with_everything(built: House) -> None:
    _send(built, "user11", "careful")
    wait_for(lambda: bool(_waiting(built, "user11")), 10, "the run", built.progress)
    assert not _writes(built, "user11")
    assert built.run_of("user11").status == "contained"


def test_a_person_in_one_system_only_is_contained_there(built: House) -> None:
    _send(built, "omar.reyes")
    run = built.run_of("omar.reyes")
    assert {step.system for step in built.steps(run.id).values()} == {"entra"}
    assert run.status == "contained"
    assert any(note.startswith("okta: no account") for note in run.plan["notes"])


def test_an_administrator_we_may_not_touch_is_said_so(built: House) -> None:
    _send(built, "quentin.admin")
    run = built.run_of("quentin.admin")
    step = built.steps(run.id)["entra-disable"]
    assert (step.outcome, step.lacks) == ("skipped", "permission")
    assert step.reason.startswith("permission: ")
    assert "role" in step.instructions.lower()
    outcomes = built.outcomes(run.id)
    assert outcomes["entra-revoke"] == outcomes["okta-suspend"] == "verified"
    assert run.status == "partial"
    assert built.verify().verified


def test_a_synced_account_comes_with_the_command_to_run(built: House) -> None:
    _send(built, "rosa.sync")
    run = built.run_of("rosa.sync")
    step = built.steps(run.id)["entra-disable"]
    assert step.outcome == "manual"
    assert "Disable-ADAccount" in step.instructions
    assert run.status == "partial"


@pytest.mark.parametrize(
    "user",
    ["nobody@contoso.com", "me", "..", "' or 1 eq 1", "a/../b@contoso.com", "00u", "é@contoso.com"],
)
def test_a_user_who_does_not_exist_is_set_aside_with_the_reason(built: House, user: str) -> None:
    alert = _generic(built, user)
    assert alert.state == "quarantined"
    assert alert.reason
    assert alert.remedy
    assert not [entry for entry in built.sim.requests.writes() if "/me/" in entry.path]


def test_two_matching_accounts_are_never_guessed_between(built: House) -> None:
    alert = _generic(built, "tara.twin@contoso.com")
    run = built.run_of("tara.twin")
    assert alert.state == "run"
    assert run.person["unreached"] == ["okta"]
    assert run.status == "partial"
    assert {step.system for step in built.steps(run.id).values()} == {"entra"}


def test_what_cannot_be_understood_is_kept_and_can_be_replayed(built: House) -> None:
    answer = built.post(source="elastic", content=b'{"rule": ')
    alert = built.alert(answer.json()["alert"])
    assert alert.state == "quarantined"
    assert "line 1" in alert.reason
    with built.service.database.write() as connection:
        assert alerts.replay(connection, built.service.audit, alert.id, actor="riley")
    again = built.alert(alert.id)
    assert again.state == "quarantined"


def test_the_same_event_is_one_alert_and_the_same_person_one_run(built: House) -> None:
    incident = built.incident("petra.novak")
    person = incident["object"]["properties"]["relatedEntities"][0]["properties"]
    person |= {"accountName": "petra.novak", "upnSuffix": "contoso.com"}
    person.pop("aadUserId")
    first = built.post(incident).json()
    assert built.post(incident).json() == {"alert": first["alert"], "duplicate": True}
    updated = json.loads(json.dumps(incident))
    updated["objectEventType"] = "Update"
    resent = built.post(updated).json()["alert"]
    other = json.loads(json.dumps(incident))
    other["object"]["name"] = "another-incident"
    other["object"]["id"] += "-another"
    joined = built.post(other).json()["alert"]
    assert built.alert(first["alert"]).state == "run"
    assert built.alert(resent).state == "duplicate"
    run = built.run_of("petra.novak")
    assert built.alert(joined).run_ids == [run.id]


def test_an_updated_incident_is_taken_up_for_whom_it_names_now(built: House) -> None:
    incident = built.incident("sam.partner")
    entities = incident["object"]["properties"]["relatedEntities"]
    incident["object"]["properties"]["title"] = "Something odd"
    incident["object"]["properties"]["additionalData"] = {}
    incident["object"]["properties"]["relatedEntities"] = []
    first = built.alert(built.post(incident).json()["alert"])
    assert first.state == "ignored"
    incident["object"]["properties"]["relatedEntities"] = entities
    second = built.alert(built.post(incident).json()["alert"])
    assert second.state == "run"
    assert built.run_of("sam.partner").id in second.run_ids


def test_an_alert_that_names_nobody_contains_nobody(built: House) -> None:
    incident = built.incident("user01")
    incident["object"]["properties"]["relatedEntities"] = []
    incident["object"]["properties"]["owner"] = {"userPrincipalName": "user01@contoso.com"}
    incident["object"]["name"] = incident["object"]["id"] = "nobody-named"
    alert = built.alert(built.post(incident).json()["alert"])
    assert alert.state == "quarantined", "it speaks of a stolen token and must not be passed over"
    assert "names nobody" in alert.reason


def test_no_change_leaves_while_paused(built: House) -> None:
    person = built.sim.tenant.person("sam.partner")
    assert person.entra is not None
    with built.service.database.write() as connection:
        control.pause(connection, built.service.audit, actor="riley", reason="a drill")
    before = len(built.sim.requests.writes())
    alert = _generic(built, "tara.twin@contoso.com")
    assert alert.state == "run"
    with built.service.database.read() as connection:
        waiting = steps.of_run(connection, alert.run_ids[0])
    assert {step.state for step in waiting} <= {"held", "ready", "done"}
    assert [e for e in built.sim.requests.writes()[before:] if e.system in ("entra", "okta")] == []
    with built.service.database.write() as connection:
        control.resume(connection, built.service.audit, actor="riley")
    built.run_of("tara.twin")


def test_a_vendor_that_is_down_for_a_while_is_waited_for(built: House) -> None:
    incident = built.incident("nora.lind")
    built.sim.faults.add(Fault(status(503), system="okta", path_regex="/sessions", times=6))
    built.post(incident)
    run = built.run_of("nora.lind", 60)
    assert run.status == "contained"


def test_a_shortened_lifetime_is_put_back(built: House) -> None:
    app_id = LINE_APP.app_id
    person = built.sim.tenant.person("user02")
    content = {"rule": {"name": "stolen token"}, "user": {"name": person.upn}, "app": [app_id]}
    answer = built.post(content, source="elastic")
    assert built.alert(answer.json()["alert"]).state == "run"
    run = built.run_of("user02")
    outcomes = built.outcomes(run.id)
    assert outcomes["entra-shorten-lifetime"] == "verified"
    assert outcomes["entra-restore-lifetime"] == "verified"
    sent = [
        entry.path for entry in built.sim.requests.writes() if "okenLifetimePolicies" in entry.path
    ]
    assert len(sent) == 4, "made, assigned, taken off, deleted"


def test_the_log_of_all_this_verifies(built: House) -> None:
    report = built.verify()
    assert report.verified, report.first_bad
    assert not report.intents_open
