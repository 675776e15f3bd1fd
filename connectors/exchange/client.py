"""One organization's Exchange Online, as the actions use it: run a cmdlet that reads, or one that changes.

Source: the ``InvokeCommand`` endpoint of the admin API, which Microsoft's PowerShell module itself
uses. Microsoft does not document it for others; without it what it does is left to people.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from config.tenants import Entra, Exchange
from connectors import errors
from connectors.door import Answer, Call, Door, Journal, Transport
from connectors.entra import answers
from connectors.exchange import failures
from connectors.pinned import origin_of

if TYPE_CHECKING:
    from connectors.exchange.wire import Wire

Json = dict[str, Any]

PATH = "/adminapi/beta/{organization}/InvokeCommand"
#: A list longer than this many pages does not belong to one mailbox: it is a loop.
PAGE_CAP = 50


@dataclass(frozen=True, slots=True)
class Command:
    """One cmdlet. ``about`` is what the audit log shows of its parameters; ``needs`` what it takes."""

    cmdlet: str
    parameters: Mapping[str, Any]
    about: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a cmdlet gave, and the server's clock."""

    items: tuple[Json, ...]
    date: datetime | None


class ExchangeClient:
    """Talks to one organization through the door. One per process and tenant."""

    def __init__(self, tenant: str, settings: Exchange, entra: Entra, door: Door) -> None:
        """Keep the settings; the sign-in library is loaded when it is first needed, or by ``warm``."""
        self.tenant = tenant
        self._settings = settings
        self._entra = entra
        self._door = door
        self._opening = asyncio.Lock()
        self._wire: Wire | None = None

    async def read(self, command: Command) -> Listing:
        """Run a cmdlet that changes nothing, and follow its pages to the end.

        Raises:
            errors.Refused: it is none that only reads, or a page leads elsewhere or never ends.
            errors.ConnectorError: the classified failure of any page.
        """
        if not command.cmdlet.startswith("Get-"):
            raise errors.Refused(f"{command.cmdlet} does more than read")
        found: list[Json] = []
        seen: set[str] = set()
        link: str | None = None
        while True:
            answer = await self._send(command, url=link)
            values = answer.body.get("value")
            if not isinstance(values, list):
                raise errors.Unavailable("the answer holds no list", status=answer.status)
            found.extend(value for value in values if isinstance(value, dict))
            following = answer.body.get("@odata.nextLink")
            if not following:
                return Listing(tuple(found), answer.date)
            link = await self._own(following)
            if link in seen or len(seen) + 1 >= PAGE_CAP:
                raise errors.Refused("the list does not end")
            seen.add(link)

    async def change(self, command: Command, journal: Journal) -> Answer:
        """Run a cmdlet that changes something, its intent committed to ``journal`` first.

        Raises:
            errors.ConnectorError: the classified failure; ``errors.UnknownOutcome`` where the
                change may have happened.
        """
        return await self._send(command, journal=journal, write=True)

    async def warm(self) -> Listing:
        """Load the library, fetch a token and open a connection by one harmless read.

        Raises:
            errors.ConnectorError: Exchange does not answer as hoped; nothing is lost by it.
        """
        needs = "the permission Exchange.ManageAsApp of Office 365 Exchange Online, and a role"
        return await self.read(Command("Get-Mailbox", {"ResultSize": 1}, needs=needs))

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
        command: Command,
        *,
        journal: Journal | None = None,
        write: bool = False,
        url: str | None = None,
    ) -> Answer:
        wire = await self._open()
        from connectors.exchange.wire import Outgoing  # noqa: PLC0415 - loaded by now, see _load

        outgoing = Outgoing(command.cmdlet, command.parameters, url, write)
        claims: str | None = None

        @asynccontextmanager
        async def way() -> AsyncIterator[Transport]:
            async with wire.way(outgoing, _decoded(claims)) as exchange:

                async def attempt() -> Answer:
                    nonlocal claims
                    reply = await exchange()
                    claims = answers.claims(reply.headers) if reply.status == 401 else None
                    return failures.understand(
                        reply.status,
                        reply.headers,
                        reply.content,
                        write=write,
                        needs=command.needs,
                    )

                yield attempt

        organization = self._settings.organization or self._entra.tenant_id
        call = Call(
            system="exchange",
            tenant=self.tenant,
            method="POST",
            path=PATH,
            params={"organization": organization, "cmdlet": command.cmdlet, **command.about},
            # Reads that were throttled hold no change back.
            bucket="changes" if write else "default",
            write=write,
        )
        return await self._door.send(call, way, journal)

    async def _own(self, link: object) -> str:
        wire = await self._open()
        try:
            url = httpx.URL(str(link))
        except httpx.InvalidURL:
            url = None
        if url is None or origin_of(url) != wire.origin or url.userinfo:
            raise errors.Refused("a next link leads to another host")
        return str(link)

    async def _open(self) -> Wire:
        async with self._opening:
            if self._wire is None:
                loaded = await asyncio.to_thread(_load)
                timeout_s = self._door.policy.call_timeout_s
                self._wire = loaded(self._settings, self._entra, timeout_s)
            return self._wire


def _load() -> type[Wire]:
    # In a thread, so that the event loop goes on while the sign-in library is loaded.
    from connectors.exchange.wire import Wire  # noqa: PLC0415 - see above

    return Wire


def _decoded(claims: str | None) -> str | None:
    """What the next token must carry, as the sign-in library takes it; None where it is malformed."""
    if claims is None:
        return None
    try:
        return base64.b64decode(claims + "=" * (-len(claims) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
