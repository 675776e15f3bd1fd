"""Console sessions: a random cookie in the browser, only its digest here."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import select

from ledger import tables
from ledger.accounts import User
from ledger.chain import AuditLog
from ledger.database import Database, now_ms
from ledger.vocabulary import Event

_session = tables.console_session
_user = tables.console_user

#: How exactly the last use of a session is kept; writing it on every request would cost a commit.
_EXACT_MS = 60_000


def open_session(
    database: Database, user: User, *, hours: int, replacing: str | None = None
) -> str:
    """Open a session for a user who has just signed in; return the cookie's value (256 bits).

    Args:
        database: where sessions are kept.
        user: whom ``check_password`` returned.
        hours: after which it ends, whatever happens.
        replacing: the cookie that came with the sign-in; its session ends, so that a cookie that
            was planted before signing in is worth nothing after.
    """
    cookie = secrets.token_urlsafe(32)
    with database.write() as connection:
        now = now_ms(connection)
        connection.execute(_session.delete().where(_session.c.expires_at <= now))
        if replacing is not None:
            connection.execute(_session.delete().where(_session.c.digest == _digest(replacing)))
        connection.execute(
            _session.insert().values(
                digest=_digest(cookie),
                user_id=user.id,
                created_at=now,
                seen_at=now,
                expires_at=now + hours * 3_600_000,
            )
        )
    return cookie


def find_session(database: Database, cookie: str, *, idle_minutes: int) -> User | None:
    """Return the user of a session as she is now, and keep the session awake; None if it is over.

    It is over when it was not used for ``idle_minutes``, at the end of its hours, when it was
    closed, and when the account is disabled or gets another password.
    """
    digest, idle_ms = _digest(cookie), idle_minutes * 60_000
    columns = (_session.c.seen_at, _session.c.expires_at, *_user.c)
    query = select(*columns).join_from(_session, _user).where(_session.c.digest == digest)
    with database.read() as connection:
        now = now_ms(connection)
        row = connection.execute(query).one_or_none()
    if row is None or row.disabled or row.expires_at <= now or row.seen_at + idle_ms <= now:
        return None
    if now - row.seen_at >= min(_EXACT_MS, idle_ms // 10):
        with database.write() as connection:
            connection.execute(
                _session.update().where(_session.c.digest == digest).values(seen_at=now)
            )
    return User.of(row)


def close_session(database: Database, audit: AuditLog, cookie: str) -> None:
    """End a session, if there is one, because its user signs out."""
    gone = (
        _session.delete().where(_session.c.digest == _digest(cookie)).returning(_session.c.user_id)
    )
    with database.write() as connection:
        user_id = connection.execute(gone).scalar_one_or_none()
        if user_id is not None:
            audit.append(connection, Event.AUTH_LOGOUT, actor={"type": "human", "sub": user_id})


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
