"""Console users: local accounts, which work when the tenant that signs people in is under attack.

Everything here takes the ``Database`` and not a connection, because a password is checked between
two transactions and never inside one. It all blocks: call it from a thread, not from an event loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, exc, select

from ledger import passwords, tables, turns
from ledger.budget import RecordBudget
from ledger.chain import AuditLog
from ledger.database import Database, now_ms
from ledger.errors import NameRefused, NameTaken, UnknownRole, UnknownUser
from ledger.identifiers import new_id
from ledger.names import normal
from ledger.vocabulary import Event

_user = tables.console_user


class Role(StrEnum):
    """What a user may do in the console; the console decides what each role is shown."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """A console user. ``account_ids`` are this person's own ids in the tenants: no vote on oneself.

    ``locked_until`` is in milliseconds since 1970: up to when the turns of browsers that the account
    does not know are booked (see ``ledger.turns``).
    """

    id: str
    name: str
    role: Role
    account_ids: tuple[str, ...]
    disabled: bool
    locked_until: int

    @classmethod
    def of(cls, row: Row[Any]) -> User:
        """Read a row of ``console_user``."""
        return cls(
            id=row.id,
            name=row.name,
            role=Role(row.role),
            account_ids=tuple(row.account_ids or ()),
            disabled=row.disabled,
            locked_until=row.locked_until,
        )


def add(
    database: Database,
    audit: AuditLog,
    name: str,
    password: str,
    role: str,
    account_ids: Sequence[str] = (),
    *,
    actor: Mapping[str, str],
) -> User:
    """Add an account and return it. Names are compared without regard to case.

    Raises:
        NameRefused, NameTaken, PasswordRefused, UnknownRole: it cannot be added, and why.
    """
    known = normal(name)
    if known is None:
        raise NameRefused
    try:
        checked = Role(role)
    except ValueError:
        raise UnknownRole(f"there is no role {role!r}") from None
    stored = passwords.hashed(password)
    user = User(new_id(), known, checked, tuple(account_ids), disabled=False, locked_until=0)
    try:
        with database.write() as connection:
            connection.execute(
                _user.insert().values(
                    id=user.id,
                    name=user.name,
                    password_hash=stored,
                    role=user.role.value,
                    account_ids=list(user.account_ids),
                    disabled=False,
                    created_at=now_ms(connection),
                )
            )
            audit.append(
                connection,
                Event.USER_ADDED,
                actor=dict(actor),
                user={"id": user.id, "role": user.role.value, "account_ids": list(account_ids)},
                private={"name": user.name},
            )
    except exc.IntegrityError:  # not chained: its text carries the statement's parameters
        raise NameTaken(f"there is an account {known!r} already") from None
    return user


def listed(database: Database) -> list[User]:
    """Return all accounts by name."""
    with database.read() as connection:
        return [User.of(row) for row in connection.execute(select(_user).order_by(_user.c.name))]


def named(connection: Connection, name: str) -> User | None:
    """Return an account by name, read in the caller's transaction; None where there is none."""
    row = _find(connection, normal(name))
    return None if row is None else User.of(row)


def get(database: Database, name: str) -> User:
    """Return an account by its name.

    Raises:
        UnknownUser: there is none.
    """
    with database.read() as connection:
        return User.of(_known(connection, name))


def set_disabled(
    database: Database, audit: AuditLog, name: str, *, disabled: bool, actor: Mapping[str, str]
) -> User:
    """Disable an account and end its sessions, or enable it again; return it as it is then.

    Raises:
        UnknownUser: there is none of this name.
    """
    change = "disabled" if disabled else "enabled"
    return _change(database, audit, name, {"disabled": disabled}, change, actor)


def set_password(
    database: Database, audit: AuditLog, name: str, password: str, *, actor: Mapping[str, str]
) -> User:
    """Give an account a new password, forget what was tried against it, and end its sessions; return it.

    Raises:
        PasswordRefused: this password cannot be taken.
        UnknownUser: there is no account of this name.
    """
    stored = passwords.hashed(password)
    values = {"password_hash": stored, "failures": 0, "locked_until": 0}
    return _change(database, audit, name, values, "password", actor)


def check_password(
    database: Database,
    audit: AuditLog,
    name: str,
    password: str,
    *,
    remote: str = "",
    lined_up: bool = False,
    records: RecordBudget | None = None,
) -> User | None:
    """Return the user whom this name and password sign in; None otherwise, and no word why.

    Takes as long for names that do not exist. Either way the log says what happened. A name that is
    not known is not kept: it may be a password.

    Args:
        database: where the accounts are.
        audit: where the attempt is recorded.
        name: as typed.
        password: as typed.
        remote: the address it came from, kept beside the record where it can be erased.
        lined_up: whether a turn was booked for it (``ledger.turns``); the right password gives it back.
        records: how many failures are recorded one by one; without it, all.
    """
    known = normal(name)
    with database.read() as connection:
        seen = _find(connection, known)
    stored = None if seen is None else str(seen.password_hash)
    if not passwords.matches(stored, password) or stored is None:
        why = "unknown" if seen is None else "wrong"
        _record_failure(database, audit, seen, why, remote, records)
        return None
    renewed = passwords.hashed(password) if passwords.outdated(stored) else stored
    with database.write() as connection:
        row = _find(connection, known, lock=True)
        # Decided by what stands now: the account may have been changed since its hash was read.
        if row is not None and row.password_hash == stored and not row.disabled:
            _admit(connection, audit, row, renewed, remote, lined_up=lined_up)
            return User.of(row)
    _record_failure(
        database, audit, row, "disabled" if row and row.disabled else "wrong", remote, records
    )
    return None


def _admit(
    connection: Connection,
    audit: AuditLog,
    row: Row[Any],
    password_hash: str,
    remote: str,
    *,
    lined_up: bool,
) -> None:
    others = max(0, row.failures - lined_up)
    connection.execute(
        _user.update()
        .where(_user.c.id == row.id)
        .values(
            password_hash=password_hash,
            failures=0,
            locked_until=turns.given_back(row.locked_until) if lined_up else row.locked_until,
        )
    )
    audit.append(
        connection,
        Event.AUTH_LOGIN,
        actor={"type": "human", "sub": row.id},
        failures=others or None,
        private=_private(row, remote),
    )


def _record_failure(
    database: Database,
    audit: AuditLog,
    row: Row[Any] | None,
    why: str,
    remote: str,
    records: RecordBudget | None,
) -> None:
    # Names that do not exist are counted apart: whoever invents some must not hide a real guess.
    missed = records.admit("unknown" if row is None else "known") if records is not None else 0
    if missed is None:
        return
    with database.write() as connection:
        audit.append(
            connection,
            Event.AUTH_FAILED,
            reason=why,
            user={"id": row.id} if row is not None else None,
            unrecorded=missed or None,
            private=_private(row, remote),
        )


def _private(row: Row[Any] | None, remote: str) -> dict[str, str]:
    return ({"remote": remote} if remote else {}) | ({"name": row.name} if row is not None else {})


def _change(
    database: Database,
    audit: AuditLog,
    name: str,
    values: Mapping[str, object],
    change: str,
    actor: Mapping[str, str],
) -> User:
    with database.write() as connection:
        user = _known(connection, name)
        connection.execute(_user.update().where(_user.c.id == user.id).values(**values))
        sessions = tables.console_session
        connection.execute(sessions.delete().where(sessions.c.user_id == user.id))
        audit.append(
            connection,
            Event.USER_CHANGED,
            actor=dict(actor),
            user={"id": user.id},
            change=change,
            private={"name": user.name},
        )
        return User.of(_known(connection, name))


def _known(connection: Connection, name: str) -> Row[Any]:
    row = _find(connection, normal(name))
    if row is None:
        raise UnknownUser(f"there is no account {name!r}")
    return row


def _find(connection: Connection, name: str | None, *, lock: bool = False) -> Row[Any] | None:
    if name is None:
        return None
    query = select(_user).where(_user.c.name == name)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()
