"""Ids in each vendor's form, the same on every start so that tests can name them."""

from __future__ import annotations

import hashlib
import string
import uuid

_SPACE = uuid.UUID("6f0c9a52-6a55-4c39-9d0e-2f4f1f2b9a11")
_ALPHABET = string.ascii_letters + string.digits


def guid(*names: str) -> str:
    """A GUID derived from the names, as Entra gives to every object."""
    return str(uuid.uuid5(_SPACE, "/".join(names)))


def auth0_id(connection: str, *names: str) -> str:
    """An Auth0 user id: the connection and 24 hexadecimal digits."""
    return f"{connection}|{hashlib.sha256('/'.join(names).encode()).hexdigest()[:24]}"


def okta_id(prefix: str, *names: str) -> str:
    """A 20-character Okta id: the type's prefix (00u, 0oa, oar, ...) and a derived tail."""
    number = int.from_bytes(hashlib.sha256("/".join(names).encode()).digest(), "big")
    tail = ""
    while len(prefix) + len(tail) < 20:
        number, digit = divmod(number, len(_ALPHABET))
        tail += _ALPHABET[digit]
    return prefix + tail
