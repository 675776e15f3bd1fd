"""Browsers an account has signed in with before: they are not slowed by what others guess.

The mark is a cookie of its own that says nothing but this, and lets nobody in without the password
(https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies). Nothing is
stored for it: its key is the account's password hash, whose salt nobody outside knows, so that a new
password ends all marks.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from sqlalchemy import select

from ledger import tables
from ledger.accounts import User
from ledger.database import Database, now_ms
from ledger.names import normal

#: How long a browser is known after it has signed in, in days.
DAYS = 90

_DAY_MS = 24 * 3_600_000
_MARK = re.compile(r"([0-9]{1,15})\.([0-9a-f]{32})\.([0-9a-f]{64})", re.ASCII)
_user = tables.console_user


def mark(database: Database, user: User) -> str:
    """Return the mark for a browser in which ``user`` has just signed in."""
    with database.read() as connection:
        now = now_ms(connection)
        row = connection.execute(select(_user).where(_user.c.id == user.id)).one()
    browser = secrets.token_hex(16)
    return f"{now}.{browser}.{_proof(row.password_hash, row.id, now, browser)}"


def known(database: Database, name: str, marked: str) -> str | None:
    """Return the browser's own id where it is marked for the account of this name; else None."""
    found, wanted = _MARK.fullmatch(marked), normal(name)
    if found is None or wanted is None:
        return None
    since, browser, proof = int(found[1]), found[2], found[3]
    with database.read() as connection:
        now = now_ms(connection)
        row = connection.execute(select(_user).where(_user.c.name == wanted)).one_or_none()
    if row is None or not now - DAYS * _DAY_MS < since <= now:
        return None
    right = hmac.compare_digest(_proof(row.password_hash, row.id, since, browser), proof)
    return browser if right else None


def _proof(password_hash: str, user_id: str, since: int, browser: str) -> str:
    said = f"rescind known browser\0{user_id}\0{since}\0{browser}"
    return hmac.digest(password_hash.encode(), said.encode(), hashlib.sha256).hex()
