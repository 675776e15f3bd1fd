"""Alerts on the same people take turns: a storm on one person holds nobody else up.

Without it hundreds of alerts on one person would take every worker and the database's only writer, and an
alert on another person would wait behind all of them. Lines live in memory: an alert that stood in one when
the process died is called for again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any

from tasks.faults import where

_log = logging.getLogger(__name__)

#: What is left to do for an alert once it is settled; None where that is nothing.
Rest = Coroutine[Any, Any, None] | None


class Lines:
    """The lines of one process. Lives on one event loop."""

    def __init__(self, take_up: Callable[[str], Awaitable[Rest]]) -> None:
        """``take_up`` takes up one alert by its id; what it gives back is done while others have their turn."""
        self._take_up = take_up
        self._lines: dict[Hashable, dict[str, None]] = {}
        self._stopped = False

    def stop(self) -> None:
        """Begin with no more of what stands in a line: this process ends, and a line may take minutes.

        Whoever comes after it finds them as they are stored. May be called from another thread.
        """
        self._stopped = True

    async def stand(self, key: Hashable, alert_id: str) -> None:
        """Take an alert up when it is its turn among those with this key.

        Returns at once where others with the key are before it: whoever takes those up goes on with it,
        whatever became of them. A turn is over when the alert is settled: the first one's steps may take
        minutes, and the next may be what asks for more than they do.
        """
        line = self._lines.get(key)
        if line is not None:
            line[alert_id] = None
            return
        line = self._lines[key] = {alert_id: None}
        rests: list[asyncio.Task[None]] = []
        try:
            while line:
                first = next(iter(line))
                try:
                    rest = await self._take_up(first)
                except Exception as error:  # noqa: BLE001 - the others are not to pay for it
                    _log.error("alert %s: %s; it is called for again", first, where(error))
                else:
                    rests += [asyncio.ensure_future(rest)] if rest is not None else []
                del line[first]
                if self._stopped:
                    break
        finally:
            del self._lines[key]
        await asyncio.gather(*rests)
