"""Running the web server in the foreground until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import uvicorn
from web.app import create_app

from config.settings import Web
from tasks.service import Service

_log = logging.getLogger("rescind")


def configure_logging() -> None:
    """Log to stderr, one line a record; libraries only from warnings up (httpx logs addresses)."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    for name in (
        "httpx",
        "httpcore",
        "celery",
        "kombu",
        "amqp",
        "azure",
        "msal",
        "apprise",
        "alembic",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


def run_web(service: Service, web: Web, readiness: Callable[[], Mapping[str, Any]]) -> None:
    """Serve until SIGINT or SIGTERM, or until a part this process needs has died."""
    app = create_app(service, readiness=readiness)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=web.host,
            port=web.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
    threading.Thread(target=_watch, args=(server, readiness), daemon=True, name="watch").start()
    server.run()


def _watch(server: uvicorn.Server, readiness: Callable[[], Mapping[str, Any]]) -> None:
    while not server.should_exit:
        time.sleep(1)
        if "stopped" in readiness().values():
            _log.error("a part of this process has died; ending so that it is started anew")
            server.should_exit = True
