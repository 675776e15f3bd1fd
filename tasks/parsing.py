"""Reading a stored delivery: once for all the findings it holds, however many take their turn at it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from config.settings import Source
from detectors import registry
from detectors.batch import Finding
from ledger import deliveries
from ledger.database import Database
from tasks import crowds

#: So many deliveries are kept read; each holds at most what a request may carry.
_KEPT = 4


@dataclass(frozen=True, slots=True)
class Read:
    """The findings of a delivery, and how many different people they ask to contain."""

    findings: tuple[Finding, ...]
    people: int


class Parser:
    """Reads deliveries for one process. Lives on its event loop."""

    def __init__(self, database: Database) -> None:
        """Read stored bytes from ``database``."""
        self._database = database
        self._reads: OrderedDict[tuple[str, str], asyncio.Future[Read]] = OrderedDict()

    async def read(self, row: Row[Any], source: Source) -> Read:
        """Return what an alert's delivery holds: a function of its bytes and its source.

        Raises:
            NotUnderstood: it cannot be read at all.
        """
        key = (row.source, row.body_sha256)
        reading = self._reads.get(key)
        if reading is None:
            reading = asyncio.ensure_future(self._read(row, source))
            self._reads[key] = reading
            reading.add_done_callback(lambda done: self._settle(key, done))
        self._reads.move_to_end(key)
        # whoever gives up waiting must not end it for the others
        return await asyncio.shield(reading)

    def _settle(self, key: tuple[str, str], done: asyncio.Future[Read]) -> None:
        failed = done.cancelled() or done.exception() is not None
        if failed or len(done.result().findings) < 2:
            self._reads.pop(key, None)
        while len(self._reads) > _KEPT:
            _, oldest = self._reads.popitem(last=False)
            if not oldest.done():
                self._reads[key] = oldest  # still read for somebody: the next one to end makes room
                break

    async def _read(self, row: Row[Any], source: Source) -> Read:
        body = await self._database.reading(deliveries.body_of, row.body_sha256)

        def parse() -> Read:
            findings = registry.parse(source.kind, body, row.source, source)
            return Read(findings, crowds.people_of(findings))

        return await asyncio.to_thread(parse)
