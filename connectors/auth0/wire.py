"""Auth0's SDK, reduced to what is wanted of it: addresses, headers, transport.

Its retries are off, its models, pagers and typed errors unused: the door decides about retries, bodies
are plain JSON, and an answer is judged by its status. Its own token provider blocks the event loop and
takes proxies from the environment, so the token is fetched here. Only the client wrapper is loaded,
not the thousand models behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
from auth0.management.core.client_wrapper import AsyncClientWrapper

from config.tenants import Auth0
from connectors import errors, grants
from connectors.auth0 import credential
from connectors.pinned import Pinned, is_loopback, origin_of, unanswered

#: How many connections are open at most; as many requests are under way, so that none waits for one.
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP request; ``path`` is percent-encoded and starts with ``/api/v2``."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    write: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, undecoded, and the token it was asked with. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    token: str


class Wire:
    """An open way to one Auth0 tenant. Belongs to the event loop it is first used in."""

    def __init__(self, settings: Auth0, timeout_s: float) -> None:
        """Build the client; nothing is sent.

        Raises:
            errors.Unauthenticated: no usable credential is set.
            errors.Refused: the address would send the token in clear text over a network, or
                elsewhere than to the tenant.
        """
        url = httpx.URL(str(settings.base_url or f"https://{settings.domain}").rstrip("/"))
        loopback = is_loopback(url.host)
        if settings.base_url is not None and not loopback:
            raise errors.Refused("base_url is for this machine only")
        self.origin = str(url)
        self._inner = Pinned(
            origin_of(url),
            http2=url.scheme == "https",
            limits=httpx.Limits(
                max_connections=_CONNECTIONS, max_keepalive_connections=8, keepalive_expiry=30
            ),
        )
        # trust_env: a proxy variable of the machine must not reroute what carries the token.
        self._http = httpx.AsyncClient(
            transport=self._inner,
            timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)),
            trust_env=False,
            follow_redirects=False,
        )
        self._credential = credential.choose(settings, self._http, self.origin, loopback=loopback)
        self._sdk = AsyncClientWrapper(
            token="",  # each request carries its own, fetched before its intent
            headers={"User-Agent": "rescind", "Accept": "application/json"},
            base_url=self.origin,
            max_retries=0,
            httpx_client=self._http,
        )
        self._places = asyncio.Semaphore(_CONNECTIONS)
        #: The scopes the last token has; None where it does not tell.
        self.granted: frozenset[str] | None = None

    @asynccontextmanager
    async def way(self, outgoing: Outgoing) -> AsyncIterator[Callable[[], Awaitable[Reply]]]:
        """Wait for a free connection and a token; gives what sends the request, once.

        That returns whatever was answered, 2xx or not. It raises ``errors.UnknownOutcome`` where a
        change left and no answer came back, ``errors.Unavailable`` for no answer to a read or where
        nothing was sent, ``errors.Refused`` for another address than the tenant's.

        Raises:
            errors.Unauthenticated: Auth0 gave the application no token.
            errors.Throttled: it gives none now; ``errors.Unavailable``: nor does it answer.
        """
        async with self._places:
            token = await self._credential.token()
            said = grants.claims(token) or {}
            self.granted = grants.words(said.get("scope"))
            yield partial(self._exchange, outgoing, token)

    def forget(self, token: str) -> bool:
        """Drop a token that was refused; tells whether there can be another."""
        self._credential.forget(token)
        return self._credential.renewable

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _exchange(self, outgoing: Outgoing, token: str) -> Reply:
        try:
            response = await self._sdk.httpx_client.request(
                outgoing.path,
                method=outgoing.method,
                params=dict(outgoing.query) or None,
                json=dict(outgoing.body) if outgoing.body is not None else None,
                headers={"Authorization": f"Bearer {token}"},
            )
            headers = {name.lower(): value for name, value in response.headers.items()}
            headers.pop("set-cookie", None)
            return Reply(response.status_code, headers, response.content, token)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = unanswered(error, write=outgoing.write)
        raise failure
