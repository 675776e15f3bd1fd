"""Addresses inside the console, and which of them somebody may be sent to after signing in."""

from __future__ import annotations

import re
from urllib.parse import urlencode

# Plain segments only: no scheme, no second slash, no backslash, nothing encoded, no dots alone.
_LOCAL = re.compile(r"/|(?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){1,6}", re.ASCII)
_NOT_AFTER_LOGIN = frozenset({"/login", "/logout"})


def local(path: str) -> str:
    """Return ``path`` if it is a page of the console to go to after signing in, else ``/``."""
    good = _LOCAL.fullmatch(path) is not None and path not in _NOT_AFTER_LOGIN
    return path if good else "/"


def login(path: str) -> str:
    """Return the address to sign in at and come back to ``path``."""
    wanted = local(path)
    return "/login" if wanted == "/" else "/login?" + urlencode({"next": wanted}, safe="/")
