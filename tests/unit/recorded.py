"""Audit logs made by hand: what a run leaves behind, and a chain over any records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import rfc8785

from ledger.verify import verify
from ledger.written import leaf_hash

Records = list[dict[str, Any]]
#: What is changed, the event and which of them is named, and why.
Broken = tuple[Callable[[Records], object], str, int, str]

GENESIS = "sha256:" + "0" * 64
PLAN = "sha256:" + "a" * 64

REVOKE = {"id": "step-revoke", "node": "revoke"}
DISABLE = {"id": "step-disable", "node": "disable"}
HUMAN = {"type": "human", "sub": "user-1"}
ADDED = {
    "event": "user.added",
    "actor": {"type": "human", "sub": "cli:alex"},
    "user": {"id": "user-1", "role": "approver", "account_ids": []},
}
REQUEST = {
    "system": "entra",
    "tenant": "contoso",
    "method": "POST",
    "path": "/users/{id}/revokeSignInSessions",
    "params": {"id": "u-1"},
}


def chained(records: Iterable[dict[str, Any]], log: str = "test") -> list[bytes]:
    """Give records their common members and chain them; what a record has already is kept."""
    lines: list[bytes] = []
    prev = GENESIS
    for seq, record in enumerate(records):
        time = f"2026-11-22T07:{seq // 60:02d}:{seq % 60:02d}.000Z"
        common = {"v": 1, "log": log, "seq": seq, "prev": prev, "id": f"id-{seq}", "time": time}
        line = rfc8785.dumps(common | record)
        prev = leaf_hash(line)
        lines.append(line + b"\n")
    return lines


def attempt(step: dict[str, Any], number: int = 1) -> dict[str, Any]:
    return step | {"attempt": number, "fence": number}


def intent(step: dict[str, Any], name: str, **other: Any) -> dict[str, Any]:
    record = {
        "event": "action.intent",
        "run": "run-1",
        "step": attempt(step),
        "intent": name,
        "plan_hash": PLAN,
        "request": REQUEST,
    }
    return record | other


def result(step: dict[str, Any], name: str, word: str = "answered", **other: Any) -> dict[str, Any]:
    record = {
        "event": "action.result",
        "run": "run-1",
        "step": attempt(step),
        "intent": name,
        "result": word,
    }
    return record | other


def planned(step: dict[str, Any], action: str, *, approval: bool = False) -> dict[str, Any]:
    """Return a step as ``plan.computed`` lists it."""
    impact = "high" if approval else "low"
    system = action.partition(".")[0]
    return step | {"action": action, "system": system, "impact": impact, "approval": approval}


def contained(run: str = "run-1") -> list[dict[str, Any]]:
    """One run: a step that goes at once, and one whose outcome was unknown and that was approved.

    Before it the account of the person who approves is added.
    """
    approval = {"id": "approval-1", "plan_hash": PLAN}
    steps = [
        planned(REVOKE, "entra.revoke_sessions"),
        planned(DISABLE, "entra.disable_user", approval=True),
    ]
    proof = {"check": "sessions", "expected": "after", "observed": "after", "outcome": "verified"}
    story: list[dict[str, Any]] = [
        {
            "event": "run.created",
            "tenant": "contoso",
            "playbook": "cm0080",
            "playbook_hash": PLAN,
            "mode": "auto",
            "requested_by": "alert",
        },
        {"event": "plan.computed", "plan": {"hash": PLAN, "steps": steps}},
        {
            "event": "approval.requested",
            "approval": approval | {"deadline": "2026-11-22T08:00:00.000Z"},
        },
        {"event": "step.started", "step": attempt(REVOKE)},
        {"event": "step.observed", "step": attempt(REVOKE), "satisfied": False},
        intent(REVOKE, "intent-1"),
        result(REVOKE, "intent-1", response={"status": 200, "request_id": "r-1"}),
        {"event": "verify.result", "step": attempt(REVOKE), **proof},
        {
            "event": "step.finished",
            "step": REVOKE,
            "action": "entra.revoke_sessions",
            "outcome": "verified",
        },
        {
            "event": "approval.decided",
            "approval": approval | {"decision": "approved"},
            "actor": HUMAN,
        },
        {"event": "step.started", "step": attempt(DISABLE)},
        intent(DISABLE, "intent-2"),
        result(DISABLE, "intent-2", "unknown", error={"class": "UnknownOutcome"}),
        {
            "event": "action.reconciled",
            "step": attempt(DISABLE),
            "intent": "intent-2",
            "finding": "accountEnabled is false",
        },
        {"event": "verify.result", "step": attempt(DISABLE), **proof},
        {
            "event": "step.finished",
            "step": DISABLE,
            "action": "entra.disable_user",
            "outcome": "verified",
        },
        {"event": "run.finished", "status": "contained"},
    ]
    return [ADDED, *(record | {"run": run} for record in story)]


def at(records: list[dict[str, Any]], event: str, which: int = 0) -> int:
    """Return where the ``which``-th record of an event stands."""
    return [i for i, record in enumerate(records) if record["event"] == event][which]


def told(mutate: Callable[[Records], object]) -> Records:
    """Return the records of ``contained``, with a change made to them."""
    records = deepcopy(contained())
    mutate(records)
    return records


def cannot_be(broken: Broken) -> None:
    """See that a changed story is broken, first at the record that is named, and why."""
    mutate, event, which, why = broken
    records = told(mutate)
    report = verify(chained(records))
    assert report.verdict == "broken"
    assert report.first_bad
    assert report.first_bad.why == f"{event}: {why}"
    assert (report.first_bad.seq, report.first_bad.what) == (at(records, event, which), "story")


def take(records: Records, event: str, which: int = 0) -> dict[str, Any]:
    """Take a record out, and return it."""
    return records.pop(at(records, event, which))


def put(records: Records, before: str, which: int, *new: dict[str, Any]) -> None:
    """Put records of run-1 in before a record."""
    place = at(records, before, which)
    records[place:place] = [{"run": "run-1"} | record for record in new]


def change(event: str, which: int = 0, **values: Any) -> Callable[[Records], None]:
    """Give a record other members."""

    def apply(records: Records) -> None:
        records[at(records, event, which)].update(values)

    return apply


def move(event: str, which: int, before: str, before_which: int) -> Callable[[Records], None]:
    """Put a record somewhere else."""

    def apply(records: Records) -> None:
        record = take(records, event, which)
        put(records, before, before_which, record)

    return apply


def drop(event: str, which: int = 0) -> Callable[[Records], object]:
    """Take a record out."""
    return lambda records: take(records, event, which)


def insert(before: str, which: int, *new: dict[str, Any]) -> Callable[[Records], None]:
    """Put records of run-1 in before a record."""
    return lambda records: put(records, before, which, *new)


def approval(**values: Any) -> dict[str, Any]:
    """Name the request of ``contained``."""
    return {"approval": {"id": "approval-1", "plan_hash": PLAN} | values}
