"""One tenant's Microsoft Graph, as the actions use it: read, list, change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from config.tenants import Entra
from connectors import errors
from connectors.door import Answer, Call, Door, Journal, Transport
from connectors.entra import answers, ids

if TYPE_CHECKING:
    from connectors.entra.wire import Outgoing, Wire

Json = dict[str, Any]

#: A list longer than this many pages does not belong to one person: it is a loop.
PAGE_CAP = 50


@dataclass(frozen=True, slots=True)
class Request:
    """One request to Graph.

    ``path`` is the template the audit log shows, ``params`` fills it; every value is checked to be
    an id before ``at`` sees it. ``at`` walks from the SDK's root builder to the address. ``needs``
    names the permission or role that is missing where Graph answers 403. ``beta`` sends it to the
    beta endpoint beside v1.0, for what the SDK has no address for. ``patience_s`` is how long it may
    wait for its turn in a paced bucket, where that is not the door's, and ``leaves`` how many turns it
    leaves free there for what is more urgent.
    """

    method: str
    path: str
    at: Callable[[Any, Mapping[str, str]], Any]
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    bucket: str = "default"
    needs: str = ""
    beta: bool = False
    patience_s: float | None = None
    leaves: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """The items of a list in the order they came; ``cut``: there are more."""

    items: tuple[Json, ...]
    cut: bool


class EntraClient:
    """Talks to one tenant's Graph through the door. One per process and tenant."""

    def __init__(self, tenant: str, settings: Entra, door: Door) -> None:
        """Keep the settings; the SDK is loaded when it is first needed, or by ``warm``."""
        self.tenant = tenant
        self._settings = settings
        self._door = door
        self._opening = asyncio.Lock()
        self._wire: Wire | None = None
        #: Whether Exchange is asked for what Graph does not show of a mailbox.
        self.mailbox_is_asked = False

    async def read(self, request: Request) -> Answer:
        """Send a request that changes nothing; the answer's body is a JSON object.

        Raises:
            errors.ConnectorError: the classified failure.
        """
        answer = await self._send(request)
        if not isinstance(answer.body, dict):
            raise errors.Unavailable("the answer is no JSON object", status=answer.status)
        return answer

    async def change(self, request: Request, journal: Journal) -> Answer:
        """Send a change, its intent committed to ``journal`` first; the body may be None.

        Raises:
            errors.ConnectorError: the classified failure; ``errors.UnknownOutcome`` where the
                change may have happened.
        """
        return await self._send(request, journal=journal, write=True)

    def alone(self, object_id: str, journal: Journal) -> AbstractAsyncContextManager[Journal]:
        """Be the only one that changes an object of the directory; record in what is given.

        Raises:
            errors.Busy: others change it for longer than a worker may be held up.
        """
        return self._door.alone(f"entra {ids.object_id(object_id)}", journal)

    async def items(self, request: Request) -> list[Json]:
        """Read a list to its end, following next links, empty pages included.

        Raises:
            errors.Refused: a next link leads elsewhere than to the tenant's Graph, or never ends.
            errors.ConnectorError: the classified failure of any page.
        """
        return [item async for item in self._items(request)]

    async def newest(self, request: Request, most: int) -> Listing:
        """Read the first ``most`` items of a list, of a log's the newest.

        Raises:
            errors.Refused: a next link leads elsewhere than to the tenant's Graph, or never ends.
            errors.ConnectorError: the classified failure of any page.
        """
        found: list[Json] = []
        async with aclosing(self._items(request)) as items:
            async for item in items:
                if len(found) == most:
                    return Listing(tuple(found), cut=True)
                found.append(item)
        return Listing(tuple(found), cut=False)

    async def _items(self, request: Request) -> AsyncGenerator[Json]:
        async with aclosing(self.pages(request, PAGE_CAP)) as pages:
            async for page in pages:
                for value in page:
                    yield value

    async def pages(self, request: Request, most: int) -> AsyncGenerator[list[Json]]:
        """Read a long list page by page, ``most`` pages at most; a page may be empty.

        Raises:
            errors.Refused: a next link leads elsewhere than to the tenant's Graph, or never ends.
            errors.ConnectorError: the classified failure of any page.
        """
        seen: set[str] = set()
        link: str | None = None
        while True:
            page = await self._send(request, url=link)
            body = page.body if isinstance(page.body, dict) else {}
            values = body.get("value")
            if not isinstance(values, list):
                raise errors.Unavailable("the answer holds no list", status=page.status)
            yield [value for value in values if isinstance(value, dict)]
            following = body.get("@odata.nextLink")
            if not following:
                return
            link = await self._own(following)
            if link in seen or len(seen) + 1 >= most:
                raise errors.Refused("the list does not end")
            seen.add(link)

    async def reference(self, path: str) -> str:
        """The full address of ``path`` (``/policies/…``) as an ``@odata.id`` names it."""
        return (await self._open()).base_url + path

    async def own_app_id(self) -> str | None:
        """The client id of the application Rescind signs in as, in lower case; None where unknown.

        A managed identity need not be named in the settings: then the access token names it.
        """
        if self._settings.client_id:
            return self._settings.client_id.lower()
        return await (await self._open()).app_id()

    async def own_ids(self) -> frozenset[str]:
        """The ids under which our own changes stand in the directory's audit log, in lower case.

        The application's client id, and the object id of its service principal; the log may name
        either. Empty where the settings and the access token tell neither.

        Raises:
            errors.ConnectorError: Entra gives no token.
        """
        named = await (await self._open()).own_ids()
        own = self._settings.client_id
        return named | {own.lower()} if own else named

    async def warm(self) -> Answer:
        """Load the SDK, fetch a token and open a connection by one harmless read.

        Raises:
            errors.ConnectorError: Graph does not answer as hoped; nothing is lost by it.
        """
        return await self.read(
            Request(
                "GET", "/organization", lambda graph, _: graph.organization, query={"select": "id"}
            )
        )

    @property
    def granted(self) -> frozenset[str] | None:
        """The application permissions our token has; None where that is not known (yet)."""
        return self._wire.granted if self._wire is not None else None

    async def close(self) -> None:
        """Close connections; a later call opens them again."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def _send(
        self,
        request: Request,
        *,
        journal: Journal | None = None,
        write: bool = False,
        url: str | None = None,
    ) -> Answer:
        params = _checked(request.params)
        wire = await self._open()
        if request.beta and url is None:
            parts = {name: quote(value, safe="") for name, value in params.items()}
            url = _beta(wire.base_url) + request.path.format_map(parts) + _query(request.query)
        outgoing = _outgoing(request, params, url, write=write)

        claims: str | None = None

        @asynccontextmanager
        async def way() -> AsyncIterator[Transport]:
            async with wire.way(outgoing, claims) as exchange:

                async def attempt() -> Answer:
                    nonlocal claims
                    reply = await exchange()
                    claims = answers.claims(reply.headers) if reply.status == 401 else None
                    return answers.understand(
                        reply.status, reply.headers, reply.content, write=write, needs=request.needs
                    )

                yield attempt

        call = Call(
            system="entra",
            tenant=self.tenant,
            method=request.method,
            path=f"/beta{request.path}" if request.beta else request.path,
            params=params,
            bucket=_bucket(request.bucket, write=write),
            write=write,
            patience_s=request.patience_s,
            leaves=request.leaves,
        )
        return await self._door.send(call, way, journal)

    async def _own(self, link: object) -> str:
        wire = await self._open()
        try:
            parts = urlsplit(str(link))
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            parts, port = None, None
        if (
            parts is None
            or (parts.scheme, parts.hostname, port) != wire.origin
            or "@" in parts.netloc
        ):
            raise errors.Refused("a next link leads to another host")
        return str(link)

    async def _open(self) -> Wire:
        async with self._opening:
            if self._wire is None:
                loaded = await asyncio.to_thread(_load)
                self._wire = loaded(self._settings, self._door.policy.call_timeout_s)
            return self._wire


def _load() -> type[Wire]:
    # Loading the SDK takes a second and more: in a thread, so that the event loop goes on.
    from connectors.entra.wire import Wire  # noqa: PLC0415 - see above

    return Wire


def _outgoing(
    request: Request, params: Mapping[str, str], url: str | None, *, write: bool
) -> Outgoing:
    from connectors.entra.wire import Outgoing  # noqa: PLC0415 - loaded by now, see _load

    return Outgoing(
        method=request.method,
        at=lambda graph: request.at(graph, params),
        query=request.query,
        body=request.body,
        url=url,
        write=write,
    )


def _bucket(name: str, *, write: bool) -> str:
    # Reads that were throttled hold no change back: it goes out with priority (see the wire).
    return "changes" if write and name == "default" else name


def _beta(base_url: str) -> str:
    root, version = base_url.rsplit("/", 1)
    if version != "v1.0":
        raise errors.Refused("there is no beta endpoint beside this base_url")
    return root + "/beta"


def _query(options: Mapping[str, str]) -> str:
    named = {f"${name}": value for name, value in options.items()}
    return f"?{urlencode(named, quote_via=quote)}" if named else ""


def _checked(params: Mapping[str, str]) -> dict[str, str]:
    # Directory objects (a user, an application) have GUIDs; what hangs on them has opaque ids.
    return {
        name: ids.object_id(value) if name == "id" else ids.opaque_id(value)
        for name, value in params.items()
    }
