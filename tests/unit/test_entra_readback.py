"""Reading back until a change is seen, or the patience ends."""

from __future__ import annotations

import pytest

from connectors import errors
from connectors.action import Exposure, Outcome, Patience
from connectors.entra import readback
from connectors.entra.readback import Reading

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


async def test_an_error_that_stays_ends_it_unread() -> None:
    looks = Looks(errors.Forbidden())
    assert (await looks.until()).holds is None
    assert looks.looked == 1


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
    ],
)
def test_only_what_was_seen_is_verified(reading: Reading, outcome: Outcome, told: int) -> None:
    left = (Exposure("entra", "a cookie", "unknown", "because"),)
    proof = readback.proof(reading, check="GET x", expected="new", exposure=left)
    assert proof.outcome is outcome
    assert len(proof.exposure) == told
