"""``rescind coun7er``: CISA's eviction plans, read and written."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.opened import opened
from cli.settings import ConfigOption, loaded
from cli.terminal import print_table
from ledger import runs, steps
from ledger.chain import rfc3339
from ledger.steps import GOOD
from playbooks import model
from playbooks.exchange import coun7er
from playbooks.exchange.coun7er import NotAPlaybook
from tasks.systems import SPECS

app = typer.Typer(
    help="CISA COUN7ER: what of an eviction plan can be carried out here; what a run has carried out.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("import")
def read(
    file: Annotated[Path, typer.Argument(help="A playbook exported from Playbook-NG as JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Tell which countermeasures of an eviction plan Rescind can carry out, and which not.

    Exit status: 0 the file was understood, 2 it was not.
    """
    folder = loaded(config).playbooks.folder
    playbooks = {
        name: model.load(name, folder).playbook.countermeasure for name in model.names(folder)
    }
    try:
        plan = coun7er.read(json.loads(file.read_text(encoding="utf-8")), SPECS.values(), playbooks)
    except (OSError, ValueError) as error:
        print(f"{file}: cannot be read as JSON ({type(error).__name__})", file=sys.stderr)
        raise typer.Exit(2) from None
    except NotAPlaybook as error:
        print(f"{file}: {error}\n{error.remedy}", file=sys.stderr)
        raise typer.Exit(2) from None
    if as_json:
        items = [item.document() for item in plan.items]
        print(json.dumps({"title": plan.title, "items": items, "ignored": list(plan.ignored)}))
        return
    able = [item for item in plan.items if item.can]
    print(f"{plan.title}: Rescind can carry out {len(able)} of {len(plan.items)} countermeasures.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "countermeasure", "against", "with"):
        table.add_column(heading, no_wrap=heading == "id")
    for item in plan.items:
        how = [f"playbook {name}" for name in item.playbooks] + list(item.actions)
        table.add_row(
            item.id, item.name or "-", ", ".join(item.techniques), ", ".join(how) or "not from here"
        )
    print_table(table)


@app.command()
def export(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or its beginning.")],
    config: ConfigOption = None,
) -> None:
    """Print what a run has carried out as a plan that Playbook-NG reads."""
    with opened(config) as service, service.database.read() as connection:
        run = runs.get(connection, run_id)
        if run is None:
            print(
                f"{run_id}: no run has an id that begins so (see `rescind runs`)", file=sys.stderr
            )
            raise typer.Exit(1)
        done = [
            SPECS[step.action]
            for step in steps.of_run(connection, run.id)
            if step.outcome in GOOD and step.undoes is None and step.action in SPECS
        ]
    ended = run.finished_at or run.created_at
    title = f"{run.plan['playbook_name']}, run {run.id}"
    print(json.dumps(coun7er.write(title, done, rfc3339(run.created_at), rfc3339(ended)), indent=4))
