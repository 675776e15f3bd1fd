"""Running the simulator on a port: in a thread for tests, or in the foreground."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.app import build_app
from simulator.faults import Faults
from simulator.journal import Journal
from simulator.loot import Loot
from simulator.people import populate
from simulator.tenant import Tenant
from simulator.theft import steal

_STARTS_WITHIN_S = 60.0


class DroppableProtocol(H11Protocol):
    """HTTP/1.1 whose application may close the connection without an answer."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401
        """Hand the connection's abort to the application, in the scope's extensions."""
        super().connection_made(transport)
        app = self.app

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), "simulator.abort": transport.abort}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_abort


class Simulator:
    """A practice tenant on a local port, for the length of a `with` block.

    Attributes:
        url: where it listens, without a trailing slash.
        tenant: the state; hold `tenant.lock` while changing it.
        faults: the script of misbehaviour.
        requests: the journal of what was asked.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, tenant: Tenant | None = None
    ) -> None:
        self.tenant = tenant or Tenant(populate)
        self.faults = Faults()
        self.requests = Journal()
        # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms an answer.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                build_app(self.tenant, self.faults, self.requests),
                loop="asyncio",
                http=DroppableProtocol,
                ws="none",
                lifespan="off",
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                # Its Date is up to a second old; ours belongs to the tenant's clock.
                date_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Serve in a background thread; returns when requests are accepted."""
        ready = threading.Event()

        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready.set)), name="simulator", daemon=True
        )
        self._thread.start()
        if not ready.wait(_STARTS_WITHIN_S) or not self._server.started:
            raise RuntimeError("the simulator did not start")
        return self

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self._server.should_exit = True
        if self._thread:
            self._thread.join(_STARTS_WITHIN_S)
        self._socket.close()

    def steal(
        self,
        name: str,
        *,
        password_based: bool = True,
        auth0: bool = False,
        payroll: bool = False,
    ) -> Loot:
        """A person's stolen credentials, as POST /_sim/loot gives them."""
        return steal(self.tenant, name, password_based=password_based, auth0=auth0, payroll=payroll)

    def reset(self) -> None:
        """First day again: tenant, faults and journal."""
        self.tenant.reset()
        self.faults.clear()
        self.requests.clear()

    def serve_forever(self, listens: Callable[[Simulator], None] | None = None) -> None:
        """Serve in the foreground until interrupted; call `listens` once requests are accepted."""
        asyncio.run(self._serve(lambda: listens(self) if listens else None))

    async def _serve(self, listens: Callable[[], None]) -> None:
        serving = asyncio.ensure_future(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        listens()
        await serving

    def __enter__(self) -> Self:
        """Start on entering the block."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop on leaving it."""
        self.stop()


def run(
    host: str = "127.0.0.1", port: int = 8765, listens: Callable[[Simulator], None] | None = None
) -> None:
    """Serve a fresh practice tenant in the foreground, until interrupted.

    `listens` is called once requests are accepted.

    Raises:
        OSError: the port cannot be had.
    """
    Simulator(host, port).serve_forever(listens)
