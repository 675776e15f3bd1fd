"""``rescind contain USER``: evict whoever holds this person's tokens."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import typer
from rich.text import Text
from sqlalchemy import URL, Row
from sqlalchemy.exc import IntegrityError

from cli.checks import CHECKS
from cli.logs import configure_logging
from cli.opened import whoami
from cli.plan import print_plan
from cli.report import (
    print_approval,
    print_exposure,
    print_notes,
    print_steps,
    run_document,
)
from cli.settings import ConfigOption, loaded
from cli.since import moment
from cli.terminal import console, said_of, word
from config.settings import Mode, Settings
from connectors.errors import ConnectorError
from ledger import approvals, control, runs, steps
from ledger.migrate import migrate
from ledger.revision import check
from playbooks import model
from playbooks.errors import PlaybookError, UnknownPlaybook
from tasks.opening import Opened
from tasks.requests import NotContainable, Wish, clues_of, remedy_of, request_run
from tasks.service import Service, Silence
from tasks.systems import SPECS
from tasks.workshop import AlreadyServing, Workshop

#: How long finding the person and planning may take, in seconds.
_ASK_S = 120


def command(
    user: Annotated[str, typer.Argument(help="Sign-in name, Entra object id or Okta user id.")],
    tenant: Annotated[str | None, typer.Option(help="Needed where several are configured.")] = None,
    playbook: Annotated[str, typer.Option(help="What is to be done.")] = "cm0080",
    mode: Annotated[
        Mode,
        typer.Option(
            help="How far it goes by itself; observe sends no change, and stores what it found as a run."
        ),
    ] = Mode.AUTO,
    since: Annotated[
        str | None,
        typer.Option(
            help="When the theft began: 45m, 3h, 2d ago, or a time like 2026-03-01T08:30:00Z.",
            metavar="TIME",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Contain one person now; returns when nothing more happens without a person's decision.

    Exit status: 0 contained, observed, paused or waiting for a decision; 1 something is left to do;
    2 nothing was started.
    """
    settings = loaded(config, CHECKS)
    wish = _checked(Wish(user, tenant, playbook, mode, whoami(), since), settings)
    configure_logging(libraries=logging.ERROR)
    workshop = Workshop(settings)
    try:
        here = _prepare(workshop)
        try:
            opened = _ask(workshop, wish)
        except NotContainable as error:
            _refuse(error.reason, error.remedy)
        except (ConnectorError, PlaybookError, UnknownPlaybook) as error:
            said = str(error) or str(type(error).__doc__)
            _refuse(said, remedy_of(error) if isinstance(error, ConnectorError) else error.remedy)
        run, run_steps, approval, pause = _wait(workshop.service, opened.run_id)
        if as_json:
            print(json.dumps(run_document(run, run_steps, approval)))
        else:
            url = workshop.service.settings.web.console_url
            _tell(run, run_steps, approval, joined=opened.joined, console_url=url)
        if run.state == "running":
            _tell_what_waits(pause, here=here, file=sys.stderr if as_json else sys.stdout)
    finally:
        workshop.stop()
    raise typer.Exit(1 if run.status in ("partial", "failed") else 0)


def _ask(workshop: Workshop, wish: Wish) -> Opened:
    try:
        try:
            return workshop.loop.run(request_run(workshop.service, workshop.systems, wish), _ASK_S)
        except IntegrityError:  # another process opened the person's run just now: join it
            return workshop.loop.run(request_run(workshop.service, workshop.systems, wish), _ASK_S)
    except TimeoutError:
        _refuse(
            f"the tenant's systems did not answer within {_ASK_S} s", "Try again; it is harmless."
        )


def _checked(wish: Wish, settings: Settings) -> Wish:
    """Refuse what can be refused by looking at it, before anything is opened or made."""
    try:
        clues_of(wish.user)
        loaded_playbook = model.load(wish.playbook, settings.playbooks.folder)
        model.check_actions(loaded_playbook, SPECS)
    except NotContainable as error:
        _refuse(error.reason, error.remedy)
    except (PlaybookError, UnknownPlaybook) as error:
        _refuse(str(error), error.remedy)
    if wish.since is None:
        return wish
    try:
        return replace(wish, since=moment(wish.since, datetime.now(UTC)))
    except ValueError as error:
        _refuse(f"--since: {error}")


def _prepare(workshop: Workshop) -> bool:
    """Get ready to do the work here, unless a server does it; return whether it is done here."""
    database = workshop.service.database
    shared = not workshop.service.settings.broker.url.get_secret_value().startswith("memory")
    if shared:
        check(database)
        return False
    _announce(database.url)
    migrate(database)
    try:
        workshop.claim_database()
    except AlreadyServing:
        workshop.service.bell = Silence()  # nobody hears a message that stays in this process
        return False
    workshop.warm()
    workshop.start()
    return True


def _announce(url: URL) -> None:
    """Say that a database will be made: where another one was meant, its runs would be missed."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    if not url.database.startswith("file:") and not path.exists():
        print(f"new database at {path.absolute()} (as database.url says)", file=sys.stderr)


def _refuse(*why: str) -> NoReturn:
    print("Nothing was started: " + "\n".join(why), file=sys.stderr)
    raise typer.Exit(2)


def _wait(
    service: Service, run_id: str
) -> tuple[Row[Any], list[Row[Any]], Row[Any] | None, dict[str, Any] | None]:
    """Wait until the run has ended or only people or time can move it, or changes are paused."""
    while True:
        with service.database.read() as connection:
            run = runs.get(connection, run_id)
            run_steps = list(steps.of_run(connection, run_id))
            approval = approvals.of_run(connection, run_id)
            paused = control.paused(connection)
        assert run is not None  # noqa: S101 - runs are never deleted
        moving = any(step.state in ("ready", "leased") and not step.delay_s for step in run_steps)
        if run.state != "running" or paused or not moving:
            return run, run_steps, approval, paused
        time.sleep(0.1)


def _tell(
    run: Row[Any],
    run_steps: list[Row[Any]],
    approval: Row[Any] | None,
    *,
    joined: bool,
    console_url: str,
) -> None:
    out = console()
    if joined:
        out.print(
            "This person's run is open already; it is shown below, and goes on as it was asked."
        )
        out.print()
    if run.status == "observed":
        print_plan(run.plan)
        return
    out.print(Text.assemble(f"Run {run.id}: ", word(run.status or "running"), style="bold"))
    print_notes(run.plan)
    out.print()
    print_steps(run_steps)
    print_exposure(run.exposure or [])
    if run.state == "running" and approval is not None and approval.state == "pending":
        out.print()
        print_approval(approval, console_url)


def _tell_what_waits(pause: dict[str, Any] | None, *, here: bool, file: TextIO) -> None:
    """Say what keeps a run from going on."""
    if pause:
        print(
            f"\nPAUSED {said_of(pause)}\nNo change is sent before `rescind resume`.",
            file=file,
        )
    if here:
        print(
            "\nNo server runs here: start `rescind serve`, so that somebody can decide\n"
            "and the run goes on.",
            file=file,
        )
