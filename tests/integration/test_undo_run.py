"""Undoing a run: what it has changed is put back, by a run of its own that somebody has to approve."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Row

from config.settings import Mode
from playbooks.undoing import NothingToUndo
from simulator.entra_state import InboxRule
from simulator.faults import Fault, apply_then, status
from simulator.okta_state import Status
from tasks.launch import Opened
from tasks.requests import Wish, request_run
from tasks.systems import Systems
from tasks.undoing import NotUndoable

from house import House, house, wait_for


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(
        tmp_path_factory.mktemp("house"),
        extra="[guardrails]\npeople_per_hour = 500\n"
        "[playbooks.parameters.cm0082]\ndelete_rules = true\nmailbox = false",
    ) as made:
        made.start()
        yield made


def _contained(built: House, name: str) -> Row[Any]:
    assert built.post(built.incident(name)).status_code == 202
    run = built.run_of(name)
    assert run.status == "contained"
    return run


def _state(built: House, name: str) -> dict[str, Any]:
    """What a run changes and can put back."""
    person = built.sim.tenant.person(name)
    assert person.entra
    assert person.okta
    return {
        "enabled": person.entra.account_enabled,
        "rules": {rule.id: rule.enabled for rule in person.entra.rules},
        "devices": {device.id: device.account_enabled for device in person.entra.devices},
        "okta": person.okta.status,
    }


def test_what_can_be_put_back_is_as_it_was(built: House) -> None:
    before = _state(built, "nora.lind")
    contained = _contained(built, "nora.lind")
    assert _state(built, "nora.lind") != before

    opened = built.undo(contained.id[:13])
    assert built.undo(contained.id) == Opened(opened.run_id, joined=True)
    run = built.run_of("nora.lind")

    assert (run.id, run.aim, run.status) == (opened.run_id, "undo", "completed")
    assert _state(built, "nora.lind") == before
    assert set(built.outcomes(run.id).values()) == {"verified"}
    assert all(step["approval"] for step in run.plan["steps"])
    assert any("entra-revoke: cannot be undone" in note for note in run.plan["notes"])
    assert run.exposure == []
    assert built.verify().verified
    with pytest.raises(NothingToUndo, match="entra-disable: put back already"):
        built.undo(contained.id)
    with pytest.raises(NotUndoable, match="puts back the changes"):
        built.undo(run.id)


def _cleaned(built: House, name: str) -> Row[Any]:
    """The inbox's suspicious rules are disabled, then deleted, by the playbook for them alone."""
    wish = Wish(built.sim.tenant.person(name).upn, None, "cm0082", Mode.APPROVE, "cli:kim")

    async def ask() -> None:
        systems = Systems(built.service.settings)
        try:
            await request_run(built.service, systems, wish)
        finally:
            await systems.close()

    asyncio.run(ask())
    return built.run_of(name)


def _inbox(built: House, name: str) -> list[tuple[Any, ...]]:
    """Every rule but for its id."""
    user = built.sim.tenant.person(name).entra
    assert user
    return sorted(
        (r.sequence, r.display_name, r.enabled, str(r.conditions).casefold(), str(r.actions))
        for r in user.rules
    )


@pytest.mark.parametrize("name", ["user06", "user07"])
def test_rules_that_were_disabled_and_then_deleted_are_as_they_were(
    built: House, name: str
) -> None:
    """Of the two, the one's first answer to the enabling is lost."""
    user = built.sim.tenant.person(name).entra
    assert user
    away = {"forwardTo": [{"emailAddress": {"address": "collector@example.com"}}], "delete": True}
    words = {"bodyOrSubjectContains": ["invoice"]}
    user.rules += [
        InboxRule("AQAAAJ5newsletters=", "News", 1, actions={"markAsRead": True}),
        InboxRule("AQAAAJ5away=", ".", 2, conditions=words, actions=away),
        InboxRule("AQAAAJ5awaytwo=", "..", 3, actions=away),
    ]
    was = _inbox(built, name)
    run = _cleaned(built, name)
    assert run.status == "completed"
    assert [rule.display_name for rule in user.rules] == ["News"]

    if name == "user07":
        lost = Fault(apply_then(504), method="PATCH", path_regex="messageRules", times=1)
        built.sim.faults.add(lost)
    built.undo(run.id)
    undone = built.run_of(name)
    built.sim.faults.clear()
    assert undone.status == "completed"
    assert set(built.outcomes(undone.id).values()) == {"verified"}
    assert _inbox(built, name) == was
    assert {rule.id for rule in user.rules} & {"AQAAAJ5away=", "AQAAAJ5awaytwo="} == set()
    assert built.verify().verified


def test_a_rule_that_cannot_be_written_back_is_not_said_to_be_enabled(built: House) -> None:
    user = built.sim.tenant.person("user08").entra
    assert user
    away = {"forwardTo": [{"emailAddress": {"address": "collector@example.com"}}]}
    user.rules.append(InboxRule("AQAAAJ5away=", ".", 1, actions=away))
    run = _cleaned(built, "user08")
    built.sim.faults.add(Fault(status(400), method="POST", path_regex="messageRules"))
    built.undo(run.id)
    undone = built.run_of("user08")
    built.sim.faults.clear()
    outcomes = built.outcomes(undone.id)
    assert outcomes["undo-entra-delete-rules"] == "failed"
    assert outcomes["undo-entra-inbox-rules"] == "manual"
    assert undone.status == "failed"
    step = built.steps(undone.id)["undo-entra-inbox-rules"]
    assert "neither there nor written back: '.'" in step.reason
    assert built.verify().verified


def test_the_last_change_of_a_system_is_put_back_first(built: House) -> None:
    run = _contained(built, "user01")
    built.sim.requests.clear()
    built.undo(run.id)
    undone = built.run_of("user01")
    nodes = [step["node"] for step in undone.plan["steps"] if step["system"] == "entra"]
    assert nodes[-1] == "undo-entra-disable"
    assert undone.status == "completed"


def test_nothing_is_put_back_that_a_person_denies(built: House) -> None:
    contained = _contained(built, "user02")
    state = _state(built, "user02")
    built.undo(contained.id)
    run = built.run_of("user02", approve=False)
    assert (run.aim, run.status) == ("undo", "failed")
    assert _state(built, "user02") == state


def test_a_run_that_still_moves_is_not_undone(built: House) -> None:
    built.post(built.incident("user03"))
    wait_for(lambda: _open(built, "user03"), 10, "a run", built.progress)
    (run,) = _open(built, "user03")
    with pytest.raises(NotUndoable, match="still moves"):
        built.undo(run.id)
    built.run_of("user03")


def test_a_new_theft_calls_off_giving_the_account_back(built: House) -> None:
    contained = _contained(built, "user04")
    opened = built.undo(contained.id)
    again = built.incident("user04")
    again["object"]["properties"] |= dict.fromkeys(
        ("firstActivityTimeUtc", "lastActivityTimeUtc"), datetime.now(UTC).isoformat()
    )
    again["object"]["name"] = again["object"]["id"] = "another-incident"
    assert built.post(again).status_code == 202
    wait_for(
        lambda: all(step.state == "done" for step in built.steps(opened.run_id).values()),
        10, "the undo to be called off", built.progress,
    )  # fmt: skip
    assert set(built.outcomes(opened.run_id).values()) == {"skipped"}
    assert built.sim.tenant.person("user04").okta.status == Status.SUSPENDED  # type: ignore[union-attr]
    newest = built.run_of("user04")
    assert newest.id not in (opened.run_id, contained.id)
    assert newest.aim == "contain"


def test_one_run_for_a_person_whom_only_one_system_knew_at_first(built: House) -> None:
    built.sim.faults.add(Fault(status(503), system="entra", times=400))
    built.post(built.incident("user05"))
    wait_for(lambda: _open(built, "user05"), 30, "a run", built.progress)
    built.sim.faults.clear()
    again = built.incident("user05")
    again["object"]["name"] = again["object"]["id"] = "known-by-both-now"
    row = built.alert(built.post(again).json()["alert"])
    assert row.state == "joined"
    built.run_of("user05")


def _open(built: House, name: str) -> list[Row[Any]]:
    person = built.sim.tenant.person(name)
    ids = {account.id for account in (person.entra, person.okta) if account}
    return [
        run
        for run in built.runs()
        if run.state == "running" and ids & {one["id"] for one in run.person["accounts"]}
    ]
