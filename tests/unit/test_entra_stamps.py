"""Whether a time stamp was moved by our change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.clock import instant
from connectors.entra import stamps

ASKED = datetime(2026, 11, 22, 7, 0, 10, 500_000, tzinfo=UTC)


def at(seconds: int) -> str:
    return stamps.write(ASKED + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("before", "now", "asked", "holds"),
    [
        (at(-3600), at(0), ASKED, True),
        (at(-3600), at(2), ASKED, True),
        (at(-3600), at(-5), ASKED, True),
        (at(-3600), at(-6), ASKED, False),  # somebody else's change, before ours
        (at(-3600), at(-3600), ASKED, False),
        (at(0), at(0), ASKED, True),  # twice within the second
        (at(-1), at(-1), ASKED, False),
        (at(0), at(-3600), ASKED, False),
        (None, at(0), ASKED, True),
        (at(-3600), None, ASKED, False),
        (at(-3600), "yesterday", ASKED, False),
        (at(-3600), at(-30), None, True),
        (at(0), at(0), None, False),
        (None, at(0), None, True),
    ],
)
def test_moved(before: str | None, now: str | None, asked: datetime | None, holds: bool) -> None:
    assert stamps.moved(before, now, asked) is holds


def test_fractions_and_offsets_are_understood() -> None:
    wanted = datetime(2018, 1, 9, 21, 20, 2, 721537, tzinfo=UTC)
    assert instant("2018-01-09T21:20:02.7215374Z") == wanted
    assert stamps.write(instant("2026-11-22T08:00:00+01:00")) == "2026-11-22T07:00:00Z"
    assert instant(17) is None
