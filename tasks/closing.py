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
#: The message that a timed step of such a run has found, changed or failed in something.
_SINCE = "run_since"


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
    told = [each for each in notices.of_run(connection, run_id) if each.kind in (_TOLD, _SINCE)]
    why = _why(connection, run)
    if not told:
        title, body = messages.run_finished(service.settings, run, status, rows, open_still, why)
    else:
        late = _late(rows, told)
        if not late and status == run.status:
            return Rings()
        title, body = messages.run_finished_late(service.settings, run, status, late)
    notice = notices.add(connection, kind="run_finished", title=title, body=body, run_id=run_id)
    return Rings(notices=(notice,))


def _watch(
    connection: Connection, service: Service, run: Row[Any], rows: Sequence[Row[Any]]
) -> Rings:
    """Tell people of a run of which only timed steps are left."""
    if run.state == "restoring" and run.status:
        return _since_then(connection, service, run, rows)
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


def _since_then(
    connection: Connection, service: Service, run: Row[Any], rows: Sequence[Row[Any]]
) -> Rings:
    """Tell people at once of a timed step that has found, changed or failed in something."""
    told = [each for each in notices.of_run(connection, run.id) if each.kind in (_TOLD, _SINCE)]
    late = _late(rows, told)
    if not late:
        return Rings()
    title, body = messages.run_finished_late(service.settings, run, run.status, late)
    notice = notices.add(connection, kind=_SINCE, title=title, body=body, run_id=run.id)
    return Rings(notices=(notice,))


def _late(rows: Sequence[Row[Any]], told: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the steps worth a message that ended after the last one."""
    last = max((each.created_at for each in told), default=0)
    ended = (row for row in rows if row.state == "done")
    return [row for row in ended if row.finished_at > last and _worth(row)]


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
    """Tell whether a timed step's end is worth a message: it found, changed or lacked something.

    One that leaves something to do has found something, too.
    """
    nothing = ("observed", "already", "skipped")
    return row.outcome not in nothing or bool(row.lacks) or bool(row.instructions)


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
