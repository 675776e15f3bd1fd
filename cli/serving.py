"""Running the web server in the foreground until it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import typer
import uvicorn

from cli.listening import listening
from config.settings import Web
from tasks.service import Service
from web.app import create_app

_log = logging.getLogger("rescind")


def open_port(web: Web) -> list[socket.socket]:
    """Take the port that the settings name, or say in one line why not and exit with 2."""
    return listening(web.host, web.port, settings=("web.host", "web.port"))


def run_web(
    service: Service, readiness: Callable[[], Mapping[str, Any]], sockets: list[socket.socket]
) -> None:
    """Serve on ``sockets`` until SIGINT or SIGTERM, or until a part this process needs has died.

    Raises:
        typer.Exit: with 1, where a part has died: a supervisor starts the process anew.
    """
    server = _Server(
        uvicorn.Config(
            create_app(service, readiness=readiness),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        ),
        service.settings.web.console_url,
    )
    # uvicorn raises the signal again once it has stopped; what else runs is to be stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: None)
    died = threading.Event()
    threading.Thread(
        target=_watch, args=(server, readiness, died), daemon=True, name="watch"
    ).start()
    server.run(sockets=sockets)
    if died.is_set():
        raise typer.Exit(1)


class _Server(uvicorn.Server):
    """Says that it is ready when it is: once requests are accepted."""

    def __init__(self, config: uvicorn.Config, console_url: str) -> None:
        super().__init__(config)
        self._console_url = console_url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            at = ", ".join("{} port {}".format(*each.getsockname()[:2]) for each in sockets or ())
            _log.info("ready: %s (listening on %s)", self._console_url, at)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _log.info("stopping: what is being answered and done gets some seconds to end")
        await super().shutdown(sockets)


def _watch(
    server: uvicorn.Server, readiness: Callable[[], Mapping[str, Any]], died: threading.Event
) -> None:
    while not server.should_exit:
        time.sleep(1)
        if not server.should_exit and "stopped" in readiness().values():
            _log.error("a part of this process has died; ending so that it is started anew")
            died.set()
            server.should_exit = True
