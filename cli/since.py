"""When a theft began, as a person types it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"(\d{1,6})\s*([mhd])", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_RIGHT = "give 45m, 3h or 2d, or a time with its zone like 2026-03-01T08:30:00Z"


def moment(typed: str, now: datetime) -> str:
    """Return ``typed`` as RFC 3339 UTC: so long before ``now``, or a time with its zone.

    Raises:
        ValueError: it is neither, or later than ``now``; says what would be right.
    """
    typed = typed.strip()
    ago = _AGO.fullmatch(typed)
    try:
        if ago:
            found = now - timedelta(**{_UNITS[ago[2].lower()]: int(ago[1])})
        else:
            found = datetime.fromisoformat(typed)
    except (ValueError, OverflowError):
        raise ValueError(f"{typed!r} is no time: {_RIGHT}") from None
    if found.tzinfo is None:
        raise ValueError(f"{typed!r} does not say its zone: {_RIGHT}")
    if found > now:
        raise ValueError(f"{typed!r} lies in the future: {_RIGHT}")
    return found.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
