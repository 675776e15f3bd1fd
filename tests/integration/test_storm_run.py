"""Storms at a whole process: many alerts on one person, one alert on many people, our own echoes."""

from __future__ import annotations

import copy
import json
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cli.main import main
from ledger import tables
from simulator.logbook import OUR_APP_ID

from house import HOOK_SECRET, House, house, wait_for

_ORIGIN = f'origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}'
EXTRA = f"""
[guardrails]
people_per_alert = 4

[sources.logs]
kind = "entra_graph_log"
{_ORIGIN}

[sources.okta]
kind = "okta_event_hook"
{_ORIGIN}

[sources.trial]
kind = "sentinel"
mode = "observe"
{_ORIGIN}

[sources.edr]
kind = "generic"
{_ORIGIN}
mapping = {{ title = "title", event_id = "id", occurred_at = "at", "person.okta_login" = "login", "person.user_principal_name" = "upn", "person.email" = "mail", "person.entra_object_id" = "oid", "person.okta_user_id" = "okta", actor_app_ids = "app", items = "findings" }}
"""
_STORM = 60


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), extra=EXTRA) as made:
        made.start()
        yield made


def _rows(built: House, *ids: str) -> list[Any]:
    with built.service.database.read() as connection:
        found = connection.execute(select(tables.alert).where(tables.alert.c.id.in_(ids))).all()
    return list(found)


def _settled(built: House, ids: Sequence[str], timeout_s: float = 60) -> list[Any]:
    found: list[Any] = []

    def all_settled() -> bool:
        found[:] = _rows(built, *ids)
        return len(found) == len(ids) and all(row.state != "received" for row in found)

    wait_for(all_settled, timeout_s, "all alerts to be settled", built.logs)
    return found


def _burst(built: House, path: str, bodies: Sequence[bytes]) -> list[tuple[int, dict[str, Any]]]:
    """Send all of them before any answer is read, each over a connection of its own."""
    lines: list[socket.socket] = []
    for body in bodies:
        line = socket.create_connection(("127.0.0.1", built.port), 30)
        line.settimeout(60)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {HOOK_SECRET}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        line.sendall(head.encode() + body)
        lines.append(line)
    answers = []
    for line in lines:
        with line, line.makefile("rb") as file:
            answer = file.read()
        head_lines, _, content = answer.partition(b"\r\n\r\n")
        answers.append((int(head_lines.split()[1]), json.loads(content)))
    return answers


def _incidents(built: House, name: str, count: int) -> list[bytes]:
    incident = built.incident(name)
    bodies = []
    for number in range(count):
        one = copy.deepcopy(incident)
        one["object"]["name"] = f"storm-{name}-{number}"
        one["object"]["id"] = f"/Incidents/storm-{name}-{number}"
        seen = datetime.now(UTC) + timedelta(milliseconds=number)
        one["object"]["properties"]["firstActivityTimeUtc"] = seen.isoformat()
        bodies.append(json.dumps(one).encode())
    return bodies


def _crowd(names: Sequence[str], finding: str = "F-1") -> dict[str, Any]:
    return {"findings": [{"title": "tokens replayed", "id": finding, "upn": list(names)}]}


def _told_aside(built: House) -> int:
    return [each.kind for each in built.notices()].count("alert_quarantined")


def _rescind(built: House, *arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--config", str(built.config)])
    assert not ended.value.code


def _change(built: House, name: str) -> dict[str, Any]:
    """What the directory's audit log says of the revocation of this person's sessions."""
    person = built.sim.tenant.person(name)
    assert person.entra is not None
    entries = [
        entry
        for entry in built.sim.tenant.audits
        if entry["targetResources"][0]["id"] == person.entra.id
        and "StsRefreshToken" in entry["activityDisplayName"]
    ]
    return copy.deepcopy(entries[0])


def test_a_storm_on_one_person_is_one_run_and_holds_nobody_else_up(built: House) -> None:
    answers = _burst(built, "/hooks/sentinel", _incidents(built, "user01", _STORM))
    other = built.post(built.incident("user02")).json()["alert"]
    assert {status for status, _ in answers} == {202}
    ids = [body["alert"] for _, body in answers]
    assert len(set(ids)) == _STORM
    rows = _settled(built, [*ids, other])
    assert Counter(row.state for row in rows if row.id != other) == {"run": 1, "joined": _STORM - 1}
    (run_id,) = {run for row in rows for run in row.run_ids if row.id != other}
    (asked,) = [each for each in built.notices() if each.run_id == run_id]
    assert asked.kind == "approval_requested"
    told = Counter(each["event"] for each in built.told() if each.get("alert") in ids)
    assert told == {"alert.received": _STORM, "alert.joined": _STORM - 1, "run.created": 1}

    # the other one's first step began before the storm had been taken in
    (row,) = [each for each in rows if each.id == other]
    wait_for(lambda: built.steps(row.run_ids[0])["entra-revoke"].finished_at, 20, "her revocation")
    revoked = built.steps(row.run_ids[0])["entra-revoke"].started_at
    joined = [
        datetime.fromisoformat(each["time"]).timestamp() * 1000
        for each in built.told()
        if each["event"] == "alert.joined" and each["alert"] in ids
    ]
    assert sum(time_ms < revoked for time_ms in joined) < _STORM
    built.run_of("user01")
    built.run_of("user02")


def test_a_storm_that_is_only_observed_makes_a_few_plans_and_swallows_no_theft(
    built: House,
) -> None:
    """In the first week, when nothing but plans is made, hundreds of alerts are no hundreds of plans."""
    answers = _burst(built, "/hooks/trial", _incidents(built, "user11", _STORM))
    rows = _settled(built, [body["alert"] for _, body in answers])
    states = Counter(row.state for row in rows)
    bound = built.service.settings.guardrails.runs_per_person_per_hour
    assert set(states) == {"run", "joined"}
    assert states["run"] <= bound
    opened = {run for row in rows if row.state == "run" for run in row.run_ids}
    assert {run for row in rows for run in row.run_ids} == opened
    assert {run.mode for run in built.runs() if run.id in opened} == {"observe"}

    incident = built.incident("user11")
    real = built.post(incident).json()["alert"]
    (row,) = _settled(built, [real])
    assert row.state == "run"
    run = built.run_of("user11")
    assert (run.alert_id, run.status) == (real, "contained")


def test_one_person_from_five_detectors_is_one_run(built: House) -> None:
    person = built.sim.tenant.person("user03")
    assert person.entra is not None
    assert person.okta is not None
    named = [{"upn": person.upn}, {"oid": person.entra.id}, {"okta": person.okta.id},
             {"login": person.okta.login}, {"mail": person.upn}]  # fmt: skip
    ids = [
        built.post(
            {"findings": [{"title": f"by detector {number}", "id": f"D-{number}", **by}]},
            source="edr",
        ).json()["alert"]
        for number, by in enumerate(named)
    ]
    rows = _settled(built, ids)
    assert sorted(row.state for row in rows) == ["joined"] * 4 + ["run"]
    assert len({tuple(row.run_ids) for row in rows}) == 1
    built.run_of("user03")


def test_a_crowd_waits_whole_and_is_released_in_portions(
    built: House, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"user{number:02}@contoso.com" for number in (4, 5, 6, 7, 8, 9)]
    before = _told_aside(built)
    posted = built.post(_crowd(names), source="edr").json()["alert"]
    (row,) = _settled(built, [posted])
    assert row.state == "quarantined"
    assert "6 people" in row.reason
    assert f"--release {posted}" in row.remedy
    assert len([each for each in row.parsed["persons"] if each["role"] == "victim"]) == 6
    again = built.post(_crowd(names) | {"sent": 2}, source="edr").json()["alert"]
    grown = built.post(_crowd([*names, "user10@contoso.com"]), source="edr").json()["alert"]
    assert sorted(each.state for each in _settled(built, [again, grown])) == [
        "duplicate",
        "quarantined",
    ]
    assert _told_aside(built) == before + 1
    assert not [run for run in built.runs() if run.alert_id in (posted, again, grown)]

    _rescind(built, "alerts", "--release", posted, "--people", "2")
    assert "4 are still held" in capsys.readouterr().out
    _rescind(built, "alerts", "--quarantined")
    assert "user04@contoso.com, user05@contoso.com, user06@contoso.com, 3 more" in (
        " ".join(capsys.readouterr().out.split())
    )

    def opened() -> list[Any]:
        with built.service.database.read() as connection:
            parts = connection.execute(
                select(tables.alert).where(tables.alert.c.delivery_key.startswith(f"{posted}#"))
            ).all()
        return [each for each in parts if each.state == "run"]

    wait_for(lambda: len(opened()) == 2, 20, "two people to be taken up", built.logs)
    runs = [run for run in built.runs() if run.alert_id in [each.id for each in opened()]]
    assert {run.mode for run in runs} == {"approve"}
    assert {name for run in runs for name in (run.person["accounts"][0]["name"],)} == set(names[:2])
    (row,) = _rows(built, posted)
    assert row.state == "quarantined"
    assert row.reason.startswith("2 of its 6 people")
    _rescind(built, "alerts", "--release", posted, "--people", "100")
    assert _rows(built, posted)[0].state == "run"
    released = [each for each in built.told() if each["event"] == "alert.released"]
    assert [(each["people"], each["left"]) for each in released] == [(2, 4), (4, 0)]
    wait_for(lambda: len(opened()) == 6, 20, "all to be taken up", built.logs)


def test_a_crowd_of_findings_in_one_delivery_waits_as_well(built: House) -> None:
    names = [f"user{number}@contoso.com" for number in range(20, 26)]
    body = {"findings": [{"title": "x", "id": f"M-{name}", "upn": name} for name in names]}
    before = _told_aside(built)
    posted = built.post(body, source="edr").json()["alert"]

    def parts() -> list[Any]:
        with built.service.database.read() as connection:
            return list(
                connection.execute(
                    select(tables.alert).where(tables.alert.c.delivery_key.startswith(f"{posted}#"))
                ).all()
            )

    wait_for(
        lambda: [each.state for each in parts()] == ["quarantined"] * 5, 20, "all parts", built.logs
    )
    assert _rows(built, posted)[0].state == "quarantined"
    assert _told_aside(built) == before + 1


def test_what_the_log_says_of_our_revocation_confirms_the_run(
    built: House, capsys: pytest.CaptureFixture[str]
) -> None:
    built.post(built.incident("user10"))
    run = built.run_of("user10")
    entry = _change(built, "user10")
    told = built.alert(built.post(entry, source="logs").json()["alert"])
    assert (told.state, told.run_ids) == ("confirmation", [run.id])
    person = built.sim.tenant.person("user10")
    assert person.entra is not None
    finding: dict[str, Any] = {
        "title": "refresh token changed", "id": "STS-1", "upn": person.upn, "app": OUR_APP_ID,
        "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    told = built.alert(built.post({"findings": [finding]}, source="edr").json()["alert"])
    assert (told.state, told.run_ids) == ("confirmation", [run.id])
    confirmed = [each for each in built.told() if each["event"] == "alert.confirmed"]
    assert {each["run"] for each in confirmed} == {run.id}
    _rescind(built, "run", run.id, "--json")
    assert json.loads(capsys.readouterr().out)["confirmed_by"] == {"edr": 1, "logs": 1}

    # the same finding, which now speaks of more than what we did
    grown = {each: value for each, value in finding.items() if each != "app"}
    told = built.alert(built.post({"findings": [grown]}, source="edr").json()["alert"])
    assert told.state == "run"
    built.decide(approve=False)

    # and what is said of our application itself, whomever it has changed at that time
    trouble = {"title": "Token of an application used elsewhere", "id": "OWN-1", "oid": OUR_APP_ID}
    trouble |= {"app": OUR_APP_ID, "at": finding["at"]}
    told = built.alert(built.post({"findings": [trouble]}, source="edr").json()["alert"])
    assert told.state == "quarantined"


def test_what_okta_says_of_our_request_confirms_the_run_by_its_id(built: House) -> None:
    built.post(built.incident("user11"))
    run = built.run_of("user11")
    person = built.sim.tenant.person("user11")
    assert person.okta is not None
    events = [
        event
        for event in built.sim.tenant.okta_events
        if event["target"][0]["id"] == person.okta.id and event["eventType"] == "user.session.clear"
    ]
    hook = {"eventType": "com.okta.event_hook", "data": {"events": [events[0]]}}
    told = built.alert(built.post(hook, source="okta").json()["alert"])
    assert (told.state, told.run_ids) == ("confirmation", [run.id])
    other = copy.deepcopy(events[0]) | {"uuid": "another"}
    other["debugContext"] = {"debugData": {"requestId": "somebody-elses"}}
    other["transaction"] = {"type": "WEB", "id": "somebody-elses"}
    hook = {"eventType": "com.okta.event_hook", "data": {"events": [other]}}
    told = built.alert(built.post(hook, source="okta").json()["alert"])
    assert told.state == "ignored"


def test_what_our_application_did_without_a_run_is_told_loudly(built: House) -> None:
    person = built.sim.tenant.person("user12")
    assert person.entra is not None
    finding: dict[str, Any] = {
        "title": "refresh token changed", "id": "STS-2", "upn": person.upn, "app": OUR_APP_ID,
        "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    crowd = [f"user{number}@contoso.com" for number in range(30, 36)]
    many = {"findings": [finding | {"id": "STS-C", "upn": crowd}]}
    assert built.alert(built.post(many, source="edr").json()["alert"]).state == "quarantined"
    assert [each.kind for each in built.notices()].count("own_application") == 1
    with built.service.database.write() as connection:
        own = tables.notice.c.kind == "own_application"
        connection.execute(tables.notice.update().where(own).values(created_at=0))  # long ago
    told = built.alert(built.post({"findings": [finding]}, source="edr").json()["alert"])
    assert told.state == "run"
    assert [each.kind for each in built.notices()].count("own_application") == 2
    run = built.run_of("user12")
    assert any("credential" in note for note in run.plan["notes"])

    # two whom we have not changed, and one of them is nobody's account
    new = built.sim.tenant.person("petra.novak")
    finding |= {"id": "STS-4", "upn": [person.upn, new.upn, "gone@contoso.com"]}
    posted = built.post({"findings": [finding]}, source="edr").json()["alert"]
    told = built.alert(posted)
    assert told.state == "run"
    with built.service.database.read() as connection:
        (part,) = connection.execute(
            select(tables.alert.c.id).where(tables.alert.c.delivery_key.startswith(f"{posted}#"))
        ).scalars()
    told = built.alert(part)
    assert told.state == "quarantined"
    victims = [each["ids"] for each in told.parsed["persons"] if each["role"] == "victim"]
    assert victims == [[{"kind": "user_principal_name", "value": "gone@contoso.com"}]]
    built.decide(approve=False)


def test_an_attacker_is_not_taken_for_us(built: House) -> None:
    """Our application is the one that was changed, or was named, or its name is borrowed."""
    built.post(built.incident("nora.lind"))
    built.run_of("nora.lind")
    entry = _change(built, "nora.lind") | {"id": "not-ours"}
    entry["initiatedBy"]["app"] = {
        "appId": "0f3c2f4e-0000-4000-8000-00000000beef",
        "servicePrincipalId": None,
        "displayName": "Rescind",
    }
    told = built.alert(built.post(entry, source="logs").json()["alert"])
    assert told.state == "ignored"
    person = built.sim.tenant.person("nora.lind")
    finding = {
        "title": "token stolen", "id": "STS-3", "upn": person.upn,
        "app": "0f3c2f4e-0000-4000-8000-00000000beef", "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    told = built.alert(built.post({"findings": [finding]}, source="edr").json()["alert"])
    assert told.state in ("run", "joined")
    built.run_of("nora.lind")
    assert built.verify().verified
