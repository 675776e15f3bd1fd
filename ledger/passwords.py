"""Passwords of local accounts: argon2id, at the cost argon2-cffi recommends (RFC 9106, low memory).

One hash takes some 50 ms and 64 MiB, so never inside a transaction, and only a few at a time.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.errors import PasswordRefused

SHORTEST = 12
_LONGEST = 1024

_hasher = PasswordHasher()

# A flood of sign-ins must not take the machine's memory: 4 x 64 MiB.
_places = threading.BoundedSemaphore(4)


def hashed(password: str) -> str:
    """Return the argon2id hash to store for a new password.

    Raises:
        PasswordRefused: it is shorter than 12 characters, too long, or not text.
    """
    if len(password) < SHORTEST:
        raise PasswordRefused(f"the password has {len(password)} characters, {SHORTEST} are needed")
    if len(password) > _LONGEST:
        raise PasswordRefused(f"the password has more than {_LONGEST} characters")
    secret = _bytes(password)
    if secret is None:
        raise PasswordRefused("the password holds characters that are not Unicode text")
    with _places:
        return _hasher.hash(secret)


def matches(stored: str | None, password: str) -> bool:
    """Tell whether ``password`` is the one behind ``stored``; as slow where nothing is stored."""
    secret = _bytes(password) if len(password) <= _LONGEST else None
    with _places:
        try:
            right = _hasher.verify(stored or _nobodys(), secret or b"")
        except (VerificationError, InvalidHashError):
            return False
    return right and stored is not None and secret is not None


def outdated(stored: str) -> bool:
    """Tell whether a hash was made at another cost than is recommended now."""
    return _hasher.check_needs_rehash(stored)


def _bytes(password: str) -> bytes | None:
    try:
        # the same password typed on two systems: one sends é as one character, one as two
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_bytes(32))
