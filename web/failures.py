"""The last catch: what nobody expected is answered plainly and logged without content."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tasks.faults import log_failure


class LastCatch:
    """ASGI middleware: an exception from inside becomes the answer that ``answer`` gives."""

    def __init__(
        self, app: ASGIApp, answer: Callable[[Request, Exception], Awaitable[Response]]
    ) -> None:
        """``answer`` builds the response; it gets the error to choose by its kind."""
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer for it where it fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the last catch; anything may come up here
            log_failure(f"{scope['method']} failed", error)
            if not begun:
                response = await self._answer(Request(scope, receive), error)
                await response(scope, receive, send)
