"""One Auth0 tenant's Management API, as the actions use it: read, list, change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from config.tenants import Auth0
from connectors import errors, grants
from connectors.auth0 import failures, ids
from connectors.door import Answer, Call, Door, Journal, Transport

if TYPE_CHECKING:
    from connectors.auth0.wire import Wire

Json = dict[str, Any]

#: A list longer than this many pages does not belong to one person: it is a loop.
PAGE_CAP = 50
_PAGE_SIZE = "50"


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    ``path`` is the template the audit log shows (``/api/v2/users/{user}/sessions``), ``params`` fills
    it, each value checked to be an id; what has no place in the path is shown beside it, because the
    body is not. ``query`` is percent-encoded by the SDK and may be any text. ``needs`` names the
    scope that is missing where Auth0 answers 403. ``bucket`` is what a read is paced with.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    needs: str = ""
    bucket: str = "default"


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole list, and Auth0's clock when its last page was answered."""

    items: tuple[Json, ...]
    date: datetime | None


class Auth0Client:
    """Talks to one Auth0 tenant through the door. One per process and tenant."""

    def __init__(self, tenant: str, settings: Auth0, door: Door) -> None:
        """Keep the settings; the SDK is loaded when it is first needed, or by ``warm``."""
        self.tenant = tenant
        self._settings = settings
        self._door = door
        self._opening = asyncio.Lock()
        self._wire: Wire | None = None

    async def read(self, request: Request) -> Answer:
        """Send a request that changes nothing; the answer's body is JSON.

        Raises:
            errors.ConnectorError: the classified failure.
        """
        return await self._send(request)

    async def change(self, request: Request, journal: Journal, *, answered: bool = False) -> Answer:
        """Send a change, its intent committed to ``journal`` first. The answer's body is dropped.

        Args:
            request: the change.
            journal: where it is recorded; its body and its answer's body are not.
            answered: whether the answer's body is wanted all the same, to hand its secret over.

        Raises:
            errors.ConnectorError: the classified failure; ``errors.UnknownOutcome`` where the
                change may have happened.
        """
        return await self._send(request, journal=journal, write=True, answered=answered)

    async def by_cursor(self, request: Request, key: str) -> Listing:
        """Read a list of sessions or refresh tokens to its end (``from``, ``take``, ``next``).

        Raises:
            errors.Refused: the list does not end.
            errors.ConnectorError: the classified failure of any page.
        """
        found: list[Json] = []
        query = {**request.query, "take": _PAGE_SIZE}
        seen: set[str] = set()
        while True:
            answer = await self._send(replace(request, query=query))
            found += _listed(answer, key)
            following = answer.body.get("next") if isinstance(answer.body, dict) else None
            if not isinstance(following, str) or not following:
                return Listing(tuple(found), answer.date)
            if following in seen or len(seen) + 1 >= PAGE_CAP:
                raise errors.Refused("the list does not end")
            seen.add(following)
            query = {**query, "from": following}

    async def by_page(self, request: Request, key: str) -> Listing:
        """Read a list of authentication methods or grants to its end (``page``, ``per_page``).

        Auth0 answers with an object that holds the total, or with the bare array.

        Raises:
            errors.Refused: the list does not end.
            errors.ConnectorError: the classified failure of any page.
        """
        found: dict[str, Json] = {}
        query = {**request.query, "per_page": _PAGE_SIZE, "include_totals": "true"}
        for number in range(PAGE_CAP):
            answer = await self._send(replace(request, query={**query, "page": str(number)}))
            page = {str(item.get("id")): item for item in _listed(answer, key)}
            total = answer.body.get("total") if isinstance(answer.body, dict) else None
            brings_nothing = not page.keys() - found.keys()
            found |= page
            done = len(found) >= total if isinstance(total, int) else brings_nothing
            if done:
                return Listing(tuple(found.values()), answer.date)
        raise errors.Refused("the list does not end")

    async def warm(self) -> Answer:
        """Load the SDK, fetch a token and open a connection by one harmless read.

        Raises:
            errors.ConnectorError: Auth0 does not answer as hoped; nothing is lost by it.
        """
        request = Request("GET", "/api/v2/users", query={"per_page": "1", "fields": "user_id"})
        return await self.read(request)

    @property
    def client_id(self) -> str | None:
        """The application under whose id our changes are logged; None where that is not known.

        A token tells it (``azp``, the authorized party), else it is the one we sign in as.
        """
        token = self._settings.access_token
        said = grants.claims(token.get_secret_value()) if token is not None else None
        named = (said or {}).get("azp")
        return named if isinstance(named, str) else self._settings.client_id

    @property
    def granted(self) -> frozenset[str] | None:
        """The scopes our token has; None where that is not known (yet)."""
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
        answered: bool = False,
    ) -> Answer:
        path = ids.fill(request.path, request.params)
        wire = await self._open()
        from connectors.auth0.wire import Outgoing  # noqa: PLC0415 - loaded by now, see _load

        outgoing = Outgoing(request.method, path, request.query, request.body, write)

        @asynccontextmanager
        async def way() -> AsyncIterator[Transport]:
            async with wire.way(outgoing) as exchange:

                async def attempt() -> Answer:
                    reply = await exchange()
                    try:
                        return failures.understand(
                            reply.status,
                            reply.headers,
                            reply.content,
                            write=write,
                            answered=answered,
                            needs=request.needs,
                        )
                    except errors.Unauthenticated as error:
                        refused = error
                    if not wire.forget(reply.token):
                        raise refused
                    raise errors.TokenRefused(
                        status=refused.status, code=refused.code, request_id=refused.request_id
                    )

                yield attempt

        call = Call(
            system="auth0",
            tenant=self.tenant,
            method=request.method,
            path=request.path,
            params=request.params,
            # Reads that were throttled hold no change back.
            bucket="changes" if write else request.bucket,
            write=write,
        )
        return await self._door.send(call, way, journal)

    async def _open(self) -> Wire:
        async with self._opening:
            if self._wire is None:
                loaded = await asyncio.to_thread(_load)
                self._wire = loaded(self._settings, self._door.policy.call_timeout_s)
            return self._wire


def _load() -> type[Wire]:
    # In a thread, so that the event loop goes on while the SDK is loaded.
    from connectors.auth0.wire import Wire  # noqa: PLC0415 - see above

    return Wire


def _listed(answer: Answer, key: str) -> list[Json]:
    body = answer.body
    values = body.get(key) if isinstance(body, dict) else body
    if not isinstance(values, list):
        raise errors.Unavailable("the answer holds no list", status=answer.status)
    return [value for value in values if isinstance(value, dict)]
