"""Reading back until a change is seen, or patience ends. What Okta says, not what we hope."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from connectors.action import Outcome, Patience, Proof
from connectors.errors import ConnectorError

Reading = TypeVar("Reading")


@dataclass(frozen=True, slots=True)
class Eye:
    """How waiting is done; both are injected so that tests never wait. Times in seconds."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def until(
        self,
        read: Callable[[], Awaitable[Reading]],
        seen: Callable[[Reading], bool],
        patience: Patience,
    ) -> Reading:
        """Read until ``seen`` says yes or the patience ends.

        Returns:
            The last reading, whether seen or not.

        Raises:
            ConnectorError: where nothing could be read at all.
        """
        started, slept, pause = self.clock(), 0.0, patience.first_s
        last: Reading | None = None
        while True:
            problem: ConnectorError | None = None
            try:
                last = await read()
            except ConnectorError as error:
                if not error.retryable:
                    raise
                problem = error
            if problem is None and last is not None and seen(last):
                return last
            left = patience.total_s - max(slept, self.clock() - started)
            if left <= 0:
                if last is None and problem is not None:
                    raise problem
                break
            pause = min(max(pause, 0.001), left)
            await self.sleep(pause)
            slept += pause
            pause = min(pause * 2, patience.step_s)
        assert last is not None  # noqa: S101 - for the type checker: a loop without it has raised
        return last


def unread(check: str, expected: str, error: ConnectorError) -> Proof:
    """Say that reading back failed: ``unknown`` where it may work later, else ``unverifiable``."""
    outcome = Outcome.UNKNOWN if error.retryable else Outcome.UNVERIFIABLE
    return Proof(outcome, check, expected, "nothing could be read", reason=str(error))
