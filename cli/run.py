"""``rescind run ID``: one run."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from cli.opened import opened
from cli.report import print_run, run_document
from cli.settings import ConfigOption
from ledger import approvals, notices, runs, steps


def command(
    run_id: Annotated[str, typer.Argument(metavar="ID", help="The run's id, or its beginning.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show one run: every step, its proof, what stays usable."""
    with opened(config) as service, service.database.read() as connection:
        run = runs.get(connection, run_id)
        if run is None:
            print(
                f"{run_id}: no run, or more than one, has an id that begins so (see `rescind runs`)",
                file=sys.stderr,
            )
            raise typer.Exit(1)
        run_steps = steps.of_run(connection, run.id)
        approval = approvals.of_run(connection, run.id)
        told = notices.of_run(connection, run.id)
    if as_json:
        print(json.dumps(run_document(run, run_steps, approval)))
    else:
        print_run(run, run_steps, approval, told, service.settings.web.console_url)
