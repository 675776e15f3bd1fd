"""``rescind runs``: the list."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from cli.opened import opened
from cli.report import run_document
from cli.settings import ConfigOption
from cli.terminal import console, when, word
from ledger import approvals, control, runs, steps


def command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10000)] = 50,
    config: ConfigOption = None,
) -> None:
    """List runs, the newest first."""
    with opened(config) as service, service.database.read() as connection:
        pause = control.paused(connection)
        rows = [
            (run, steps.of_run(connection, run.id), approvals.of_run(connection, run.id))
            for run in runs.listed(connection, limit=limit)
        ]
    if as_json:
        for run, run_steps, approval in rows:
            print(json.dumps(run_document(run, run_steps, approval)))
        return
    if pause:
        print(f"PAUSED by {pause['by']} since {when(pause['at'])}Z {pause['reason']}".rstrip())
    if not rows:
        print("No runs yet.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        "started (UTC)",
        "run",
        "tenant",
        "person",
        "playbook",
        "mode",
        "status",
        "steps",
    ):
        table.add_column(heading, overflow="fold")
    for run, run_steps, approval in rows:
        names = " / ".join(dict.fromkeys(each["name"] for each in run.person["accounts"]))
        ended = sum(step.state == "done" for step in run_steps)
        waits = approval is not None and approval.state == "pending"
        state = "waits for a person" if waits else "running"
        table.add_row(
            when(run.created_at), run.id, run.tenant, names, run.playbook, run.mode,
            word(run.status or state), f"{ended}/{len(run_steps)}",
        )  # fmt: skip
    console().print(table)
