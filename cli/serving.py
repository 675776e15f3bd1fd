"""Running the web server in the foreground until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import uvicorn

from config.settings import Web
from tasks.service import Service
from web.app import create_app

_log = logging.getLogger("rescind")


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
