"""What every process of Rescind holds: settings, the database, the audit log, and the bell."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from config.settings import Settings
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.sealing import Seal

_log = logging.getLogger(__name__)


class Bell(Protocol):
    """Calls workers. What is rung stands in the database already: a lost ring costs time only."""

    #: Whether anybody may hear it; what nobody is called for is found at the next look of upkeep.
    heard: bool

    def alert(self, alert_id: str) -> None:
        """Call somebody to take up an alert."""

    def step(self, step_id: str) -> None:
        """Call somebody to perform a step."""

    def notice(self, notice_id: str) -> None:
        """Call somebody to deliver a message."""


class Silence:
    """A bell nobody hears: whoever looks into the database finds the work (the command line)."""

    heard = False

    def alert(self, alert_id: str) -> None:
        """Do nothing."""

    def step(self, step_id: str) -> None:
        """Do nothing."""

    def notice(self, notice_id: str) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Rings:
    """Whom to call once the transaction has committed."""

    steps: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()

    def __add__(self, other: Rings) -> Rings:
        """Return both together."""
        return Rings(
            self.steps + other.steps, self.notices + other.notices, self.alerts + other.alerts
        )


@dataclass(slots=True)
class Service:
    """The parts a process is made of. ``owner`` names this process in leases."""

    settings: Settings
    database: Database
    audit: AuditLog
    bell: Bell = field(default_factory=Silence)
    owner: str = field(
        default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"[-80:]
    )

    @classmethod
    def of(cls, settings: Settings, bell: Bell | None = None) -> Service:
        """Open the database that ``settings`` name; ring ``bell`` or nobody."""
        return cls(
            settings,
            Database(settings.database.url.get_secret_value()),
            AuditLog(settings.instance),
            bell or Silence(),
        )

    def seal(self) -> Seal | None:
        """Return what seals secrets that are to be handed over; None where there is no key for it.

        Raises:
            SealKeyUnusable: the key is not as it must be.
            OSError: the file that holds it can be neither read nor made.
        """
        key = self.settings.handover.key
        if key is not None:
            return Seal.of(key.get_secret_value())
        url = self.database.url
        if url.get_backend_name() != "sqlite" or not url.database or ":memory:" in url.database:
            return None
        return Seal.beside(Path(f"{url.database.removeprefix('file:')}.handover-key"))

    def ring(self, rings: Rings) -> None:
        """Call workers after a commit. A broker that does not answer is no failure of the caller."""
        _ring_each(self.bell.step, rings.steps)
        _ring_each(self.bell.notice, rings.notices)
        _ring_each(self.bell.alert, rings.alerts)


def _ring_each(ring: Callable[[str], None], ids: Iterable[str]) -> None:
    for each in ids:
        try:
            ring(each)
        except Exception as error:  # noqa: BLE001 - any broker's error; upkeep rings again
            _log.warning("bell not heard (%s); upkeep rings again", type(error).__name__)
            return
