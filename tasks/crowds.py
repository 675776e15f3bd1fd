"""Alerts that name a crowd: nothing is begun for any of them before a person has looked.

A detector that is wrong about a whole company must not lock it out: acting late is the smaller harm.
The alert is set aside whole, people are told once, and a person releases its people in portions, in the
order the alert names them; each then is an alert of her own, and her run waits for approval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from detectors import persons
from detectors.alert import Alert, Role
from detectors.batch import Finding
from ledger import alerts, held, locks
from ledger.chain import AuditLog
from ledger.vocabulary import Event
from tasks import aside, messages
from tasks.service import Rings, Service

#: Under which name an alert's details say how many people it was held for.
_HELD_FOR = "held_for"
#: The most people that are released at a time.
MOST = 100


@dataclass(frozen=True, slots=True)
class Released:
    """How many people were released, of how many, and how many are still held."""

    people: int
    left: int


class NotHeld(Exception):
    """The alert is not one that waits because of how many people it names."""

    remedy = "rescind alerts --quarantined lists what is set aside; --replay takes other alerts up again."


def people_of(findings: Sequence[Finding]) -> int:
    """Count the different people one delivery asks to contain."""
    asked = [
        person
        for finding in findings
        if isinstance(finding, Alert) and finding.actionable
        for person in finding.victims
    ]
    return len(persons.merged(asked))


def hold(
    connection: Connection,
    service: Service,
    row: Row[Any],
    alert: Alert,
    event_key: str,
    people: int,
) -> Rings:
    """Set an alert that names a crowd aside, whole, and tell people once; inside the caller's commit.

    ``people`` is how many the whole delivery asks to contain.
    """
    limit = service.settings.guardrails.people_per_alert
    reason, remedy = _reason(people, limit), _remedy(row.id, limit)
    alerts.hold(connection, row)
    locks.take(connection, f"crowd:{row.source}")  # two at once would each be the first
    told = held.alike(connection, row, event_key.rpartition(":")[0] + ":")
    kept = alert.model_copy(update={"details": {**alert.details, _HELD_FOR: people}})
    alerts.quarantine(
        connection,
        service.audit,
        row.id,
        reason=reason,
        remedy=remedy,
        parsed=kept.model_dump(mode="json"),
        event_key=event_key,
    )
    message = messages.crowd(row.source, row.id, alert.title, people, reason, remedy)
    return Rings() if told else aside.tell(connection, row, message)


def _reason(people: int, limit: int) -> str:
    return (
        f"it asks to contain {people:,} people at once, and more than {limit} wait for a person "
        "(guardrails.people_per_alert): nobody is contained by itself"
    )


def _remedy(alert_id: str, limit: int) -> str:
    return (
        "Ask whoever runs the detector whether this can be true. If it is: "
        f"rescind alerts --release {alert_id} --people {min(limit, MOST)} opens the next runs, which "
        "wait for approval. One person alone: rescind contain NAME."
    )


def release(
    connection: Connection, audit: AuditLog, alert_id: str, people: int, *, actor: str
) -> Released:
    """Release the next ``people`` of a held alert, and of what came in the same delivery.

    Raises:
        NotHeld: it is no alert that is held for its crowd.
    """
    first = held.quarantined(connection, alert_id)
    if first is None or not _victims(first):
        raise NotHeld(alert_id)
    done = left = 0
    for row in [first, *held.beside(connection, first)]:
        victims = _victims(row)
        out = held.parts(connection, row)
        now = min(victims - out, people - done)
        for place in range(out, out + now):
            alerts.add_part(connection, row, row.part, victim=place)
        done += now
        left += victims - out - now
        if now:
            held.note(connection, row.id, released=out + now, of=victims)
    audit.append(
        connection,
        Event.ALERT_RELEASED,
        alert=alert_id,
        people=done,
        left=left,
        actor={"type": "human", "sub": actor},
    )
    return Released(done, left)


def _victims(row: Row[Any]) -> int:
    parsed: Mapping[str, Any] = row.parsed or {}
    if _HELD_FOR not in (parsed.get("details") or {}):
        return 0
    return sum(person["role"] == Role.VICTIM for person in parsed["persons"])
