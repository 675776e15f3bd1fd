"""What becomes of an alert from which no run follows: put off, folded, ignored, held, or set aside.

Each stands with its reason in the row and the log, and people are told where they have to act.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row

from detectors.alert import Alert
from ledger import alerts, notices
from ledger.errors import AlertLost
from ledger.vocabulary import Event
from tasks import aside, crowds, feedback, messages
from tasks.feedback import Heard
from tasks.service import Rings, Service

_log = logging.getLogger(__name__)

#: At which attempt people are told that an alert waits (half a minute after it came).
_TELL_AT = 4


class Shelving:
    """Settles alerts that open nothing, and puts off those that cannot be taken up yet."""

    def __init__(self, service: Service) -> None:
        """Write to the database and the audit log of ``service``, and ring its bell."""
        self._service = service

    async def postpone(self, row: Row[Any], after_s: float, reason: str) -> None:
        """Put an alert off for ``after_s`` seconds."""

        def put_off(connection: Connection) -> None:
            alerts.hold(connection, row)
            alerts.postpone(connection, row.id, after_s, reason)

        with suppress(AlertLost):
            await self._service.database.writing(put_off)

    async def wait(self, row: Row[Any], reason: str, remedy: str) -> None:
        """Wait for a system that does not answer; people are told when it is not over soon."""

        def put_off(connection: Connection) -> Rings:
            alerts.hold(connection, row)
            alerts.postpone(connection, row.id, pause_s(row, 1.0), reason)
            if row.attempts != _TELL_AT:
                return Rings()
            title, body = messages.alert_waits(row.source, row.id, reason, remedy)
            notice = notices.add(connection, kind="alert_waits", title=title, body=body)
            return Rings(notices=(notice,))

        _log.warning("alert %s waits: %s", row.id, reason)
        with suppress(AlertLost):
            await self._ring(await self._service.database.writing(put_off))

    async def fold(self, row: Row[Any], alert: Alert, earlier: str) -> None:
        """Settle an alert as the same finding as the alert ``earlier``.

        Raises:
            AlertLost: another process has it.
        """

        def folded(connection: Connection) -> None:
            alerts.hold(connection, row)
            alerts.settle(
                connection,
                row.id,
                state="duplicate",
                reason="the same finding is here already",
                parsed=alert.model_dump(mode="json"),
                duplicate_of=earlier,
            )
            self._service.audit.append(
                connection, Event.ALERT_DUPLICATE, alert=row.id, source=row.source, of=earlier
            )

        await self._service.database.writing(folded)

    async def ignore(self, row: Row[Any], heard: Heard, event_key: str, why: str) -> None:
        """Settle an alert that nobody is contained for; people are told of what it asks of them.

        Raises:
            AlertLost: another process has it.
        """

        def ignored(connection: Connection) -> Rings:
            alerts.hold(connection, row)
            alert, reason, rings = heard.alert, why, Rings()
            if heard.warning:
                reason = f"{why} {heard.warning}"
                rings = feedback.warn(connection, row.id, row.source, alert)
            alerts.settle(
                connection,
                row.id,
                state="ignored",
                reason=reason,
                remedy=alert.to_do,
                event_key=event_key,
                parsed=alert.model_dump(mode="json"),
            )
            self.record_ignored(connection, row, reason)
            if alert.to_do:
                told = messages.source_ails(row.source, row.id, alert.title, why, alert.to_do)
                title, body = told
                notice = notices.add(connection, kind="source_ails", title=title, body=body)
                rings += Rings(notices=(notice,))
            return rings

        await self._ring(await self._service.database.writing(ignored))

    def record_ignored(self, connection: Connection, row: Row[Any], why: str) -> None:
        """Record that nobody is contained for an alert; inside the caller's commit."""
        self._service.audit.append(
            connection, Event.ALERT_IGNORED, alert=row.id, source=row.source, reason=why
        )

    async def hold_crowd(
        self, row: Row[Any], heard: Heard, named: Alert, event_key: str, people: int
    ) -> None:
        """Set aside, whole, an alert that asks to contain too many ``people``.

        ``named`` is the alert before feedback took anybody out.

        Raises:
            AlertLost: another process has it.
        """

        def held(connection: Connection) -> Rings:
            rings = crowds.hold(connection, self._service, row, named, event_key, people)
            if heard.warning:
                rings += feedback.warn(connection, row.id, row.source, heard.alert)
            return rings

        await self._ring(await self._service.database.writing(held))

    async def quarantine(
        self, row: Row[Any], reason: str, remedy: str, alert: Alert | None = None
    ) -> None:
        """Set aside an alert that cannot be acted on, for a person to look at."""

        def set_aside(connection: Connection) -> Rings:
            alerts.hold(connection, row)
            alerts.quarantine(
                connection,
                self._service.audit,
                row.id,
                reason=reason,
                remedy=remedy,
                parsed=alert.model_dump(mode="json") if alert is not None else None,
            )
            message = messages.quarantined(row.source, row.id, reason, remedy)
            return aside.tell(connection, row, message)

        with suppress(AlertLost):
            await self._ring(await self._service.database.writing(set_aside))

    async def _ring(self, rings: Rings) -> None:
        await asyncio.to_thread(self._service.ring, rings)


def pause_s(row: Row[Any], first_s: float, *, most_s: float = 60.0) -> float:
    """Return how long an alert is put off that was taken up so often: twice as long each time."""
    # what waits for days is tried thousands of times, and no number is as large as 2 to that power
    return min(most_s, first_s * 2.0 ** min(int(row.attempts), 16))
