"""What the verbs that open a run share: a workshop to do it in, waiting for it, telling of it."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TextIO

import typer
from rich.text import Text
from sqlalchemy import URL, Row

from cli.logs import configure_logging
from cli.plan import print_plan
from cli.report import (
    print_approval,
    print_exposure,
    print_notes,
    print_steps,
    run_document,
    status_of,
)
from cli.terminal import console, said_of, word
from config.settings import Settings
from ledger import approvals, control, runs, steps, timers
from ledger.migrate import migrate
from ledger.revision import check
from ledger.timers import Timers
from tasks.launch import Opened
from tasks.service import Service, Silence
from tasks.workshop import AlreadyServing, Workshop


def carry(
    settings: Settings,
    ask: Callable[[Workshop], Opened],
    *,
    as_json: bool,
    since: str | None = None,
) -> NoReturn:
    """Open a run with ``ask``, carry it as far as it goes without a person, tell of it and exit.

    ``since`` is the beginning of the theft that was asked for.
    """
    configure_logging(libraries=logging.ERROR)
    workshop = Workshop(settings)
    try:
        here = _prepare(workshop)
        opened = ask(workshop)
        run, run_steps, approval, pause = _wait(workshop.service, opened.run_id)
        with workshop.service.database.read() as connection:
            left = timers.of_run(connection, run_steps)
        if opened.since_unused:
            print(
                f"--since {since} was not used: the open run goes by its own time", file=sys.stderr
            )
        if as_json:
            print(json.dumps(run_document(run, run_steps, approval, left)))
        else:
            url = workshop.service.settings.web.console_url
            _tell(run, run_steps, approval, left, joined=opened.joined, console_url=url)
        if run.state in ("running", "beside", "restoring"):
            _tell_what_waits(pause, here=here, file=sys.stderr if as_json else sys.stdout)
    finally:
        workshop.stop()
    raise typer.Exit(1 if run.status in ("partial", "failed") else 0)


def refuse(*why: str) -> NoReturn:
    """Say that nothing was started, and why; exit with 2."""
    print("Nothing was started: " + "\n".join(why), file=sys.stderr)
    raise typer.Exit(2)


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
        if run.state not in ("running", "beside", "observing") or paused or not moving:
            return run, run_steps, approval, paused
        time.sleep(0.1)


def _tell(
    run: Row[Any],
    run_steps: list[Row[Any]],
    approval: Row[Any] | None,
    left: Timers | None,
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
        read = [step for step in run_steps if step.started_at is not None]
        if read:
            out.print()
            print_steps(read)
        return
    out.print(
        Text.assemble(f"Run {run.id}: ", word(status_of(run, left) or "running"), style="bold")
    )
    print_notes(run.plan)
    out.print()
    print_steps(run_steps, run.plan)
    print_exposure(run.exposure or [])
    if run.state in ("running", "beside") and approval is not None and approval.state == "pending":
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
