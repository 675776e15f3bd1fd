"""Time as vendors write it; compared with a vendor's own clock, never with ours alone."""

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
    """Read an HTTP date (RFC 9110 5.6.7, whole seconds); None where it is none."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def spell(moment: datetime, precision: str = "milliseconds") -> str:
    """Write a time as RFC 3339 UTC: in ``milliseconds`` as Okta does, or in whole ``seconds``."""
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def spell_or_none(moment: datetime | None) -> str | None:
    """Write a time in milliseconds, or None where there is none."""
    return spell(moment) if moment else None
