"""Who may try a password now: nobody guesses at will, and nobody keeps the right person out.

Counted by browser where the account knows it (``ledger.browsers``), else by network address. What is
counted here is counted by each process for itself: it keeps one place from more than its share of
tries and of this machine, which is the same share times a few processes. The bound over all places
has to be one, and stands in the database (``ledger.turns``).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum

from starlette.concurrency import run_in_threadpool

from ledger import turns
from ledger.budget import RecordBudget, told
from ledger.database import Database
from ledger.names import normal
from ledger.pace import Pace, Paces

_log = logging.getLogger(__name__)

#: Wrong passwords for one name from one place: ten at once, then one in five minutes.
GUESSES = Pace(burst=10, every_ms=5 * 60_000)
#: Passwords checked for one place, whatever the names: twenty at once, then one in three seconds.
#: Each takes 64 MiB and a core for a twentieth of a second.
WORK = Pace(burst=20, every_ms=3_000)
#: How long a browser waits for its turn at an account that is guessed at.
PATIENCE_MS = 20_000
#: Tries that may wait for a turn or for others to end: of one place, and of all.
_OF_ONE, _OF_ALL = 3, 200
#: Lines of the log a minute, for each reason.
_LINES = 5


class Slow(StrEnum):
    """Why a password was not tried."""

    WRONG = "wrong passwords from one place"
    CROWD = "too many checks"
    LINE = "an account is guessed at from many places"


class Slowed(Exception):
    """The password was not tried. It says the same of names that exist and of others."""

    def __init__(self, why: Slow, wait_ms: int) -> None:
        """``wait_ms`` is how long it takes until another try may be let through."""
        super().__init__(why)
        self.why = why
        self.wait_s = max(1, -(-wait_ms // 1000))


@dataclass(frozen=True, slots=True)
class Who:
    """Who tries: the name as typed, the network address, the browser's id if the account knows it."""

    name: str
    place: str
    browser: str | None

    @property
    def counted_by(self) -> str:
        """What tries are counted by."""
        return f"browser {self.browser}" if self.browser else f"place {self.place}"


@dataclass(slots=True)
class Try:
    """One check of a password; whoever makes it says whether it was ``right``."""

    right: bool = False


class Guard:
    """Lets tries through; of one process."""

    def __init__(self, database: Database) -> None:
        """``database`` holds the accounts."""
        self._database = database
        self._guesses, self._work = Paces(GUESSES), Paces(WORK)
        self._nobody = Paces(turns.STRANGERS)
        # A crowd of strangers leaves a lane to those who are known; one check at a time in each.
        self._lanes = {"known": _Lane(), "strangers": _Lane()}
        self._lines = RecordBudget(_LINES)

    @asynccontextmanager
    async def letting(self, who: Who) -> AsyncIterator[Try]:
        """Wait until ``who`` may have a password checked, which is then done inside.

        Raises:
            Slowed: that would take longer than is reasonable. Standing in line in vain counts as a
                guess, so that a crowd that only keeps others out of it uses itself up.
        """
        guess, work = (normal(who.name), who.counted_by), who.counted_by
        try:
            _book(self._guesses, guess, Slow.WRONG)
            _book(self._work, work, Slow.CROWD)
            lane = self._lanes["known" if who.browser else "strangers"]
            tried = Try()
            with lane.entered(work):
                if who.browser is None:
                    await self._line_up(who.name)
                async with lane.turn:
                    yield tried
        except Slowed as slowed:
            if slowed.why is Slow.CROWD:
                self._guesses.give_back(guess)
            missed = self._lines.admit(slowed.why)
            if missed is not None:
                _log.warning("%s", told(f"sign-in slowed: {slowed.why}", missed))
            raise
        except Exception:  # not the visitor's fault, and no guess
            self._guesses.give_back(guess)
            self._work.give_back(work)
            raise
        if tried.right:
            self._guesses.forget(guess)
            self._work.give_back(work)

    async def _line_up(self, name: str) -> None:
        booking = await run_in_threadpool(
            turns.line_up, self._database, name, self._nobody, PATIENCE_MS
        )
        if booking.wait_ms > PATIENCE_MS:
            raise Slowed(Slow.LINE, booking.wait_ms - PATIENCE_MS)
        await asyncio.sleep(booking.wait_ms / 1000)


class _Lane:
    """One check after the other, in the order they came; so many may wait."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(1)
        self._inside: Counter[str] = Counter()

    @contextmanager
    def entered(self, by: str) -> Iterator[None]:
        if self._inside[by] >= _OF_ONE or self._inside.total() >= _OF_ALL:
            raise Slowed(Slow.CROWD, 1000)
        self._inside[by] += 1
        try:
            yield
        finally:
            self._inside -= Counter([by])


def _book(paces: Paces, key: Hashable, why: Slow) -> None:
    booking = paces.book(key)
    if booking.wait_ms:
        raise Slowed(why, booking.wait_ms)
