"""A password nobody knows: made, sent once, and forgotten."""

from __future__ import annotations

import re
import secrets
import string

#: How many characters; Auth0 takes 72 bytes at most, Entra 256.
LENGTH = 40
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#%+-./:=?@_~")
_THRICE = re.compile(r"(.)\1\1")


def unguessable() -> str:
    """A random password of ``LENGTH`` characters, as the strictest password policies want it.

    All four classes that Entra and Auth0 count, and no character three times in a row (Auth0's
    policy "Excellent").
    """
    alphabet = "".join(_CLASSES)
    while True:
        password = "".join(secrets.choice(alphabet) for _ in range(LENGTH))
        mixed = all(any(char in kind for char in password) for kind in _CLASSES)
        if mixed and not _THRICE.search(password):
            return password
