"""Intents: committed before a change leaves, answered after; what stays open is found and settled."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from ledger import control, tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.errors import ClaimLost, PausedByPerson
from ledger.identifiers import new_id
from ledger.vocabulary import Event

_intent = tables.intent
_step = tables.step

#: What an intent's state becomes by how its attempt ended.
_STATE = {
    "answered": "answered",
    "refused": "refused",
    "not_sent": "refused",
    "unknown": "unknown",
}
#: States of an intent that has, or may have, changed something nobody has read back yet.
_EFFECTIVE = ("open", "unknown", "answered")


def make(
    connection: Connection,
    audit: AuditLog,
    *,
    run_id: str,
    step: Mapping[str, Any],
    plan_hash: str,
    request: Mapping[str, Any],
) -> str:
    """Commit that a change is about to be sent; return the intent's id.

    Raises:
        PausedByPerson: changes are paused.
        ClaimLost: the step is not (or no longer surely) in this worker's hands.
    """
    if not control.let_out(connection):
        raise PausedByPerson
    now = now_ms(connection)
    if _lease_until(connection, step) <= now:
        raise ClaimLost
    intent_id = new_id()
    connection.execute(
        _intent.insert().values(
            id=intent_id, step_id=step["id"], fence=step["fence"], made_at=now, state="open"
        )
    )
    audit.append(
        connection,
        Event.ACTION_INTENT,
        run_id=run_id,
        step=dict(step),
        intent=intent_id,
        plan_hash=plan_hash,
        request=dict(request),
    )
    return intent_id


def answer(
    connection: Connection,
    audit: AuditLog,
    *,
    run_id: str,
    step: Mapping[str, Any],
    intent_id: str,
    result: str,
    response: Mapping[str, Any] | None,
    error: Mapping[str, Any] | None,
) -> None:
    """Commit how an attempt ended: ``answered``, ``refused``, ``not_sent`` or ``unknown``."""
    connection.execute(
        _intent.update()
        .where(_intent.c.id == intent_id, _intent.c.state == "open")
        .values(state=_STATE[result])
    )
    audit.append(
        connection,
        Event.ACTION_RESULT,
        run_id=run_id,
        step=dict(step),
        intent=intent_id,
        result=result,
        response=dict(response) if response else None,
        error=dict(error) if error else None,
    )


class Sent(StrEnum):
    """What a step has sent that was not yet read back.

    ``ANSWERED``: all of it, and the vendor said yes. ``UNKNOWN``: some of it may have been sent, or
    only a part of it was.
    """

    NOTHING = "nothing"
    ANSWERED = "answered"
    UNKNOWN = "unknown"


def sent(connection: Connection, step_id: str) -> Sent:
    """Tell what a step has sent since it was last read back."""
    states = set(
        connection.execute(
            select(_intent.c.state).where(
                _intent.c.step_id == step_id, _intent.c.state.in_(_EFFECTIVE)
            )
        ).scalars()
    )
    if not states:
        return Sent.NOTHING
    # a receipt is kept once all that belongs to the change was sent
    whole = connection.execute(
        select(_step.c.id).where(_step.c.id == step_id, _step.c.receipt.is_not(None))
    ).first()
    return Sent.ANSWERED if whole and states == {"answered"} else Sent.UNKNOWN


def any_effective(connection: Connection, step_id: str) -> bool:
    """Tell whether a step has changed something, or may have."""
    found = select(_intent.c.id).where(_intent.c.step_id == step_id, _intent.c.state != "refused")
    return connection.execute(found.limit(1)).first() is not None


def reconcile(
    connection: Connection, audit: AuditLog, *, run_id: str, step: Mapping[str, Any], finding: str
) -> None:
    """Settle a step's intents by what re-reading has shown (``finding``).

    Those without a known answer each get a record; answered ones have theirs already.

    Raises:
        ClaimLost: the step is in other hands, and what they have sent is theirs to settle.
    """
    _lease_until(connection, step)
    connection.execute(_step.update().where(_step.c.id == step["id"]).values(receipt=None))
    without_answer = connection.execute(
        select(_intent.c.id).where(
            _intent.c.step_id == step["id"], _intent.c.state.in_(("open", "unknown"))
        )
    ).scalars()
    left = list(without_answer)
    connection.execute(
        _intent.update()
        .where(_intent.c.step_id == step["id"], _intent.c.state.in_(_EFFECTIVE))
        .values(state="reconciled")
    )
    for intent_id in left:
        audit.append(
            connection,
            Event.ACTION_RECONCILED,
            run_id=run_id,
            step=dict(step),
            intent=intent_id,
            finding=finding,
        )


def _lease_until(connection: Connection, step: Mapping[str, Any]) -> int:
    """Return until when the claim named by ``step`` holds, its row locked.

    Raises:
        ClaimLost: it is another's by now.
    """
    until = connection.execute(
        select(_step.c.lease_until)
        .where(_step.c.id == step["id"], _step.c.fence == step["fence"], _step.c.state == "leased")
        .with_for_update()
    ).scalar_one_or_none()
    if until is None:
        raise ClaimLost
    return int(until)
