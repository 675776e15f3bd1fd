"""Time stamps Graph keeps of a change, and whether one has moved.

They have whole seconds, and the server that answers has not the same clock as the directory that
stamps; our own clock is not asked at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.clock import instant, spell

#: How far the directory's clock may lag behind the answering server's.
SKEW = timedelta(seconds=5)


def write(moment: datetime) -> str:
    """Write ``moment`` as RFC 3339 in UTC with whole seconds."""
    return spell(moment, "seconds")


def moved(before: object, now: object, answered_at: datetime | None) -> bool:
    """Whether the stamp ``now`` was set by our change.

    Args:
        before: the stamp read before the change; None where there was none.
        now: the stamp read after it.
        answered_at: the ``Date`` of the answer to the change; None where no answer came.
    """
    old, new = instant(before), instant(now)
    if new is None:
        return False
    later = old is None or new > old
    if answered_at is None:
        return later
    second = answered_at.replace(microsecond=0)
    if later:
        return new >= second - SKEW
    # Changed twice within one second: the stamp looks the same and is of that very second.
    return new == old and new >= second
