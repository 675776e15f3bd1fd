"""Taking up an alert: understand it, fold it, find the persons, open the runs. Nothing is lost.

An alert that cannot be acted on is set aside with the reason, told to people, and can be replayed.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Coroutine, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from config.settings import OWN_SOURCE, Mode, Source
from connectors.directory import Identification
from connectors.errors import ConnectorError
from detectors import own
from detectors.alert import Alert, NotUnderstood, Person, Signal
from ledger import alerts, deliveries, folding, notices, past_runs, steps
from ledger.errors import AlertLost
from ledger.leases import Claim
from ledger.vocabulary import Event
from playbooks.errors import PlaybookError, UnknownPlaybook
from playbooks.routing.table import LAST_RESORT
from tasks import aside, crowds, feedback, followups, messages, opening, victims
from tasks.faults import where
from tasks.feedback import Feedback, Heard
from tasks.lines import Lines, Rest
from tasks.lookups import Lookups
from tasks.opening import Request, StillMoves
from tasks.parsing import Parser, Read
from tasks.perform import Performer
from tasks.routes import Routes
from tasks.service import Rings, Service
from tasks.systems import Systems
from tasks.victims import Found, Unusable

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
#: At which attempt people are told that an alert waits (half a minute after it came).
_TELL_AT = 4
#: After how many attempts, up to a minute apart, it is set aside.
_GIVE_UP_AFTER = 120
#: Why an alert waited that has not been tried, whose tries are not to be counted.
_STILL_MOVES = "the run that has found it still moves"
#: So many parts of a delivery are stored in one transaction: others want to write meanwhile.
_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class _Begun:
    """What follows once runs were opened: whom to call, and the steps this process has taken."""

    rings: Rings
    claims: tuple[Claim, ...]


_NOTHING = _Begun(Rings(), ())


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

    async def warm(self) -> None:
        """Learn what the first alert should not have to wait for."""
        await self._feedback.warm()

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
                await self._quarantine(row, _TOO_SLOW, _SLOW_STILL)
            else:
                await self._wait(row, _TOO_SLOW, _SLOW)
        except _SetAside as aside:
            await self._quarantine(row, aside.reason, aside.remedy, aside.alert)
        except (NotUnderstood, Unusable) as error:
            await self._quarantine(row, error.reason, error.remedy)
        except ConnectorError as error:
            await self._wait(row, str(error), error.remedy)
        except Exception as error:  # noqa: BLE001 - whatever it is, the alert must not be lost
            _log.error("alert %s: a fault of ours: %s", alert_id, where(error))
            if row.attempts >= _GIVE_UP_AFTER:
                await self._quarantine(
                    row, f"a fault of Rescind: {type(error).__name__}", "Report it, then replay."
                )
            else:
                await self._postpone(row, _pause_s(row, 1.0), type(error).__name__)
        return None if begun is None or begun == _NOTHING else self._carry_on(begun)

    async def _carry_on(self, begun: _Begun) -> None:
        await asyncio.gather(
            asyncio.to_thread(self._service.ring, begun.rings),
            *(self._performer.carry_on(claim) for claim in begun.claims),
        )

    async def _postpone(self, row: Row[Any], after_s: float, reason: str) -> None:
        def postpone(connection: Connection) -> None:
            alerts.hold(connection, row)
            alerts.postpone(connection, row.id, after_s, reason)

        with suppress(AlertLost):
            await self._service.database.writing(postpone)

    async def _wait(self, row: Row[Any], reason: str, remedy: str) -> None:
        """Wait for a system that does not answer; people are told when it is not over soon."""

        def postpone(connection: Connection) -> Rings:
            alerts.hold(connection, row)
            alerts.postpone(connection, row.id, _pause_s(row, 1.0), reason)
            if row.attempts != _TELL_AT:
                return Rings()
            title, body = messages.alert_waits(row.source, row.id, reason, remedy)
            notice = notices.add(connection, kind="alert_waits", title=title, body=body)
            return Rings(notices=(notice,))

        _log.warning("alert %s waits: %s", row.id, reason)
        with suppress(AlertLost):
            rings = await self._service.database.writing(postpone)
            await asyncio.to_thread(self._service.ring, rings)

    async def _understand(self, row: Row[Any]) -> _Begun | None:
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

    async def _follow_up(self, row: Row[Any]) -> _Begun | None:
        """Take up what a step of ours has found by reading: its event is its own, so nothing folds it."""
        database = self._service.database
        alert = own.read(await database.reading(deliveries.body_of, row.body_sha256))

        async def take() -> _Begun:
            request = await database.reading(
                followups.request_of, self._service.settings, row, alert
            )
            key = _event_key(row.source, alert)
            return await self._begin(row, alert, key, request, alert.victims)

        return await self._settled(row, alert, take())

    async def _settled(
        self, row: Row[Any], alert: Alert, work: Coroutine[Any, Any, _Begun | None]
    ) -> _Begun | None:
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
            await self._postpone(row, _pause_s(row, 0.05), "taken up twice at once")
            return None
        except StillMoves:
            later_s = _pause_s(row, 0.25, most_s=10.0)
            await self._postpone(row, later_s, _STILL_MOVES)
            return None

    async def _split(self, row: Row[Any], count: int) -> None:
        def add(connection: Connection, parts: range) -> list[str]:
            return [alerts.add_part(connection, row, part) for part in parts]

        for first in range(1, count, _AT_A_TIME):
            parts = range(first, min(count, first + _AT_A_TIME))
            for part_id in await self._service.database.writing(add, parts):
                await asyncio.to_thread(self._service.bell.alert, part_id)

    async def _take(self, row: Row[Any], alert: Alert, source: Source, read: Read) -> _Begun | None:
        database, event_key = self._service.database, _event_key(row.source, alert)
        fold_s = None if alert.named else self._service.settings.guardrails.fold_window_minutes * 60
        look = database.reading if fold_s is None else database.writing
        earlier = await look(folding.earlier, event_key, row.id, fold_s=fold_s)
        if earlier is not None and not (
            await self._went_on(earlier, alert)
            or await self._weighs_more(row, earlier, alert)
            or await self._is_ours_no_more(row, earlier, alert, source)
        ):
            await database.writing(self._duplicate, row, alert, earlier)
            return None
        heard, named = await self._feedback.hear(row, alert, source), alert
        if heard.runs:
            await database.writing(self._feedback.confirm, row, heard, event_key)
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
            rings = await database.writing(self._ignore, row, heard, event_key, why)
            await asyncio.to_thread(self._service.ring, rings)
            return None
        ignored = self.routes.ignores(alert, row.source)
        if ignored is not None:
            rings = await database.writing(self._ignore, row, heard, event_key, ignored.why)
            await asyncio.to_thread(self._service.ring, rings)
            return None
        crowd = read.people > self._service.settings.guardrails.people_per_alert
        if crowd and row.victim is None:
            rings = await database.writing(self._hold, row, heard, named, event_key, read.people)
            await asyncio.to_thread(self._service.ring, rings)
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
    ) -> _Begun:
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
            self._open, row, alert, event_key, request, found
        )

    async def _went_on(self, earlier: str, alert: Alert) -> bool:
        """Tell whether the finding is here again because more has happened."""
        if alert.last_seen_at is None:
            return False
        last_seen_ms = victims.milliseconds(alert.last_seen_at)
        return await self._service.database.writing(folding.went_on, earlier, last_seen_ms)

    async def _weighs_more(self, row: Row[Any], earlier: str, alert: Alert) -> bool:
        """Tell whether the finding is here again as one that routing answers by more than before."""
        before = await self._service.database.reading(folding.said_by, earlier)
        if before is None or not self.routes.goes_further(before, alert, row.source):
            return False
        await self._service.database.writing(folding.give_way, earlier)
        return True

    async def _is_ours_no_more(
        self, row: Row[Any], earlier: str, alert: Alert, source: Source
    ) -> bool:
        """Tell whether what was a confirmation of ours has come to speak of somebody else's doing, too."""
        if not await self._service.database.reading(folding.confirms, earlier):
            return False
        if (await self._feedback.hear(row, alert, source)).runs:
            return False
        await self._service.database.writing(folding.give_way, earlier)
        return True

    def _open(
        self,
        connection: Connection,
        row: Row[Any],
        alert: Alert,
        event_key: str,
        request: Request,
        found: Found,
    ) -> _Begun:
        alerts.hold(connection, row)
        service, rings = self._service, Rings()
        ids: list[str] = []
        joined: list[str] = []
        passed: list[str] = []
        for person in found.people:
            routed = self.routes.of(request, person)
            if routed.ignored and routed.route is not None:
                passed.append(routed.route.why)
                continue
            covering = self._covering_run(connection, row, routed, person, alert)
            if covering is not None:
                joined.append(covering)
                continue
            asked = followups.bounded(connection, routed, opening.ids_of(person))
            opened = opening.open_run(connection, service, self._systems, asked, person)
            (joined if opened.joined else ids).append(opened.run_id)
            rings += opened.rings
        state = "run" if ids else "joined" if joined else "ignored"
        left = (
            f"{len(found.left)} of {len(alert.victims)} persons were not found with the others and "
            "stand as alerts of their own"
        )
        reason = "; ".join((*dict.fromkeys(passed), *([left] if found.left else [])))
        alerts.settle(
            connection,
            row.id,
            state=state,
            event_key=event_key,
            parsed=alert.model_dump(mode="json"),
            run_ids=[*ids, *joined],
            reason=reason,
        )
        if state == "ignored":
            self._record_ignored(connection, row, reason)
        for place in found.left:
            alerts.add_part(connection, row, row.part, victim=place)
        for run_id in joined:
            service.audit.append(connection, Event.ALERT_JOINED, run_id=run_id, alert=row.id)
        if request.notes:
            rings += feedback.warn(connection, row.id, row.source, alert)
        taken = {step: self._performer.claim(connection, step) for step in rings.steps}
        return _Begun(
            replace(rings, steps=tuple(step for step, claim in taken.items() if claim is None)),
            tuple(claim for claim in taken.values() if claim is not None),
        )

    def _covering_run(
        self,
        connection: Connection,
        row: Row[Any],
        request: Request,
        person: Identification,
        alert: Alert,
    ) -> str | None:
        """Return a run that has ended, or only waits for its time, and already answers this alert.

        It was the same playbook, began after what the alert speaks of, ended after the last of it, and
        nothing of it has been put back since. Where somebody got in again in spite of a run, only one
        answers that began after that was read: by our own clock, whatever the vendor's says.
        """
        if request.follows is not None and request.follows.drift:
            ids = opening.ids_of(person)
            return past_runs.contained_since(
                connection, request.tenant, ids, row.received_at, request.playbook
            )
        if alert.occurred_at is None:
            return None
        window_s = self._service.settings.guardrails.fold_window_minutes * 60
        key = person.person_key or ""
        last = past_runs.last_ended(connection, request.tenant, key, window_s)
        if last is None or last.status != "contained" or last.playbook != request.playbook:
            return None
        if steps.restored(connection, last.id):
            return None
        occurred_ms = victims.milliseconds(alert.occurred_at)
        last_ms = victims.milliseconds(alert.last_seen_at or alert.occurred_at)
        covers = occurred_ms < last.created_at and last_ms <= last.ended_at
        return str(last.id) if covers else None

    def _hold(
        self,
        connection: Connection,
        row: Row[Any],
        heard: Heard,
        named: Alert,
        event_key: str,
        people: int,
    ) -> Rings:
        rings = crowds.hold(connection, self._service, row, named, event_key, people)
        if heard.warning:
            rings += feedback.warn(connection, row.id, row.source, heard.alert)
        return rings

    def _duplicate(self, connection: Connection, row: Row[Any], alert: Alert, earlier: str) -> None:
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

    def _ignore(
        self, connection: Connection, row: Row[Any], heard: Heard, event_key: str, why: str
    ) -> Rings:
        alerts.hold(connection, row)
        alert, rings = heard.alert, Rings()
        if heard.warning:
            why = f"{why} {heard.warning}"
            rings = feedback.warn(connection, row.id, row.source, alert)
        alerts.settle(
            connection,
            row.id,
            state="ignored",
            reason=why,
            remedy=alert.to_do,
            event_key=event_key,
            parsed=alert.model_dump(mode="json"),
        )
        self._record_ignored(connection, row, why)
        if alert.to_do:
            title, body = messages.source_ails(row.source, row.id, alert.title, why, alert.to_do)
            notice = notices.add(connection, kind="source_ails", title=title, body=body)
            rings += Rings(notices=(notice,))
        return rings

    def _record_ignored(self, connection: Connection, row: Row[Any], why: str) -> None:
        self._service.audit.append(
            connection, Event.ALERT_IGNORED, alert=row.id, source=row.source, reason=why
        )

    async def _quarantine(
        self, row: Row[Any], reason: str, remedy: str, alert: Alert | None = None
    ) -> None:
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
            rings = await self._service.database.writing(set_aside)
            await asyncio.to_thread(self._service.ring, rings)


def _pause_s(row: Row[Any], first_s: float, *, most_s: float = 60.0) -> float:
    """Return how long an alert is put off that was taken up so often: twice as long each time."""
    # what waits for days is tried thousands of times, and no number is as large as 2 to that power
    return min(most_s, first_s * 2.0 ** min(int(row.attempts), 16))


def _event_key(source: str, alert: Alert) -> str:
    """Return what makes two alerts the same finding: its id, and whom it asks to contain.

    A detector updates a finding: the account that was missing at first, or a second one, must not
    be taken for the same again.
    """
    victims = sorted(each.value.casefold() for person in alert.victims for each in person.ids)
    asked = "\n".join(victims) if alert.actionable else "nothing"
    digest = hashlib.sha256(asked.encode()).hexdigest()[:16]
    return f"{source}:{alert.event_id}"[:480] + f":{digest}"
