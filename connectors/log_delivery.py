"""Whether a system delivers the logs that hunts read: asked before somebody needs them, one request each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectors import errors
from connectors.clock import spell

Delivery = Literal["delivered", "missing", "unknown"]


@dataclass(frozen=True, slots=True)
class Log:
    """One log of a system, and whether this tenant delivers it.

    Attributes:
        name: ``SYSTEM.LOG``, as the headers of hunts name it (``entra.directory_audits``).
        state: ``missing`` only where the vendor says so; what we may not look at is ``unknown``.
        says: what was seen, or why nothing was.
        keeps: how long the vendor keeps it.
        late: how long after an event its row can be read.
        remedy: what a person should do where it is not delivered.
    """

    name: str
    state: Delivery
    says: str
    keeps: str = ""
    late: str = ""
    remedy: str = ""


class LogKeeper(ABC):
    """A system that keeps logs which hunts read. A ``System`` besides."""

    @abstractmethod
    async def logs(self) -> tuple[Log, ...]:
        """Look at each log by one harmless request; never raises for a vendor that refuses."""


def unread(name: str, error: errors.ConnectorError, keeps: str, late: str) -> Log:
    """A log that could not be looked at: it may be there all the same."""
    # A silent system's remedy speaks of steps, which are tried again; this is only looked at when asked.
    remedy = "Ask again once its system answers." if error.retryable else error.remedy
    return Log(name, "unknown", f"it could not be looked at: {error}", keeps, late, remedy)


def seen(newest: datetime | None, within: str) -> tuple[Delivery, str]:
    """State and sentence of a log whose newest row is of ``newest``; None: it holds no row.

    Args:
        newest: when the newest row happened.
        within: how far back was looked, in words.
    """
    if newest is None:
        return "unknown", f"it can be read, and holds nothing of {within}"
    return "delivered", f"its newest row is of {spell(newest, 'seconds')}"
