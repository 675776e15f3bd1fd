"""The story: logs whose chain is whole and that tell what cannot have happened properly."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from recorded import DISABLE, HUMAN, PLAN, REVOKE, at, attempt, chained, contained, intent, result

from ledger.verify import verify

Records = list[dict[str, Any]]

PAUSED = {"event": "control.paused", "actor": HUMAN}
RESUMED = {"event": "control.resumed", "actor": HUMAN}


def told(change: Callable[[Records], object]) -> Records:
    records = deepcopy(contained())
    change(records)
    return records


def take(records: Records, event: str, which: int = 0) -> dict[str, Any]:
    return records.pop(at(records, event, which))


def put(records: Records, before: str, which: int, *new: dict[str, Any]) -> None:
    place = at(records, before, which)
    records[place:place] = [{"run": "run-1"} | record for record in new]


def change(event: str, which: int = 0, **values: Any) -> Callable[[Records], None]:
    def apply(records: Records) -> None:
        records[at(records, event, which)].update(values)

    return apply


def move(event: str, which: int, before: str, before_which: int) -> Callable[[Records], None]:
    def apply(records: Records) -> None:
        record = take(records, event, which)
        put(records, before, before_which, record)

    return apply


def drop(event: str, which: int = 0) -> Callable[[Records], object]:
    return lambda records: take(records, event, which)


def insert(before: str, which: int, *new: dict[str, Any]) -> Callable[[Records], None]:
    return lambda records: put(records, before, which, *new)


def approval(**values: Any) -> dict[str, Any]:
    return {"approval": {"id": "approval-1", "plan_hash": PLAN} | values}


BROKEN: dict[str, tuple[Callable[[Records], object], str, int, str]] = {
    # name: (what is changed, the event and which of them is named, why)
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
    "an intent before its approval": (
        move("approval.decided", 0, "run.finished", 0),
        "action.intent",
        1,
        "step disable needs approval, and no person had approved this plan",
    ),
    "an intent that was denied": (
        change("approval.decided", **approval(decision="denied")),
        "action.intent",
        1,
        "step disable needs approval, and no person had approved this plan",
    ),
    "an approval by a machine": (
        change("approval.decided", actor={"type": "service", "sub": "worker"}),
        "approval.decided",
        0,
        "it was decided by no person",
    ),
    "an approval by nobody": (
        change("approval.decided", actor=None),
        "approval.decided",
        0,
        "it was decided by no person",
    ),
    "an approval of another plan": (
        change("approval.decided", **approval(decision="approved", plan_hash="sha256:b")),
        "approval.decided",
        0,
        "nobody was asked this before: no request has its id and plan hash",
    ),
    "an approval nobody asked for": (
        drop("approval.requested"),
        "approval.decided",
        0,
        "nobody was asked this before: no request has its id and plan hash",
    ),
    "an approval after it was denied": (
        insert(
            "approval.decided",
            0,
            {"event": "approval.decided", "actor": HUMAN, **approval(decision="denied")},
        ),
        "approval.decided",
        1,
        "request approval-1 was decided, or had expired, before",
    ),
    "an approval after it expired": (
        insert("approval.decided", 0, {"event": "approval.expired", **approval()}),
        "approval.decided",
        0,
        "request approval-1 was decided, or had expired, before",
    ),
    "a decision that is none": (
        change("approval.decided", **approval(decision="maybe")),
        "approval.decided",
        0,
        "its decision is neither approved nor denied: maybe",
    ),
    "an approval of a plan that was replaced": (
        lambda records: put(
            records,
            "step.started",
            1,
            deepcopy(records[1]) | {"plan": records[1]["plan"] | {"hash": "sha256:b"}},
        ),
        "action.intent",
        1,
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
    "verified by nothing": (
        drop("verify.result"),
        "step.finished",
        0,
        "step revoke ends as verified, and nothing was verified before",
    ),
    "verified by a check that failed": (
        change("verify.result", outcome="failed"),
        "step.finished",
        0,
        "step revoke ends as verified, and nothing was verified before",
    ),
    "verified by a check that came later": (
        move("verify.result", 0, "approval.decided", 0),
        "step.finished",
        0,
        "step revoke ends as verified, and nothing was verified before",
    ),
    "a step that ends twice": (
        lambda records: put(records, "approval.decided", 0, records[at(records, "step.finished")]),
        "step.finished",
        1,
        "step revoke had finished before",
    ),
    "a run that ends before a step": (
        drop("step.finished"),
        "run.finished",
        0,
        "its run ends, and step revoke has not finished",
    ),
    "a run that ends twice": (
        lambda records: records.append(records[-1]),
        "run.finished",
        1,
        "run run-1 had finished before",
    ),
    "a run that is created twice": (
        insert("plan.computed", 0, contained()[0]),
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
    "a plan without a hash": (
        lambda records: records[1]["plan"].pop("hash"),
        "plan.computed",
        0,
        "its plan has no hash",
    ),
    "a plan that does not say what needs approval": (
        lambda records: records[1]["plan"]["steps"][1].pop("approval"),
        "plan.computed",
        0,
        "a step of its plan has no id of its own, or does not say if it needs approval",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_story_that_cannot_be(name: str) -> None:
    mutate, event, which, why = BROKEN[name]
    records = told(mutate)
    report = verify(chained(records))
    assert report.verdict == "broken"
    assert report.first_bad
    assert (report.first_bad.seq, report.first_bad.what) == (at(records, event, which), "story")
    assert report.first_bad.why == f"{event}: {why}"


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


def _replanned(records: Records) -> None:
    again = deepcopy(records[1])
    again["plan"]["hash"] = "sha256:b"
    asked = {"id": "approval-2", "plan_hash": "sha256:b"}
    put(
        records,
        "step.started",
        1,
        again,
        {"event": "approval.requested", "approval": asked},
        {"event": "approval.decided", "approval": asked | {"decision": "approved"}, "actor": HUMAN},
    )
    change("action.intent", 1, plan_hash="sha256:b")(records)


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
    "a new plan that was approved": _replanned,
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
    assert report.verified
    assert report.verdict == "incomplete"
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
