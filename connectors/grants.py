"""What our credential may do, as far as its token tells; what it does not tell is not guessed."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection
from typing import Any

from connectors.action import ActionSpec


def lacking(spec: ActionSpec, held: Collection[str] | None) -> tuple[str, ...]:
    """Return the permissions an action needs and the credential is known not to have.

    Args:
        spec: the action; a broader permission it names suffices alone.
        held: what the credential has; None where that cannot be told.
    """
    if held is None or any(broader in held for broader in spec.permissions_also):
        return ()
    return tuple(permission for permission in spec.permissions if permission not in held)


def claims(token: str) -> dict[str, Any] | None:
    """Read what our own access token says of itself; None where it is no JWT (RFC 7519).

    The signature is the business of whoever takes the token.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return said if isinstance(said, dict) else None


def words(claim: object) -> frozenset[str] | None:
    """Read a claim that lists permissions: a list of words, or words with spaces between them."""
    if isinstance(claim, str):
        return frozenset(claim.split())
    if isinstance(claim, list):
        return frozenset(each for each in claim if isinstance(each, str))
    return None
