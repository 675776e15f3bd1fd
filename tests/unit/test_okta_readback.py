"""Reading back ends when the change is seen, or when patience does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors import errors
from connectors.action import Outcome, Patience
from connectors.okta.readback import Eye, unread


class Time:
    """A clock that only goes on while somebody sleeps, or a reading takes its time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


class Readings:
    def __init__(self, time: Time, *said: str | errors.ConnectorError, takes_s: float = 0) -> None:
        self.time, self.said, self.takes_s = time, said, takes_s
        self.count = 0

    async def __call__(self) -> str:
        self.time.now += self.takes_s
        said = self.said[min(self.count, len(self.said) - 1)]
        self.count += 1
        if isinstance(said, errors.ConnectorError):
            raise said
        return said


async def until_gone(time: Time, read: Readings, patience: Patience) -> str:
    return await Eye(time.sleep, time.clock).until(read, lambda said: said == "gone", patience)


async def test_what_is_seen_at_once_needs_no_wait() -> None:
    time = Time()
    read = Readings(time, "gone")
    assert await until_gone(time, read, Patience()) == "gone"
    assert (read.count, time.pauses) == (1, [])


async def test_pauses_grow_to_the_step_and_end_with_the_patience() -> None:
    time = Time()
    read = Readings(time, "there")
    assert await until_gone(time, read, Patience(total_s=4, first_s=0.5, step_s=1)) == "there"
    assert time.pauses == [0.5, 1, 1, 1, 0.5]
    assert time.now == 4


async def test_slow_readings_count_as_waiting() -> None:
    time = Time()
    read = Readings(time, "there", takes_s=3)
    await until_gone(time, read, Patience(total_s=4, first_s=0.5, step_s=1))
    assert read.count == 2


async def test_no_patience_reads_once() -> None:
    time = Time()
    read = Readings(time, "there")
    await until_gone(time, read, Patience(total_s=0))
    assert (read.count, time.pauses) == (1, [])


@pytest.mark.parametrize("error", [errors.Throttled(), errors.Unavailable()])
async def test_a_reading_that_may_work_later_is_tried_again(error: errors.ConnectorError) -> None:
    time = Time()
    assert await until_gone(time, Readings(time, error, "there", "gone"), Patience()) == "gone"


async def test_the_last_reading_counts_when_later_ones_fail() -> None:
    time = Time()
    readings: Sequence[str | errors.ConnectorError] = ("there", errors.Unavailable())
    assert await until_gone(time, Readings(time, *readings), Patience(total_s=1)) == "there"


async def test_never_having_read_is_an_error() -> None:
    time = Time()
    with pytest.raises(errors.Unavailable):
        await until_gone(time, Readings(time, errors.Unavailable()), Patience(total_s=1))


async def test_a_missing_permission_is_not_waited_for() -> None:
    time = Time()
    with pytest.raises(errors.Forbidden):
        await until_gone(time, Readings(time, errors.Forbidden()), Patience())
    assert time.pauses == []


def test_unread_is_unknown_where_it_may_work_later() -> None:
    assert unread("c", "e", errors.Unavailable()).outcome is Outcome.UNKNOWN
    assert unread("c", "e", errors.Forbidden()).outcome is Outcome.UNVERIFIABLE
