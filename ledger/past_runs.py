"""What was done for a person before: which run answers what is said of her, and who gave what back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from ledger import tables
from ledger.database import now_ms
from ledger.runs import Accounts, about_person
from ledger.steps import GOOD

_run, _step = tables.run, tables.step

#: What opens an account, and what undone opens it.
_REOPENS = ("enable_user", "unsuspend_user", "unblock_user")
_CLOSES = ("disable_user", "suspend_user", "block_user")


def last_ended(
    connection: Connection, tenant: str, person_key: str, within_s: float
) -> Row[Any] | None:
    """Return the newest containment of this person that ended within the last ``within_s`` seconds.

    One that only waits for time ended with the last step it has carried out; ``ended_at`` says when.
    """
    since = now_ms(connection) - int(within_s * 1000)
    ended_at = _ended_at()
    return connection.execute(
        select(_run, ended_at.label("ended_at"))
        .where(
            _run.c.tenant == tenant,
            _run.c.person_key == person_key,
            _ended(),
            _run.c.aim == "contain",
            ended_at >= since,
        )
        .order_by(ended_at.desc())
        .limit(1)
    ).one_or_none()


def ends_of(connection: Connection, run_ids: Sequence[str]) -> list[int | None]:
    """Return when each of these runs ended, but for what only time brings; None for one that has not."""
    when = case((_ended(), _ended_at()), else_=None)
    return list(connection.execute(select(when).where(_run.c.id.in_(run_ids))).scalars())


def contained_since(
    connection: Connection, tenant: str, accounts: Accounts, since_ms: int, playbook: str
) -> str | None:
    """Return a containment of this person by ``playbook`` that began at ``since_ms`` or later, and ended well."""
    return connection.execute(
        about_person(tenant, accounts)
        .where(
            _run.c.created_at >= since_ms,
            _run.c.playbook == playbook,
            _run.c.status == "contained",
            _ended(),
        )
        .limit(1)
    ).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Which run has given an account back, and when it began to, in milliseconds since 1970 UTC."""

    run_id: str
    at: int


def given_back(
    connection: Connection, tenant: str, accounts: Accounts, system: str
) -> GivenBack | None:
    """Return who has given this person's account in ``system`` back; None while it is contained.

    That is the last run to have reopened it on a person's word (an undo or a reissue), whatever of the
    rest of that run is still to come, unless a later containment has changed something about it.
    """
    about = about_person(tenant, accounts).order_by(None)
    hers = [_step.c.run_id.in_(about), _step.c.system == system, _step.c.outcome.in_(GOOD)]
    reopened = connection.execute(
        select(_step.c.run_id, _step.c.finished_at)
        .join(_run, _run.c.id == _step.c.run_id)
        .where(
            *hers,
            _run.c.aim.in_(("undo", "reissue")),
            or_(
                and_(_step.c.undoes.is_(None), _does(_REOPENS)),
                and_(_step.c.undoes.is_not(None), _does(_CLOSES)),
            ),
        )
        .order_by(_step.c.finished_at.desc())
        .limit(1)
    ).one_or_none()
    if reopened is None:
        return None
    contained = connection.execute(
        select(func.max(_step.c.finished_at))
        .join(_run, _run.c.id == _step.c.run_id)
        .where(*hers, _run.c.aim == "contain", _step.c.impact != "none", _step.c.undoes.is_(None))
    ).scalar_one()
    if contained is not None and contained > reopened.finished_at:
        return None
    began = connection.execute(
        select(func.min(_step.c.started_at)).where(
            _step.c.run_id == reopened.run_id,
            _step.c.system == system,
            _step.c.impact != "none",
        )
    ).scalar_one()
    return GivenBack(reopened.run_id, int(began or reopened.finished_at))


def last_contained(
    connection: Connection, tenant: str, accounts: Accounts, before: int
) -> Row[Any] | None:
    """Return the newest containment of this person that was opened before then, observing ones apart."""
    return connection.execute(
        about_person(tenant, accounts)
        .with_only_columns(_run)
        .where(_run.c.aim == "contain", _run.c.mode != "observe", _run.c.created_at < before)
        .order_by(None)
        .order_by(_run.c.created_at.desc(), _run.c.id.desc())
        .limit(1)
    ).one_or_none()


def in_a_row(connection: Connection, tenant: str, accounts: Accounts, requested_by: str) -> int:
    """Count this person's newest containments that ``requested_by`` has asked for and nobody else."""
    asked = connection.execute(
        about_person(tenant, accounts)
        .with_only_columns(_run.c.requested_by)
        .where(_run.c.aim == "contain", _run.c.mode != "observe")
        .order_by(None)
        .order_by(_run.c.created_at.desc(), _run.c.id.desc())
    ).scalars()
    return len(list(takewhile(lambda by: by == requested_by, asked)))


def _does(names: Sequence[str]) -> ColumnElement[bool]:
    """Select the steps whose action has one of these names, in whatever system."""
    return or_(*(_step.c.action.endswith(f".{name}", autoescape=True) for name in names))


def _ended() -> ColumnElement[bool]:
    """Select the runs that have ended, but for what only time brings."""
    return or_(_run.c.state == "done", and_(_run.c.state == "restoring", _run.c.status != ""))


def _ended_at() -> ColumnElement[int]:
    """When a run ended, or carried out its last step so far."""
    last_step = select(func.max(_step.c.finished_at)).where(_step.c.run_id == _run.c.id)
    return func.coalesce(_run.c.finished_at, last_step.scalar_subquery())
