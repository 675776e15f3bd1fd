"""Fetching a stretch of a tenant's logs into files: for questions over days, not for alerts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from config.settings import Settings
from connectors.errors import ConnectorError
from connectors.polled import Json, Pages
from tasks.systems import Systems

#: Hears which log it is, and how many entries of it are there.
Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Pulled:
    """One log: its file, how many entries were read, and what kept the rest from being read."""

    name: str
    file: Path
    entries: int
    failure: str = ""
    remedy: str = ""


#: Whoever pulls waits for as long as the vendors' limits take: minutes, in seconds.
_PATIENT = {"attempts": 10, "inline_wait_s": 300.0, "total_s": 900.0, "wait_cap_s": 30.0}


def patient(settings: Settings) -> Settings:
    """The same settings for a command that nobody's containment waits for."""
    retries = settings.retries.model_copy(update=_PATIENT)
    return settings.model_copy(update={"retries": retries})


async def pull(
    systems: Systems,
    tenant: str,
    since: datetime,
    until: datetime,
    folder: Path,
    told: Told = lambda _name, _count: None,
) -> list[Pulled]:
    """Read every log of a tenant between two times into ``folder``, a file of lines of JSON each.

    A log that cannot be read keeps no other from being read: what it gave until then stays.
    """
    return [
        await _one(name, pages, folder / f"{name}.ndjson", told)
        for name, pages in systems.pull(tenant, since, until).items()
    ]


async def _one(name: str, pages: Pages, file: Path, told: Told) -> Pulled:
    count = 0
    told(name, count)
    with _opened(file) as lines:
        try:
            async for page in pages:
                await asyncio.to_thread(_write, lines, page)
                count += len(page)
                told(name, count)
        except ConnectorError as error:
            return Pulled(name, file, count, str(error), error.remedy)
    return Pulled(name, file, count)


def _opened(file: Path) -> TextIO:
    # who signed in when and from where is nobody else's on this machine, whatever folder was named
    file.touch(mode=0o600)
    return file.open("w", encoding="utf-8", errors="replace")


def _write(lines: TextIO, page: Sequence[Json]) -> None:
    lines.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in page)
