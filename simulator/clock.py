"""Time, said once: epoch seconds inside, vendor spellings at the edge."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate

# Wall time pinned to the monotonic clock, so that two stamps taken in this process
# never run backwards even when the machine's clock is corrected between them.
_ANCHOR = time.time() - time.monotonic()


def steady_now() -> float:
    """Epoch seconds that never go backwards within this process."""
    return _ANCHOR + time.monotonic()


def steady_ms() -> float:
    """Epoch milliseconds that never go backwards within this process."""
    return steady_now() * 1000.0


def graph_time(epoch: float) -> str:
    """Epoch seconds to Graph's spelling, at second resolution."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def okta_time(epoch: float) -> str:
    """Epoch seconds to Okta's spelling, always three decimals."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def http_date(epoch: float) -> str:
    """Epoch seconds to the form of the HTTP Date header (RFC 9110)."""
    return formatdate(epoch, usegmt=True)


def parse_time(text: str) -> float | None:
    """An ISO 8601 instant to epoch seconds, or None when it is not one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
