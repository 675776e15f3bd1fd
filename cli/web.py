"""``rescind web``: hooks and console, beside any number of workers."""

from __future__ import annotations

from cli.between import require_broker
from cli.checks import CHECKS
from cli.forewarned import forewarn
from cli.logs import configure_logging
from cli.serving import open_port, run_web
from cli.settings import ConfigOption, loaded
from ledger.revision import check
from tasks import app as celery_app
from tasks.app import CeleryBell
from tasks.service import Service
from tasks.upkeep import Upkeep


def command(config: ConfigOption = None) -> None:
    """Run the web server; workers run in processes of their own (`rescind worker`)."""
    settings = loaded(config, CHECKS)
    require_broker(settings)
    configure_logging()
    celery = celery_app.make_app(settings)
    service = Service.of(settings, CeleryBell(celery, settings.broker.prefix))
    check(service.database)
    sockets = open_port(settings.web)
    forewarn(settings, service.database)
    celery_app.warm_quietly(celery)
    upkeep = Upkeep(service)
    upkeep.start()
    try:
        run_web(service, lambda: {"upkeep": "ok" if upkeep.alive else "stopped"}, sockets)
    finally:
        upkeep.stop()
        service.database.close()
