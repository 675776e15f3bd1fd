"""Microsoft's SDK, reduced to what is wanted of it: addresses, sign-in, transport.

Retries, redirects, models and pagers of the SDK are off or unused: the door decides about retries,
a redirect is an error, bodies are plain JSON. Every request is pinned to the configured origin in
the innermost transport, beneath anything the SDK might do.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
from azure.core.exceptions import AzureError
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from kiota_http.middleware.options import (
    RedirectHandlerOption,
    ResponseHandlerOption,
    RetryHandlerOption,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.graph_request_adapter import GraphClientFactory
from msgraph.graph_request_adapter import options as sdk_options

from config.tenants import Entra
from connectors import errors
from connectors.entra import credential
from connectors.pinned import Pinned, is_loopback, origin_of, unanswered

Json = dict[str, Any]

#: Graph's host by cloud (Microsoft Graph national cloud deployments).
GRAPH_HOSTS: Mapping[str, str] = {
    "global": "graph.microsoft.com",
    "us_gov": "graph.microsoft.us",
    "us_dod": "dod-graph.microsoft.us",
    "china": "microsoftgraph.chinacloudapi.cn",
}

#: How many connections are open at most; as many requests are under way, so that none waits for one.
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP request: the SDK's builder for its address, and what goes with it.

    ``url`` replaces the builder's own address, for the next page of a list.
    """

    method: str
    at: Callable[[Any], Any]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    url: str | None = None
    write: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, undecoded. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class _Once(GraphRequestAdapter):  # type: ignore[misc]  # the SDK is not followed by the type checker
    """The SDK's adapter, which leaves it to the door to send again with another token."""

    async def retry_cae_response_if_required(
        self,
        resp: httpx.Response,
        *_: object,
    ) -> httpx.Response:
        return resp


def graph_url(settings: Entra) -> str:
    """Graph's address without a trailing slash, in the cloud the settings name."""
    url = httpx.URL(str(settings.base_url))
    if url.host == GRAPH_HOSTS["global"]:
        url = url.copy_with(host=GRAPH_HOSTS[settings.cloud])
    return str(url).rstrip("/")


class Wire:
    """An open way to one tenant's Graph. Belongs to the event loop it is first used in."""

    def __init__(self, settings: Entra, timeout_s: float) -> None:
        """Build the SDK's client; nothing is sent.

        Raises:
            errors.Unauthenticated: no usable credential is set.
            errors.Refused: the base URL would send the token in clear text over a network.
        """
        self.base_url = graph_url(settings)
        url = httpx.URL(self.base_url)
        loopback = is_loopback(url.host)
        if url.scheme != "https" and not loopback:
            raise errors.Refused("base_url must be https")
        self.origin = origin_of(url)
        self._credential = credential.Attentive(credential.choose(settings, loopback=loopback))
        self._inner = Pinned(
            self.origin,
            http2=url.scheme == "https",
            limits=httpx.Limits(
                max_connections=_CONNECTIONS, max_keepalive_connections=8, keepalive_expiry=30
            ),
        )
        # trust_env: a proxy variable of the machine must not reroute what carries the token.
        self._http: httpx.AsyncClient = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(
                transport=self._inner,
                timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)),
                trust_env=False,
                follow_redirects=False,
            ),
            options={
                **sdk_options,
                RetryHandlerOption.get_key(): RetryHandlerOption(should_retry=False),
                RedirectHandlerOption.get_key(): RedirectHandlerOption(should_redirect=False),
            },
        )
        self._places = asyncio.Semaphore(_CONNECTIONS)
        self._scopes = [f"https://{GRAPH_HOSTS[settings.cloud]}/.default"]
        self._provider = AzureIdentityAuthenticationProvider(
            self._credential,
            scopes=self._scopes,
            allowed_hosts=[url.host],
        )
        self._adapter = _Once(self._provider, self._http)
        self._adapter.base_url = self.base_url
        self._adapter.observability_options.include_euii_attributes = False
        self._graph = GraphServiceClient(request_adapter=self._adapter)

    @property
    def granted(self) -> frozenset[str] | None:
        """The application permissions the last token has; None where that is not known (yet)."""
        return self._credential.roles

    @asynccontextmanager
    async def way(
        self, outgoing: Outgoing, claims: str | None = None
    ) -> AsyncIterator[Callable[[], Awaitable[Reply]]]:
        """Wait for a free connection and a token; gives what sends the request, once.

        That returns whatever was answered, 2xx or not. It raises ``errors.UnknownOutcome`` where a
        change left and no answer came back, ``errors.Unavailable`` for no answer to a read or where
        nothing was sent, ``errors.Refused`` for another address than the tenant's Graph endpoint.

        Args:
            outgoing: the request.
            claims: what an earlier answer demanded of the next token (``answers.claims``).

        Raises:
            errors.Unauthenticated: Entra gave the application no token.
            errors.Throttled: Entra gives no token now; ``errors.Unavailable``: nor does it answer.
        """
        async with self._places:
            information = self._information(outgoing)
            await self._sign(information, claims)
            yield partial(self._exchange, information, write=outgoing.write)

    async def _sign(self, information: RequestInformation, claims: str | None) -> None:
        self._adapter.set_base_url_for_request_information(information)
        try:
            await self._provider.authenticate_request(
                information, {"claims": claims} if claims else {}
            )
        except AzureError as error:
            failure = credential.sign_in_failure(error)
        except ValueError:
            # The SDK decodes the challenge of a 401 without further checks.
            failure = errors.Unauthenticated("the claims challenge is malformed", status=401)
        else:
            return
        raise failure

    async def _exchange(self, information: RequestInformation, *, write: bool) -> Reply:
        # The failure is raised after the handler has ended: a chained exception of httpx holds
        # the request, and with it the token and the body.
        try:
            response = await self._adapter.send_no_response_content_async(information, {})
            return Reply(
                response.status_code,
                {name.lower(): value for name, value in response.headers.items()},
                response.content,
            )
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = unanswered(error, write=write)
        raise failure

    async def app_id(self) -> str | None:
        """The client id the access token was issued to, in lower case; None where it names none.

        Raises:
            errors.ConnectorError: Entra gives no token.
        """
        return credential.app_id(await self._token())

    async def own_ids(self) -> frozenset[str]:
        """The client id and the service principal's object id the access token names.

        Raises:
            errors.ConnectorError: Entra gives no token.
        """
        return credential.own_ids(await self._token())

    async def _token(self) -> str:
        try:
            token = await self._credential.get_token(*self._scopes)
        except AzureError as error:
            failure = credential.sign_in_failure(error)
        else:
            return str(token.token)
        raise failure

    async def close(self) -> None:
        """Close connections and the credential; the SDK would leave the sockets open."""
        await self._http.aclose()
        await self._inner.aclose()
        await self._credential.close()

    def _information(self, outgoing: Outgoing) -> RequestInformation:
        builder = outgoing.at(self._graph)
        if outgoing.url is not None:
            builder = builder.with_url(outgoing.url)
        information = RequestInformation(
            Method(outgoing.method), builder.url_template, dict(builder.path_parameters)
        )
        for name, value in outgoing.query.items():
            key = f"%24{name}"
            if key not in builder.url_template:
                # The SDK would drop it without a word, and a list would come unfiltered.
                raise errors.Invalid(f"the address takes no ${name}")
            information.query_parameters[key] = value
        information.headers.add("Accept", "application/json")
        information.headers.add("client-request-id", str(uuid.uuid4()))
        if outgoing.write:
            # Throttled last (Microsoft Graph throttling guidance).
            information.headers.add("x-ms-throttle-priority", "High")
        if outgoing.body is not None:
            information.set_stream_content(json.dumps(outgoing.body).encode(), "application/json")
        information.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        return information
