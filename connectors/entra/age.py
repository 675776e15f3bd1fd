"""Whether something was added since the theft: by its own date, or by what the audit log says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connectors.action import Exposure
from connectors.clock import instant
from connectors.entra import stamps

#: How late an audit entry may arrive: 95 % within 2 minutes, 99 % within 5 by Microsoft's own figures,
#: more as others measured. What is younger than this, the log cannot tell of.
LAG = timedelta(minutes=15)
# The audit log is kept seven days at least (Microsoft Entra data retention).
_KEPT = timedelta(days=7)


class Age(StrEnum):
    """What is known of when a thing was added."""

    RECENT = "recent"
    OLDER = "older"
    UNDATABLE = "undatable"


@dataclass(frozen=True, slots=True)
class Dated:
    """A thing's age and how that is known.

    ``told_until`` is set where only the audit log's silence says ``OLDER``: the silence tells of
    what was added up to then.
    """

    age: Age
    why: str
    told_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The time since the theft, by the vendor's clock.

    ``start`` is when the theft began, less a margin. ``theft`` is when it began as far as is known:
    a log that may not reach up to it yet is silent about everything the thief has done.
    """

    start: datetime
    theft: datetime
    now: datetime

    @classmethod
    def since(cls, since: str | None, margin_minutes: int, now: datetime) -> Window | None:
        """The window of a theft at ``since`` (RFC 3339); None where it is not known."""
        theft = instant(since)
        if theft is None:
            return None
        return cls(theft - timedelta(minutes=margin_minutes), theft, now)

    @property
    def kept(self) -> bool:
        """Whether the audit log, as long as it is kept, reaches back to the start."""
        return self.now - self.start <= _KEPT

    def by_date(self, date: datetime, what: str = "registered") -> Dated:
        """The age of what has a date of its own."""
        age = Age.RECENT if date >= self.start else Age.OLDER
        return Dated(age, f"{what} at {stamps.write(date)}")

    def by_silence(self, of: str) -> Dated:
        """What it means that the audit log has no entry ``of`` something."""
        told_until = self.now - LAG
        if self.theft > told_until:
            return Dated(
                Age.UNDATABLE,
                "no date, and the audit log may not have heard of what was added since the theft: "
                f"look again after {stamps.write(self.now + LAG)}",
            )
        why = f"no {of} in the audit log until {stamps.write(told_until)}"
        return Dated(Age.OLDER, why, told_until)


def untold(told_until: datetime, what: str) -> Exposure:
    """The minutes of which the audit log cannot tell yet, in which ``what`` may have been added."""
    return Exposure(
        "entra",
        f"{what} that were added after {stamps.write(told_until)}",
        "unknown",
        f"The audit log may be {LAG // timedelta(minutes=1)} minutes late: look again "
        f"after {stamps.write(told_until + 2 * LAG)}.",
    )
