"""Reading a vendor's log on and on: where to go on, what comes late, what cannot be had any more.

Two kinds of logs: one hands out a cursor and never shows an entry late behind it (Okta), the others are
asked for a stretch of time. Of those the end that was read last is read again each time, because entries
come late; whoever stores them knows by their keys which are new.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from connectors.clock import instant, spell

Json = Mapping[str, Any]
#: A stretch of a log, page by page.
Pages = AsyncIterator[list[Json]]

#: The longest stretch that is asked for at once while catching up.
_STRETCH = timedelta(hours=6)
#: A log of more entries than one answer gives is asked for in halves, down to this.
_SHORTEST = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry as the vendor has it. ``key`` stays the same until the vendor says something else in it."""

    key: str
    body: Json


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of which entries may be missing for good, and why."""

    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one reading has brought.

    ``cursor`` is JSON to go on with; ``read_to`` the time up to which the log is known; ``more``: there is
    more to be read at once. ``note`` says what was not read this time, for people.
    """

    entries: tuple[Logged, ...]
    cursor: Json
    read_to: datetime
    more: bool = False
    gap: Gap | None = None
    note: str = ""


class LogReader(Protocol):
    """Reads one log of one tenant."""

    async def read(self, cursor: Json | None, now: datetime) -> Batch:
        """Read what follows ``cursor``; without one, what is newer than the overlap.

        Raises:
            errors.ConnectorError: the classified failure; the cursor is still good.
        """


@dataclass(frozen=True, slots=True)
class Answered:
    """The entries of a stretch; ``cut``: there are more of it than were given. ``note`` as in ``Batch``."""

    entries: Sequence[Logged]
    cut: bool = False
    note: str = ""


#: Asks for the entries of a stretch, both ends included.
Ask = Callable[[datetime, datetime], Awaitable[Answered]]


class Stretches:
    """Reads a log that is asked for by time."""

    def __init__(self, ask: Ask, *, overlap: timedelta, keeps: timedelta) -> None:
        """Ask by ``ask``; ``overlap`` is read again each time, and the vendor keeps entries for ``keeps``."""
        self._ask = ask
        self._overlap = overlap
        self._keeps = keeps

    async def read(self, cursor: Json | None, now: datetime) -> Batch:
        """Read the next stretch.

        Raises:
            errors.ConnectorError: the classified failure; the cursor is still good.
        """
        known = instant((cursor or {}).get("read_to"))
        # a clock that was wrong for a while must not keep what comes from being read
        read_to = min(known, now) if known is not None else now - self._overlap
        gap = None
        if read_to < now - self._keeps:
            oldest = now - self._keeps
            gap = Gap(read_to, oldest, f"the log is kept for {self._keeps.days} days at most")
            read_to = oldest
        start = read_to - self._overlap if known is not None and gap is None else read_to
        until = min(now, read_to + _STRETCH)
        answered, until, dense = await self._whole(start, read_to, until)
        return Batch(
            entries=tuple(answered.entries),
            cursor={"read_to": spell(until)},
            read_to=until,
            more=until < now,
            gap=gap or dense,
            note=answered.note,
        )

    async def _whole(
        self, start: datetime, read_to: datetime, until: datetime
    ) -> tuple[Answered, datetime, Gap | None]:
        """Ask for a stretch that is given whole: a shorter one where there is more than is given."""
        while True:
            answered = await self._ask(start, until)
            if not answered.cut:
                return answered, until, None
            if until - start <= _SHORTEST:
                return answered, until, Gap(start, until, "there is more than the vendor gives")
            half = start + (until - start) / 2
            if half <= read_to:
                # the overlap alone is too much: going on comes first
                start = read_to
                continue
            until = half
