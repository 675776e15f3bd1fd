"""What the pages show, read from the database in one transaction each. Reading changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from connectors import evidence
from connectors.evidence import Story
from ledger import alerts, approvals, control, notices, runs, steps, tables, timers
from ledger.database import now_ms
from ledger.timers import Timers
from tasks import reissuing
from tasks.reissuing import Containment
from web.console import outcomes, people, plan, telling
from web.console.outcomes import Label
from web.console.people import Target
from web.console.plan import StepView

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LATEST = 30
_MOST_WAITING = 100
_ASIDE_SHOWN = 3


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with all that belongs to it. ``alert`` is what the detector said, in our words.

    ``alerts`` are all that opened or joined it, with their rows, ``against`` the containment for which it
    cannot be approved now; read while it can be decided.
    ``confirmed`` counts by source the alerts that told of what it has done; ``found`` is the evidence of its
    traces and watches, each with the system it read.
    """

    row: Row[Any]
    alert_row: Row[Any] | None
    alert: Mapping[str, Any]
    alerts: tuple[tuple[Row[Any], Mapping[str, Any]], ...]
    target: Target
    steps: tuple[StepView, ...]
    approval: Row[Any] | None
    notices: Sequence[Row[Any]]
    paused: Mapping[str, Any] | None
    now: int
    left: Timers | None = None
    against: Containment | None = None
    confirmed: Mapping[str, int] = field(default_factory=dict)
    found: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    @property
    def story(self) -> Story:
        """What its traces and watches have found."""
        return evidence.story(self.found)

    @property
    def open_steps(self) -> tuple[StepView, ...]:
        """What has not begun."""
        return tuple(step for step in self.steps if step.sort == "open")

    @property
    def begun_steps(self) -> tuple[StepView, ...]:
        """What is under way or done."""
        return tuple(step for step in self.steps if step.sort == "begun")

    @property
    def left_out(self) -> tuple[StepView, ...]:
        """What will not be done."""
        return tuple(step for step in self.steps if step.sort == "left_out")

    @property
    def asked(self) -> tuple[StepView, ...]:
        """What waits for the decision."""
        return tuple(step for step in self.steps if step.asks)

    @property
    def said(self) -> tuple[Mapping[str, Any], ...]:
        """What all alerts about it say."""
        return (self.alert, *(parsed for _, parsed in self.alerts))

    @property
    def joined(self) -> tuple[tuple[Row[Any], Mapping[str, Any]], ...]:
        """The alerts that came besides the one it was opened for."""
        return tuple(each for each in self.alerts if each[0].id != self.row.alert_id)

    @property
    def waits(self) -> bool:
        """Whether a person may still decide."""
        approval = self.approval
        return approval is not None and approval.state == "pending" and approval.deadline > self.now

    @property
    def untold(self) -> str:
        """How badly people were told that this waits for them, in words; empty where they were."""
        asked = self.approval.id if self.approval is not None else ""
        return telling.untold(
            (each for each in self.notices if each.approval_id == asked), self.now
        )


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run as a line of a list."""

    row: Row[Any]
    title: str
    target: Target
    label: Label


@dataclass(frozen=True, slots=True)
class InboxView:
    """What waits, the most urgent first, and the newest runs.

    ``more`` requests wait beyond those shown; ``set_aside`` counts the alerts in quarantine,
    ``aside`` are the newest of them with their titles.
    """

    waiting: tuple[RunView, ...]
    more: int
    latest: tuple[RunLine, ...]
    set_aside: int
    aside: tuple[tuple[Row[Any], str], ...]
    paused: Mapping[str, Any] | None
    now: int


def inbox(connection: Connection) -> InboxView:
    """Read the inbox."""
    now, paused = now_ms(connection), control.paused(connection)
    pending = [each for each in approvals.pending(connection) if each.deadline > now]
    shown = pending[:_MOST_WAITING]
    asked = [(each, runs.get(connection, each.run_id)) for each in shown]
    about = alerts.of_runs(connection, [each.run_id for each in shown])
    return InboxView(
        tuple(
            _view(connection, row, each, about[row.id], paused, now)
            for each, row in asked
            if row is not None
        ),
        len(pending) - len(shown),
        tuple(_latest(connection, {each.run_id for each in pending})),
        alerts.counted(connection, "quarantined"),
        tuple(
            (row, str(_said(row.parsed).get("title") or ""))
            for row in alerts.listed(connection, state="quarantined", limit=_ASIDE_SHOWN)
        ),
        paused,
        now,
    )


def _latest(connection: Connection, waiting: set[str]) -> Iterator[RunLine]:
    rows = runs.listed(connection, limit=_LATEST)
    stored = tables.alert.c
    wanted = [row.alert_id for row in rows if row.alert_id is not None]
    found = connection.execute(select(stored.id, stored.parsed).where(stored.id.in_(wanted)))
    said = {each.id: _said(each.parsed) for each in found}
    for row in rows:
        alert = said.get(row.alert_id, {})
        yield RunLine(
            row,
            str(alert.get("title") or ""),
            people.target_of(row, alert),
            outcomes.of_run(row, row.id in waiting, _left(connection, row)),
        )


def _left(connection: Connection, row: Row[Any]) -> Timers | None:
    """Read what a run waits for that waits for nothing but time."""
    if row.state != "restoring":
        return None
    return timers.of_run(connection, steps.of_run(connection, row.id))


def run(connection: Connection, run_id: str) -> RunView | None:
    """Read a run by its id or a unique beginning of it; None where there is none."""
    row = runs.get(connection, run_id) if _ID.fullmatch(run_id) else None
    return None if row is None else _one(connection, row, approvals.of_run(connection, row.id))


def approval(connection: Connection, approval_id: str) -> RunView | None:
    """Read the run that a request for approval is about; None where there is none."""
    found = approvals.get(connection, approval_id) if _ID.fullmatch(approval_id) else None
    row = runs.get(connection, found.run_id) if found is not None else None
    return None if row is None else _one(connection, row, found)


def _one(connection: Connection, row: Row[Any], asked: Row[Any] | None) -> RunView:
    waits = asked is not None and asked.state == "pending"
    # who is named matters only as long as somebody may decide, and takes looking through alerts
    about = alerts.of_runs(connection, [row.id])[row.id] if waits else ()
    view = _view(connection, row, asked, about, control.paused(connection), now_ms(connection))
    return replace(view, against=reissuing.containment_of(connection, row)) if waits else view


def _view(
    connection: Connection,
    row: Row[Any],
    asked: Row[Any] | None,
    about: Sequence[Row[Any]],
    paused: Mapping[str, Any] | None,
    now: int,
) -> RunView:
    alert_row = None
    if row.alert_id is not None:
        wanted = select(tables.alert).where(tables.alert.c.id == row.alert_id)
        alert_row = connection.execute(wanted).one_or_none()
    alert = _said(alert_row.parsed if alert_row is not None else None)
    run_steps = steps.of_run(connection, row.id)
    found = ((step.system, evidence.of_step(step.before)) for step in run_steps)
    return RunView(
        row,
        alert_row,
        alert,
        tuple((each, _said(each.parsed)) for each in about),
        people.target_of(row, alert),
        plan.steps_of(row, run_steps),
        asked,
        notices.of_run(connection, row.id),
        paused,
        now,
        _left(connection, row),
        confirmed=alerts.confirming(connection, row.id),
        found=tuple((system, seen) for system, seen in found if seen is not None),
    )


def _said(parsed: object) -> Mapping[str, Any]:
    return parsed if isinstance(parsed, Mapping) else {}
