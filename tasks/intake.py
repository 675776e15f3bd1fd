"""Taking up an alert: understand it, fold it, find the persons, open the runs. Nothing is lost.

An alert that cannot be acted on is set aside with the reason, told to people, and can be replayed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Hashable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from config.settings import OWN_SOURCE, Mode, Source
from connectors.errors import ConnectorError
from detectors import own
from detectors.alert import Alert, NotUnderstood, Person, Signal
from ledger import alerts, deliveries
from ledger.errors import AlertLost
from playbooks.errors import PlaybookError, UnknownPlaybook
from playbooks.routing.table import LAST_RESORT
from tasks import followups, victims
from tasks.answering import Answering, Begun
from tasks.faults import where
from tasks.feedback import Feedback
from tasks.lines import Lines, Rest
from tasks.lookups import Lookups
from tasks.opening import Request, StillMoves
from tasks.parsing import Parser, Read
from tasks.perform import Performer
from tasks.repeats import Repeats, event_key_of
from tasks.routes import Routes
from tasks.service import Service
from tasks.shelving import Shelving, pause_s
from tasks.systems import Systems
from tasks.victims import Unusable

_log = logging.getLogger(__name__)

_LEASE_S = 60.0
#: Whoever takes longer gives the alert back before the lease lets another take it up.
_DEADLINE_S = 50.0
_TOO_SLOW = "the tenant's systems answer too slowly"
_SLOW = "Nothing to do unless it stays so: it is tried again."
_SLOW_STILL = (
    "rescind doctor says which system is slow. Replay the alert when it answers, or contain the person "
    "by hand: rescind contain NAME."
)
#: What must not be passed over silently because the sender left the person out.
_THEFT = (Signal.TOKEN_THEFT, Signal.SESSION_THEFT)
#: How often identification is tried while a system does not answer, before going on without it.
_TRIES = 3
#: After how many attempts, up to a minute apart, it is set aside.
_GIVE_UP_AFTER = 120
#: Why an alert waited that has not been tried, whose tries are not to be counted.
_STILL_MOVES = "the run that has found it still moves"
#: So many parts of a delivery are stored in one transaction: others want to write meanwhile.
_AT_A_TIME = 200


class _SetAside(Exception):
    """An alert that is understood and cannot be acted on, with what it says."""

    def __init__(self, alert: Alert, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.alert = alert
        self.reason = reason
        self.remedy = remedy


class Intake:
    """Takes up alerts for one process."""

    def __init__(self, service: Service, systems: Systems, performer: Performer) -> None:
        """Use ``systems`` on the event loop they were built on.

        ``performer`` carries out what may begin at once, without a message to another worker.
        """
        self._service = service
        self._systems = systems
        self._performer = performer
        self.routes = Routes(service.settings)
        self._parser = Parser(service.database)
        self._lines = Lines(self._take_up)
        self._lookups = Lookups(systems)
        self._feedback = Feedback(service, systems, self._lookups)
        self._repeats = Repeats(service, self.routes, self._feedback)
        self._shelving = Shelving(service)
        self._answering = Answering(service, systems, performer, self.routes, self._shelving)

    async def warm(self) -> None:
        """Learn what the first alert should not have to wait for."""
        await self._feedback.warm()

    def stop(self) -> None:
        """Begin with no further alert of a storm: this process ends."""
        self._lines.stop()

    async def take_up(self, alert_id: str) -> None:
        """Take up one alert; return at once where somebody else has it, or others on the same people do."""
        row = await self._service.database.reading(alerts.waiting, alert_id)
        if row is not None:
            await self._lines.stand(await self._about(row), alert_id)

    async def _about(self, row: Row[Any]) -> Hashable:
        """Return what alerts on the same people have alike: an alert that is not understood has it alone."""
        source = self._service.settings.all_sources.get(row.source)
        if source is None or row.source == OWN_SOURCE:
            return str(row.id)
        try:
            read = await self._parser.read(row, source)
        except Exception:  # noqa: BLE001 - what is wrong with it shows when it is taken up
            return str(row.id)
        finding = read.findings[row.part] if row.part < len(read.findings) else None
        if not isinstance(finding, Alert) or not finding.victims:
            return str(row.id)
        asked = (
            finding.victims if row.victim is None else finding.victims[row.victim : row.victim + 1]
        )
        return frozenset(each for person in asked for each in person.ids)

    async def _take_up(self, alert_id: str) -> Rest:
        """Settle an alert, or put it off; return what is to be done at once for what it has opened."""
        row = await self._service.database.writing(alerts.claim, alert_id, _LEASE_S)
        if row is None:
            return None
        begun = None
        try:
            async with asyncio.timeout(_DEADLINE_S):
                begun = await self._understand(row)
        except AlertLost:
            return None
        except TimeoutError:
            if row.attempts >= _GIVE_UP_AFTER:
                await self._shelving.quarantine(row, _TOO_SLOW, _SLOW_STILL)
            else:
                await self._shelving.wait(row, _TOO_SLOW, _SLOW)
        except _SetAside as aside:
            await self._shelving.quarantine(row, aside.reason, aside.remedy, aside.alert)
        except (NotUnderstood, Unusable) as error:
            await self._shelving.quarantine(row, error.reason, error.remedy)
        except ConnectorError as error:
            await self._shelving.wait(row, str(error), error.remedy)
        except Exception as error:  # noqa: BLE001 - whatever it is, the alert must not be lost
            _log.error("alert %s: a fault of ours: %s", alert_id, where(error))
            if row.attempts >= _GIVE_UP_AFTER:
                await self._shelving.quarantine(
                    row, f"a fault of Rescind: {type(error).__name__}", "Report it, then replay."
                )
            else:
                await self._shelving.postpone(row, pause_s(row, 1.0), type(error).__name__)
        return None if begun is None or begun.nothing else self._carry_on(begun)

    async def _carry_on(self, begun: Begun) -> None:
        await asyncio.gather(
            asyncio.to_thread(self._service.ring, begun.rings),
            *(self._performer.carry_on(claim) for claim in begun.claims),
        )

    async def _understand(self, row: Row[Any]) -> Begun | None:
        if row.source == OWN_SOURCE:
            return await self._follow_up(row)
        settings = self._service.settings
        source = settings.all_sources.get(row.source)
        if source is None:
            raise Unusable(
                f"the source {row.source} is not configured any more",
                f"Put sources.{row.source} (or pollers.{row.source}) back into the settings.",
            )
        read = await self._parser.read(row, source)
        findings = read.findings
        if row.part >= len(findings):
            raise Unusable("the delivery has fewer findings than before", "Look at the mapping.")
        if row.part == 0 and len(findings) > 1:
            await self._split(row, len(findings))
        finding = findings[row.part]
        if isinstance(finding, NotUnderstood):
            raise finding
        alert = finding if row.victim is None else victims.only(finding, row.victim)
        return await self._settled(row, alert, self._take(row, alert, source, read))

    async def _follow_up(self, row: Row[Any]) -> Begun | None:
        """Take up what a step of ours has found by reading: its event is its own, so nothing folds it."""
        database = self._service.database
        alert = own.read(await database.reading(deliveries.body_of, row.body_sha256))

        async def take() -> Begun:
            request = await database.reading(
                followups.request_of, self._service.settings, row, alert
            )
            key = event_key_of(row.source, alert)
            return await self._begin(row, alert, key, request, alert.victims)

        return await self._settled(row, alert, take())

    async def _settled(
        self, row: Row[Any], alert: Alert, work: Coroutine[Any, Any, Begun | None]
    ) -> Begun | None:
        """Do ``work`` for an alert that is understood; say of what keeps it from being done what it is."""
        try:
            return await work
        except Unusable as error:
            raise _SetAside(alert, error.reason, error.remedy) from error
        except (PlaybookError, UnknownPlaybook) as error:
            raise _SetAside(alert, f"playbook: {error}", error.remedy) from error
        except IntegrityError:
            # another process opened the person's run, or stored the same finding, just now
            if row.attempts >= _GIVE_UP_AFTER:
                raise  # and not that: it would be put off for ever
            await self._shelving.postpone(row, pause_s(row, 0.05), "taken up twice at once")
            return None
        except StillMoves:
            later_s = pause_s(row, 0.25, most_s=10.0)
            await self._shelving.postpone(row, later_s, _STILL_MOVES)
            return None

    async def _split(self, row: Row[Any], count: int) -> None:
        def add(connection: Connection, parts: range) -> list[str]:
            return [alerts.add_part(connection, row, part) for part in parts]

        for first in range(1, count, _AT_A_TIME):
            parts = range(first, min(count, first + _AT_A_TIME))
            for part_id in await self._service.database.writing(add, parts):
                await asyncio.to_thread(self._service.bell.alert, part_id)

    async def _take(self, row: Row[Any], alert: Alert, source: Source, read: Read) -> Begun | None:
        event_key = event_key_of(row.source, alert)
        earlier = await self._repeats.of(row, alert, source, event_key)
        if earlier is not None:
            await self._shelving.fold(row, alert, earlier)
            return None
        heard, named = await self._feedback.hear(row, alert, source), alert
        if heard.runs:
            await self._service.database.writing(self._feedback.confirm, row, heard, event_key)
            return None
        alert = heard.alert
        if alert.nameless or (not alert.victims and alert.signal in _THEFT):
            what = "it speaks of a theft" if alert.signal in _THEFT else "it is to be acted upon"
            raise Unusable(
                f"{what} and names nobody: {alert.why}".rstrip(": "),
                "Let the detector send the account (its object id or sign-in name), or contain "
                "the person by hand: rescind contain NAME.",
            )
        if not alert.actionable or not alert.victims:
            why = alert.why or "it names nobody to contain"
            await self._shelving.ignore(row, heard, event_key, why)
            return None
        ignored = self.routes.ignores(alert, row.source)
        if ignored is not None:
            await self._shelving.ignore(row, heard, event_key, ignored.why)
            return None
        crowd = read.people > self._service.settings.guardrails.people_per_alert
        if crowd and row.victim is None:
            await self._shelving.hold_crowd(row, heard, named, event_key, read.people)
            return None
        tenant = victims.choose_tenant(self._service.settings, source, alert.victims)
        request = Request(
            tenant=tenant,
            playbook=source.playbook or LAST_RESORT,
            mode=Mode.APPROVE if crowd and source.mode is Mode.AUTO else source.mode,
            requested_by=f"source:{row.source}",
            alert_id=row.id,
            alert=alert.model_dump(mode="json"),
            source=row.source,
            since=victims.since(alert),
            notes=(heard.warning,) if heard.warning else (),
        )
        return await self._begin(row, alert, event_key, request, named.victims)

    async def _begin(
        self,
        row: Row[Any],
        alert: Alert,
        event_key: str,
        request: Request,
        named: Sequence[Person],
    ) -> Begun:
        """Find the persons and open what is asked for.

        ``named`` are the victims as the delivery names them: feedback may have taken some out, and whoever
        is not found is found again by her place among all.
        """
        only_waited = row.reason == _STILL_MOVES
        found = await victims.find(
            self._lookups, request.tenant, alert.victims,
            patient=only_waited or row.attempts < _TRIES,
            last=not only_waited and row.attempts >= _GIVE_UP_AFTER,
        )  # fmt: skip
        found = replace(found, left=tuple(named.index(alert.victims[each]) for each in found.left))
        return await self._service.database.writing(
            self._answering.open, row, alert, event_key, request, found
        )
