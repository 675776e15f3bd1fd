"""Pacing per tenant and bucket."""

from __future__ import annotations

import asyncio

import pytest

from connectors import errors
from connectors.limits import Limits, retry_after_s

KNOWN = {("entra", "reports"): (2, 10.0)}


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 500.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(KNOWN, clock=clock, sleep=clock.sleep, wall=clock)


async def enter(
    limits: Limits, tenant: str = "contoso", bucket: str = "reports", s: float = 60
) -> None:
    await limits.enter("entra", tenant, bucket, s)


async def test_a_bucket_nobody_limits_is_free(limits: Limits, clock: Clock) -> None:
    for _ in range(100):
        await enter(limits, bucket="default")
    assert clock.slept == []


async def test_the_limit_holds_over_any_window(limits: Limits, clock: Clock) -> None:
    await enter(limits)
    clock.now += 4
    await enter(limits)
    await enter(limits)
    assert clock.slept == [6.0]
    await enter(limits)
    assert clock.slept == [6.0, 4.0]


REPORTS = {("entra", "reports"): (5, 10.0)}


async def test_who_leaves_turns_free_lets_the_more_urgent_pass_at_once(clock: Clock) -> None:
    """A trace of as many reads as it has, and a clean-up that starts a second later."""
    limits = Limits(REPORTS, clock=clock, sleep=clock.sleep, wall=clock)

    async def reads(many: int, leaves: int) -> float:
        begun = clock.now
        for _ in range(many):
            await limits.enter("entra", "contoso", "reports", 11, leaves)
        return clock.now - begun

    assert await reads(3, leaves=2) == 0
    clock.now += 1
    assert await reads(2, leaves=0) == 0, "two turns were left for it"
    assert await reads(2, leaves=2) == 10, "until three turns of five are free again"


async def test_without_turns_left_free_the_more_urgent_waits_out_the_window(clock: Clock) -> None:
    limits = Limits(REPORTS, clock=clock, sleep=clock.sleep, wall=clock)
    for _ in range(5):
        await limits.enter("entra", "contoso", "reports", 11)
    clock.now += 1
    await limits.enter("entra", "contoso", "reports", 11)
    assert clock.slept == [9.0]


async def test_whoever_leaves_more_than_there_is_still_has_a_turn(clock: Clock) -> None:
    limits = Limits(KNOWN, clock=clock, sleep=clock.sleep, wall=clock)
    for _ in range(2):
        await limits.enter("entra", "contoso", "reports", 11, leaves=7)
    assert clock.slept == [10.0]


async def test_tenants_do_not_wait_for_each_other(limits: Limits, clock: Clock) -> None:
    for tenant in ("contoso", "contoso", "fabrikam", "fabrikam"):
        await enter(limits, tenant)
    assert clock.slept == []


async def test_longer_than_the_patience_is_an_error_with_the_time(limits: Limits) -> None:
    await enter(limits)
    await enter(limits)
    with pytest.raises(errors.Throttled) as caught:
        await enter(limits, s=5)
    assert caught.value.retry_after_s == pytest.approx(10)


async def test_the_patience_is_for_all_waits_together(limits: Limits) -> None:
    await enter(limits)
    await enter(limits)
    waiting = [asyncio.create_task(enter(limits, s=12)) for _ in range(5)]
    told = await asyncio.gather(*waiting, return_exceptions=True)
    passed = [one for one in told if one is None]
    assert len(passed) >= 2
    assert all(isinstance(one, errors.Throttled) for one in told if one is not None)
    assert any(one is not None for one in told)


async def test_a_bucket_that_was_closed_opens_by_itself(limits: Limits, clock: Clock) -> None:
    limits.cool_down("entra", "contoso", "default", 3)
    limits.cool_down("entra", "contoso", "default", 1)
    await enter(limits, bucket="default")
    assert clock.slept == [3.0]
    await enter(limits, bucket="default")
    assert clock.slept == [3.0]


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "520"}, [21.0]),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "520"}, [21.0]),
        ({"x-rate-limit-remaining": "1", "x-rate-limit-reset": "520"}, []),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "soon"}, []),
        ({"x-rate-limit-remaining": "0"}, []),
        ({}, []),
    ],
)
async def test_what_headers_tell_is_learned(
    limits: Limits, clock: Clock, headers: dict[str, str], waited: list[float]
) -> None:
    limits.learn("entra", "contoso", "default", headers)
    await enter(limits, bucket="default")
    assert clock.slept == waited


async def test_no_answer_closes_a_bucket_for_longer_than_an_hour(
    limits: Limits, clock: Clock
) -> None:
    limits.cool_down("entra", "contoso", "default", 864000)
    await enter(limits, bucket="default", s=4000)
    assert clock.slept == [3600.0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("3600", 3600.0),
        ("864000", 3600.0),
        ("Mon, 23 Nov 2026 07:00:00 GMT", 3600.0),
        ("Sun, 22 Nov 2026 07:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 06:59:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("1e9", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    headers = {"retry-after": text, "date": "Sun, 22 Nov 2026 07:00:00 GMT"}
    assert retry_after_s(headers) == seconds
