"""``rescind web``: hooks and console, beside any number of workers."""

from __future__ import annotations

import logging

from cli.between import require_broker
from cli.checks import CHECKS
from cli.logs import configure_logging
from cli.serving import run_web
from cli.settings import ConfigOption, loaded
from ledger.revision import check
from tasks import app as celery_app
from tasks.app import CeleryBell
from tasks.service import Service
from tasks.upkeep import Upkeep

_log = logging.getLogger("rescind")


def command(config: ConfigOption = None) -> None:
    """Run the web server; workers run in processes of their own (`rescind worker`)."""
    settings = loaded(config, CHECKS)
    require_broker(settings)
    configure_logging()
    celery = celery_app.make_app(settings)
    service = Service.of(settings, CeleryBell(celery, settings.broker.prefix))
    check(service.database)
    celery_app.warm_quietly(celery)
    upkeep = Upkeep(service)
    upkeep.start()
    _log.info("ready: %s", settings.web.console_url)
    try:
        run_web(service, settings.web, lambda: {"upkeep": "ok" if upkeep.alive else "stopped"})
    finally:
        upkeep.stop()
        service.database.close()
