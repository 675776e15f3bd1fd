"""The Okta SDK's authentication, addresses and transport, and nothing else of it.

Only its request executor is used. The generated methods and models report some failures as
success and let one odd item hide all the others; its configuration merges files of the working
directory and the environment; it retries by itself and logs tokens. The executor is built here
from values alone, answers are judged here, and whatever it would log is dropped.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
from okta.cache.no_op_cache import NoOpCache
from okta.constants import LOGGER_NAME
from okta.http_client import HTTPClient
from okta.request_executor import RequestExecutor
from yarl import URL

from connectors import errors
from connectors.okta.failures import Headers, failure, token_failure

_TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - a path, not a secret
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


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
        self._sdk = RequestExecutor({"client": client}, NoOpCache(), _Judging)
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, url: str) -> Reply:
        """Send one request, once.

        A refused OAuth token is dropped and the request sent again with a new one: a token may be
        revoked before its time, and nothing was done with the old one.

        Raises:
            errors.ConnectorError: for any answer that is not a success, and for none.
        """
        self._open()
        request = await self._signed(method, url)
        try:
            return await self._fire(request)
        except errors.Unauthenticated:
            if self._sdk._oauth is None:
                raise
            self._forget_token(request)
        return await self._fire(await self._signed(method, url))

    async def sign_in(self) -> None:
        """Fetch the OAuth token now, where one is used.

        Raises:
            errors.ConnectorError: where it cannot be had.
        """
        self._open()
        await self._signed("GET", "/")

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
            connector=aiohttp.TCPConnector(limit=20, keepalive_timeout=30.0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=self._timeout_s, sock_connect=min(5.0, self._timeout_s / 2)
            ),
            trust_env=False,
            response_class=_Readable,
        )
        # aiohttp repeats GET, PUT and DELETE by itself on a dropped connection; only the door may.
        self._session._retry_connection = False
        self._sdk.set_session(_Guarded(self._session))

    async def _signed(self, method: str, url: str) -> dict[str, Any]:
        try:
            # The token has half the time: if it takes longer, it is known that nothing was sent.
            async with asyncio.timeout(self._timeout_s / 2):
                request, error = await self._sdk.create_request(method, url)
        except TimeoutError:
            raise errors.Unavailable("no token in time") from None
        if error is not None:
            # The SDK's text may quote the token answer: only its type is kept.
            raise errors.Unauthenticated(type(error).__name__)
        return dict(request)

    async def _fire(self, request: dict[str, Any]) -> Reply:
        _, response, text, _ = await self._sdk.fire_request(request)
        return Reply(response.status, response.headers, text)

    def _forget_token(self, request: dict[str, Any]) -> None:
        oauth = self._sdk._oauth
        token, kind = oauth.get_current_token()
        # Another request may have renewed it meanwhile: a fresh token is not thrown away.
        if request["headers"].get("Authorization") == f"{kind} {token}":
            oauth.clear_access_token()


class _Readable(aiohttp.ClientResponse):
    """An answer whose status is not lost because its body is in no known alphabet."""

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        return await super().text(encoding, errors)


class _Guarded:
    """The session as the SDK may use it: no redirects, no proxy of the environment.

    The address goes out exactly as it was built; re-quoting it could change its meaning.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    def request(
        self,
        *,
        method: str,
        url: str,
        headers: dict[str, str],
        data: str | dict[str, str] | None = None,
        **_: object,
    ) -> Any:  # noqa: ANN401 - aiohttp's request context manager has no public name
        return self._session.request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=data,
            allow_redirects=False,
            # Without a body there is no type to name, and aiohttp would make one up.
            skip_auto_headers=None if data else ("Content-Type",),
        )


class _Judging(HTTPClient):  # type: ignore[misc]  # the SDK is not followed by the type checker
    """The SDK's HTTP client; raises for whatever is not a success, so that nothing is lost."""

    async def send_request(
        self, request: dict[str, Any]
    ) -> tuple[Any, aiohttp.ClientResponse, str, None]:
        path = URL(request["url"], encoded=True).path
        token = path == _TOKEN_PATH
        write = request["method"] != "GET" and not token
        try:
            info, response, text, error = await super().send_request(request)
        except (OSError, ValueError, LookupError) as unread:
            info, response, text, error = None, None, None, unread
        if response is None:
            raise _no_answer(error, write=write)
        if token and not 200 <= response.status < 300:
            raise token_failure(response.status, response.headers, text)
        if not 200 <= response.status < 300:
            raise failure(
                response.status,
                response.headers,
                text,
                write=write,
                lifecycle="/lifecycle/" in path,
            )
        if token and not _is_token(response, text):
            raise errors.Unavailable("the token endpoint answered something else")
        return info, response, text, None


def _no_answer(error: BaseException, *, write: bool) -> errors.ConnectorError:
    detail = type(error).__name__
    if write and not isinstance(error, _NOT_SENT):
        return errors.UnknownOutcome(detail)
    return errors.Unavailable(detail)


def _is_token(response: aiohttp.ClientResponse, text: str) -> bool:
    try:
        body = json.loads(text)
    except ValueError:
        return False
    return (
        response.content_type == "application/json"
        and isinstance(body, dict)
        and isinstance(body.get("access_token"), str)
        and isinstance(body.get("expires_in", 0), int)
    )


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
