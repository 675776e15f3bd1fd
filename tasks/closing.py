"""Ending a run: its status, what stays usable, and the report to people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from connectors.action import Outcome
from ledger import notices, runs, steps
from playbooks import exposure
from playbooks.exposure import EndedStep
from playbooks.schema import Aim
from tasks import messages
from tasks.service import Rings, Service
from tasks.systems import SPECS


def close_if_ended(connection: Connection, service: Service, run_id: str) -> Rings:
    """Close a run all of whose steps have ended, inside the caller's commit.

    One that waits for nothing but the time to put something back makes room for another.
    """
    rows = steps.of_run(connection, run_id)
    left = [row for row in rows if row.state != "done"]
    if left:
        if all(row.state == "ready" and row.delay_s for row in left):
            runs.make_room(connection, run_id)
        return Rings()
    run = runs.get(connection, run_id)
    if run is None or run.state == "done":
        return Rings()
    ended = [_ended(row, run) for row in rows if row.action in SPECS]
    unreached = run.person.get("unreached", [])
    accounts = [account["system"] for account in run.person["accounts"]]
    status = exposure.status_of(run.mode, ended, unreached, accounts, run.aim)
    # what stays usable is what a run against a thief has to tell
    open_still = (
        []
        if run.aim in (Aim.UNDO, Aim.REISSUE)
        else exposure.summarise(run.mode, ended, unreached, accounts)
    )
    if not runs.close(connection, service.audit, run_id, status=status, exposure=open_still):
        return Rings()
    title, body = messages.run_finished(service.settings, run, status, rows, open_still)
    notice = notices.add(connection, kind="run_finished", title=title, body=body, run_id=run_id)
    return Rings(notices=(notice,))


def _ended(row: Row[Any], run: Row[Any]) -> EndedStep:
    plan = {step["node"]: step for step in run.plan["steps"]}.get(row.node, {})
    unstarted = row.started_at is None
    return EndedStep(
        spec=SPECS[row.action],
        outcome=Outcome(row.outcome),
        reason=row.reason,
        proof=row.proof,
        planned=not plan.get("skipped"),
        undoes=row.undoes is not None,
        unapproved=row.approval in ("expired", "superseded"),
        blocked=row.outcome == Outcome.SKIPPED and (unstarted or bool(row.lacks)),
        moot=bool(plan.get("follows")) and unstarted,
    )
