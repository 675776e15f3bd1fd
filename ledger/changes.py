"""What was sent out for whom, and when: to tell our own changes from somebody else's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from ledger import tables
from ledger.runs import Accounts, about_person
from ledger.vocabulary import Event

_intent, _step, _run, _audit = tables.intent, tables.step, tables.run, tables.audit
#: No step of a run is carried out longer after the run was opened, in milliseconds.
_LONGEST_RUN_MS = 32 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Change:
    """One change that left, or may have: of which run, and by which ids the vendor may know it."""

    run_id: str
    request_ids: frozenset[str] = field(default=frozenset())


def between(
    connection: Connection,
    tenant: str,
    accounts: Accounts | None,
    since_ms: int,
    until_ms: int,
) -> list[Change]:
    """Return the changes of runs about a person (None: about anybody), the newest first.

    A change that was refused, or never sent, is none. Its request ids are what the log keeps of the
    vendor's answer, in small letters; none where no answer came.
    """
    query = (
        select(_intent.c.id, _step.c.run_id)
        .join_from(_intent, _step, _step.c.id == _intent.c.step_id)
        .join(_run, _run.c.id == _step.c.run_id)
        .where(
            _run.c.tenant == tenant,
            _run.c.created_at <= until_ms,
            _run.c.created_at >= since_ms - _LONGEST_RUN_MS,
            _intent.c.state != "refused",
            _intent.c.made_at.between(since_ms, until_ms),
        )
        .order_by(_intent.c.made_at.desc())
    )
    if accounts is not None:
        query = query.where(_run.c.id.in_(about_person(tenant, accounts).order_by(None)))
    found = connection.execute(query).all()
    answered = _answers(connection, sorted({row.run_id for row in found}))
    return [Change(row.run_id, answered.get(row.id, frozenset())) for row in found]


def _answers(connection: Connection, run_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    records = connection.execute(
        select(_audit.c.record).where(
            _audit.c.run_id.in_(run_ids), _audit.c.event == Event.ACTION_RESULT
        )
    ).scalars()
    found: dict[str, frozenset[str]] = {}
    for record in map(json.loads, records):
        response = record.get("response") or {}
        ids = (response.get("request_id"), response.get("sent_as"))
        found[record["intent"]] = frozenset(each.lower() for each in ids if each)
    return found
