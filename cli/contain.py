"""``rescind contain USER``: evict whoever holds this person's tokens."""

from __future__ import annotations

import json
import sys
import time
from typing import Annotated, Any

import typer
from sqlalchemy import Row

from cli.checks import CHECKS
from cli.logs import configure_logging
from cli.opened import whoami
from cli.plan import print_plan
from cli.report import print_exposure, print_steps, run_document
from cli.settings import ConfigOption, loaded
from cli.terminal import console
from config.settings import Mode
from connectors.errors import ConnectorError
from ledger import approvals, control, runs, steps
from ledger.migrate import migrate
from ledger.revision import check
from playbooks.errors import PlaybookError, UnknownPlaybook
from tasks.requests import NotContainable, Wish, request_run
from tasks.service import Service
from tasks.workshop import AlreadyServing, Workshop


def command(
    user: Annotated[str, typer.Argument(help="Sign-in name, Entra object id or Okta user id.")],
    tenant: Annotated[str | None, typer.Option(help="Needed where several are configured.")] = None,
    playbook: Annotated[str, typer.Option(help="What is to be done.")] = "cm0080",
    mode: Annotated[Mode, typer.Option(help="How far it goes by itself.")] = Mode.AUTO,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Contain one person now; returns when nothing more happens without a person's decision.

    Exit status: 0 contained, observed or waiting for a decision; 1 something is left to do;
    2 nothing was started.
    """
    settings = loaded(config, CHECKS)
    configure_logging()
    workshop = Workshop(settings)
    wish = Wish(user, tenant, playbook, mode, whoami())
    try:
        here = _prepare(workshop)
        try:
            opened = workshop.loop.run(request_run(workshop.service, workshop.systems, wish), 120)
        except NotContainable as error:
            _refuse(f"{error.reason}\n{error.remedy}")
        except (ConnectorError, PlaybookError, UnknownPlaybook) as error:
            _refuse(f"{str(error) or type(error).__doc__}\n{error.remedy}")
        run, run_steps, approval = _wait(workshop.service, opened.run_id)
        if as_json:
            print(json.dumps(run_document(run, run_steps, approval)))
        else:
            _tell(workshop.service, run, run_steps, approval, joined=opened.joined, here=here)
    finally:
        workshop.stop()
    raise typer.Exit(1 if run.status in ("partial", "failed") else 0)


def _prepare(workshop: Workshop) -> bool:
    """Get ready to do the work here, unless a server does it; return whether it is done here."""
    database = workshop.service.database
    shared = not workshop.service.settings.broker.url.get_secret_value().startswith("memory")
    if shared:
        check(database)
        return False
    migrate(database)
    try:
        workshop.claim_database()
    except AlreadyServing:
        return False
    workshop.warm()
    workshop.start()
    return True


def _refuse(why: str) -> None:
    print(f"Nothing was started: {why}", file=sys.stderr)
    raise typer.Exit(2)


def _wait(service: Service, run_id: str) -> tuple[Row[Any], list[Row[Any]], Row[Any] | None]:
    """Wait until the run has ended or only people or time can move it."""
    while True:
        with service.database.read() as connection:
            run = runs.get(connection, run_id)
            run_steps = list(steps.of_run(connection, run_id))
            approval = approvals.of_run(connection, run_id)
            paused = control.paused(connection)
        assert run is not None  # noqa: S101 - runs are never deleted
        moving = any(step.state in ("ready", "leased") and not step.delay_s for step in run_steps)
        if run.state != "running" or paused or not moving:
            return run, run_steps, approval
        time.sleep(0.1)


def _tell(
    service: Service,
    run: Row[Any],
    run_steps: list[Row[Any]],
    approval: Row[Any] | None,
    *,
    joined: bool,
    here: bool,
) -> None:
    out = console()
    if joined:
        out.print("This person's run is open already; it is shown below.\n")
    if run.status == "observed":
        print_plan(run.plan)
        return
    out.print(f"Run {run.id}: {run.status or 'running'}\n", style="bold")
    print_steps(run_steps)
    print_exposure(run.exposure or [])
    if run.state == "running" and approval is not None and approval.state == "pending":
        out.print(
            f"\nThe rest waits for a decision: "
            f"{service.settings.web.console_url}/approvals/{approval.id}"
        )
        if here:
            out.print("No server runs here: start `rescind serve` so that somebody can decide.")
