"""Reading the logs of vendors that push nothing: each by one process at a time, on and on.

What is found goes the way of what is posted: stored, committed with the cursor, taken up by the intake.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from config.polling import FACTS
from config.settings import Poller
from connectors.errors import ConnectorError
from connectors.polled import Batch, Gap, Logged
from detectors import polled
from ledger import notices, pollers
from ledger.chain import rfc3339
from ledger.errors import LedgerError, PollerLost
from ledger.pollers import Entry, Held, Progress
from ledger.vocabulary import Event
from tasks import messages
from tasks.faults import where
from tasks.service import Rings, Service
from tasks.systems import Systems

_log = logging.getLogger(__name__)

_LEASE_S = 120.0
#: One reading, with all waiting for turns at the vendor; well within the lease.
_DEADLINE_S = 90.0
#: So many readings in a row, then others have their turn at the vendor's limit.
_READINGS = 10
#: And so long until it is caught up with further, at most.
_CATCHING_UP_S = 10.0
#: How long stopping waits for what is being read to be given back.
_BREAKS_OFF_S = 5.0
#: The longest pause after failures, in seconds.
_LONGEST_PAUSE_S = 600.0
#: At which failure in a row people are told; a vendor is silent for a minute now and then.
_TELL_AT = 3

Start = Callable[[Coroutine[Any, Any, None]], Future[None]]


@dataclass(slots=True)
class _GoneOn:
    """How many readings of a log are committed."""

    readings: int = 0


class Polling:
    """The pollers of one process."""

    def __init__(
        self,
        service: Service,
        systems: Systems,
        start: Start,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Read with ``systems`` on their event loop, where ``start`` begins work from other threads.

        ``now`` is injected so that tests choose the time.
        """
        self._service = service
        self._systems = systems
        self._start = start
        self._now = now
        self._changed = threading.Condition()
        self._here: dict[str, Future[None] | None] = {}
        self._stopped = False

    def look(self) -> None:
        """Begin to read what is due and not being read. Called once a second, in every process."""
        configured = self._service.settings.pollers
        if not configured:
            return
        with self._service.database.read() as connection:
            due = pollers.due(connection, tuple(configured))
        for name in due:
            with self._changed:
                if self._stopped or name in self._here:
                    continue
                self._here[name] = None
                self._here[name] = self._start(self.poll(name))

    def stop(self) -> None:
        """Begin nothing any more, and break off what is being read: another process may go on at once."""
        with self._changed:
            self._stopped = True
            for future in self._here.values():
                if future is not None:
                    future.cancel()
            self._changed.wait_for(lambda: not self._here, _BREAKS_OFF_S)

    async def poll(self, name: str) -> None:
        """Read one log as far as it goes, unless another process does."""
        try:
            await self._poll(name, self._service.settings.pollers[name])
        except (LedgerError, IntegrityError) as error:
            _log.warning("poller %s: %s", name, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - it is tried again when the lease is over
            _log.error("poller %s: a fault of ours: %s", name, where(error))
        finally:
            with self._changed:
                self._here.pop(name, None)
                self._changed.notify_all()

    async def _poll(self, name: str, poller: Poller) -> None:
        service = self._service
        subject = f"{poller.tenant}/{poller.log}"
        held = await service.database.writing(pollers.claim, name, subject, service.owner, _LEASE_S)
        if held is None:
            return
        gone_on = _GoneOn()
        try:
            more, note = await self._read(held, poller, gone_on)
        except asyncio.CancelledError:
            await service.database.writing(pollers.release, held, after_s=0)
            raise
        except PollerLost:
            _log.warning("poller %s: another process has taken it over", name)
            return
        except (LedgerError, IntegrityError):
            raise
        except TimeoutError:
            await self._fail(held, poller, "the vendor answers too slowly", _SLOW)
        except ConnectorError as error:
            # what came before this went wrong is kept, and makes it the first failure in a row
            since = replace(held, failures=0) if gone_on.readings else held
            await self._fail(since, poller, str(error), error.remedy, error.retry_after_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, people have to hear of it
            _log.error("poller %s: a fault of ours: %s", name, where(error))
            why = f"a fault of Rescind: {type(error).__name__}"
            await self._fail(held, poller, why, "Report it; the log is read again all the same.")
        else:
            after_s = min(_CATCHING_UP_S, poller.every_s) if more else poller.every_s
            await service.database.writing(pollers.release, held, after_s=after_s, note=note)

    async def _read(self, held: Held, poller: Poller, gone_on: _GoneOn) -> tuple[bool, str]:
        """Read page after page; return whether there is more, and what was not read.

        Raises:
            TimeoutError: there was no time for a single reading.
        """
        reader = self._systems.log_reader(poller, polled.question(poller))
        cursor, note = held.cursor, ""
        try:
            async with asyncio.timeout(_DEADLINE_S):
                while gone_on.readings < _READINGS:
                    batch = await reader.read(cursor, self._now())
                    kept = await asyncio.to_thread(self._worth, held.name, poller, batch.entries)
                    await self._commit(held, poller, batch, kept)
                    cursor, note = batch.cursor, batch.note
                    gone_on.readings += 1
                    if not batch.more:
                        return False, note
        except TimeoutError:
            if not gone_on.readings:
                raise
        return True, note

    def _worth(self, name: str, poller: Poller, entries: Sequence[Logged]) -> list[Entry]:
        source = poller.source
        return [
            Entry(each.key, polled.as_delivered(each.body))
            for each in entries
            if polled.is_worth_an_alert(each.body, poller, name, source)
        ]

    async def _commit(self, held: Held, poller: Poller, batch: Batch, kept: list[Entry]) -> None:
        progress = Progress(
            batch.cursor, int(batch.read_to.timestamp() * 1000), len(batch.entries), kept
        )

        def commit(connection: Connection) -> Rings:
            found = pollers.advance(
                connection, self._service.audit, held, progress,
                kind=FACTS[poller.log].kind, lease_s=_LEASE_S,
            )  # fmt: skip
            told = self._tell_gap(connection, held.name, poller, batch.gap) if batch.gap else ()
            return Rings(alerts=tuple(found), notices=told)

        rings = await self._service.database.writing(commit)
        if batch.entries:
            _log.info(
                "poller %s: %d entries read, %d new alerts",
                held.name, len(batch.entries), len(rings.alerts),
            )  # fmt: skip
        await asyncio.to_thread(self._service.ring, rings)

    def _tell_gap(
        self, connection: Connection, name: str, poller: Poller, gap: Gap
    ) -> tuple[str, ...]:
        since, until = (_stamp(moment) for moment in (gap.since, gap.until))
        self._service.audit.append(
            connection, Event.POLLER_GAP, source=name, tenant=poller.tenant, polled=str(poller.log),
            since=since, until=until, reason=gap.why,
        )  # fmt: skip
        title, body = messages.log_gap(name, poller.tenant, str(poller.log), since, until, gap.why)
        return (notices.add(connection, kind="poller_gap", title=title, body=body),)

    async def _fail(
        self,
        held: Held,
        poller: Poller,
        reason: str,
        remedy: str,
        retry_after_s: float | None = None,
    ) -> None:
        pause_s = min(_LONGEST_PAUSE_S, poller.every_s * 2.0 ** min(held.failures, 10))
        after_s = retry_after_s or pause_s

        def fail(connection: Connection) -> Rings:
            failures = pollers.fail(connection, held, after_s=after_s, reason=reason, remedy=remedy)
            if failures != _TELL_AT:
                return Rings()
            title, body = messages.log_unread(
                held.name, poller.tenant, str(poller.log), reason, remedy
            )
            return Rings(
                notices=(notices.add(connection, kind="poller_fails", title=title, body=body),)
            )

        _log.warning("poller %s: %s; again in %.0f s", held.name, reason, after_s)
        rings = await self._service.database.writing(fail)
        await asyncio.to_thread(self._service.ring, rings)


_SLOW = "Nothing to do unless it stays so: it is read again from where it was."


def _stamp(moment: datetime) -> str:
    return rfc3339(int(moment.timestamp() * 1000))
