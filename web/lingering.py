"""Answers that are seen by whoever is still sending: closing is put off until the sender has read.

Closing a connection with unread bytes in it resets it, and a reset throws away what the sender has
not read yet: our answer (RFC 9112, section 9.6). Many senders read nothing before they have sent
everything; to those a 413 would look like a network that fails, and they would send again for hours.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What is read and thrown away after an answer, at most: bytes, seconds in all, seconds of silence.
#: Nothing of it is kept; the server hands over pieces of some 64 KiB and stops reading meanwhile.
MOST_BYTES = 64 * 1024 * 1024
LONGEST_S = 15.0
LONGEST_SILENCE_S = 5.0


class Lingering:
    """ASGI middleware: a body that was not read to its end is, after the answer and before the close."""

    def __init__(self, app: ASGIApp) -> None:
        """``app`` is what may answer early."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; linger where its answer comes before its end."""
        if scope["type"] != "http" or not _announces_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        ended = False

        async def received() -> Message:
            nonlocal ended
            message = await receive()
            ended = not message.get("more_body", False)  # a disconnection says nothing of a body
            return message

        async def sent(message: Message) -> None:
            if ended:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body", False):
                await send(message)
            else:
                # Complete for the sender, who knows its length; not for the server, who would close.
                await send({**message, "more_body": True})
                await _throw_away(receive)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, received, sent)


def _announces_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def _throw_away(receive: Receive) -> None:
    """Read to the end of the body or of our patience."""
    read = 0
    try:
        async with asyncio.timeout(LONGEST_S):
            while read < MOST_BYTES:
                async with asyncio.timeout(LONGEST_SILENCE_S):
                    message = await receive()
                if not message.get("more_body", False):
                    return
                read += len(message["body"])
    except TimeoutError:
        return
