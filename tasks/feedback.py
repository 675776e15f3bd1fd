"""Alerts on what Rescind itself has done: linked to the run that did it, and never followed.

Every revocation is a change that detections look for. An alert is ours where the application that acted
is ours by its immutable id, or where it carries the id of one of our requests, *and* a run has changed
that account at about that time. Either alone is not enough: a name can be anybody's, and what our
application did without a run was done by somebody who has its credential.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from config.settings import Source
from connectors.errors import ConnectorError
from detectors.alert import Alert, IdKind, Person, Role, Signal
from ledger import alerts, changes, notices
from ledger.changes import Change
from ledger.database import now_ms
from ledger.vocabulary import Event
from tasks import messages, opening, victims
from tasks.lookups import Lookups
from tasks.service import Rings, Service
from tasks.systems import Systems
from tasks.victims import Unusable

#: A change is logged this long after its intent at most, by two clocks, in milliseconds.
_AFTER_MS = 15 * 60_000
#: How far the vendor's clock may be behind ours.
_BEFORE_MS = 2 * 60_000
#: An alert without a time of its own is about what happened this long before it came, at most.
_ON_ITS_WAY_MS = 60 * 60_000
#: Detections look back over a day at most and then say that day; a longer one confirms nothing.
_LONGEST_MS = 25 * 3_600_000
#: Of so many people at most it is asked whether a run has changed them: more are held anyway, and are
#: ours only where any run has changed anybody.
_MOST = 200
#: How many of them are looked for at a time.
_AT_ONCE = 8
#: After so long our own ids are asked for again.
_KEEP_S = 300.0
#: How long our ids are waited for: a containment must not wait for them.
_OWN_IDS_S = 1.0
#: People are told of a stolen credential once in so many seconds.
_TELL_AGAIN_S = 3600
_TOLD_AS = "own_application"

_THEFT = (Signal.TOKEN_THEFT, Signal.SESSION_THEFT)
_SYSTEM_OF = {
    IdKind.ENTRA_OBJECT_ID: "entra",
    IdKind.OKTA_USER_ID: "okta",
    IdKind.AUTH0_USER_ID: "auth0",
}
_Accounts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """An alert with nobody left in it whom we have changed ourselves.

    ``runs`` did all that it speaks of; then it confirms them and asks for nothing. ``warning`` is what
    people have to know where our application did something that no run of ours did.
    """

    alert: Alert
    runs: tuple[str, ...] = ()
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What an alert says of who acted: our application, our own account, by which requests."""

    by_app: bool
    by_actor: bool
    requests: frozenset[str]
    related: frozenset[str]

    @property
    def any(self) -> bool:
        return self.by_app or self.by_actor or bool(self.requests or self.related)

    def fits(self, change: Change) -> bool:
        """Tell whether a change is what the alert speaks of.

        The vendor's own id of a request decides where both sides have one.
        """
        if self.requests and change.request_ids:
            return bool(self.requests & change.request_ids)
        return self.by_app or self.by_actor or bool(self.related & change.request_ids)


@dataclass(slots=True)
class Feedback:
    """Recognises, for one process, what comes of our own changes. Lives on the systems' event loop."""

    service: Service
    systems: Systems
    lookups: Lookups
    _own: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _asking: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def hear(self, row: Row[Any], alert: Alert, source: Source) -> Heard:
        """Tell what of an alert is our own doing.

        Raises:
            Unusable: it asks for a containment, and of our own application.
        """
        tenant = source.tenant or opening.tenant_of(
            self.service.settings,
            [each.value for person in alert.persons for each in person.ids],
        )
        if tenant is None or tenant not in self.service.settings.tenants:
            return Heard(alert)
        own = await self._own_ids(tenant)
        named = bool(alert.victims)
        alert = _without_us(alert, own)
        evidence = _evidence(alert, own)
        heard = Heard(alert)
        if evidence is not None and evidence.any:
            heard = await self._judged(row, alert, tenant, evidence)
        # whatever a run has done to people at that time: it is our application that is in trouble
        if named and alert.actionable and not alert.victims:
            raise Unusable(
                heard.warning or "it names Rescind's own application, and nobody else",
                "Find out who has used or changed Rescind's application, and replace its credential "
                "where you cannot.",
            )
        return heard

    async def _judged(self, row: Row[Any], alert: Alert, tenant: str, evidence: _Evidence) -> Heard:
        window = _window(alert, row.received_at)
        reading = self.service.database.reading
        if not alert.victims:
            if not evidence.by_app or alert.occurred_at is None:
                return Heard(alert)
            run = await reading(_run_of, tenant, None, window, evidence)
            if run is None:
                return Heard(alert, warning=_STOLEN)
            # a person was left out of it, and it need not be the one whom that run has changed
            theft = alert.nameless or alert.signal in _THEFT
            return Heard(alert) if theft else Heard(alert, (run,))
        if len(alert.victims) > _MOST:
            stolen = evidence.by_app and not await reading(_run_of, tenant, None, window, evidence)
            return Heard(alert, warning=_STOLEN if stolen else "")
        runs: dict[str, None] = {}
        left: list[Person] = []
        for person, accounts in await self._all_accounts(tenant, alert.victims, window, evidence):
            run = await reading(_run_of, tenant, accounts, window, evidence) if accounts else None
            if run is None:
                left.append(person)
            else:
                runs[run] = None
        if not left:
            return Heard(alert, tuple(runs))
        asks = [
            person
            if person.role is not Role.VICTIM or person in left
            else person.model_copy(update={"role": Role.BYSTANDER})
            for person in alert.persons
        ]
        rest = alert.model_copy(update={"persons": tuple(asks)})
        return Heard(rest, warning=_STOLEN if evidence.by_app else "")

    async def _all_accounts(
        self, tenant: str, people: Sequence[Person], window: tuple[int, int], evidence: _Evidence
    ) -> list[tuple[Person, _Accounts]]:
        """Return each person's accounts by immutable id, asking the systems only where none is said.

        And only where it matters: where a run has changed anybody in the tenant by what the alert says.
        """
        said = [(person, _said(person)) for person in people]
        known_by = evidence.by_app or evidence.by_actor or bool(evidence.requests)
        if not known_by or all(accounts for _, accounts in said):
            return said
        if await self.service.database.reading(_run_of, tenant, None, window, evidence) is None:
            return said
        turn = asyncio.Semaphore(_AT_ONCE)

        async def known(person: Person, accounts: _Accounts) -> tuple[Person, _Accounts]:
            async with turn:
                return person, accounts or await self._looked_up(tenant, person)

        return list(await asyncio.gather(*(known(*each) for each in said)))

    async def _looked_up(self, tenant: str, person: Person) -> _Accounts:
        try:
            found = await victims.find(self.lookups, tenant, [person], patient=False, last=False)
        except (Unusable, ConnectorError):
            return ()
        return tuple(opening.ids_of(found.people[0]))

    async def warm(self) -> None:
        """Learn our own ids before the first alert needs them."""
        await asyncio.gather(*map(self._own_ids, self.service.settings.tenants))

    async def _own_ids(self, tenant: str) -> frozenset[str]:
        kept = self._own.get(tenant)
        if kept is not None:
            if kept[0] < time.monotonic() and tenant not in self._asking:
                self._ask(tenant)  # they hardly ever change, and nobody waits for that
            return kept[1]
        await asyncio.wait([self._asking.get(tenant) or self._ask(tenant)], timeout=_OWN_IDS_S)
        return self._own[tenant][1] if tenant in self._own else frozenset()

    def _ask(self, tenant: str) -> asyncio.Future[None]:
        asking = asyncio.ensure_future(self._learn(tenant))
        self._asking[tenant] = asking
        asking.add_done_callback(lambda _: self._asking.pop(tenant))
        return asking

    async def _learn(self, tenant: str) -> None:
        asked = await asyncio.gather(*(each.own_ids() for each in self.systems.of(tenant)))
        told = frozenset(each for ids in asked for each in ids)
        self._own[tenant] = (time.monotonic() + _KEEP_S, told)

    def confirm(self, connection: Connection, row: Row[Any], heard: Heard, event_key: str) -> None:
        """Settle an alert as the confirmation of the runs it speaks of; inside the caller's commit."""
        alerts.hold(connection, row)
        alert_id = row.id
        alerts.settle(
            connection,
            alert_id,
            state="confirmation",
            reason="it tells of what Rescind itself has done, and nothing follows from it",
            event_key=event_key,
            parsed=heard.alert.model_dump(mode="json"),
            run_ids=heard.runs,
        )
        for run_id in heard.runs:
            self.service.audit.append(
                connection, Event.ALERT_CONFIRMED, run_id=run_id, alert=alert_id,
                source=row.source,
            )  # fmt: skip


def warn(connection: Connection, alert_id: str, source: str, alert: Alert) -> Rings:
    """Tell people that our credential may be in other hands, once an hour; in the caller's commit."""
    since = now_ms(connection) - _TELL_AGAIN_S * 1000
    if notices.added_since(connection, _TOLD_AS, since):
        return Rings()
    title, body = messages.own_application(source, alert_id, alert.title, _STOLEN)
    return Rings(notices=(notices.add(connection, kind=_TOLD_AS, title=title, body=body),))


_STOLEN = (
    "Rescind's own application did this, and no run of Rescind did: its credential may be in other "
    "hands, or another installation uses it"
)


def _said(person: Person) -> _Accounts:
    return tuple(
        (_SYSTEM_OF[each.kind], each.value) for each in person.ids if each.kind in _SYSTEM_OF
    )


def _without_us(alert: Alert, own: frozenset[str]) -> Alert:
    """Return the alert without our application among its persons: a service principal is nobody."""

    def ours(person: Person) -> bool:
        return any(
            each.kind is IdKind.ENTRA_OBJECT_ID and each.value.lower() in own for each in person.ids
        )

    people = tuple(person for person in alert.persons if not ours(person))
    return (
        alert if len(people) == len(alert.persons) else alert.model_copy(update={"persons": people})
    )


def _evidence(alert: Alert, own: frozenset[str]) -> _Evidence | None:
    """Read who acted; None where the alert names somebody else, alone or beside us.

    Whoever signs in may choose the correlation id of it, and an administrator can read ours in the audit
    log: by that alone nothing that speaks of a stolen token or session is our doing.
    """
    apps = {each.lower() for each in alert.actor_app_ids}
    actors = [person for person in alert.persons if person.role is Role.ACTOR]
    theirs = [
        person for person in actors if not any(each.value.lower() in own for each in person.ids)
    ]
    if theirs or apps - own:
        return None
    chosen = alert.signal in _THEFT and not (apps or actors)
    return _Evidence(
        by_app=bool(apps),
        by_actor=bool(actors),
        requests=frozenset(each.lower() for each in alert.request_ids),
        related=frozenset(each.lower() for each in alert.correlation_ids if not chosen),
    )


def _window(alert: Alert, received_ms: int) -> tuple[int, int]:
    """Return between which times a change must have left for the alert to speak of it."""
    if alert.occurred_at is None:
        return received_ms - _ON_ITS_WAY_MS, received_ms
    first = victims.milliseconds(alert.occurred_at)
    last = max(first, victims.milliseconds(alert.last_seen_at or alert.occurred_at))
    if last - first > _LONGEST_MS:
        first = last
    return first - _AFTER_MS, last + _BEFORE_MS


def _run_of(
    connection: Connection,
    tenant: str,
    accounts: Sequence[tuple[str, str]] | None,
    window: tuple[int, int],
    evidence: _Evidence,
) -> str | None:
    found = changes.between(connection, tenant, accounts, *window)
    return next((change.run_id for change in found if evidence.fits(change)), None)
