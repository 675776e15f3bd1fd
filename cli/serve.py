"""``rescind serve``: web, worker and clock in one process, on SQLite, nothing else installed."""

from __future__ import annotations

import sys

import typer

from cli.checks import CHECKS
from cli.forewarned import forewarn
from cli.logs import configure_logging
from cli.serving import open_port, run_web
from cli.settings import ConfigOption, loaded
from ledger.migrate import migrate
from tasks.workshop import AlreadyServing, Workshop


def command(config: ConfigOption = None) -> None:
    """Run everything in one process; survives being killed, because the database is the truth."""
    settings = loaded(config, CHECKS)
    if not settings.broker.url.get_secret_value().startswith("memory"):
        print(
            "broker.url names a broker between processes; `rescind serve` is the one-process form.\n"
            "Leave broker.url out, or start `rescind web` and `rescind worker` instead.",
            file=sys.stderr,
        )
        raise typer.Exit(2)
    configure_logging()
    workshop = Workshop(settings)
    try:
        migrate(workshop.service.database)
        try:
            workshop.claim_database()
        except AlreadyServing as error:
            print(f"{(error.__doc__ or '').strip()} ({error})\n{error.remedy}", file=sys.stderr)
            raise typer.Exit(2) from error
        sockets = open_port(settings.web)
        forewarn(settings, workshop.service.database)
        workshop.warm()
        workshop.start()
        run_web(workshop.service, workshop.readiness, sockets)
    finally:
        workshop.stop()
