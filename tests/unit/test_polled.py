"""Reading a log by time: nothing is left out between two readings, and what comes late is found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from connectors.polled import Answered, Batch, Logged, Stretches

NOW = datetime(2026, 11, 22, 3, 5, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class Log:
    """A vendor's log: entries by when they happened, the newest ``most`` of a stretch at a time."""

    entries: dict[datetime, str] = field(default_factory=dict)
    most: int = 100
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    async def ask(self, since: datetime, until: datetime) -> Answered:
        self.asked.append((since, until))
        found = sorted((at for at in self.entries if since <= at <= until), reverse=True)
        given = [Logged(self.entries[at], {}) for at in found[: self.most]]
        return Answered(given, cut=len(found) > self.most)


def reader(log: Log, keeps: timedelta = timedelta(days=30)) -> Stretches:
    return Stretches(log.ask, overlap=HOUR, keeps=keeps)


def keys(batch: Batch) -> set[str]:
    return {entry.key for entry in batch.entries}


async def everything(log: Log, since: datetime, now: datetime) -> tuple[set[str], list[Batch]]:
    found: set[str] = set()
    batches: list[Batch] = []
    cursor = {"read_to": since.isoformat()}
    while not batches or batches[-1].more:
        batches.append(await reader(log).read(cursor, now))
        cursor = dict(batches[-1].cursor)
        found |= keys(batches[-1])
        assert len(batches) < 500, "it does not end"
    return found, batches


async def test_the_first_reading_begins_with_the_overlap() -> None:
    log = Log({NOW - 2 * HOUR: "old", NOW - 59 * MINUTE: "new"})
    batch = await reader(log).read(None, NOW)
    assert (keys(batch), batch.read_to, batch.more, batch.gap) == ({"new"}, NOW, False, None)


async def test_what_comes_late_within_the_overlap_is_read_with_the_next_reading() -> None:
    log = Log({NOW - 5 * MINUTE: "in time"})
    first = await reader(log).read(None, NOW)
    log.entries[NOW - 50 * MINUTE] = "late"
    second = await reader(log).read(first.cursor, NOW + 5 * MINUTE)
    assert keys(second) == {"in time", "late"}


async def test_after_a_long_silence_every_entry_is_read() -> None:
    log = Log({NOW - minutes * MINUTE: str(minutes) for minutes in range(0, 4320, 7)}, most=10_000)
    found, batches = await everything(log, NOW - 72 * HOUR, NOW)
    assert found == set(log.entries.values())
    assert all(until - since <= 7 * HOUR for since, until in log.asked)
    assert [batch.read_to for batch in batches] == sorted(batch.read_to for batch in batches)
    assert batches[-1].read_to == NOW


@pytest.mark.parametrize("most", [3, 40])
async def test_more_than_one_answer_gives_is_asked_for_in_shorter_stretches(most: int) -> None:
    # so dense that even the overlap alone is more than one answer gives
    log = Log({NOW - seconds * timedelta(seconds=20): str(seconds) for seconds in range(540)}, most)
    found, batches = await everything(log, NOW - 2 * HOUR, NOW)
    wanted = {key for at, key in log.entries.items() if at >= NOW - 2 * HOUR}
    assert wanted <= found
    assert all(batch.gap is None for batch in batches)


async def test_more_in_a_moment_than_the_vendor_gives_is_said() -> None:
    moment = NOW - MINUTE
    log = Log({moment + timedelta(milliseconds=n): str(n) for n in range(50)}, most=10)
    _, batches = await everything(log, NOW - 2 * HOUR, NOW)
    gaps = [batch.gap for batch in batches if batch.gap is not None]
    assert gaps
    assert all(gap.since <= moment + timedelta(seconds=1) and moment <= gap.until for gap in gaps)
    assert batches[-1].read_to == NOW


async def test_what_the_vendor_keeps_no_longer_is_a_gap_and_reading_goes_on_after_it() -> None:
    log = Log({NOW - timedelta(days=29): "still there"})
    batch = await reader(log).read({"read_to": "2026-10-01T00:00:00Z"}, NOW)
    assert batch.gap is not None
    assert batch.gap.since == datetime(2026, 10, 1, tzinfo=UTC)
    assert batch.gap.until == NOW - timedelta(days=30)
    assert batch.more
    following = await everything(log, batch.read_to, NOW)
    assert keys(batch) | following[0] == {"still there"}


async def test_a_clock_that_was_ahead_keeps_nothing_from_being_read() -> None:
    log = Log({NOW - MINUTE: "new"})
    batch = await reader(log).read({"read_to": "2031-01-01T00:00:00Z"}, NOW)
    assert (keys(batch), batch.read_to) == ({"new"}, NOW)


@pytest.mark.parametrize("cursor", [{}, {"read_to": 7}, {"read_to": "soon"}])
async def test_a_cursor_that_makes_no_sense_begins_anew(cursor: dict[str, object]) -> None:
    batch = await reader(Log({NOW - MINUTE: "new"})).read(cursor, NOW)
    assert keys(batch) == {"new"}
