"""Faults of our own, told without what they were about."""

from __future__ import annotations

import logging
import traceback

from ledger.errors import LedgerError

_log = logging.getLogger(__name__)


def where(error: BaseException) -> str:
    """Return an exception's class and where it was raised, without its message.

    A message may quote the value that caused it, and a value may be a secret.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(
        f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
        for frame in reversed(frames[-6:])
    )
    return f"{type(error).__name__} in {places}"


def log_failure(what: str, error: BaseException) -> None:
    """Log an error by its kind and place.

    Not by its text: a database driver's error quotes the statement with its parameters, and those
    may be an alert's content or a session's digest. Only our own ledger errors are quoted.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    said = f": {error}" if isinstance(error, LedgerError) else ""
    _log.error("%s: %s%s (at %s)", what, type(error).__name__, said, place)
