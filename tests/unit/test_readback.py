"""Reading back until a change is seen, or the patience ends."""

from __future__ import annotations

import asyncio
import time

import pytest

from connectors import errors, readback
from connectors.action import Exposure, Outcome, Patience
from connectors.readback import Reading

PATIENCE = Patience(total_s=4.0, first_s=0.5, step_s=1.0)
SEEN, NOT_YET = Reading(True, "new"), Reading(False, "old")


class Looks:
    """Shows one thing after the other, the last again and again."""

    def __init__(self, *shown: Reading | errors.ConnectorError) -> None:
        self.shown = list(shown)
        self.looked = 0
        self.slept: list[float] = []

    async def __call__(self) -> Reading:
        shown = self.shown[min(self.looked, len(self.shown) - 1)]
        self.looked += 1
        if isinstance(shown, errors.ConnectorError):
            raise shown
        return shown

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 1))

    async def until(self, patience: Patience = PATIENCE) -> Reading:
        return await readback.until(self, patience, self.sleep)


async def test_what_is_seen_at_once_takes_no_time() -> None:
    looks = Looks(SEEN)
    assert await looks.until() is SEEN
    assert looks.slept == []


async def test_pauses_grow_and_fill_the_patience() -> None:
    looks = Looks(NOT_YET)
    assert await looks.until() is NOT_YET
    assert looks.slept == [0.5, 1.0, 1.0, 1.0, 0.5]
    assert looks.looked == 6


async def test_no_patience_is_one_look() -> None:
    looks = Looks(NOT_YET)
    await looks.until(Patience(total_s=0))
    assert looks.looked == 1


async def test_an_error_that_may_pass_is_looked_past() -> None:
    looks = Looks(NOT_YET, errors.Unavailable(), SEEN)
    assert (await looks.until()).holds is True


@pytest.mark.parametrize("error", [errors.Unavailable(), errors.Throttled()])
async def test_what_was_seen_before_the_last_look_failed_is_no_answer(
    error: errors.ConnectorError,
) -> None:
    looks = Looks(NOT_YET, error)
    reading = await looks.until()
    assert reading.holds is None
    assert reading.observed == "nothing could be read"
    assert readback.proof(reading, check="GET x", expected="new").outcome is Outcome.UNKNOWN


async def test_an_error_that_stays_ends_it_unread() -> None:
    looks = Looks(errors.Forbidden())
    reading = await looks.until()
    assert reading.holds is None
    assert looks.looked == 1
    assert readback.proof(reading, check="GET x", expected="new").outcome is Outcome.UNVERIFIABLE


async def test_it_waits_as_long_as_the_vendor_asks() -> None:
    looks = Looks(errors.Throttled(retry_after_s=3), SEEN)
    assert (await looks.until()).holds is True
    assert looks.slept == [3.0]


async def test_slow_looks_count_as_waiting() -> None:
    slept: list[float] = []

    async def slow() -> Reading:
        await asyncio.sleep(0.05)
        return NOT_YET

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    began = time.monotonic()
    await readback.until(slow, Patience(total_s=0.08, first_s=0.001, step_s=0.001), sleep)
    assert len(slept) <= 2
    assert time.monotonic() - began < 20


async def test_a_wait_longer_than_the_patience_is_not_waited() -> None:
    looks = Looks(errors.Throttled(retry_after_s=30))
    assert (await looks.until()).holds is None
    assert (looks.looked, looks.slept) == (1, [])


@pytest.mark.parametrize(
    ("reading", "outcome", "told"),
    [
        (SEEN, Outcome.VERIFIED, 1),
        (NOT_YET, Outcome.FAILED, 0),
        (Reading(None, "?"), Outcome.UNKNOWN, 0),
        (Reading(None, "?", settled=True), Outcome.UNVERIFIABLE, 0),
    ],
)
def test_only_what_was_seen_is_verified(reading: Reading, outcome: Outcome, told: int) -> None:
    left = (Exposure("entra", "a cookie", "unknown", "because"),)
    proof = readback.proof(reading, check="GET x", expected="new", exposure=left)
    assert proof.outcome is outcome
    assert len(proof.exposure) == told


async def test_what_reading_can_never_tell_is_not_waited_for() -> None:
    looks = Looks(Reading(None, "later than before", reason="by whom?", settled=True))
    proof = readback.proof(await looks.until(), check="GET x", expected="new")
    assert looks.looked == 1
    assert (proof.outcome, proof.observed) == (Outcome.UNVERIFIABLE, "later than before")
    assert proof.reason == "by whom?"


async def test_a_glance_is_short() -> None:
    async def slow() -> str:
        await asyncio.sleep(5)
        return "late"

    async def quick() -> str:
        return "now"

    assert await readback.glance(quick) == "now"
    with pytest.raises(errors.Unavailable):
        await readback.glance(slow, within_s=0.01)
