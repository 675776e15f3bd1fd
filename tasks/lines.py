"""Alerts on the same people take turns: a storm on one person holds nobody else up.

Without it hundreds of alerts on one person would take every worker and the database's only writer, and an
alert on another person would wait behind all of them. Lines live in memory: an alert that stood in one when
the process died is called for again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable


class Lines:
    """The lines of one process. Lives on one event loop."""

    def __init__(self, take_up: Callable[[str], Awaitable[None]]) -> None:
        """``take_up`` takes up one alert by its id."""
        self._take_up = take_up
        self._lines: dict[Hashable, dict[str, None]] = {}

    async def stand(self, key: Hashable, alert_id: str) -> None:
        """Take an alert up when it is its turn among those with this key.

        Returns at once where others with the key are before it: whoever takes those up goes on with it.
        """
        line = self._lines.get(key)
        if line is not None:
            line[alert_id] = None
            return
        line = self._lines[key] = {alert_id: None}
        try:
            while line:
                first = next(iter(line))
                await self._take_up(first)
                del line[first]
        finally:
            del self._lines[key]
