"""So many at once, then one every so often: the generic cell rate algorithm.

One number is the whole state, the moment up to which the pace is booked; booking moves it on, and
time catches up with it by itself (ITU-T I.371, annex A, as virtual scheduling).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

#: Keys remembered at most. Whoever could make so many meets the bounds that know no keys.
_MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class Booking:
    """A turn. ``booked`` is the state to keep; the turn comes after ``wait_ms``."""

    booked: int
    wait_ms: int


@dataclass(frozen=True, slots=True)
class Pace:
    """``burst`` at once, then one every ``every_ms``. Times in milliseconds."""

    burst: int
    every_ms: int

    def book(self, booked: int, now: int) -> Booking:
        """Return the next turn after ``booked``, where nothing is booked 0 or any time past."""
        until = max(booked, now) + self.every_ms
        return Booking(until, max(0, until - now - self.burst * self.every_ms))

    def give_back(self, booked: int) -> int:
        """Return the state without one turn."""
        return max(0, booked - self.every_ms)


class Paces:
    """One pace for many keys, kept in memory; safe to use from threads."""

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` counts seconds and never goes back."""
        self._pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._booked: OrderedDict[Hashable, int] = OrderedDict()

    def book(self, key: Hashable, patience_ms: int = 0) -> Booking:
        """Return the next turn of ``key``; it is booked only if it comes within ``patience_ms``."""
        with self._lock:
            booking = self._pace.book(self._booked.get(key, 0), int(self._clock() * 1000))
            if booking.wait_ms <= patience_ms:
                self._booked[key] = booking.booked
                self._booked.move_to_end(key)
                if len(self._booked) > _MOST_KEYS:
                    self._booked.popitem(last=False)
            return booking

    def give_back(self, key: Hashable) -> None:
        """Take one booking of ``key`` back."""
        with self._lock:
            if key in self._booked:
                self._booked[key] = self._pace.give_back(self._booked[key])

    def forget(self, key: Hashable) -> None:
        """Take all bookings of ``key`` back."""
        with self._lock:
            self._booked.pop(key, None)
