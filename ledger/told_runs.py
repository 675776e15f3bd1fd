"""What the audit log told of some runs, with the rows that ought to say the same.

A log that tells an end twice is wrong in itself; here the last counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, cast, select

from ledger import tables
from ledger.story_facts import Record, part, text
from ledger.written import read

_step, _approval, _audit, _private = (
    tables.step, tables.approval, tables.audit, tables.audit_private,
)  # fmt: skip

#: What becomes of a request, by the record that tells it; a decision says so itself.
_BECOMES = {
    "approval.requested": "pending",
    "approval.expired": "expired",
    "approval.superseded": "superseded",
}
_TELLING = (
    "run.created", "plan.computed", "step.finished", "run.watched", "run.finished",
    "approval.decided", *_BECOMES,
)  # fmt: skip
#: The columns of a step that are compared.
_STEP = ("id", "run_id", "node", "action", "system", "impact", "approval", "state", "outcome")

#: Number and id of a record.
Place = tuple[int, str | None]


@dataclass(slots=True)
class Request:
    """What the log told of a request. ``private`` has what was sealed with its decision and is kept."""

    at: Place = (0, None)
    plan_hash: str = ""
    state: str = ""
    private: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """What the log told of a run, and its rows.

    ``planned`` and ``ended`` are by a step's id, ``requests`` by their own; ``finished`` has the
    run's status, ``watched`` the one it had when only timed steps were left.
    """

    at: Place
    created: Record
    plan_hash: str = ""
    planned: dict[str, Record] = field(default_factory=dict)
    ended: dict[str, tuple[Place, str]] = field(default_factory=dict)
    watched: tuple[Place, str] | None = None
    finished: tuple[Place, str] | None = None
    requests: dict[str, Request] = field(default_factory=dict)
    steps: list[Row[Any]] = field(default_factory=list)
    approvals: list[Row[Any]] = field(default_factory=list)

    def take(self, at: Place, record: Record) -> None:
        """Take the next record of the run after the first."""
        event = text(record, "event")
        if event == "plan.computed":
            plan = part(record, "plan")
            listed = plan.get("steps")
            entries = listed if isinstance(listed, list) else []
            self.plan_hash = text(plan, "hash")
            self.planned = {text(each, "id"): each for each in entries if isinstance(each, dict)}
        elif event == "step.finished":
            self.ended[text(part(record, "step"), "id")] = at, text(record, "outcome")
        elif event == "run.watched":
            self.watched = at, text(record, "status")
        elif event == "run.finished":
            self.finished = at, text(record, "status")
        else:
            asked = part(record, "approval")
            state = _BECOMES.get(event) or text(asked, "decision")
            self.requests[text(asked, "id")] = Request(at, text(asked, "plan_hash"), state)


def told_of(connection: Connection, runs: Sequence[str]) -> dict[str, Run]:
    """Return by id what the log told of ``runs``; one it never told of is missing."""
    told: dict[str, Run] = {}
    records = (
        select(_audit.c.seq, cast(_audit.c.record, LargeBinary).label("record"))
        .where(_audit.c.run_id.in_(runs), _audit.c.event.in_(_TELLING))
        .order_by(_audit.c.seq)
    )
    for row in connection.execute(records):
        record = _record(row.record)
        seq = row.seq if isinstance(row.seq, int) else 0  # a forged one is reported with the log
        at, run_id = (seq, text(record, "id") or None), text(record, "run")
        if text(record, "event") == "run.created":
            told.setdefault(run_id, Run(at, record))
        elif run_id in told:
            told[run_id].take(at, record)
    _add_private(connection, told)
    columns = [_step.c[name] for name in _STEP]
    for step in connection.execute(select(*columns).where(_step.c.run_id.in_(list(told)))):
        told[step.run_id].steps.append(step)
    for approval in connection.execute(select(_approval).where(_approval.c.run_id.in_(list(told)))):
        told[approval.run_id].approvals.append(approval)
    return told


def _add_private(connection: Connection, told: Mapping[str, Run]) -> None:
    decisions = {
        request.at[1]: request
        for run in told.values()
        for request in run.requests.values()
        if request.state in ("approved", "denied") and request.at[1]
    }
    kept = select(_private).where(_private.c.record_id.in_(list(decisions)))
    for value in connection.execute(kept):
        decisions[value.record_id].private[value.name] = value.value


def _record(written: bytes) -> Record:
    try:
        record, _ = read(written)
    except (ValueError, RecursionError):
        return {}  # reported with the log
    return record if isinstance(record, dict) else {}
