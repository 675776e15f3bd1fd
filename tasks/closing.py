"""Ending a run: its status, what stays usable, and the report to people.

A run that only waits for its timed steps has done what it is for: people are told then, and again at its
end only where the timed steps have found or changed something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from config.settings import OWN_SOURCE
from connectors.action import Outcome
from ledger import alerts, notices, runs, steps, timers
from playbooks import exposure
from playbooks.exposure import EndedStep
from playbooks.schema import Aim
from tasks import messages
from tasks.service import Rings, Service
from tasks.systems import SPECS

#: The message that a run only waits for its timed steps.
_TOLD = "run_watched"


def close_if_ended(connection: Connection, service: Service, run_id: str) -> Rings:
    """Close a run all of whose steps have ended, inside the caller's commit.

    One that waits for nothing but time makes room for another, and people are told how far it is.
    """
    rows = steps.of_run(connection, run_id)
    left = [row for row in rows if row.state != "done"]
    if left and not any(map(timers.waits, left)):
        return Rings()
    run = runs.get(connection, run_id)
    if run is None or run.state == "done":
        return Rings()
    if left:
        return _watch(connection, service, run, rows)
    status, open_still = _result(run, rows)
    if not runs.close(connection, service.audit, run_id, status=status, exposure=open_still):
        return Rings()
    told = [each for each in notices.of_run(connection, run_id) if each.kind == _TOLD]
    why = _why(connection, run)
    if not told:
        title, body = messages.run_finished(service.settings, run, status, rows, open_still, why)
    else:
        late = [row for row in rows if row.finished_at > told[0].created_at and _worth(row)]
        if not late and status == run.status:
            return Rings()
        title, body = messages.run_finished_late(service.settings, run, status, late)
    notice = notices.add(connection, kind="run_finished", title=title, body=body, run_id=run_id)
    return Rings(notices=(notice,))


def _watch(
    connection: Connection, service: Service, run: Row[Any], rows: Sequence[Row[Any]]
) -> Rings:
    """Tell people of a run of which only timed steps are left."""
    left = timers.of_run(connection, rows) if run.state in ("running", "beside") else None
    if left is None:
        return Rings()
    ended = [row for row in rows if row.state == "done"]
    status, open_still = _result(run, ended)
    if not runs.watch(
        connection, service.audit, run.id, status=status, exposure=open_still, until=left.until
    ):
        return Rings()
    why = _why(connection, run)
    title, body = messages.run_finished(service.settings, run, status, ended, open_still, why, left)
    notice = notices.add(connection, kind=_TOLD, title=title, body=body, run_id=run.id)
    return Rings(notices=(notice,))


def _result(run: Row[Any], rows: Sequence[Row[Any]]) -> tuple[str, list[dict[str, str]]]:
    """Return the status that these ended steps make of a run, and what stays usable."""
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
    return status, open_still


def _why(connection: Connection, run: Row[Any]) -> str:
    """Return what a run follows from that was opened by our own reading; empty for any other."""
    if run.requested_by != f"source:{OWN_SOURCE}" or run.alert_id is None:
        return ""
    opened_by = alerts.beginning(connection, run.alert_id)
    said = opened_by[0].parsed if opened_by else None
    return f"{said['title']}: {said['why']}" if said else ""


def _worth(row: Row[Any]) -> bool:
    """Tell whether a timed step's end is worth a message: it found, changed or lacked something."""
    nothing = ("observed", "already", "skipped")
    return row.outcome not in nothing or bool(row.lacks)


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
