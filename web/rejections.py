"""Recording posts that proved nothing, so that a flood of them fills neither disk nor log."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

#: Posts recorded one by one in a minute, per source; further ones are counted.
PER_MINUTE = 30


@dataclass(slots=True)
class _Source:
    recorded: deque[float] = field(default_factory=deque)
    unrecorded: int = 0


class RejectionBudget:
    """How many rejections may be recorded one by one; safe to use from threads."""

    def __init__(
        self, per_minute: int = PER_MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock`` counts seconds and never goes back."""
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._sources: dict[str, _Source] = {}

    def admit(self, source: str) -> int | None:
        """Ask to record a rejection.

        Returns:
            How many went unrecorded since the last recorded one, to be told with this one; None
            where this one, too, is only to be counted.
        """
        with self._lock:
            known = self._sources.setdefault(source, _Source())
            now = self._clock()
            while known.recorded and known.recorded[0] <= now - 60:
                known.recorded.popleft()
            if len(known.recorded) >= self._per_minute:
                known.unrecorded += 1
                return None
            known.recorded.append(now)
            missed, known.unrecorded = known.unrecorded, 0
            return missed


def told(reason: str, missed: int) -> str:
    """Return ``reason`` with the number of rejections that went unrecorded before it."""
    if not missed:
        return reason
    return f"{reason} (and {missed} more before it that were counted only)"
