"""Audit logs made by hand: what a run leaves behind, and a chain over any records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import rfc8785

from ledger.verify import leaf_hash

GENESIS = "sha256:" + "0" * 64
PLAN = "sha256:" + "a" * 64

REVOKE = {"id": "step-revoke", "node": "revoke"}
DISABLE = {"id": "step-disable", "node": "disable"}
HUMAN = {"type": "human", "sub": "user-1"}
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


def contained(run: str = "run-1") -> list[dict[str, Any]]:
    """One run: a step that goes at once, and one whose outcome was unknown and that was approved."""
    approval = {"id": "approval-1", "plan_hash": PLAN}
    steps = [
        REVOKE | {"action": "entra.revoke", "system": "entra", "impact": "low", "approval": False},
        DISABLE
        | {"action": "entra.disable", "system": "entra", "impact": "high", "approval": True},
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
            "action": "entra.revoke",
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
            "action": "entra.disable",
            "outcome": "verified",
        },
        {"event": "run.finished", "status": "contained"},
    ]
    return [record | {"run": run} for record in story]


def at(records: list[dict[str, Any]], event: str, which: int = 0) -> int:
    """Return where the ``which``-th record of an event stands."""
    return [i for i, record in enumerate(records) if record["event"] == event][which]
