"""``rescind worker``: performs steps; start as many as there are cores."""

from __future__ import annotations

import logging
import signal
import threading

import typer

from cli.between import require_broker
from cli.checks import CHECKS
from cli.forewarned import forewarn
from cli.logs import configure_logging
from cli.settings import ConfigOption, loaded
from ledger.revision import check
from tasks.workshop import Workshop

_log = logging.getLogger("rescind")


def command(config: ConfigOption = None) -> None:
    """Run a worker until it is told to stop; running steps are finished first.

    Exit status: 0 told to stop; 1 a part of it has died; 2 it did not start.
    """
    settings = loaded(config, CHECKS)
    require_broker(settings)
    configure_logging()
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    workshop = Workshop(settings)
    try:
        check(workshop.service.database)
        forewarn(settings, workshop.service.database)
        workshop.warm()
        workshop.start()
        _log.info("ready: worker %s", workshop.service.owner)
        workshop.work(stopped.is_set)
        if not stopped.is_set():
            raise typer.Exit(1)
    finally:
        workshop.stop()
