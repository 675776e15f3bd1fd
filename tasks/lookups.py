"""Finding people for many alerts at once: whoever is looked for already is not looked for again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from connectors.directory import Identification
from connectors.system import Clue
from tasks import opening
from tasks.systems import Systems

#: So long a person who was found is taken as found, in seconds: in a storm the vendor's limits are for
#: the steps, and otherwise nothing is as old when it is used.
KEEP_S = 2.0
_Key = tuple[str, frozenset[Clue]]


class Lookups:
    """Finds people for one process. Lives on the event loop of its systems."""

    def __init__(self, systems: Systems, keep_s: float = KEEP_S) -> None:
        """Ask ``systems``."""
        self._systems = systems
        self._keep_s = keep_s
        self._looks: dict[_Key, asyncio.Future[Identification]] = {}
        self._found: dict[_Key, tuple[float, Identification]] = {}

    async def find(self, tenant: str, clues: Sequence[Clue]) -> Identification:
        """Find a person's accounts in all systems of a tenant, as ``opening.look_up`` does."""
        key = (tenant, frozenset(clues))
        now = time.monotonic()
        self._found = {each: kept for each, kept in self._found.items() if kept[0] > now}
        if key in self._found:
            return self._found[key][1]
        look = self._looks.get(key)
        if look is None:
            look = asyncio.ensure_future(opening.look_up(self._systems, tenant, clues))
            self._looks[key] = look
            look.add_done_callback(lambda done: self._keep(key, done))
        # whoever gives up waiting must not end it for the others
        return await asyncio.shield(look)

    def _keep(self, key: _Key, done: asyncio.Future[Identification]) -> None:
        del self._looks[key]
        if done.cancelled() or done.exception() is not None:
            return
        person = done.result()
        if person.accounts and not person.failures:
            self._found[key] = (time.monotonic() + self._keep_s, person)
