"""Whether what was sent is a secret, told in a time that says nothing of the secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from pydantic import SecretStr


def any_equal(candidates: Iterable[bytes], secret: SecretStr | None) -> bool:
    """Tell whether one of what was sent is the secret; without a secret nothing is.

    Digests are compared, so that not even the length of the secret shows in the time it takes.
    """
    if secret is None:
        return False
    expected = hashlib.sha256(secret.get_secret_value().encode()).digest()
    matches = [
        hmac.compare_digest(hashlib.sha256(candidate).digest(), expected)
        for candidate in candidates
    ]
    return any(matches)


def authorizations(sent: str, *, header: str = "authorization") -> list[bytes]:
    """Return what a header may mean: its value, and in ``Authorization`` what follows ``Bearer``."""
    value = sent.strip(" \t")
    candidates = [_bytes(value)]
    scheme, _, rest = value.partition(" ")
    if header.lower() == "authorization" and scheme.lower() == "bearer":
        candidates.append(_bytes(rest.strip(" \t")))
    return candidates


def _bytes(value: str) -> bytes:
    # A web server hands header bytes over as Latin-1 text.
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
