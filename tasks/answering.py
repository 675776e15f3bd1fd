"""Answering an alert: for each person it is about a run is opened, or joined, or none is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row

from connectors.directory import Identification
from detectors.alert import Alert
from ledger import alerts, past_runs, steps
from ledger.leases import Claim
from ledger.vocabulary import Event
from tasks import feedback, followups, opening, victims
from tasks.opening import Request
from tasks.perform import Performer
from tasks.routes import Routes
from tasks.service import Rings, Service
from tasks.shelving import Shelving
from tasks.systems import Systems
from tasks.victims import Found


@dataclass(frozen=True, slots=True)
class Begun:
    """What follows once runs were opened: whom to call, and the steps this process has taken."""

    rings: Rings
    claims: tuple[Claim, ...]

    @property
    def nothing(self) -> bool:
        """Whether nothing follows."""
        return self.rings == Rings() and not self.claims


@dataclass(frozen=True, slots=True)
class Answering:
    """Opens the runs that alerts ask for.

    ``performer`` claims what may begin at once, in the commit that opens it.
    """

    service: Service
    systems: Systems
    performer: Performer
    routes: Routes
    shelving: Shelving

    def open(
        self,
        connection: Connection,
        row: Row[Any],
        alert: Alert,
        event_key: str,
        request: Request,
        found: Found,
    ) -> Begun:
        """Open what is asked for the persons who were found, and settle the alert; inside the caller's commit.

        Raises:
            AlertLost: another process has it.
        """
        alerts.hold(connection, row)
        service, rings = self.service, Rings()
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
            opened = opening.open_run(connection, service, self.systems, asked, person)
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
            self.shelving.record_ignored(connection, row, reason)
        for place in found.left:
            alerts.add_part(connection, row, row.part, victim=place)
        for run_id in joined:
            service.audit.append(connection, Event.ALERT_JOINED, run_id=run_id, alert=row.id)
        if request.notes:
            rings += feedback.warn(connection, row.id, row.source, alert)
        taken = {step: self.performer.claim(connection, step) for step in rings.steps}
        return Begun(
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
        window_s = self.service.settings.guardrails.fold_window_minutes * 60
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
