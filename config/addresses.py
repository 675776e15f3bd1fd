"""What must hold of the addresses in the settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from pydantic import AnyHttpUrl

from config.problems import Key, Problem


def nameless(key: Key, url: AnyHttpUrl) -> Iterator[Problem]:
    """Tell where a user name or a password stands in an address."""
    if url.username or url.password:
        yield Problem(key, "carries a user name or a password", "nothing before the host")


def encrypted(key: Key, url: AnyHttpUrl) -> Iterator[Problem]:
    """Tell where an address is plain HTTP and not on this machine."""
    if url.scheme != "https" and not loopback(url):
        yield Problem(key, "http:// is allowed on this machine only", "https://")


def loopback(url: AnyHttpUrl) -> bool:
    """Tell whether an address is on this machine."""
    host = (url.host or "").strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
