"""Pacing per tenant and bucket, so that our own haste does not earn a 429.

Known limits are paced before sending; what a vendor tells (Retry-After, ``X-Rate-Limit-Remaining``)
closes the bucket until the time it names. In one process this is shared by all its workers.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from connectors import errors
from connectors.clock import http_date

#: Requests allowed per seconds, by (system, bucket). Graph: reports 5 per 10 s per app and tenant
#: (Microsoft Graph throttling limits).
#: Identity Protection one a second for all apps of a tenant, and tells no Retry-After.
KNOWN: Mapping[tuple[str, str], tuple[int, float]] = {
    ("entra", "reports"): (5, 10.0),
    ("entra", "risk"): (1, 1.0),
}

#: The longest wait a vendor's answer is believed, in seconds. The vendors' windows are minutes, for a
#: few paths an hour; more is a misread clock or somebody else's answer, and would stop a containment.
LONGEST_WAIT_S = 3600.0

#: How vendors spell the headers: Okta (`rl-global` reference), Auth0 (rate limit policy).
_SPELLINGS = ("x-rate-limit", "x-ratelimit")

# Sums of floating point seconds differ in their last digits.
_ROUNDING_S = 1e-6

_Key = tuple[str, str, str]


class Limits:
    """Rate limits of one process, keyed by system, tenant and bucket."""

    def __init__(
        self,
        known: Mapping[tuple[str, str], tuple[int, float]] = KNOWN,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Build the limits; clocks and sleep are injected so that tests never wait."""
        self._known = known
        self._clock = clock
        self._sleep = sleep
        self._wall = wall
        self._sent: dict[_Key, deque[float]] = defaultdict(deque)
        self._closed_until: dict[_Key, float] = {}

    async def enter(
        self, system: str, tenant: str, bucket: str, patience_s: float, leaves: int = 0
    ) -> None:
        """Wait until a request may leave.

        Args:
            system: the vendor's.
            tenant: ours.
            bucket: the vendor's, within which requests count together.
            patience_s: how long its turn is waited for, in seconds.
            leaves: how many of a paced bucket's turns it leaves free for requests that are more urgent
                than it; one turn at least is its own.

        Raises:
            errors.Throttled: where that would take longer than ``patience_s`` seconds; carries
                ``retry_after_s``, so that the step can wait without holding a worker.
        """
        key = (system, tenant, bucket)
        patience_ends = self._clock() + patience_s
        # The first in line may take the place a sleeper woke up for: the patience is for all waits.
        while (wait := self._wait(key, leaves)) > 0:
            if self._clock() + wait > patience_ends + _ROUNDING_S:
                raise errors.Throttled(f"own pacing of bucket {bucket}", retry_after_s=wait)
            await self._sleep(wait)
        if (system, bucket) in self._known:
            self._sent[key].append(self._clock())

    def cool_down(self, system: str, tenant: str, bucket: str, seconds: float) -> None:
        """Close the bucket for ``seconds``, as a 429 asked, but for an hour at most."""
        key = (system, tenant, bucket)
        until = self._clock() + min(seconds, LONGEST_WAIT_S)
        self._closed_until[key] = max(until, self._closed_until.get(key, 0.0))

    def learn(self, system: str, tenant: str, bucket: str, headers: Mapping[str, str]) -> None:
        """Close the bucket where the answer says it is used up (Okta's headers, or Auth0's)."""
        for name in _SPELLINGS:
            remaining, reset = headers.get(f"{name}-remaining"), headers.get(f"{name}-reset")
            if remaining == "0" and reset and reset.isdigit():
                self.cool_down(system, tenant, bucket, max(0.0, int(reset) - self._wall()) + 1)

    def _wait(self, key: _Key, leaves: int) -> float:
        now = self._clock()
        wait = self._closed_until.get(key, 0.0) - now
        limit = self._known.get((key[0], key[2]))
        if limit is not None:
            count, per_s = limit
            sent = self._sent[key]
            while sent and sent[0] <= now - per_s:
                sent.popleft()
            room = max(1, count - leaves)
            if len(sent) >= room:
                # the youngest that has to be out of the window for there to be room
                wait = max(wait, sent[len(sent) - room] + per_s - now)
        return wait


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds the ``Retry-After`` header asks to wait: seconds or a date, against its own clock.

    Never more than ``LONGEST_WAIT_S``.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_S)
    moment = http_date(text)
    if moment is None:
        return None
    now = http_date(headers.get("date")) or datetime.now(UTC)
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_WAIT_S)
