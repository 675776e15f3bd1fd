"""Reading back until a change is seen: Graph has many replicas, and a read may come too early."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.action import Exposure, Outcome, Patience, Proof

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look has shown.

    ``holds`` is True where the wanted state is seen, False where it is not, None where nothing
    could be read; then ``refused`` says that waiting does not help. ``at`` is the vendor's clock. ``found`` is what the proof's author needs besides.
    """

    holds: bool | None
    observed: str
    at: datetime | None = None
    found: dict[str, Any] = field(default_factory=dict)
    refused: bool = False


Probe = Callable[[], Awaitable[Reading]]


async def until(probe: Probe, patience: Patience, sleep: Sleep) -> Reading:
    """Look again and again until ``probe`` holds or the patience ends; return the last look.

    The pauses double from ``first_s`` up to ``step_s``. An error that waiting does not heal ends it
    at once.
    """
    started, slept, pause = time.monotonic(), 0.0, patience.first_s
    while True:
        reading, wait_s, hopeless = await _look(probe)
        if reading.holds or hopeless:
            return reading
        left = patience.total_s - max(time.monotonic() - started, slept)
        wait_s = max(wait_s, min(pause, left))
        if left <= 0 or wait_s > left:
            return reading
        await sleep(wait_s)
        slept += wait_s
        pause = min(pause * 2, patience.step_s)


async def _look(probe: Probe) -> tuple[Reading, float, bool]:
    try:
        return await probe(), 0.0, False
    except errors.ConnectorError as error:
        hopeless = not error.retryable
        return Reading(None, str(error), refused=hopeless), error.retry_after_s or 0.0, hopeless


def proof(
    reading: Reading,
    *,
    check: str,
    expected: str,
    exposure: tuple[Exposure, ...] = (),
) -> Proof:
    """Turn the last look into a proof; ``exposure`` is told only where the change was seen."""
    if reading.holds:
        return Proof(Outcome.VERIFIED, check, expected, reading.observed, exposure=exposure)
    if reading.holds is None:
        outcome = Outcome.UNVERIFIABLE if reading.refused else Outcome.UNKNOWN
        return Proof(outcome, check, expected, "nothing could be read", reading.observed)
    reason = "The change is not to be seen, whatever was answered to the request."
    return Proof(Outcome.FAILED, check, expected, reading.observed, reason)
