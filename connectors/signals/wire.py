"""Open ways to recipients: each client keeps to one origin, and follows nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx

from connectors import errors
from connectors.pinned import CHANGES_NOTHING, Pinned, is_loopback, origin_of, unanswered

_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP request. The headers may hold a secret: neither they nor the body are ever shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    write: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, undecoded. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Wire:
    """Connections to all recipients of one tenant. Belongs to the event loop it is first used in."""

    def __init__(self, timeout_s: float) -> None:
        """Keep the deadline; nothing is sent."""
        self._timeout = httpx.Timeout(timeout_s, connect=min(5.0, timeout_s))
        self._clients: dict[tuple[str, str, int | None], httpx.AsyncClient] = {}

    @asynccontextmanager
    async def way(self, outgoing: Outgoing) -> AsyncIterator[Callable[[], Awaitable[Reply]]]:
        """Give what sends the request, once; it returns whatever was answered.

        That raises ``errors.UnknownOutcome`` where a change left and no answer came back, and
        ``errors.Unavailable`` where nothing was sent, or no answer came to a read.

        Raises:
            errors.Refused: the address would send it in clear text over a network.
        """
        url = httpx.URL(outgoing.url)
        if url.scheme != "https" and not is_loopback(url.host):
            raise errors.Refused("the address is not https", remedy="Use https:// in its url.")
        yield partial(self._exchange, self._client(url), outgoing)

    async def close(self) -> None:
        """Close the connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    def _client(self, url: httpx.URL) -> httpx.AsyncClient:
        origin = origin_of(url)
        if origin not in self._clients:
            limits = httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=30)
            # trust_env: a proxy variable of the machine must not reroute what carries the token.
            self._clients[origin] = httpx.AsyncClient(
                transport=Pinned(origin, http2=url.scheme == "https", limits=limits),
                timeout=self._timeout,
                trust_env=False,
                follow_redirects=False,
            )
        return self._clients[origin]

    async def _exchange(self, client: httpx.AsyncClient, outgoing: Outgoing) -> Reply:
        try:
            response = await client.request(
                outgoing.method,
                outgoing.url,
                headers={"User-Agent": "rescind", **outgoing.headers},
                content=outgoing.content,
                extensions={} if outgoing.write else {CHANGES_NOTHING: True},
            )
            headers = {name.lower(): value for name, value in response.headers.items()}
            headers.pop("set-cookie", None)
            return Reply(response.status_code, headers, response.content)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = unanswered(error, write=outgoing.write)
        raise failure
