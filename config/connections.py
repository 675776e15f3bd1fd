"""What a connection URL has to look like, as far as it can be told without the library that reads it.

Nothing of a URL is quoted: passwords stand in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from config.problems import Problem

DATABASE_RIGHT = "sqlite:///rescind.db, or postgresql+psycopg://user@host/name"
BROKER_RIGHT = (
    "memory:// with `rescind serve`; redis://host/0 or amqp://user@host// with `rescind web` and "
    "`rescind worker`"
)
_ESCAPES = "; in a password, / ? # and @ are written %2F %3F %23 %40"

_SQLITE = ("sqlite", "sqlite+pysqlite")
_POSTGRES = ("postgresql", "postgresql+psycopg")
_REDIS = ("redis", "rediss")
_AMQP = ("amqp", "amqps", "pyamqp")


def database(url: str) -> Problem | None:
    """Return what is wrong with the URL of the database, if anything is."""
    what = _wrong_database(url)
    return Problem(("database", "url"), what, DATABASE_RIGHT) if what else None


def broker(url: str) -> Problem | None:
    """Return what is wrong with the URL of the broker, or with one of several joined by ``;``."""
    what = next((what for each in url.split(";") for what in _wrong_broker(each)), None)
    right = BROKER_RIGHT + (_ESCAPES if what and "@" in url else "")
    return Problem(("broker", "url"), what, right) if what else None


def _wrong_database(url: str) -> str | None:
    scheme, mark, rest = url.partition("://")
    if not mark:
        return "is no connection URL"
    if scheme in _POSTGRES:
        return None
    if scheme not in _SQLITE:
        return "its beginning is not a database Rescind can use"
    path, _, query = rest.partition("?")
    if path.strip("/") in ("", ":memory:", "file::memory:") or "mode=memory" in query:
        return "is a database in memory, which is gone with the process; a file is needed"
    if not path.startswith("/"):
        return "has two slashes, after which SQLAlchemy reads a host; a file comes after three"
    return None


def _wrong_broker(url: str) -> Iterator[str]:
    scheme, mark, rest = url.partition("://")
    if not mark:
        yield "is no connection URL"
    elif scheme == "redis+socket":
        if not rest.strip("/"):
            yield "names no path of a socket"
    elif scheme in _REDIS or scheme in _AMQP:
        yield from _wrong_address(rest, numbered=scheme in _REDIS)
    elif scheme != "memory":
        yield "its beginning is not a broker Rescind can use"


def _wrong_address(rest: str, *, numbered: bool) -> Iterator[str]:
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError:
        yield "cannot be read"
        return
    if not _has_port(parts):
        yield "its port is not a number"
    elif not parts.hostname:
        yield "names no host"
    elif numbered and not (unquote(parts.path).strip("/") or "0").isdecimal():
        yield "what follows the host is not a number: Redis counts its databases"


def _has_port(parts: SplitResult) -> bool:
    try:
        _ = parts.port
    except ValueError:
        return False
    return True
