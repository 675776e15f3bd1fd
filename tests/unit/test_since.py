"""When a theft began, as a person types it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.since import moment

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("45m", "2026-03-02T11:15:00.000Z"),
        (" 3H ", "2026-03-02T09:00:00.000Z"),
        ("2d", "2026-02-28T12:00:00.000Z"),
        ("2026-03-01T08:30:00Z", "2026-03-01T08:30:00.000Z"),
        ("2026-03-01T08:30:00.25+02:00", "2026-03-01T06:30:00.250Z"),
    ],
)
def test_it_is_told_in_utc(typed: str, meant: str) -> None:
    assert moment(typed, NOW) == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "no time"),
        ("soon", "no time"),
        ("3", "no time"),
        ("-3h", "no time"),
        ("3w", "no time"),
        ("999999d", "no time"),
        ("2026-13-01T00:00:00Z", "no time"),
        ("2026-03-01T08:30:00", "zone"),
        ("2026-03-03T00:00:00Z", "future"),
    ],
)
def test_what_is_none_is_refused_with_what_would_be_right(typed: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        moment(typed, NOW)
    assert "45m, 3h or 2d" in str(caught.value)
