"""``rescind runs``: the list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Row

from cli.opened import opened
from cli.report import run_document, status_of
from cli.settings import ConfigOption
from cli.terminal import console, indented, narrow, print_table, said_of, when, word
from ledger import approvals, control, runs, steps, timers
from ledger.timers import Timers
from playbooks.schema import Aim


def command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10000)] = 50,
    config: ConfigOption = None,
) -> None:
    """List runs, the newest first."""
    with opened(config) as service, service.database.read() as connection:
        pause = control.paused(connection)
        rows = [
            (
                run,
                run_steps,
                approvals.of_run(connection, run.id),
                timers.of_run(connection, run_steps),
            )
            for run in runs.listed(connection, limit=limit)
            for run_steps in (steps.of_run(connection, run.id),)
        ]
    if as_json:
        for row in rows:
            print(json.dumps(run_document(*row)))
        return
    if pause:
        print(f"PAUSED {said_of(pause)}")
    if not rows:
        print("No runs yet.")
        return
    lines = [_Line.of(*row) for row in rows]
    if narrow():
        _print_blocks(lines)
    else:
        _print_table(lines)


class _Line(NamedTuple):
    """What is said of one run."""

    started: str
    run: str
    tenant: str
    person: str
    playbook: str
    mode: str
    status: str
    steps: str

    @classmethod
    def of(
        cls,
        run: Row[Any],
        run_steps: Sequence[Row[Any]],
        approval: Row[Any] | None,
        left: Timers | None,
    ) -> _Line:
        names = " / ".join(dict.fromkeys(each["name"] for each in run.person["accounts"]))
        ended = sum(step.state == "done" for step in run_steps)
        waits = approval is not None and approval.state == "pending"
        state = "waits for a person" if waits else "running"
        playbook = f"{run.playbook} (undo)" if run.aim == Aim.UNDO else run.playbook
        return cls(
            when(run.created_at), run.id, run.tenant, names, playbook, run.mode,
            status_of(run, left) or state, f"{ended}/{len(run_steps)}",
        )  # fmt: skip


def _print_table(lines: Sequence[_Line]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _Line._fields:
        heading = "started (UTC)" if name == "started" else name
        table.add_column(heading, no_wrap=name != "person", overflow="fold")
    for line in lines:
        cells = line._asdict().items()
        table.add_row(*(word(cell) if name == "status" else cell for name, cell in cells))
    print_table(table)


def _print_blocks(lines: Sequence[_Line]) -> None:
    for line in lines:
        console().print(Text.assemble((line.run, "bold"), "  ", word(line.status)))
        indented(f"{line.started}Z  {line.person}", by=2, style="")
        what = f"tenant {line.tenant}, {line.playbook}, mode {line.mode}, steps ended {line.steps}"
        indented(what, by=2)
