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

#: Findings of about so many bytes are kept, besides those being read and those read last.
_KEPT = 32 * 1024 * 1024
#: What a finding takes at least, in bytes, however few of them arrived.
_EACH = 4096


@dataclass(frozen=True, slots=True)
class Read:
    """The findings of a delivery, how many different people they ask to contain, and their size in bytes."""

    findings: tuple[Finding, ...]
    people: int
    size: int


class Parser:
    """Reads deliveries for one process. Lives on its event loop."""

    def __init__(self, database: Database) -> None:
        """Read stored bytes from ``database``."""
        self._database = database
        self._reads: OrderedDict[tuple[str, str], asyncio.Future[Read]] = OrderedDict()
        self._sizes: dict[tuple[str, str], int] = {}
        self._kept = 0

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
        if done.cancelled() or done.exception() is not None:
            del self._reads[key]
            return
        self._sizes[key] = done.result().size
        self._kept += self._sizes[key]
        if self._kept <= _KEPT:
            return
        # never the last: of thousands of findings each would read all of them again
        for oldest in [each for each in self._reads if each in self._sizes][:-1]:
            del self._reads[oldest]
            self._kept -= self._sizes.pop(oldest)
            if self._kept <= _KEPT:
                return

    async def _read(self, row: Row[Any], source: Source) -> Read:
        body = await self._database.reading(deliveries.body_of, row.body_sha256)

        def parse() -> Read:
            findings = registry.parse(source.kind, body, row.source, source)
            size = max(len(body), _EACH * len(findings))
            return Read(findings, crowds.people_of(findings), size)

        return await asyncio.to_thread(parse)
