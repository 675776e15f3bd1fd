"""Reading a request's body without ever holding more of it than is allowed."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

#: A sender that takes longer than this to hand over its body is not waited for, in seconds.
READ_TIMEOUT_S = 15.0


class TooLarge(Exception):
    """The body is larger than allowed."""

    def __init__(self, limit: int) -> None:
        """``limit`` is the allowed size in bytes."""
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class TooSlow(Exception):
    """The body did not arrive in time."""


async def read(request: Request, limit: int) -> bytes:
    """Return the whole body as it arrived.

    Args:
        request: whose body has not been read yet.
        limit: the largest allowed size in bytes, whatever Content-Length says or does not say.

    Raises:
        TooLarge: the body is, or claims to be, larger than ``limit``.
        TooSlow: it did not arrive within ``READ_TIMEOUT_S``.
        ClientDisconnect: the sender hung up.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise TooLarge(limit)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise TooLarge(limit)
                pieces.append(piece)
    except TimeoutError:
        raise TooSlow from None
    return b"".join(pieces)
