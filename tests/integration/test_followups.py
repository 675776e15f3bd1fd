"""What follows from what was read: a thief who comes back, and whoever else he was let in as."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from cli.main import main
from config.settings import OWN_SOURCE, Mode
from connectors.action import LeadKind
from ledger import alerts, leads, steps, tables
from simulator.okta_scene import HOME, THIEF, Scene
from simulator.okta_state import Status
from tasks.intake import Intake
from tasks.perform import Performer
from tasks.requests import Wish, request_run
from tasks.systems import Systems

from house import HOOK_SECRET, House, house, wait_for

SOURCES = f"""
[playbooks]
folder = "{Path(__file__).parent / "playbooks"}"

[sources.soc]
kind = "sentinel"
playbook = "watched"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}

[sources.careful]
kind = "sentinel"
playbook = "watched"
mode = "approve"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}
"""
#: The account is closed, too, which people have to approve.
CLOSING = SOURCES.replace('playbook = "watched"', 'playbook = "watched-closed"')
#: Who came from the thief's address, too, and was let in.
OTHER = "user07"


@pytest.fixture
def built(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, extra=SOURCES) as made:
        made.start()
        yield made


def opened(built: House, name: str) -> list[Row[Any]]:
    """The runs about this person, the oldest first."""
    person = built.sim.tenant.person(name)
    ids = {account.id for account in (person.entra, person.okta) if account}
    mine = [run for run in built.runs() if ids & {one["id"] for one in run.person["accounts"]}]
    return mine[::-1]


def one_more(built: House, name: str, than: int) -> Row[Any]:
    """Wait until there are more runs about this person than so many; return the newest."""
    wait_for(lambda: len(opened(built, name)) > than, 20, "another run", built.progress)
    return opened(built, name)[-1]


def told_of(built: House, run_id: str) -> list[Row[Any]]:
    """What people were told of a run, but for what they were asked."""
    return [
        each
        for each in built.notices()
        if each.run_id == run_id and each.kind != "approval_requested"
    ]


def contained(built: House, name: str = "nora.lind", source: str = "soc") -> Row[Any]:
    """Contain a person, and nobody who is proposed with her, up to where only the watch is left."""
    incident = built.incident(name)
    assert built.post(incident, source=source).status_code == 202
    return watched(built, name, 0)


def watched(built: House, name: str, than: int, *, proposals: bool = False) -> Row[Any]:
    """Wait until a newer run is only watched; ``proposals`` of Rescind's own are approved, too.

    Whoever else is contained has a trace of her own, which sees what the tests let happen.
    """
    one_more(built, name, than)

    def rests() -> bool:
        built.decide(proposals=proposals)
        return bool(opened(built, name)[-1].state == "restoring")

    wait_for(rests, 20, "a run that is only watched", built.progress)
    return opened(built, name)[-1]


def comes_back(built: House, name: str = "nora.lind", scene: Scene = THIEF) -> None:
    user = built.sim.tenant.person(name).okta
    assert user
    with built.sim.tenant.lock:
        built.sim.tenant.okta_event(
            "user.session.start", user, by=user, transaction="t", scene=scene
        )


def time_passes(built: House, run_id: str, node: str = "watch") -> None:
    """Let a timed step be due."""
    step = tables.step
    wait_for(lambda: built.steps(run_id)[node].state == "ready", 10, node, built.progress)
    with built.service.database.write() as connection:
        changed = connection.execute(
            step.update()
            .where(step.c.run_id == run_id, step.c.node == node, step.c.state == "ready")
            .values(not_before=0, rung_at=None)
        )
    assert changed.rowcount == 1


def ended(built: House, run_id: str, node: str = "watch") -> Row[Any]:
    wait_for(lambda: built.steps(run_id)[node].state == "done", 20, node, built.progress)
    return built.steps(run_id)[node]


def ours(built: House, kind: LeadKind = LeadKind.DRIFT) -> list[Row[Any]]:
    """The alerts that came from our own reading."""
    with built.service.database.read() as connection:
        rows = alerts.listed(connection, limit=1000)
    return [
        row
        for row in rows
        if row.source == OWN_SOURCE and (row.delivery_key or "").split(":")[1] == kind
    ]


def test_a_run_that_is_only_watched_is_told_of_and_ends_in_silence(
    built: House, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.time()
    run = contained(built)
    assert (run.status, run.finished_at) == ("contained", None), built.progress()
    (notice,) = told_of(built, run.id)
    days = {
        datetime.fromtimestamp(ended_at + 1455 * 60, UTC).strftime("%Y-%m-%d")
        for ended_at in (began, time.time())
    }
    assert notice.kind == "run_watched"
    assert notice.state != "failed"
    (day,) = [each for each in days if f"contained; watched until {each}" in notice.title]
    assert "Still usable" in notice.body
    assert built.steps(run.id)["trace"].outcome == "observed"
    assert built.verify().verified
    for command in (["runs"], ["run", run.id]):
        with pytest.raises(SystemExit):
            main([*command, "--config", str(built.config)])
    assert capsys.readouterr().out.count(f"contained, watched until {day}") == 2

    for node in ("watch", "watch-again"):
        time_passes(built, run.id, node)
        assert ended(built, run.id, node).outcome == "observed"
    wait_for(lambda: opened(built, "nora.lind")[0].state == "done", 10, "its end", built.progress)
    assert opened(built, "nora.lind")[0].status == "contained"
    assert told_of(built, run.id)[1:] == []
    assert [each["event"] for each in built.told()].count("run.watched") >= 1
    assert built.verify().verified


def test_a_thief_who_comes_back_is_evicted_again(built: House) -> None:
    first = contained(built)
    comes_back(built)
    time_passes(built, first.id)
    second = watched(built, "nora.lind", 1)

    found = ended(built, first.id)
    assert found.outcome == "manual"
    assert built.steps(second.id)["okta-revoke"].outcome in ("verified", "accepted")
    assert "a run follows from it" in found.reason
    assert (second.requested_by, second.mode, second.playbook) == (
        f"source:{OWN_SOURCE}", first.mode, first.playbook,
    )  # fmt: skip
    assert second.plan["route"] == first.plan["route"]
    assert first.plan["route"]["rule"] == "sources.soc"
    (note, *_) = second.plan["notes"]
    assert note.startswith(f"Drift after run {first.id[:13]}: user.session.start from {THIEF.ip}")
    (alert,) = ours(built)
    assert (alert.state, alert.run_ids, alert.id) == ("run", [second.id], second.alert_id)
    (told,) = told_of(built, second.id)
    assert f"Because: {note}" in told.body

    # what was read once is not read again: the containment came after it
    time_passes(built, second.id)
    assert ended(built, second.id).outcome == "observed"
    time_passes(built, first.id, "watch-again")
    assert ended(built, first.id, "watch-again").outcome == "observed"
    wait_for(lambda: opened(built, "nora.lind")[0].state == "done", 10, "an end", built.progress)
    assert opened(built, "nora.lind")[0].status == "partial"
    (_, since, late) = told_of(built, first.id)
    assert (since.kind, late.kind) == ("run_since", "run_finished")
    assert "watch: manual" in since.body
    assert "okta-revoke" not in since.body
    assert "watch: manual" not in late.body
    assert len(opened(built, "nora.lind")) == 2
    assert built.verify().verified


@pytest.mark.services
def test_between_many_processes_what_follows_is_the_same(tmp_path: Path, postgres_url: str) -> None:
    with house(tmp_path, extra=SOURCES, database_url=postgres_url) as built:
        built.start()
        first = contained(built)
        wait_for(lambda: bool(opened(built, OTHER)), 20, "the proposal", built.progress)
        comes_back(built)
        built.kill()
        time_passes(built, first.id)
        storm(built, built.steps(first.id)["watch"].id)
        assert len(opened(built, "nora.lind")) == 2
        assert len(ours(built)) == 1
        assert built.verify().verified


def test_who_else_was_let_in_from_there_is_proposed_and_waits(built: House) -> None:
    first = contained(built)
    proposed = one_more(built, OTHER, 0)
    assert (proposed.mode, proposed.requested_by) == ("approve", f"source:{OWN_SOURCE}")
    assert all(step["approval"] for step in proposed.plan["steps"] if not step["skipped"])
    assert proposed.plan["notes"][0].startswith(
        f"Possible further victim, found by run {first.id[:13]}: let in from {THIEF.ip}"
    )
    assert "user07@contoso.com" in built.steps(first.id)["trace"].reason
    asked = [each for each in built.notices() if each.run_id == proposed.id]
    assert f"Because: {proposed.plan['notes'][0]}" in asked[0].body

    # once approved, its own trace sees the first victim, who is contained already
    watched(built, OTHER, 0, proposals=True)
    wait_for(
        lambda: {row.state for row in ours(built, LeadKind.OTHER_VICTIM)} == {"run", "joined"},
        20, "the first victim's lead", built.progress,
    )  # fmt: skip
    assert len(opened(built, "nora.lind")) == 1
    assert built.verify().verified


def test_what_is_only_proposed_uses_up_no_guardrail(tmp_path: Path) -> None:
    limited = f"{SOURCES}\n[guardrails]\npeople_per_hour = 2\n"
    with house(tmp_path, extra=limited) as built:
        built.start()
        built.post(built.incident("nora.lind"), source="soc")
        proposed = one_more(built, OTHER, 0)
        built.post(built.incident("user02"), source="soc")
        assert one_more(built, "user02", 0).mode == "auto"
        built.decide(proposals=True)
        wait_for(lambda: bool(built.outcomes(proposed.id)["okta-revoke"]), 20, "it", built.progress)
        built.post(built.incident("user03"), source="soc")
        assert one_more(built, "user03", 0).mode == "approve"


def test_the_same_entries_open_no_second_run_while_the_first_waits(built: House) -> None:
    first = contained(built, source="careful")
    comes_back(built)
    time_passes(built, first.id)
    second = one_more(built, "nora.lind", 1)
    assert second.mode == "approve"
    time_passes(built, first.id, "watch-again")
    again = ended(built, first.id, "watch-again")
    assert again.outcome == "manual"
    assert "before" in again.reason
    assert len(ours(built)) == 1
    # nobody approves: what was not contained has nothing to watch, and the row of runs ends
    built.decide(approve=False, proposals=True)
    wait_for(lambda: opened(built, "nora.lind")[-1].state == "done", 20, "its end", built.progress)
    assert len(opened(built, "nora.lind")) == 2
    assert built.verify().verified


def test_after_two_in_a_row_people_decide(built: House) -> None:
    runs = [contained(built)]
    for number in range(1, 4):
        comes_back(built, scene=THIEF.at(ip="203.0.113.99"))
        time_passes(built, runs[-1].id)
        runs.append(watched(built, "nora.lind", number, proposals=True))
    assert [run.mode for run in runs] == ["auto", "auto", "auto", "approve"]
    assert any("2 runs have followed each other" in note for note in runs[-1].plan["notes"])


def test_who_signs_in_once_we_gave_the_account_back_is_told_and_not_contained(
    tmp_path: Path,
) -> None:
    with house(tmp_path, extra=CLOSING) as built:
        built.start()
        run = contained(built)
        assert built.steps(run.id)["okta-suspend"].outcome == "verified"
        _give_back(built, run.id)
        comes_back(built, scene=HOME)
        time_passes(built, run.id)
        watch = ended(built, run.id)
        assert watch.outcome == "observed"
        assert f"user.session.start from {HOME.ip} since the account was given back" in watch.reason
        assert ours(built) == []
        wait_for(lambda: len(told_of(built, run.id)) == 2, 10, "a message", built.progress)
        told = told_of(built, run.id)[1]
        assert told.kind == "run_since"
        assert HOME.ip in told.body
        assert "Ask the person" in told.body

        # who comes from where the thief was is he, whoever gave the account back
        comes_back(built, scene=THIEF)
        time_passes(built, run.id, "watch-again")
        second = drifted(built, THIEF.ip)
        assert HOME.ip not in second.plan["notes"][0]
        assert (second.requested_by, second.playbook) == (f"source:{OWN_SOURCE}", "watched-closed")
        watched(built, "nora.lind", 2)
        assert built.verify().verified


def test_what_came_about_before_we_gave_the_account_back_is_drift(tmp_path: Path) -> None:
    with house(tmp_path, extra=CLOSING) as built:
        built.start()
        run = contained(built)
        comes_back(built, scene=HOME.at(ip="203.0.113.99"))
        _give_back(built, run.id)
        time_passes(built, run.id)
        drifted(built, "203.0.113.99")
        assert ended(built, run.id).outcome == "manual"


def test_an_account_that_somebody_else_opened_is_contained_again(tmp_path: Path) -> None:
    with house(tmp_path, extra=CLOSING) as built:
        built.start()
        run = contained(built)
        user = built.sim.tenant.person("nora.lind").okta
        assert user
        user.status = Status.ACTIVE
        time_passes(built, run.id)
        second = drifted(built, "the account is not suspended any more")
        watched(built, "nora.lind", 1)
        assert built.steps(second.id)["okta-suspend"].outcome == "verified"
        assert ended(built, run.id).outcome == "manual"
        assert any(each.kind == "run_since" for each in told_of(built, run.id))


def test_who_was_contained_again_since_is_watched_as_ever(tmp_path: Path) -> None:
    with house(tmp_path, extra=CLOSING) as built:
        built.start()
        first = contained(built)
        _give_back(built, first.id)
        again = built.incident("nora.lind")
        again["object"]["name"] = "another-incident"
        again["object"]["properties"]["incidentNumber"] = 4711
        built.post(again, source="soc")
        second = watched(built, "nora.lind", 2)
        comes_back(built, scene=HOME)
        time_passes(built, second.id)
        assert ended(built, second.id).outcome == "manual"


def drifted(built: House, seen: str) -> Row[Any]:
    """Wait for the run that follows from this."""

    def found() -> list[Row[Any]]:
        return [
            run
            for run in opened(built, "nora.lind")
            if any(note.startswith("Drift") and seen in note for note in run.plan["notes"])
        ]

    wait_for(lambda: bool(found()), 20, f"a run for {seen}", built.progress)
    return found()[0]


def _give_back(built: House, run_id: str) -> None:
    built.undo(run_id)
    wait_for(lambda: _undone(built), 20, "the undoing", built.progress)


def _undone(built: House) -> bool:
    built.decide()
    return any(run.aim == "undo" and run.status == "completed" for run in built.runs())


def test_a_watch_that_finds_something_while_a_person_is_asked_does_not_join_its_own_run(
    tmp_path: Path,
) -> None:
    with house(tmp_path, extra=CLOSING) as built:
        built.start()
        built.post(built.incident("nora.lind"), source="soc")
        first = one_more(built, "nora.lind", 0)
        wait_for(lambda: bool(built.outcomes(first.id)["trace"]), 20, "trace", built.progress)
        _unhold(built, first.id)
        comes_back(built)
        time_passes(built, first.id)
        second = one_more(built, "nora.lind", 1)
        wait_for(
            lambda: built.outcomes(first.id)["okta-suspend"] == "skipped", 10, "it", built.progress
        )
        assert second.requested_by == f"source:{OWN_SOURCE}"
        wait_for(lambda: bool(built.outcomes(second.id)["okta-revoke"]), 20, "it", built.progress)
        assert built.verify().verified


def _unhold(built: House, run_id: str) -> None:
    """Let the watch wait for nothing but its time, as in a playbook that watches after the revocation."""
    watch = built.steps(run_id)["watch"].id
    with built.service.database.write() as connection:
        connection.execute(tables.step_need.delete().where(tables.step_need.c.step_id == watch))
        steps.advance(connection, built.service.audit, run_id, called=False)


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.15, 0.3])
def test_a_crash_neither_loses_nor_doubles_what_follows(built: House, after_s: float) -> None:
    first = contained(built)
    comes_back(built)
    time_passes(built, first.id)
    time.sleep(after_s)
    built.kill()
    built.start()
    watched(built, "nora.lind", 1)
    ended(built, first.id)
    time.sleep(0.5)
    assert len(opened(built, "nora.lind")) == 2
    assert len(ours(built)) == 1
    assert built.verify().verified


def storm(built: House, watch: str) -> None:
    """Call for the watch, and for what it has found, five times at once each."""

    async def call() -> None:
        systems = Systems(built.service.settings)
        performer = Performer(built.service, systems)
        intake = Intake(built.service, systems, performer)
        try:
            await asyncio.gather(*(performer.perform(watch) for _ in range(5)))
            (alert,) = ours(built)
            assert alert.state == "received"
            await asyncio.gather(*(intake.take_up(alert.id) for _ in range(5)))
        finally:
            await systems.close()

    asyncio.run(call())


def test_messages_that_come_twice_change_nothing(built: House) -> None:
    first = contained(built)
    wait_for(lambda: bool(opened(built, OTHER)), 20, "the proposal", built.progress)
    comes_back(built)
    built.kill()
    time_passes(built, first.id)
    storm(built, built.steps(first.id)["watch"].id)
    assert len(opened(built, "nora.lind")) == 2
    assert len(ours(built)) == 1
    step = built.steps(first.id)["watch"]
    with built.service.database.write() as connection:
        lead = {"kind": "drift", "system": "okta", "id": step.target["id"], "entries": []}
        assert leads.keep(connection, built.service.audit, step, lead) is None
    assert built.verify().verified


def test_nobody_posts_as_rescind_itself(built: House) -> None:
    assert built.post({"v": 1}, source=OWN_SOURCE).status_code == 404


def test_what_only_reads_is_read_in_mode_observe_and_leads_nowhere(built: House) -> None:
    built.kill()

    async def ask() -> str:
        systems = Systems(built.service.settings)
        try:
            name = built.sim.tenant.person("nora.lind").upn
            wish = Wish(name, None, "watched", Mode.OBSERVE, "cli:kim")
            opened = await request_run(built.service, systems, wish)
            performer = Performer(built.service, systems)
            await performer.perform(built.steps(opened.run_id)["trace"].id)
            return opened.run_id
        finally:
            await systems.close()

    run_id = asyncio.run(ask())
    trace = built.steps(run_id)["trace"]
    assert trace.outcome == "observed"
    assert "not followed up: mode observe" in trace.reason
    assert built.outcomes(run_id)["watch"] == "skipped"
    assert [run.status for run in built.runs()] == ["observed"]
    assert ours(built, LeadKind.OTHER_VICTIM) == []
    assert built.sim.requests.writes("okta") == []
    assert built.verify().verified


def test_of_many_others_five_are_proposed_and_the_rest_is_named(built: House) -> None:
    others = [f"user{number:02d}" for number in range(1, 7)]
    for name in others:
        comes_back(built, name)
    first = contained(built)
    trace = built.steps(first.id)["trace"]
    wait_for(
        lambda: all(row.state == "run" for row in ours(built, LeadKind.OTHER_VICTIM)),
        20, "the proposals", built.progress,
    )  # fmt: skip
    assert len(ours(built, LeadKind.OTHER_VICTIM)) == 5
    (_, _, rest) = trace.reason.partition("look at these yourself: ")
    named = {each.partition("@")[0] for each in rest.split(", ")}
    assert len(named) == 2
    assert not any(opened(built, name) for name in named)


def test_of_a_lead_whose_person_is_nobody_people_are_told(built: House) -> None:
    first = contained(built)
    step = built.steps(first.id)["watch"]
    lead = {
        "kind": "drift", "system": "okta", "id": "00u" + "z" * 17, "name": "gone@contoso.com",
        "seen": "user.session.start from 203.0.113.66", "at": "2026-11-22T08:00:00.000Z",
        "last": "2026-11-22T08:00:00.000Z", "addresses": [], "entries": ["e1"],
    }  # fmt: skip
    with built.service.database.write() as connection:
        alert_id = leads.keep(connection, built.service.audit, step, lead)
    assert alert_id is not None
    row = built.alert(alert_id)
    assert row.state == "quarantined"
    assert any(alert_id in each.body for each in built.notices())
    with built.service.database.read() as connection:
        bodies = connection.execute(
            select(tables.delivery_body.c.bytes).where(
                tables.delivery_body.c.sha256 == row.body_sha256
            )
        ).scalars()
        assert step.node.encode() in next(iter(bodies))
