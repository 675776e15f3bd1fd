"""After a revocation: which of the sessions or tokens that are listed should be gone.

What was there before is a survivor, what was issued afterwards is a new sign-in. The vendor's clock is
compared with itself; its ``Date`` header has whole seconds, so one second may be either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

_SECOND = timedelta(seconds=1)


class Issued(Protocol):
    """Something that was issued: ``id`` tells it from others, ``created`` may be unknown."""

    @property
    def id(self) -> str:
        """What tells it from others."""

    @property
    def created(self) -> datetime | None:
        """When it was issued, by the vendor's clock."""


T = TypeVar("T", bound=Issued)


@dataclass(frozen=True, slots=True)
class Aftermath(Generic[T]):
    """Listed items by what they tell of the revocation.

    ``survivors`` were there before, ``fresh`` were issued after it; ``undated`` may be either.
    """

    survivors: tuple[T, ...]
    fresh: tuple[T, ...]
    undated: tuple[T, ...]


def sort(listed: Iterable[T], known: Collection[str], revoked_at: datetime | None) -> Aftermath[T]:
    """Sort what is listed now.

    Args:
        listed: what a reading shows.
        known: ids seen before the revocation.
        revoked_at: the vendor's clock at its answer; None where the answer was lost.
    """
    survivors: list[T] = []
    fresh: list[T] = []
    undated: list[T] = []
    for item in listed:
        if item.id in known:
            survivors.append(item)
        elif revoked_at is None or item.created is None:
            undated.append(item)
        elif item.created >= revoked_at + _SECOND:
            fresh.append(item)
        elif item.created < revoked_at:
            survivors.append(item)
        else:
            undated.append(item)
    return Aftermath(tuple(survivors), tuple(fresh), tuple(undated))
