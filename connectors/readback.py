"""Reading back until a change is seen: vendors have many replicas, and a read may come too early."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from connectors import errors
from connectors.action import Exposure, Outcome, Patience, Proof

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

_UNSEEN = "The change is not to be seen, whatever was answered to the request."


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look has shown.

    ``holds`` is True where the wanted state is seen, False where it is not, None where it cannot be
    told; then ``settled`` says that another look would tell no more. ``reason`` is what a person
    should know besides, and why where the state is not seen. ``at`` is the vendor's clock. ``found``
    is what the proof's author needs besides.
    """

    holds: bool | None
    observed: str
    at: datetime | None = None
    found: Any = None
    reason: str = ""
    settled: bool = False


Look = Callable[[], Awaitable[Reading]]


async def until(look: Look, patience: Patience, sleep: Sleep) -> Reading:
    """Look again and again until the state is seen or the patience ends; return the last look.

    The pauses double from ``first_s`` up to ``step_s``; a longer one a vendor asks for is kept. An
    error that waiting does not heal ends it at once. What was seen before a look that failed is no
    answer: it may be so no longer.
    """
    started, slept, pause = time.monotonic(), 0.0, patience.first_s
    while True:
        reading, wait_s = await _tried(look)
        if reading.holds or reading.settled:
            return reading
        left = patience.total_s - max(time.monotonic() - started, slept)
        wait_s = max(wait_s, min(pause, left))
        if left <= 0 or wait_s > left:
            return reading
        await sleep(wait_s)
        slept += wait_s
        pause = min(pause * 2, patience.step_s)


async def _tried(look: Look) -> tuple[Reading, float]:
    try:
        return await look(), 0.0
    except errors.ConnectorError as error:
        reading = Reading(
            None, "nothing could be read", reason=str(error), settled=not error.retryable
        )
        return reading, error.retry_after_s or 0.0


def proof(
    reading: Reading,
    *,
    check: str,
    expected: str,
    exposure: tuple[Exposure, ...] = (),
) -> Proof:
    """Turn the last look into a proof; ``exposure`` is told only where the change was seen.

    Returns:
        ``verified``, ``failed``, ``unknown`` where it may be told later, or ``unverifiable``.
    """
    if reading.holds:
        outcome, reason = Outcome.VERIFIED, reading.reason
    elif reading.holds is None:
        outcome = Outcome.UNVERIFIABLE if reading.settled else Outcome.UNKNOWN
        reason = reading.reason
    else:
        outcome, reason = Outcome.FAILED, reading.reason or _UNSEEN
    told = exposure if reading.holds else ()
    return Proof(outcome, check, expected, reading.observed, reason, told)


def then_by_hand(proof: Proof, reason: str) -> Proof:
    """The proof where a person must finish what no request can; ``reason`` says how.

    A change that was not seen to happen stays what it is.
    """
    if proof.outcome is not Outcome.VERIFIED:
        return proof
    return replace(proof, outcome=Outcome.MANUAL, reason=reason)


async def glance(read: Callable[[], Awaitable[T]], within_s: float = 2.0) -> T:
    """Read once and briefly, before a change that must not wait for a reading.

    Raises:
        errors.Unavailable: nothing was answered within ``within_s`` seconds.
        errors.ConnectorError: the reading failed.
    """
    try:
        async with asyncio.timeout(within_s):
            return await read()
    except TimeoutError:
        raise errors.Unavailable("no reading in time") from None
