"""What our own changes leave in Auth0's log besides the request: entries that do not say whose they are.

Auth0 logs an outcome (a password changed, a method gone, a block lifted) under the user, whoever asked
for it. One that follows a request of ours for just that is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from connectors.timeline import Entry

#: By the outcome's type, a word of the request that has it.
_ASKED_FOR = {
    "scp": "password",
    "ublkdu": "user-blocks",
    "gd_unenroll": "authentication-methods",
}
#: How far apart the two are logged at most.
WITHIN = timedelta(seconds=10)


def without_echoes(entries: Iterable[Entry], own: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries but for those that our ``own`` requests about the same person have led to."""

    def echoes(entry: Entry) -> bool:
        word = _ASKED_FOR.get(entry.event)
        return word is not None and any(
            word in request.event and abs(entry.at - request.at) <= WITHIN for request in own
        )

    return tuple(entry for entry in entries if not echoes(entry))
