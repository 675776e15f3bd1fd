"""Recording what repeats: some one by one and the rest counted, so that a flood fills no log."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

#: Recorded one by one in a minute, of each kind; further ones are counted.
PER_MINUTE = 30


@dataclass(slots=True)
class _Kind:
    recorded: deque[float] = field(default_factory=deque)
    unrecorded: int = 0


class RecordBudget:
    """How many of a kind may be recorded one by one; safe to use from threads.

    Of one process, because what it protects, a log, can bear that times the number of processes.
    """

    def __init__(
        self, per_minute: int = PER_MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock`` counts seconds and never goes back."""
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[str, _Kind] = {}

    def admit(self, kind: str) -> int | None:
        """Ask to record one of a kind. Kinds are few, and none of them a sender's own words.

        Returns:
            How many went unrecorded since the last recorded one, to be told with this one; None
            where this one, too, is only to be counted.
        """
        with self._lock:
            known = self._kinds.setdefault(kind, _Kind())
            now = self._clock()
            while known.recorded and known.recorded[0] <= now - 60:
                known.recorded.popleft()
            if len(known.recorded) >= self._per_minute:
                known.unrecorded += 1
                return None
            known.recorded.append(now)
            missed, known.unrecorded = known.unrecorded, 0
            return missed


def told(what: str, missed: int) -> str:
    """Return ``what`` with the number of those that went unrecorded before it."""
    if not missed:
        return what
    return f"{what} (and {missed} more before it that were counted only)"
