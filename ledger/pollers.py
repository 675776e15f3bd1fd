"""Polled logs: whose hands each is in, how far it was read, and what was found up to there.

The cursor and what was found commit together. So a process may die at any moment: what it had read and
not committed is read again, and what was committed is known by its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from ledger import deliveries, tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.errors import PollerLost

_poller = tables.poller


@dataclass(frozen=True, slots=True)
class Held:
    """A log in one process's hands; ``fence`` grows with every claim, and an older holder is refused."""

    name: str
    fence: int
    cursor: Mapping[str, Any] | None
    failures: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log that is kept. ``key`` is its id at the vendor, the same whenever it is read."""

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """What one reading has brought: ``entries`` were read, ``kept`` of them are worth an alert.

    ``cursor`` is where to go on, ``read_to`` the time up to which the log is known, in milliseconds.
    """

    cursor: Mapping[str, Any]
    read_to: int
    entries: int
    kept: Sequence[Entry]


def due(connection: Connection, names: Sequence[str]) -> list[str]:
    """Return those of the configured pollers that nobody reads and that may be asked again.

    One that was never read is due.
    """
    now = now_ms(connection)
    waiting = set(
        connection.execute(
            select(_poller.c.name).where(
                or_(_poller.c.not_before > now, _poller.c.lease_until > now)
            )
        ).scalars()
    )
    return [name for name in names if name not in waiting]


def claim(
    connection: Connection, name: str, subject: str, owner: str, lease_s: float
) -> Held | None:
    """Take a log in hand; None where it is not due, or somebody else has it.

    ``subject`` says which log of which tenant it is: a cursor of another is forgotten.

    Raises:
        sqlalchemy.exc.IntegrityError: another process begins with it at this moment.
    """
    now = now_ms(connection)
    known = connection.execute(
        select(_poller.c.subject).where(_poller.c.name == name)
    ).scalar_one_or_none()
    if known is None:
        connection.execute(_poller.insert().values(name=name, subject=subject))
    anew: dict[str, Any] = {}
    if known not in (None, subject):
        anew = {
            "subject": subject, "cursor": None, "read_to": None, "polled_at": None,
            "entries": 0, "kept": 0, "failures": 0, "last_error": "", "remedy": "",
        }  # fmt: skip
    taken = connection.execute(
        _poller.update()
        .where(_poller.c.name == name, _poller.c.not_before <= now, _poller.c.lease_until <= now)
        .values(
            fence=_poller.c.fence + 1,
            lease_owner=owner,
            lease_until=now + int(lease_s * 1000),
            **anew,
        )
        .returning(_poller.c.fence, _poller.c.cursor, _poller.c.failures)
    ).one_or_none()
    return Held(name, taken.fence, taken.cursor, taken.failures) if taken is not None else None


def advance(
    connection: Connection,
    audit: AuditLog,
    held: Held,
    progress: Progress,
    *,
    kind: str,
    lease_s: float,
) -> list[str]:
    """Move the cursor and store what was found up to it; return the new alerts' ids.

    What is here already, because it was read before or stands in the overlap, is passed over.

    Raises:
        PollerLost: another process has taken the log over; nothing is stored.
    """
    now = now_ms(connection)
    # first, so that whoever lost the log waits here and stores nothing
    moved = connection.execute(
        _poller.update()
        .where(_poller.c.name == held.name, _poller.c.fence == held.fence)
        .values(
            cursor=dict(progress.cursor),
            read_to=progress.read_to,
            polled_at=now,
            lease_until=now + int(lease_s * 1000),
            entries=_poller.c.entries + progress.entries,
            failures=0,
            last_error="",
            remedy="",
        )
    ).rowcount
    if not moved:
        raise PollerLost(held.name)
    new = [
        deliveries.store(
            connection, audit, source=held.name, kind=kind, body=body,
            content_type="application/json", key=key,
        )
        for key, body in _unknown(connection, held.name, progress.kept).items()
    ]  # fmt: skip
    if new:
        connection.execute(
            _poller.update()
            .where(_poller.c.name == held.name)
            .values(kept=_poller.c.kept + len(new))
        )
    return new


def release(connection: Connection, held: Held, *, after_s: float, note: str = "") -> None:
    """Give a log back, to be read again after ``after_s`` seconds.

    ``note`` says what of it could not be read although it was read. Does nothing where it is not ours.
    """
    _give_back(connection, held, after_s, last_error=note)


def fail(connection: Connection, held: Held, *, after_s: float, reason: str, remedy: str) -> int:
    """Give a log back that could not be read; return how often that was so in a row, 0 if it is lost."""
    failures = held.failures + 1
    found = _give_back(
        connection, held, after_s, last_error=reason, remedy=remedy, failures=failures
    )
    return failures if found else 0


def free(connection: Connection) -> None:
    """Free what a dead process read: for a process that knows it is the only one."""
    connection.execute(_poller.update().values(lease_until=0))


def listed(connection: Connection) -> Sequence[Row[Any]]:
    """Return how far each log was read, by name."""
    return connection.execute(select(_poller).order_by(_poller.c.name)).all()


def _give_back(connection: Connection, held: Held, after_s: float, **values: Any) -> bool:
    now = now_ms(connection)
    return bool(
        connection.execute(
            _poller.update()
            .where(and_(_poller.c.name == held.name, _poller.c.fence == held.fence))
            .values(lease_owner=None, lease_until=0, not_before=now + int(after_s * 1000), **values)
        ).rowcount
    )


def _unknown(connection: Connection, name: str, kept: Sequence[Entry]) -> dict[str, bytes]:
    """The entries that are not stored yet, each once, by the key they are stored under."""
    alert = tables.alert
    by_key = {_delivery_key(name, entry.key): entry.body for entry in kept}
    keys = list(by_key)
    for start in range(0, len(keys), 500):
        here = connection.execute(
            select(alert.c.delivery_key).where(alert.c.delivery_key.in_(keys[start : start + 500]))
        ).scalars()
        for key in here.all():
            by_key.pop(str(key), None)
    return by_key


def _delivery_key(name: str, known_as: str) -> str:
    key = f"{name}:poll:{known_as}"
    return (
        key if len(key) <= 200 else f"{name}:pollsha256:{hashlib.sha256(key.encode()).hexdigest()}"
    )
