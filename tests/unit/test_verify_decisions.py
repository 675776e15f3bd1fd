"""Decisions: asked for, in time, by a person who may; and nothing is done without the one it needs."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from recorded import (
    ADDED,
    HUMAN,
    Broken,
    Records,
    approval,
    at,
    cannot_be,
    chained,
    change,
    drop,
    insert,
    move,
    put,
    told,
)

from ledger.verify import verify

BOB = {"type": "human", "sub": "user-2"}


def added(role: str, sub: str = "user-2") -> dict[str, Any]:
    return ADDED | {"user": {"id": sub, "role": role, "account_ids": []}, "run": None}


def changed(what: str, time: str | None = None) -> dict[str, Any]:
    record = {"event": "user.changed", "actor": HUMAN, "user": {"id": "user-1"}, "change": what}
    return record | ({"time": time} if time else {})


def _asked_again(records: Records) -> None:
    """What was denied is asked for once more, and approved."""
    change("approval.decided", **approval(decision="denied"))(records)
    again = [
        deepcopy(records[at(records, event)])
        for event in ("approval.requested", "approval.decided")
    ]
    for record in again:
        record["approval"]["id"] = "approval-2"
    again[1]["approval"]["decision"] = "approved"
    put(records, "step.started", 1, *again)


def _disabled_at(time: str) -> Callable[[Records], None]:
    def apply(records: Records) -> None:
        put(records, "approval.decided", 0, changed("disabled", "2026-11-22T07:10:00.000Z"))
        for record in records[at(records, "approval.decided") :]:
            record["time"] = time

    return apply


BROKEN: dict[str, Broken] = {
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
    "an approval not taken for a containment, of a run that contains": (
        insert(
            "approval.decided",
            0,
            {"event": "approval.refused", "actor": HUMAN, **approval(containment="run-2")},
        ),
        "approval.refused",
        0,
        "a containment stands against giving back, and its run is to contain",
    ),
    "a decision that is none": (
        change("approval.decided", **approval(decision="maybe")),
        "approval.decided",
        0,
        "its decision is neither approved nor denied: maybe",
    ),
    "an approval after its deadline": (
        change("approval.decided", time="2026-11-22T08:01:00.001Z"),
        "approval.decided",
        0,
        "the time to decide had ended at 2026-11-22T08:00:00.000Z",
    ),
    "a request without a deadline": (
        change("approval.requested", **approval()),
        "approval.requested",
        0,
        "its request says no deadline",
    ),
    "a request with a deadline that is no time": (
        change("approval.requested", **approval(deadline="tomorrow")),
        "approval.requested",
        0,
        "its request says no deadline",
    ),
    "a second request, after the first was denied": (
        _asked_again,
        "approval.requested",
        1,
        "people were asked about its run before",
    ),
    "an approval by somebody who was never added": (
        change("approval.decided", actor=BOB),
        "approval.decided",
        0,
        "no account of who decided was added before: user-2",
    ),
    "an approval by somebody who was added later": (
        lambda records: (
            change("approval.decided", actor=BOB)(records),
            put(records, "run.finished", 0, added("admin")),
        ),
        "approval.decided",
        0,
        "no account of who decided was added before: user-2",
    ),
    "an approval by somebody who may only look": (
        lambda records: (
            change("approval.decided", actor=BOB)(records),
            put(records, "approval.requested", 0, added("responder")),
        ),
        "approval.decided",
        0,
        "whoever decided has the role responder and may not",
    ),
    "an approval through an account that was disabled": (
        _disabled_at("2026-11-22T07:11:00.001Z"),
        "approval.decided",
        0,
        "the account of who decided had been disabled before",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_decision_that_cannot_be(name: str) -> None:
    cannot_be(BROKEN[name])


def test_what_was_decided_too_late_lets_nothing_through() -> None:
    records = told(change("approval.decided", time="2026-11-22T09:00:00.000Z"))
    whys = [finding.why for finding in verify(chained(records)).findings]
    assert whys[1].endswith("step disable needs approval, and no person had approved this plan")


SOUND: dict[str, Callable[[Records], object]] = {
    # the record is written a little after the decision was taken
    "a decision at the last moment": change("approval.decided", time="2026-11-22T08:00:59.000Z"),
    "a decision by an administrator": lambda records: (
        change("approval.decided", actor=BOB)(records),
        put(records, "approval.requested", 0, added("admin")),
    ),
    "a decision that was on its way when the account was disabled": _disabled_at(
        "2026-11-22T07:10:59.000Z"
    ),
    "a decision through an account that was disabled and enabled again": insert(
        "run.created", 0, changed("disabled"), changed("enabled")
    ),
    "a decision after a new password": insert("run.created", 0, changed("password")),
    "a decider who is disabled after it": insert("run.finished", 0, changed("disabled")),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_decision_that_can_be(name: str) -> None:
    report = verify(chained(told(SOUND[name])))
    assert report.findings == ()
    assert report.verdict == "verified"


def test_who_decides_in_a_log_without_accounts_may_not() -> None:
    report = verify(chained(told(drop("user.added"))))
    assert not report.verified
    assert report.first_bad is not None
    assert "no account of who decided was added before" in str(report.findings[0])
