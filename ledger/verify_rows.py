"""Whether the tables still say what the audit log told: of deliveries, runs, steps and decisions.

People act on the tables, and the log vouches for them: whoever can write the database can change a row
and leave the log as it is. A row and the record that tells of it are written in one commit, so within
one snapshot they agree, whatever is running meanwhile.

What is gone is told of runs, steps and requests. An alert and its bytes may have been erased for the
sake of the people they name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, cast, select

from ledger import tables
from ledger.story_facts import Record, text
from ledger.told_runs import Place, Run, told_of
from ledger.verify import Verifier

_PAGE = 200

_run, _alert, _body = tables.run, tables.alert, tables.delivery_body

#: The columns of a run, and the members of ``run.created`` that they are.
_CREATED = {
    "tenant": "tenant",
    "person_key": "person",
    "playbook": "playbook",
    "playbook_hash": "playbook_hash",
    "mode": "mode",
    "requested_by": "requested_by",
    "alert_id": "alert",
}

#: The columns of a step that its plan tells.
_PLANNED = ("node", "action", "system", "impact")

#: What is compared: its name, what stands in the table, what the log told.
_Pair = tuple[str, object, object]


def check_told(verifier: Verifier, connection: Connection, told: Mapping[Place, Record]) -> None:
    """Check what some records of the log tell of rows by themselves.

    That is: the bytes of a delivery are those that arrived, and a run that was created is there.
    """
    arrived = _by_id(told, "alert.received", "alert")
    known = select(_alert.c.id, _alert.c.body_sha256).where(_alert.c.id.in_(list(arrived)))
    for row in connection.execute(known):
        at, record = arrived[row.id]
        digest = text(record, "body_sha256").removeprefix("sha256:")
        if row.body_sha256 != digest:
            why = f"alert {row.id} points at other bytes than those that arrived"
            verifier.fault("rows", why, at)
        elif not _is_whole(connection, digest):
            why = f"the bytes of alert {row.id} are not those that arrived (SHA-256)"
            verifier.fault("rows", why, at)
    created = _by_id(told, "run.created", "run")
    there = connection.execute(select(_run.c.id).where(_run.c.id.in_(list(created)))).scalars()
    for run_id in sorted(created.keys() - set(there)):
        verifier.fault("rows", f"run {run_id} is not in the table any more", created[run_id][0])


def check_runs(verifier: Verifier, connection: Connection) -> None:
    """Check each run of the table, its steps and its requests against what the log told of them."""
    columns = [_run.c[name] for name in ("id", "plan_hash", "state", "status", *_CREATED)]
    query = select(*columns).order_by(_run.c.id).limit(_PAGE)
    page = connection.execute(query).all()
    while page:
        told = told_of(connection, [run.id for run in page])
        for run in page:
            if run.id in told:
                _compare(verifier, run, told[run.id])
            else:
                _untold(verifier, f"run {run.id}")
        page = connection.execute(query.where(_run.c.id > page[-1].id)).all()


def _compare(verifier: Verifier, run: Row[Any], told: Run) -> None:
    finished, status = told.finished or told.watched or (told.at, "")
    named = f"run {run.id}"
    _differs(verifier, told.at, named, [
        *((column, run._mapping[column], told.created.get(member)) for column, member in _CREATED.items()),
        ("plan_hash", run.plan_hash, told.plan_hash),
    ])  # fmt: skip
    _differs(verifier, finished, named, [
        ("status", run.status, status),
        ("state", _ended(run.state), _ended("done" if told.finished else "")),
    ])  # fmt: skip
    asked = next((request.state for request in told.requests.values()), "pending")
    for step in told.steps:
        _compare_step(verifier, step, told, asked)
    for step_id in sorted(told.planned.keys() - {step.id for step in told.steps}):
        verifier.fault("rows", f"{named} has lost its step {step_id}", told.at)
    for approval in told.approvals:
        _compare_approval(verifier, approval, told)
    for approval_id in sorted(told.requests.keys() - {each.id for each in told.approvals}):
        at = told.requests[approval_id].at
        verifier.fault("rows", f"{named} has lost its request {approval_id}", at)


def _compare_step(verifier: Verifier, step: Row[Any], told: Run, asked: str) -> None:
    planned = told.planned.get(step.id)
    named = f"step {step.node} ({step.id}) of run {step.run_id}"
    if planned is None:
        _untold(verifier, named)
        return
    at, outcome = told.ended.get(step.id, (told.at, None))
    pairs: list[_Pair] = [(name, step._mapping[name], planned.get(name)) for name in _PLANNED]
    pairs += [
        ("outcome", step.outcome, outcome),
        ("state", _ended(step.state), _ended("done" if outcome else "")),
    ]
    if outcome is None:  # what an ended step had waited for means nothing any more
        pairs.append(("approval", step.approval, asked if planned.get("approval") else "none"))
    _differs(verifier, at, named, pairs)


def _compare_approval(verifier: Verifier, approval: Row[Any], told: Run) -> None:
    request = told.requests.get(approval.id)
    named = f"request {approval.id} of run {approval.run_id}"
    if request is None:
        _untold(verifier, named)
        return
    pairs: list[_Pair] = [
        ("state", approval.state, request.state),
        ("plan_hash", approval.plan_hash, request.plan_hash),
    ]
    decided = request.state in ("approved", "denied")
    for column, name in (("decided_by", "name"), ("reason", "reason")):
        if not decided:
            pairs.append((column, approval._mapping[column] or "", ""))
        elif name in request.private and approval._mapping[column] != request.private[name]:
            # not quoted: a report may go further than names and reasons should
            why = f"{named}: its {column} is not the one the log sealed"
            verifier.fault("rows", why, request.at)
    _differs(verifier, request.at, named, pairs)


def _differs(verifier: Verifier, at: Place, named: str, pairs: Sequence[_Pair]) -> None:
    """Report the first thing in which a row differs from what was told, if any does."""
    for name, stands, told in pairs:
        if stands != told:
            why = f"{named}: its {name} is {_shown(stands)}, and the log told {_shown(told)}"
            verifier.fault("rows", why, at)
            return


def _untold(verifier: Verifier, named: str) -> None:
    why = f"{named} is in the table, and the log never told of it"
    verifier.fault("rows", why, (verifier.here[0] + 1, None))


def _is_whole(connection: Connection, digest: str) -> bool:
    """Tell whether the bytes kept under a digest have it. Those that were erased are no others."""
    kept = connection.execute(
        select(cast(_body.c.bytes, LargeBinary)).where(_body.c.sha256 == digest)
    ).scalar_one_or_none()
    return kept is None or hashlib.sha256(kept).hexdigest() == digest


def _by_id(
    told: Mapping[Place, Record], event: str, member: str
) -> dict[str, tuple[Place, Record]]:
    return {
        text(record, member): (at, record)
        for at, record in told.items()
        if text(record, "event") == event
    }


def _ended(state: object) -> str:
    return "ended" if state == "done" else "open"


def _shown(value: object) -> str:
    return "none" if value in (None, "") else str(value)
