"""What an id must look like before it may become part of an address."""

from __future__ import annotations

import re
from uuid import UUID

from connectors import errors

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Base64 in both alphabets: rule ids end in "=", passkey ids may begin with "-". No dot, so no "..";
# the SDK percent-encodes "/", "+" and "=".
_OPAQUE = re.compile(r"[A-Za-z0-9_=+/-]{1,512}")
_ALIASES = frozenset({"me"})


def is_object_id(value: str) -> bool:
    """Whether ``value`` is spelled like a directory object's id (a GUID)."""
    return _GUID.fullmatch(value) is not None


def object_id(value: str) -> str:
    """Return ``value``, a directory object's id, in lower case.

    Raises:
        errors.Refused: it is not a GUID.
    """
    if not is_object_id(value):
        raise errors.Refused("an object id must be a GUID")
    return str(UUID(value))


def opaque_id(value: str) -> str:
    """Return ``value``, an id only the vendor understands (a rule, a method, a policy).

    Raises:
        errors.Refused: it is empty, an alias such as ``me``, or holds characters no id has.
    """
    if _OPAQUE.fullmatch(value) is None or value.casefold() in _ALIASES:
        raise errors.Refused("an id has characters no id may have")
    return value
