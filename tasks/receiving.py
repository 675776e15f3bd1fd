"""Taking a delivery in, whichever way it came: proven, stored, committed, told the log, and rung for.

Over HTTP (``web/hooks.py``) and from the queue (``tasks/queued.py``) it is the same.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, exc

from config.origins import SecurityEvents
from config.settings import Source
from detectors.genuine import NotGenuine, Proven, UnknownKey
from detectors.origin import headers_of, prove
from ledger import deliveries
from ledger.budget import RecordBudget, told
from ledger.chain import AuditLog
from ledger.deliveries import Received
from ledger.errors import LedgerError
from tasks.arrivals import Arrivals
from tasks.faults import log_failure
from tasks.keysets import KeySets
from tasks.ringing import Ringer
from tasks.service import Service
from tasks.storing import Storing

_log = logging.getLogger(__name__)


class NothingInIt(Exception):
    """The delivery is genuine and empty."""


class NotStored(Exception):
    """The database does not take the delivery; it has to come again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What arrived, byte for byte.

    Attributes:
        source: the name of a source in the settings.
        headers: names in lower case; what proves the origin, and the content type.
        body: as it was signed.
        remote: where from, for the record of a rejection.
        said_twice: headers of the proof that came with two values: each reader would take another.
    """

    source: str
    headers: Mapping[str, str]
    body: bytes
    remote: str
    said_twice: Collection[str] = field(default=())


class Receiving:
    """Takes deliveries in for one process and event loop."""

    def __init__(self, service: Service) -> None:
        """``service`` holds the sources, the database and the bell."""
        self._service = service
        self._budget = RecordBudget()
        self._keys = KeySets()
        self._ringer = Ringer()
        self._storing = Storing(service.database, service.audit)
        self.arrivals = Arrivals()

    async def warm(self) -> None:
        """Do what the first delivery should not have to wait for."""
        await self._keys.warm(self._service.settings.sources)

    async def receive(self, configured: Source, delivery: Delivery) -> Received:
        """Take a delivery in: when this returns, it is committed.

        Raises:
            NotGenuine: it does not prove its origin; that is recorded.
            NothingInIt: it does, and is empty.
            KeysUnavailable: whether it does cannot be told now.
            NotStored: the database does not answer.
        """
        proven = await self.prove(configured, delivery)
        content = delivery.body if proven.content is None else proven.content
        if not content:
            self.arrivals.rejected(delivery.source, "empty")
            raise NothingInIt
        if proven.left_out:
            await self._record(delivery, proven.left_out)
        received = await self._keep(configured, delivery, content, proven.delivery_id)
        self.arrivals.received(delivery.source, received.id, duplicate=received.duplicate)
        self._ringer.ring(self._service.bell.alert, received.id)
        return received

    async def prove(self, configured: Source, delivery: Delivery) -> Proven:
        """Check where a delivery comes from; what proves nothing is recorded.

        Raises:
            NotGenuine: it does not prove its origin.
            KeysUnavailable: that cannot be told now.
        """
        try:
            proven = await self._proven(configured, delivery)
        except NotGenuine as refused:
            await self.reject(delivery, refused.reason)
            raise
        if proven.by_previous_secret:
            _log.warning("source %s still proves itself by its previous secret", delivery.source)
        return proven

    async def reject(self, delivery: Delivery, reason: str, word: str = "not_genuine") -> None:
        """Record, within what the log can bear, that a delivery proved nothing.

        ``reason`` is a sentence of ours without content; the server's log has ``word`` before it.
        """
        self.arrivals.rejected(delivery.source, word, reason)
        await self._record(delivery, reason)

    async def _proven(self, configured: Source, delivery: Delivery) -> Proven:
        origin = configured.origin
        twice = next((name for name in headers_of(origin) if name in delivery.said_twice), None)
        if twice is not None:
            raise NotGenuine(f"the header {twice} stands more than once")
        now = datetime.now(UTC)
        if not isinstance(origin, SecurityEvents):
            return prove(origin, delivery.headers, delivery.body, now)
        keys = await self._keys.known(delivery.source, origin)
        try:
            return prove(origin, delivery.headers, delivery.body, now, keys)
        except UnknownKey:
            keys = await self._keys.newer(delivery.source, origin, keys)
        return prove(origin, delivery.headers, delivery.body, now, keys)

    async def _keep(
        self, configured: Source, delivery: Delivery, content: bytes, delivery_id: str | None
    ) -> Received:
        def store(connection: Connection, audit: AuditLog) -> Received:
            return deliveries.receive(
                connection,
                audit,
                source=delivery.source,
                kind=str(configured.kind),
                body=content,
                content_type=delivery.headers.get("content-type", ""),
                delivery_id=delivery_id,
                fold_s=self._service.settings.guardrails.fold_window_minutes * 60,
            )

        try:
            return await self._storing.store(store)
        except (LedgerError, exc.SQLAlchemyError) as error:
            log_failure(f"an alert from {delivery.source} could not be stored", error)
            raise NotStored from error

    async def _record(self, delivery: Delivery, reason: str) -> None:
        source = delivery.source
        missed = self._budget.admit(source)
        if missed is None:
            return
        try:
            await self._service.database.writing(
                deliveries.reject,
                self._service.audit,
                source=source,
                reason=told(reason, missed),
                remote=delivery.remote,
                size=len(delivery.body),
            )
        except (LedgerError, exc.SQLAlchemyError) as error:
            log_failure(f"a rejection at {source} could not be recorded", error)
