"""What one person is to be given once: kept sealed, shown to nobody else, gone when it was shown.

It is kept in the commit that keeps the vendor's answer, waits from the commit that ends its step
well, and is erased in the commit before the answer that shows it. An answer that gets lost shows it to
nobody: then another one has to be made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from ledger import tables
from ledger.chain import AuditLog, rfc3339
from ledger.database import now_ms
from ledger.identifiers import new_unguessable_id
from ledger.leases import Claim
from ledger.sealing import Seal
from ledger.vocabulary import Event

_handover, _step, _run, _user = (
    tables.handover, tables.step, tables.run, tables.console_user,
)  # fmt: skip

#: Before anybody was told of it, and while the person it is for may have it shown.
_ALIVE = ("kept", "waiting")


@dataclass(frozen=True, slots=True)
class NewHandover:
    """A secret to be kept: ``kind`` and ``usable_until`` as the vendor's connector tells them.

    ``for_user`` is the id of a console account; after ``keep_s`` seconds it is erased unseen.
    """

    kind: str
    secret: str
    usable_until: str
    for_user: str
    keep_s: float


def keep(
    connection: Connection, audit: AuditLog, seal: Seal, held: Claim, new: NewHandover
) -> None:
    """Keep a secret for its person, inside the commit that keeps the answer it came with.

    An earlier one of the same step is void: the vendor has made this one in its place.
    """
    _void(connection, audit, _handover.c.step_id == held.id, "replaced")
    handover_id, now = new_unguessable_id(), now_ms(connection)
    connection.execute(
        _handover.insert().values(
            id=handover_id,
            run_id=held.step.run_id,
            step_id=held.id,
            kind=new.kind,
            for_user=new.for_user,
            usable_until=new.usable_until,
            sealed=seal.close(new.secret, _bound(handover_id, held.id, new.for_user)),
            state="kept",
            made_at=now,
            gone_at=now + int(new.keep_s * 1000),
        )
    )


def settle(connection: Connection, audit: AuditLog, held: Claim, *, good: bool) -> str | None:
    """Let what a step has made be shown from now on if the step ended well, else erase it.

    Returns:
        The id of what waits now; None where the step has made nothing, or ended otherwise.
    """
    of_step = _handover.c.step_id == held.id
    if not good:
        _void(connection, audit, of_step, "its step did not end well")
        return None
    ready = connection.execute(
        _handover.update()
        .where(of_step, _handover.c.state == "kept")
        .values(state="waiting")
        .returning(*_handover.c)
    ).one_or_none()
    if ready is None:
        return None
    audit.append(
        connection,
        Event.HANDOVER_READY,
        run_id=held.step.run_id,
        step=held.named,
        handover={
            "id": ready.id,
            "kind": ready.kind,
            "for": ready.for_user,
            "until": rfc3339(ready.gone_at),
        },
    )
    return str(ready.id)


def reveal(
    connection: Connection, audit: AuditLog, seal: Seal, handover_id: str, user_id: str
) -> str | None:
    """Return the secret to the person it is for, and erase it; None where it is not to be had (any more).

    Whoever calls it shows it after this commit and never again.

    Raises:
        NotSealedHere: it cannot be opened; it is left as it is.
    """
    row = connection.execute(
        select(_handover)
        .where(
            _handover.c.id == handover_id,
            _handover.c.for_user == user_id,
            _handover.c.state == "waiting",
            _handover.c.gone_at > now_ms(connection),
        )
        .with_for_update()
    ).one_or_none()
    if row is None or row.sealed is None:
        return None
    secret = seal.open(bytes(row.sealed), _bound(row.id, row.step_id, row.for_user))
    erased = connection.execute(
        _handover.update()
        .where(_handover.c.id == row.id, _handover.c.state == "waiting")
        .values(state="revealed", sealed=None, ended_at=now_ms(connection))
    ).rowcount
    if not erased:  # SQLite knows no row locks: somebody was faster
        return None
    audit.append(
        connection,
        Event.HANDOVER_REVEALED,
        run_id=row.run_id,
        handover={"id": row.id, "kind": row.kind},
        actor={"type": "human", "sub": user_id},
    )
    return secret


def expire(connection: Connection, audit: AuditLog) -> None:
    """Erase what nobody has looked at in time."""
    _void(connection, audit, _handover.c.gone_at <= now_ms(connection), "nobody looked in time")


def get(connection: Connection, handover_id: str) -> Row[Any] | None:
    """Return what is known of a handover, with its step's ``target`` and ``system``, never the secret."""
    return connection.execute(_shown(_handover.c.id == handover_id)).one_or_none()


def of_run(connection: Connection, run_id: str) -> Sequence[Row[Any]]:
    """Return the handovers of a run, the earliest first."""
    return connection.execute(_shown(_handover.c.run_id == run_id)).all()


def waiting_for(connection: Connection, user_id: str) -> Sequence[Row[Any]]:
    """Return what waits for a person to look at it."""
    mine = (
        (_handover.c.for_user == user_id)
        & (_handover.c.state == "waiting")
        & (_handover.c.gone_at > now_ms(connection))
    )
    return connection.execute(_shown(mine)).all()


def _shown(wanted: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a select of many columns
    columns = [column for column in _handover.c if column.name != "sealed"]
    return (
        select(
            *columns, _step.c.target, _step.c.system, _step.c.node, _user.c.name.label("for_name")
        )
        .join(_step, _step.c.id == _handover.c.step_id)
        .join(_user, _user.c.id == _handover.c.for_user)
        .where(wanted)
        .order_by(_handover.c.made_at, _handover.c.id)
    )


def _void(connection: Connection, audit: AuditLog, which: ColumnElement[bool], why: str) -> None:
    before = connection.execute(
        select(_handover.c.id, _handover.c.state).where(which, _handover.c.state.in_(_ALIVE))
    ).all()
    told = {row.id for row in before if row.state == "waiting"}
    if not before:
        return
    over = connection.execute(
        _handover.update()
        .where(_handover.c.id.in_([row.id for row in before]), _handover.c.state.in_(_ALIVE))
        .values(state="void", sealed=None, ended_at=now_ms(connection))
        .returning(_handover.c.id, _handover.c.run_id, _handover.c.kind)
    ).all()
    for row in over:
        if row.id in told:
            audit.append(
                connection,
                Event.HANDOVER_VOIDED,
                run_id=row.run_id,
                handover={"id": row.id, "kind": row.kind},
                reason=why,
            )


def _bound(handover_id: str, step_id: str, for_user: str) -> str:
    return f"{handover_id}\n{step_id}\n{for_user}"
