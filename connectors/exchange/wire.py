"""The way to Exchange Online: httpx, pinned to one origin, with the Entra application's token.

There is no SDK for it but a PowerShell module, whose own endpoint this is (``InvokeCommand``).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from azure.core.exceptions import AzureError

from config.tenants import Entra, Exchange
from connectors import errors
from connectors.entra import credential
from connectors.pinned import CHANGES_NOTHING, Pinned, is_loopback, origin_of, unanswered

#: Exchange Online's host by cloud (Connect-ExchangeOnline, -ExchangeEnvironmentName).
HOSTS: Mapping[str, str] = {
    "global": "outlook.office365.com",
    "us_gov": "outlook.office365.us",
    "us_dod": "webmail.apps.mil",
    "china": "partner.outlook.cn",
}
#: The mailbox of the organization by which a request finds its server.
_ANCHOR = "APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{organization}"
_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request. ``url`` replaces the address, for the next page of a list."""

    cmdlet: str
    parameters: Mapping[str, Any]
    url: str | None = None
    write: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, undecoded. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Wire:
    """An open way to one organization. Belongs to the event loop it is first used in."""

    def __init__(self, settings: Exchange, entra: Entra, timeout_s: float) -> None:
        """Build the client; nothing is sent.

        Raises:
            errors.Unauthenticated: no usable credential is set.
            errors.Refused: the address would send the token elsewhere than to Exchange.
        """
        host = HOSTS[entra.cloud]
        url = httpx.URL(str(settings.base_url or f"https://{host}").rstrip("/"))
        loopback = is_loopback(url.host)
        if settings.base_url is not None and not loopback:
            raise errors.Refused("base_url is for this machine only")
        organization = settings.organization or entra.tenant_id
        self.origin = origin_of(url)
        self._address = f"{url}/adminapi/beta/{organization}/InvokeCommand"
        self._scope = f"https://{host}/.default"
        self._credential = credential.Attentive(credential.choose(entra, loopback=loopback))
        # trust_env: a proxy variable of the machine must not reroute what carries the token.
        self._http = httpx.AsyncClient(
            transport=Pinned(
                self.origin,
                http2=url.scheme == "https",
                limits=httpx.Limits(
                    max_connections=_CONNECTIONS, max_keepalive_connections=4, keepalive_expiry=30
                ),
            ),
            timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)),
            headers={
                "User-Agent": "rescind",
                "Accept": "application/json",
                "Prefer": "odata.maxpagesize=1000",
                "X-AnchorMailbox": _ANCHOR.format(organization=organization),
                "X-ResponseFormat": "json",
            },
            trust_env=False,
            follow_redirects=False,
        )
        self._places = asyncio.Semaphore(_CONNECTIONS)

    @property
    def granted(self) -> frozenset[str] | None:
        """The application permissions the last token has; None where that is not known (yet)."""
        return self._credential.roles

    @asynccontextmanager
    async def way(
        self, outgoing: Outgoing, claims: str | None = None
    ) -> AsyncIterator[Callable[[], Awaitable[Reply]]]:
        """Wait for a free connection and a token; gives what sends the request, once.

        That returns whatever was answered. It raises ``errors.UnknownOutcome`` where a change left
        and no answer came back, ``errors.Unavailable`` for no answer to a read or where nothing was
        sent, ``errors.Refused`` for another address than Exchange's.

        Raises:
            errors.Unauthenticated: Entra gave the application no token.
            errors.Throttled: Entra gives no token now; ``errors.Unavailable``: nor does it answer.
        """
        async with self._places:
            yield partial(self._exchange, outgoing, await self._token(claims))

    async def _token(self, claims: str | None) -> str:
        options = {"claims": claims} if claims else {}
        try:
            return str((await self._credential.get_token(self._scope, **options)).token)
        except AzureError as error:
            failure = credential.sign_in_failure(error)
        raise failure

    async def _exchange(self, outgoing: Outgoing, token: str) -> Reply:
        # The failure is raised after the handler has ended: a chained exception of httpx holds
        # the request, and with it the token and the body.
        command = {"CmdletName": outgoing.cmdlet, "Parameters": dict(outgoing.parameters)}
        try:
            response = await self._http.post(
                outgoing.url or self._address,
                json={"CmdletInput": command},
                headers={
                    "Authorization": f"Bearer {token}",
                    "X-CmdletName": outgoing.cmdlet,
                    "client-request-id": str(uuid.uuid4()),
                },
                extensions={} if outgoing.write else {CHANGES_NOTHING: True},
            )
            headers = {name.lower(): value for name, value in response.headers.items()}
            headers.pop("set-cookie", None)
            return Reply(response.status_code, headers, response.content)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = unanswered(error, write=outgoing.write)
        raise failure

    async def close(self) -> None:
        """Close the connections and the credential."""
        await self._http.aclose()
        await self._credential.close()
