"""Faults of our own, told without what they were about."""

from __future__ import annotations

import traceback


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
