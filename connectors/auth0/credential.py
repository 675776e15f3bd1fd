"""What Auth0 knows us by: the token of a machine-to-machine application, fetched when it is needed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Protocol

import httpx
from pydantic import SecretStr

from config.tenants import Auth0
from connectors import errors
from connectors.auth0.failures import token_refused
from connectors.pinned import CHANGES_NOTHING, unanswered

_TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path, not a secret
# A token is renewed this long before it ends: a request under way must not outlive it.
_MARGIN_S = 60.0


class Credential(Protocol):
    """What gives bearer tokens. ``renewable``: whether a refused one can be replaced."""

    renewable: bool

    async def token(self) -> str:
        """Return a token that is valid as far as is known.

        Raises:
            errors.ConnectorError: there is none.
        """

    def forget(self, token: str) -> None:
        """Drop a token that was refused; a fresher one is kept."""


class Ready:
    """A ready-made token, for a simulator on this machine."""

    renewable = False

    def __init__(self, token: SecretStr) -> None:
        """Keep ``token`` until it is asked for."""
        self._token = token

    async def token(self) -> str:
        """Return the token."""
        return self._token.get_secret_value()

    def forget(self, token: str) -> None:
        """There is no other."""


class ClientCredentials:
    """Signs in with client id and secret (Auth0 Authentication API, client credentials flow)."""

    renewable = True

    def __init__(
        self, http: httpx.AsyncClient, origin: str, audience: str, client_id: str, secret: SecretStr
    ) -> None:
        """Keep what signs in; nothing is sent.

        Args:
            http: the pinned way to the tenant.
            origin: scheme, host and port of the tenant.
            audience: the Management API's identifier, ``https://DOMAIN/api/v2/``.
            client_id: the application's id.
            secret: the application's secret.
        """
        self._http = http
        self._url = origin + _TOKEN_PATH
        self._audience = audience
        self._client_id = client_id
        self._secret = secret
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._ends = 0.0

    async def token(self) -> str:
        """Return the token held, or fetch one: once, however many ask.

        Raises:
            errors.Unauthenticated: Auth0 does not know us; ``errors.Throttled``,
                ``errors.Unavailable``: it gives no token now.
        """
        async with self._lock:
            if self._token is None or time.monotonic() >= self._ends:
                self._token, lives_s = _understood(await self._fetch())
                self._ends = time.monotonic() + max(0.0, lives_s - _MARGIN_S)
            return self._token

    def forget(self, token: str) -> None:
        """Drop ``token`` if it is the one held."""
        if token == self._token:
            self._token = None

    async def _fetch(self) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.get_secret_value(),
            "audience": self._audience,
        }
        try:
            return await self._http.post(self._url, data=form, extensions={CHANGES_NOTHING: True})
        except (httpx.HTTPError, httpx.StreamError) as error:
            failure = unanswered(error, write=False)
        raise failure


def _understood(response: httpx.Response) -> tuple[str, float]:
    if response.status_code != 200:
        headers: Mapping[str, str] = response.headers
        raise token_refused(response.status_code, headers, response.content)
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    token = body.get("access_token") if isinstance(body, dict) else None
    lives = body.get("expires_in") if isinstance(body, dict) else None
    if not isinstance(token, str) or not isinstance(lives, int):
        raise errors.Unavailable("the token endpoint answered something else")
    return token, float(lives)


def choose(settings: Auth0, http: httpx.AsyncClient, origin: str, *, loopback: bool) -> Credential:
    """Build the credential the settings describe.

    Raises:
        errors.Unauthenticated: they describe none that may be used.
    """
    if settings.access_token is not None and loopback:
        return Ready(settings.access_token)
    if settings.client_id and settings.client_secret is not None:
        audience = f"https://{settings.domain}/api/v2/"
        return ClientCredentials(http, origin, audience, settings.client_id, settings.client_secret)
    raise errors.Unauthenticated(
        "no usable credential is set", remedy="Set auth0.client_id and auth0.client_secret."
    )
