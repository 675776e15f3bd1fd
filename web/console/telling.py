"""Whether people were told of a request for approval: what has to be said loudly where they were not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

#: A message that nobody has tried to deliver for so long waits for a worker who is not there.
PATIENCE_MS = 30_000

# The worst first. Whoever was missed may be the one who can decide: partly told counts as untold.
_WORDS = {
    "nobody": "Nobody was told about this request.",
    "failed": "Nobody was told about this request.",
    "unknown": "It is not known whether anybody was told about this request: act as if nobody was.",
    "partial": "Not everybody was told about this request: act as if nobody was.",
    "again": "Nobody has been told about this request yet: delivery failed, and is being tried again.",
    "waiting": "Nobody has been told about this request yet: its message still waits to be sent.",
}


def tried_in_vain(notice: Row[Any]) -> bool:
    """Tell whether delivering failed and is to be tried again."""
    return notice.state == "due" and notice.result is not None


def untold(notices: Iterable[Row[Any]], now: int) -> str:
    """Say how badly the messages about one request were delivered; empty where they were.

    Args:
        notices: all of them.
        now: milliseconds since 1970.
    """
    states = {_state(each, now) for each in notices}
    if "sent" in states:
        return ""
    return next((words for state, words in _WORDS.items() if state in states), "")


def _state(notice: Row[Any], now: int) -> str:
    if tried_in_vain(notice):
        return "again"
    if notice.state == "due" and now - notice.created_at > PATIENCE_MS:
        return "waiting"
    return str(notice.state)
