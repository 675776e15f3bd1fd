"""httpx's innermost transport: one origin only, and no change that could not leave at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from connectors import errors
from connectors.door import LEAVES_WITHIN_S

#: Set in a request's extensions where it is sent by POST and changes nothing (a token is fetched).
CHANGES_NOTHING = "changes_nothing"

# Answered before anything left this machine: the change certainly did not happen.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
)

# httpx writes every address at INFO, and an address names a person.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Pinned(httpx.AsyncHTTPTransport):
    """Sends to one origin only, whoever built the request.

    A change whose connection takes longer than ``LEAVES_WITHIN_S`` is not sent. Over HTTP/2 the
    connection stays open, so that the next attempt has one.
    """

    def __init__(self, origin: tuple[str, str, int | None], **options: Any) -> None:
        super().__init__(**options)
        self._origin = origin

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if origin_of(request.url) != self._origin:
            raise errors.Refused("the address is not at the tenant's own host")
        if request.method != "GET" and not request.extensions.get(CHANGES_NOTHING):
            request.extensions["trace"] = _in_time(time.monotonic() + LEAVES_WITHIN_S)
        return await super().handle_async_request(request)


def _in_time(ends: float) -> Callable[[str, object], Awaitable[None]]:
    async def check(event: str, _: object) -> None:
        if event.endswith(".send_request_headers.started") and time.monotonic() > ends:
            raise errors.Unavailable("the connection took too long, and nothing was sent")

    return check


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port of ``url``, default ports spelled out."""
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port or default


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, by the names that need no TLS."""
    return host in {"localhost", "127.0.0.1", "::1"}


def unanswered(error: Exception, *, write: bool) -> errors.ConnectorError:
    """What it means that httpx raised ``error`` instead of giving an answer.

    The error to raise; outside the handler, as httpx's own holds the request with token and body.
    """
    kind = type(error).__name__
    if isinstance(error, httpx.InvalidURL):
        return errors.Refused("the address is malformed")
    if isinstance(error, _NOT_SENT) or not write:
        return errors.Unavailable(kind)
    return errors.UnknownOutcome(kind)
