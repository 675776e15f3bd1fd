"""Okta's spellings of time, compared with Okta's own clock and never with ours alone."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def instant(text: object) -> datetime | None:
    """Read an RFC 3339 time (``2026-11-22T08:00:00.000Z``); None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def http_date(text: str | None) -> datetime | None:
    """Read a ``Date`` header (RFC 9110, whole seconds); None where it is none."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def spell(moment: datetime) -> str:
    """Write a time as RFC 3339 UTC with milliseconds, as Okta does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def spell_or_none(moment: datetime | None) -> str | None:
    """Write a time, or None where there is none."""
    return spell(moment) if moment else None
