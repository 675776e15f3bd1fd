"""The story: logs whose chain is whole and that tell what cannot have happened properly."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from recorded import (
    DISABLE,
    HUMAN,
    REVOKE,
    Broken,
    Records,
    approval,
    at,
    attempt,
    cannot_be,
    chained,
    change,
    contained,
    drop,
    insert,
    intent,
    move,
    put,
    result,
    take,
    told,
)

from ledger.verify import verify

PAUSED = {"event": "control.paused", "actor": HUMAN}
RESUMED = {"event": "control.resumed", "actor": HUMAN}


def plan(records: Records) -> dict[str, Any]:
    found: dict[str, Any] = records[at(records, "plan.computed")]["plan"]
    return found


def _planned_again(records: Records, **values: Any) -> None:
    again = deepcopy(records[at(records, "plan.computed")])
    again["plan"] |= values
    put(records, "step.started", 1, again)


def _denied_and_planned_again(records: Records) -> None:
    """What needed approval is denied, and needs none in another plan of the same hash."""
    change("approval.decided", **approval(decision="denied"))(records)
    steps = [step | {"approval": False} for step in plan(records)["steps"]]
    _planned_again(records, steps=steps)


def _planned_without_what_failed(records: Records) -> None:
    for event in ("step.started", "action.intent", "action.result", "verify.result"):
        take(records, event, 1)
    take(records, "action.reconciled")
    take(records, "step.finished", 1)
    put(records, "run.finished", 0, deepcopy(records[at(records, "plan.computed")]))
    records[at(records, "plan.computed", 1)]["plan"]["steps"].pop()


BROKEN: dict[str, Broken] = {
    "a result without its intent": (
        drop("action.intent"),
        "action.result",
        0,
        "it is a result without an intent before it",
    ),
    "a result before its intent": (
        move("action.result", 0, "action.intent", 0),
        "action.result",
        0,
        "it is a result without an intent before it",
    ),
    "two results": (
        insert("verify.result", 0, result(REVOKE, "intent-1")),
        "action.result",
        1,
        "intent intent-1 had a result before",
    ),
    "a result for another step's intent": (
        change("action.result", step=attempt(DISABLE)),
        "action.result",
        0,
        "intent intent-1 was made for another step",
    ),
    "a result for another run's intent": (
        change("action.result", run="run-2"),
        "action.result",
        0,
        "intent intent-1 was made for another step",
    ),
    "a result in no known word": (
        change("action.result", result="fine"),
        "action.result",
        0,
        "its result is none of answered, not_sent, refused, unknown: fine",
    ),
    "a reconciliation of nothing": (
        change("action.reconciled", intent="intent-9"),
        "action.reconciled",
        0,
        "it reconciles an intent that was never made",
    ),
    "an unknown outcome that nobody settled": (
        drop("action.reconciled"),
        "step.finished",
        1,
        "step disable ends while the outcome of its intent intent-2 is unknown",
    ),
    "an intent nobody answered": (
        drop("action.result"),
        "step.finished",
        0,
        "step revoke ends while the outcome of its intent intent-1 is unknown",
    ),
    "a settlement that comes after the step": (
        move("action.reconciled", 0, "run.finished", 0),
        "step.finished",
        1,
        "step disable ends while the outcome of its intent intent-2 is unknown",
    ),
    "an intent twice": (
        insert("action.result", 0, intent(REVOKE, "intent-1")),
        "action.intent",
        1,
        "intent intent-1 was made before",
    ),
    "an intent without an id": (
        change("action.intent", intent=None),
        "action.intent",
        0,
        "it is an intent without an id",
    ),
    "an intent of a run nobody created": (
        change("action.intent", run="run-2"),
        "action.intent",
        0,
        "its run was never created: run-2",
    ),
    "an intent of a step nobody planned": (
        change("action.intent", step=attempt({"id": "step-x", "node": "x"})),
        "action.intent",
        0,
        "its step is not in the plan of its run: step-x",
    ),
    "an intent under another plan": (
        change("action.intent", plan_hash="sha256:" + "b" * 64),
        "action.intent",
        0,
        "its plan hash is not that of its run's plan",
    ),
    "an intent while changes are paused": (
        insert("action.intent", 0, PAUSED),
        "action.intent",
        0,
        "it was made while a person had paused all changes",
    ),
    "an intent in a run that only observes": (
        change("run.created", mode="observe"),
        "action.intent",
        0,
        "its run only observes and may change nothing",
    ),
    "an intent after its step": (
        insert("approval.decided", 0, intent(REVOKE, "intent-3"), result(REVOKE, "intent-3")),
        "action.intent",
        1,
        "step revoke had finished before",
    ),
    "an intent after its run": (
        lambda records: records.append(intent(REVOKE, "intent-3")),
        "action.intent",
        2,
        "its run had finished before",
    ),
    "an older holder's intent": (
        insert("action.intent", 0, {"event": "step.started", "step": attempt(REVOKE, 2)}),
        "action.intent",
        0,
        "step revoke had gone on to fence 2; an older holder wrote with fence 1",
    ),
    "an older holder's start": (
        insert("step.observed", 0, {"event": "step.started", "step": attempt(REVOKE, 0)}),
        "step.started",
        1,
        "step revoke had gone on to fence 1; an older holder wrote with fence 0",
    ),
    "an intent without a fence": (
        change("action.intent", step=REVOKE | {"fence": True}),
        "action.intent",
        0,
        "it names no fence",
    ),
    "a run that is created twice": (
        insert("plan.computed", 0, contained()[1]),
        "run.created",
        1,
        "run run-1 was created before",
    ),
    "a run nobody created": (
        drop("run.created"),
        "plan.computed",
        0,
        "its run was never created: run-1",
    ),
    "a second plan, under which what was denied needs no approval": (
        _denied_and_planned_again,
        "plan.computed",
        1,
        "its run had a plan before",
    ),
    "a second plan, without a step that never ended": (
        _planned_without_what_failed,
        "plan.computed",
        1,
        "its run had a plan before",
    ),
    "a second plan with a hash of its own": (
        lambda records: _planned_again(records, hash="sha256:b"),
        "plan.computed",
        1,
        "its run had a plan before",
    ),
    "an intent settled by an older holder": (
        change("action.reconciled", step=attempt(DISABLE, 0)),
        "action.reconciled",
        0,
        "intent intent-2 was made under fence 1; an older holder, of fence 0, settled it",
    ),
    "an intent settled under no fence": (
        change("action.reconciled", step=DISABLE),
        "action.reconciled",
        0,
        "it names no fence",
    ),
    "a plan without a hash": (
        lambda records: plan(records).pop("hash"),
        "plan.computed",
        0,
        "its plan has no hash",
    ),
    "a plan that does not say what needs approval": (
        lambda records: plan(records)["steps"][1].pop("approval"),
        "plan.computed",
        0,
        "a step of its plan has no id of its own, or does not say if it needs approval",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_story_that_cannot_be(name: str) -> None:
    cannot_be(BROKEN[name])


def test_an_intent_left_open_when_its_run_ends_is_told_at_the_run_too() -> None:
    records = told(drop("action.result"))
    report = verify(chained(records))
    assert [finding.seq for finding in report.findings] == [
        at(records, "step.finished"),
        at(records, "run.finished"),
    ]
    assert "the outcome of intent intent-1 is unknown" in report.findings[1].why


def _paused_meanwhile(records: Records) -> None:
    put(records, "action.result", 0, PAUSED)
    put(records, "step.finished", 0, RESUMED)


def _late(records: Records) -> None:
    take(records, "action.result", 1)
    records.append(result(DISABLE, "intent-2"))


def _expired(records: Records) -> None:
    records[at(records, "approval.decided")] = {
        "event": "approval.expired",
        "run": "run-1",
        **approval(),
    }
    for event in ("step.started", "action.intent", "action.result", "verify.result"):
        take(records, event, 1)
    take(records, "action.reconciled")
    change("step.finished", 1, outcome="skipped")(records)
    change("run.finished", status="partial")(records)


def _settled_by_the_next_holder(records: Records) -> None:
    """A worker dies with its change on the way; the next one reads and finds it done."""
    take(records, "action.result", 1)
    expired = {"event": "lease.expired", "step": attempt(DISABLE)}
    put(records, "action.reconciled", 0, expired)
    put(records, "action.reconciled", 0, {"event": "step.started", "step": attempt(DISABLE, 2)})
    for event, which in (("action.reconciled", 0), ("verify.result", 1)):
        change(event, which, step=attempt(DISABLE, 2))(records)


SOUND: dict[str, Callable[[Records], object]] = {
    "a pause that ended": insert("action.intent", 0, PAUSED, RESUMED),
    "a pause between intent and result": _paused_meanwhile,
    "a result that comes after the settlement": _late,
    "an attempt that was not sent, and another": insert(
        "action.intent",
        0,
        intent(REVOKE, "intent-0"),
        result(REVOKE, "intent-0", "not_sent"),
        {"event": "step.postponed", "step": attempt(REVOKE), "reason": "Throttled"},
        {"event": "step.started", "step": attempt(REVOKE, 1)},
    ),
    "an expired request whose step was skipped": _expired,
    "a step that ends in another way than verified needs no proof": change(
        "step.finished", outcome="accepted"
    ),
    "an intent settled by the holder that came after": _settled_by_the_next_holder,
    "events that are of no run": insert(
        "plan.computed", 0, {"event": "alert.received"}, {"event": "auth.login", "actor": HUMAN}
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_story_that_can_be(name: str) -> None:
    report = verify(chained(told(SOUND[name])))
    assert report.findings == ()
    assert report.verdict == "verified"


def test_a_run_that_still_goes_is_open_and_not_broken() -> None:
    records = contained()
    report = verify(chained(records[: at(records, "action.intent")]))
    assert report.verdict == "verified"
    assert report.runs_open == ("run-1",)
    assert report.intents_open == ()


@pytest.mark.parametrize("until", ["action.result", "action.reconciled"])
def test_an_open_run_with_an_open_intent_is_incomplete(until: str) -> None:
    records = contained()
    report = verify(chained(records[: at(records, until)]))
    assert (report.verdict, report.verified, report.problems) == ("incomplete", False, 0)
    assert report.intents_open == ({"action.result": "intent-1"}.get(until, "intent-2"),)


def test_runs_are_told_apart() -> None:
    one, two = contained(), contained("run-2")
    names = {"step-": "other-", "intent-": "second-", "approval-": "question-"}
    for record in two:
        for member in ("step", "approval"):
            if member in record:
                record[member] = record[member] | {"id": _renamed(record[member]["id"], names)}
        if "intent" in record:
            record["intent"] = _renamed(record["intent"], names)
        if "plan" in record:
            steps = [step | {"id": _renamed(step["id"], names)} for step in record["plan"]["steps"]]
            record["plan"] = record["plan"] | {"steps": steps}
    mixed = [record for pair in zip(one, two, strict=True) for record in pair]
    assert verify(chained(mixed)).findings == ()


def _renamed(identity: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        identity = identity.replace(old, new)
    return identity
