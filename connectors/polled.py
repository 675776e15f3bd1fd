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
#: Where one answer does not give all entries, shorter stretches are asked for, down to this.
_SHORTEST = timedelta(seconds=2)
_TIGHT = "there are so many entries that those which come late were looked for in part"


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
        tight = (cursor or {}).get("tight") is True
        stretch = _seconds((cursor or {}).get("stretch_s"))
        again = known is not None and gap is None and not tight
        start = read_to - self._overlap if again else read_to
        until = min(now, read_to + stretch)
        answered = await self._ask(start, until)
        if answered.cut and until - start > _SHORTEST:
            # What came is the newest of it. It is stored, and asked for again in a shorter stretch
            # without the overlap: going on comes before what may be late.
            shorter = max((until - read_to) / 4, _SHORTEST)
            return Batch(
                entries=tuple(answered.entries),
                cursor=_cursor(read_to, shorter, tight=True),
                read_to=read_to,
                more=True,
                gap=gap,
            )
        if answered.cut:
            gap = Gap(start, until, "there is more in this moment than the vendor gives")
        caught_up = until >= now
        return Batch(
            entries=tuple(answered.entries),
            cursor=_cursor(until, stretch * 2, tight=tight and not caught_up),
            read_to=until,
            more=not caught_up,
            gap=gap,
            note=answered.note or (_TIGHT if tight else ""),
        )


def _cursor(read_to: datetime, stretch: timedelta, *, tight: bool) -> Json:
    shown = min(stretch, _STRETCH).total_seconds()
    return {"read_to": spell(read_to), "stretch_s": shown, "tight": tight}


def _seconds(stored: object) -> timedelta:
    if isinstance(stored, int | float) and stored > 0:
        return min(timedelta(seconds=float(stored)), _STRETCH)
    return _STRETCH
