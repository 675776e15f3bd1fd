"""The Okta SDK's authentication, addresses and transport, and nothing else of it.

Only its request executor is used. The generated methods and models report some failures as
success and let one odd item hide all the others; its configuration merges files of the working
directory and the environment; it retries by itself and logs tokens. The executor is built here
from values alone, answers are judged here, and whatever it would log is dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from okta.cache.no_op_cache import NoOpCache
from okta.constants import LOGGER_NAME
from okta.request_executor import RequestExecutor

from connectors import errors
from connectors.door import LEAVES_WITHIN_S
from connectors.okta.failures import Headers
from connectors.okta.transport import Guarded, Judging, Readable

#: How many connections are open at most; as many requests are under way, so that none waits for one.
_CONNECTIONS = 20


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An SSWS token."""

    token: str


@dataclass(frozen=True, slots=True)
class ServiceApp:
    """A service app that signs in with its private key (client credentials, private_key_jwt)."""

    client_id: str
    private_key: str | dict[str, str]
    key_id: str | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer as it arrived."""

    status: int
    headers: Headers
    text: str


class Executor:
    """One organization's request executor with a connection pool of its own."""

    def __init__(self, org_url: str, credential: ApiToken | ServiceApp, timeout_s: float) -> None:
        """Build the executor; nothing is sent and no connection opened.

        Args:
            org_url: scheme, host and port, without a trailing slash.
            credential: what Okta shall know us by.
            timeout_s: how long one request may take in all, in seconds.
        """
        _silence()
        client: dict[str, Any] = {
            "orgUrl": org_url,
            "userAgent": "rescind",
            "rateLimit": {"maxRetries": 0},
            "requestTimeout": 0,
            "proxy": None,
        }
        if isinstance(credential, ApiToken):
            client |= {"authorizationMode": "SSWS", "token": credential.token}
        else:
            client |= {
                "authorizationMode": "PrivateKey",
                "clientId": credential.client_id,
                "privateKey": credential.private_key,
                "kid": credential.key_id,
                "scopes": list(credential.scopes),
                "oauthTokenRenewalOffset": 1,
            }
        self._sdk = RequestExecutor({"client": client}, NoOpCache(), Judging)
        self._probe = f"{org_url}/.well-known/okta-organization"
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._places = asyncio.Semaphore(_CONNECTIONS)
        self._unreached = False

    @asynccontextmanager
    async def way(
        self, method: str, url: str, body: dict[str, Any] | None = None
    ) -> AsyncIterator[Callable[[], Awaitable[Reply]]]:
        """Wait for a free connection and a token; gives what sends the request, once.

        That raises an ``errors.ConnectorError`` for any answer that is not a success, and for none.
        A refused OAuth token, which may have been revoked before its time, is dropped and told as
        ``errors.TokenRefused``: nothing was done with it, and the next way out has a new one.

        Raises:
            errors.ConnectorError: where no token can be had.
        """
        async with self._places:
            self._open()
            if self._unreached and method != "GET":
                await self._reach()
            yield partial(self._fire, await self._signed(method, url, body))

    async def sign_in(self) -> None:
        """Fetch the OAuth token now, where one is used.

        Raises:
            errors.ConnectorError: where it cannot be had.
        """
        async with self.way("GET", "/"):
            pass

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> None:
        if self._session is not None:
            return
        # A session belongs to the running loop, so it is made by the first request.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=30.0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(self._timeout_s, connect=min(5.0, self._timeout_s / 2)),
            trust_env=False,
            response_class=Readable,
        )
        # aiohttp repeats GET, PUT and DELETE by itself on a dropped connection; only the door may.
        self._session._retry_connection = False
        at_once = aiohttp.ClientTimeout(self._timeout_s, connect=LEAVES_WITHIN_S)
        self._sdk.set_session(Guarded(self._session, at_once))

    async def _signed(self, method: str, url: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            # The token has half the time: if it takes longer, it is known that nothing was sent.
            async with asyncio.timeout(self._timeout_s / 2):
                # Without keep_empty_params the SDK drops empty lists: they would be lost at Okta.
                request, error = await self._sdk.create_request(
                    method, url, body, keep_empty_params=True
                )
        except TimeoutError:
            raise errors.Unavailable("no token in time") from None
        if error is not None:
            # The SDK's text may quote the token answer: only its type is kept.
            raise errors.Unauthenticated(type(error).__name__)
        return dict(request)

    async def _fire(self, request: dict[str, Any]) -> Reply:
        try:
            _, response, text, _ = await self._sdk.fire_request(request)
        except errors.Unavailable as error:
            self._unreached = request["method"] != "GET" and error.status is None
            raise
        except errors.Unauthenticated as error:
            if self._sdk._oauth is None:
                raise
            refused = error
        else:
            return Reply(response.status, response.headers, text)
        self._forget_token(request)
        raise errors.TokenRefused(
            status=refused.status, code=refused.code, request_id=refused.request_id
        )

    async def _reach(self) -> None:
        """Open a connection for a change that had none in time, by a read that needs no credential."""
        session = self._session
        try:
            if session is not None:
                async with session.get(self._probe, allow_redirects=False) as answer:
                    await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise errors.Unavailable(type(error).__name__) from None
        self._unreached = False

    def _forget_token(self, request: dict[str, Any]) -> None:
        oauth = self._sdk._oauth
        token, kind = oauth.get_current_token()
        # Another request may have renewed it meanwhile: a fresh token is not thrown away.
        if request["headers"].get("Authorization") == f"{kind} {token}":
            oauth.clear_access_token()


def _silence() -> None:
    """Drop all the SDK logs: at DEBUG it writes whole headers, with the token in them."""
    logger = logging.getLogger(LOGGER_NAME)
    logger.handlers.clear()
    logger.propagate = False
    logger.disabled = True
    if _nothing not in logger.filters:
        # `disabled` is undone by logging.config; a filter is not.
        logger.addFilter(_nothing)


def _nothing(_: logging.LogRecord) -> bool:
    return False
