"""Taking up an alert: understand it, fold it, find the person, open the run. Nothing is lost.

An alert that cannot be acted on is set aside with the reason, told to people, and can be replayed.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from config.settings import Settings, Source
from connectors.directory import Identification
from connectors.errors import ConnectorError
from connectors.system import Clue
from detectors import registry
from detectors.alert import Alert, NotUnderstood, Person, Signal
from ledger import alerts, notices, runs
from ledger.vocabulary import Event
from playbooks.errors import PlaybookError, UnknownPlaybook
from tasks import messages, opening
from tasks.faults import where
from tasks.opening import Request
from tasks.service import Rings, Service
from tasks.systems import Systems

_log = logging.getLogger(__name__)

_LEASE_S = 60.0
#: What must not be passed over silently because the sender left the person out.
_THEFT = (Signal.TOKEN_THEFT, Signal.SESSION_THEFT)
#: How often identification is tried while a system does not answer, before going on without it.
_TRIES = 3
#: At which attempt people are told that an alert waits (half a minute after it came).
_TELL_AT = 4
#: After how many attempts, up to a minute apart, it is set aside.
_GIVE_UP_AFTER = 120


class Unusable(Exception):
    """The alert is understood and nothing can be done with it."""

    def __init__(self, reason: str, remedy: str) -> None:
        """Say why, and what a person can do."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class Intake:
    """Takes up alerts for one process."""

    def __init__(self, service: Service, systems: Systems) -> None:
        """Use ``systems`` on the event loop they were built on."""
        self._service = service
        self._systems = systems

    async def take_up(self, alert_id: str) -> None:
        """Take up one alert; return at once where somebody else has it."""
        database = self._service.database
        row = await database.writing(alerts.claim, alert_id, _LEASE_S)
        if row is None:
            return
        try:
            await self._understand(row)
        except (NotUnderstood, Unusable) as error:
            await self._quarantine(row, error.reason, error.remedy)
        except (PlaybookError, UnknownPlaybook) as error:
            await self._quarantine(row, f"playbook: {error}", error.remedy)
        except ConnectorError as error:
            await self._wait(row, str(error), error.remedy)
        except Exception as error:  # noqa: BLE001 - whatever it is, the alert must not be lost
            _log.error("alert %s: a fault of ours: %s", alert_id, where(error))
            if row.attempts >= _GIVE_UP_AFTER:
                await self._quarantine(
                    row, f"a fault of Rescind: {type(error).__name__}", "Report it, then replay."
                )
            else:
                await database.writing(
                    alerts.postpone, row.id, min(60.0, 2.0**row.attempts), type(error).__name__
                )

    async def _wait(self, row: Row[Any], reason: str, remedy: str) -> None:
        """Wait for a system that does not answer; people are told when it is not over soon."""

        def postpone(connection: Connection) -> Rings:
            alerts.postpone(connection, row.id, min(60.0, 2.0**row.attempts), reason)
            if row.attempts != _TELL_AT:
                return Rings()
            title, body = messages.alert_waits(row.source, row.id, reason, remedy)
            notice = notices.add(connection, kind="alert_waits", title=title, body=body)
            return Rings(notices=(notice,))

        _log.warning("alert %s waits: %s", row.id, reason)
        rings = await self._service.database.writing(postpone)
        await asyncio.to_thread(self._service.ring, rings)

    async def _understand(self, row: Row[Any]) -> None:
        settings = self._service.settings
        source = settings.sources.get(row.source)
        if source is None:
            raise Unusable(
                f"the source {row.source} is not configured any more",
                f"Put sources.{row.source} back into the settings.",
            )
        body = await self._service.database.reading(alerts.body_of, row.body_sha256)
        findings = await asyncio.to_thread(registry.parse, source.kind, body, row.source, source)
        if row.part >= len(findings):
            raise Unusable("the delivery has fewer findings than before", "Look at the mapping.")
        if row.part == 0 and len(findings) > 1:
            await self._split(row, len(findings))
        await self._take(row, findings[row.part], source)

    async def _split(self, row: Row[Any], count: int) -> None:
        def add(connection: Connection) -> list[str]:
            return [alerts.add_part(connection, row, part) for part in range(1, count)]

        for part_id in await self._service.database.writing(add):
            await asyncio.to_thread(self._service.bell.alert, part_id)

    async def _take(self, row: Row[Any], alert: Alert, source: Source) -> None:
        database, event_key = self._service.database, _event_key(row.source, alert)
        earlier = await database.reading(alerts.earlier, event_key, row.id)
        if earlier is not None:
            await database.writing(self._duplicate, row, alert, earlier)
            return
        if not alert.victims and alert.signal in _THEFT:
            raise Unusable(
                f"it speaks of a theft and names nobody: {alert.why}".rstrip(": "),
                "Let the detector send the account (its object id or sign-in name), or contain "
                "the person by hand: rescind contain NAME.",
            )
        if not alert.actionable or not alert.victims:
            why = alert.why or "it names nobody to contain"
            await database.writing(self._ignore, row, alert, event_key, why)
            return
        tenant = choose_tenant(self._service.settings, source, alert.victims)
        people = [await self._identify(row, tenant, person) for person in alert.victims]
        found = [person for person in people if person.accounts]
        if not found:
            raise Unusable(*_nobody(tenant, people))
        request = Request(
            tenant=tenant,
            playbook=source.playbook,
            mode=source.mode,
            requested_by=f"source:{row.source}",
            alert_id=row.id,
            alert=alert.model_dump(mode="json"),
            since=_since(alert),
        )
        try:
            rings = await database.writing(self._open, row, alert, event_key, request, found)
        except IntegrityError:
            # another process opened the person's run, or stored the same finding, just now
            later_s = min(60.0, 0.05 * 2.0**row.attempts)
            await database.writing(alerts.postpone, row.id, later_s, "taken up twice at once")
            return
        await asyncio.to_thread(self._service.ring, rings)

    async def _identify(self, row: Row[Any], tenant: str, person: Person) -> Identification:
        clues = [Clue(each.kind.value, each.value) for each in person.ids]
        identification = await opening.look_up(self._systems, tenant, clues)
        if identification.failures and (not identification.accounts or row.attempts < _TRIES):
            first = next(iter(identification.failures.values()))
            final = not first.retryable and not identification.accounts
            if final or row.attempts >= _GIVE_UP_AFTER:
                raise Unusable(f"the tenant's systems cannot be asked: {first}", first.remedy)
            if not identification.accounts or first.retryable:
                raise first
        return identification

    def _open(
        self,
        connection: Connection,
        row: Row[Any],
        alert: Alert,
        event_key: str,
        request: Request,
        people: Sequence[Identification],
    ) -> Rings:
        service, rings = self._service, Rings()
        ids: list[str] = []
        joined: list[str] = []
        for person in people:
            covering = self._covering_run(connection, request, person, alert)
            if covering is not None:
                joined.append(covering)
                continue
            opened = opening.open_run(connection, service, self._systems, request, person)
            (joined if opened.joined else ids).append(opened.run_id)
            rings += opened.rings
        state = "run" if ids else "joined"
        alerts.settle(
            connection,
            row.id,
            state=state,
            event_key=event_key,
            parsed=alert.model_dump(mode="json"),
            run_ids=[*ids, *joined],
        )
        for run_id in joined:
            service.audit.append(connection, Event.ALERT_JOINED, run_id=run_id, alert=row.id)
        return rings

    def _covering_run(
        self, connection: Connection, request: Request, person: Identification, alert: Alert
    ) -> str | None:
        """Return a finished run that already answers this alert: it ended after what it speaks of."""
        if alert.occurred_at is None:
            return None
        window_s = self._service.settings.guardrails.fold_window_minutes * 60
        key = person.person_key or ""
        last = runs.last_finished(connection, request.tenant, key, window_s)
        if last is None or last.status != "contained":
            return None
        occurred_ms = int(alert.occurred_at.timestamp() * 1000)
        return str(last.id) if occurred_ms < last.created_at else None

    def _duplicate(self, connection: Connection, row: Row[Any], alert: Alert, earlier: str) -> None:
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

    def _ignore(
        self, connection: Connection, row: Row[Any], alert: Alert, event_key: str, why: str
    ) -> None:
        alerts.settle(
            connection,
            row.id,
            state="ignored",
            reason=why,
            event_key=event_key,
            parsed=alert.model_dump(mode="json"),
        )
        self._service.audit.append(
            connection, Event.ALERT_IGNORED, alert=row.id, source=row.source, reason=why
        )

    async def _quarantine(self, row: Row[Any], reason: str, remedy: str) -> None:
        def set_aside(connection: Connection) -> Rings:
            title, body = messages.quarantined(row.source, row.id, reason, remedy)
            notice = notices.add(connection, kind="alert_quarantined", title=title, body=body)
            alerts.quarantine(connection, self._service.audit, row.id, reason=reason, remedy=remedy)
            return Rings(notices=(notice,))

        rings = await self._service.database.writing(set_aside)
        await asyncio.to_thread(self._service.ring, rings)


def _event_key(source: str, alert: Alert) -> str:
    """Return what makes two alerts the same finding: its id, and whom it asks to contain.

    A detector updates a finding: the account that was missing at first, or a second one, must not
    be taken for the same again.
    """
    victims = sorted(each.value.casefold() for person in alert.victims for each in person.ids)
    asked = "\n".join(victims) if alert.actionable else "nothing"
    digest = hashlib.sha256(asked.encode()).hexdigest()[:16]
    return f"{source}:{alert.event_id}"[:480] + f":{digest}"


def choose_tenant(settings: Settings, source: Source | None, victims: Sequence[Person]) -> str:
    """Return the tenant these persons live in: the source's, else by domain, else the only one.

    Raises:
        Unusable: where that cannot be told; it is never guessed.
    """
    if source is not None and source.tenant:
        return source.tenant
    values = [each.value for person in victims for each in person.ids]
    tenant = opening.tenant_of(settings, values)
    if tenant is not None:
        return tenant
    raise Unusable(
        "it cannot be told which tenant the person belongs to",
        "Set sources.NAME.tenant, or list the domain in tenants.NAME.domains.",
    )


def _since(alert: Alert) -> str | None:
    if alert.occurred_at is None:
        return None
    moment = alert.occurred_at
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(moment, datetime.now(UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _nobody(tenant: str, people: Sequence[Identification]) -> tuple[str, str]:
    unclear = [each for person in people for each in person.ambiguities.items()]
    if unclear:
        ids = "; ".join(f"{system}: {', '.join(matching)}" for system, matching in unclear)
        return (
            f"several accounts match ({ids}); none was touched",
            "Contain the right one by its id: rescind contain ID",
        )
    return (
        f"no account of this person was found in tenant {tenant}",
        "Check the identifiers in the alert, and that the tenant is the right one.",
    )
