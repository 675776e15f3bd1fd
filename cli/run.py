"""``rescind run ID``: one run."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from sqlalchemy import Connection

from cli.opened import opened
from cli.report import print_run, run_document
from cli.settings import ConfigOption
from cli.timeline import print_story
from connectors import evidence
from ledger import alerts, approvals, notices, run_names, runs, steps, timers

#: With fewer, ``runs.get`` does not look for an id by its beginning.
_LEAST = 8
_SHOWN = 10


def command(
    run_id: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The run's id, or 8 or more characters of its beginning."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    timeline: Annotated[
        bool,
        typer.Option(
            "--timeline", help="What its traces and watches have found, and all of it in time."
        ),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Show one run: every step, its proof, what stays usable."""
    with opened(config) as service, service.database.read() as connection:
        run = runs.get(connection, run_id)
        if run is None:
            print(_unfound(connection, run_id), file=sys.stderr)
            raise typer.Exit(1)
        run_steps = steps.of_run(connection, run.id)
        approval = approvals.of_run(connection, run.id)
        notified = notices.of_run(connection, run.id)
        left = timers.of_run(connection, run_steps)
        confirmed = alerts.confirming(connection, run.id)
    found = [(step, evidence.of_step(step.before)) for step in run_steps]
    told = [(step.system, seen) for step, seen in found if seen is not None]
    if as_json:
        document = run_document(run, run_steps, approval, left)
        for each, (_, seen) in zip(document["steps"], found, strict=True):
            if seen is not None:
                each["evidence"] = seen
        print(json.dumps(document | {"confirmed_by": confirmed}))
    elif timeline:
        print_story(evidence.story(told))
    else:
        print_run(run, run_steps, approval, notified, service.settings.web.console_url, left)
        for source, count in confirmed.items():
            what = "an alert" if count == 1 else f"{count} alerts"
            print(f"Confirmed by {what} of {source}, which told of what this run has done.")
        if told:
            print(f"What its traces and watches have found: rescind run {run.id[:13]} --timeline")


def _unfound(connection: Connection, beginning: str) -> str:
    """Say why no run is meant: none has such an id, or several have."""
    if len(beginning) < _LEAST:
        return f"{beginning!r} is too short: at least {_LEAST} characters of an id (see `rescind runs`)"
    alike = run_names.beginning_with(connection, beginning, limit=_SHOWN + 1)
    if not alike:
        return f"{beginning}: no run has an id that begins so (see `rescind runs`)"
    more = ["  and more"] if len(alike) > _SHOWN else []
    lines = [f"  {run_id}" for run_id in alike[:_SHOWN]]
    return "\n".join([f"{beginning}: several runs have an id that begins so:", *lines, *more])
