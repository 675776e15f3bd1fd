"""One person's log, in one shape whoever keeps it: what the findings of a trace are made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from connectors.clock import spell


class Kind(StrEnum):
    """What an entry tells of."""

    SIGN_IN = "sign_in"
    TOKEN = "token"  # noqa: S105 - a kind of entry
    APP = "app"
    CHANGE = "change"
    END = "end"
    SIGNAL = "signal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One log entry.

    ``id`` is the vendor's own, to find it again; ``person`` is whose account it is about. ``session`` is
    a digest, never the id; ``tokens`` are ids of the tokens it was let in by and ``issued`` of those it
    was given, never tokens. ``by_app`` says that an application signed in as itself, and no person. What
    is not known is None.
    """

    at: datetime
    system: str
    id: str
    event: str
    kind: Kind
    outcome: str
    actor: str | None = None
    actor_name: str | None = None
    person: str | None = None
    person_name: str | None = None
    ip: str | None = None
    asn: int | None = None
    network: str | None = None
    place: str | None = None
    agent: str | None = None
    device: str | None = None
    app: str | None = None
    session: str | None = None
    tokens: tuple[str, ...] = ()
    issued: tuple[str, ...] = ()
    by_app: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it came about."""
        return self.outcome == "success"

    @property
    def handles(self) -> tuple[str, ...]:
        """By what it was let in: its session, its tokens."""
        return (*((self.session,) if self.session else ()), *self.tokens)

    def to_json(self) -> dict[str, Any]:
        """The entry as plain JSON, without what is not known."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: plain(value) for name, value in told.items() if value not in (None, (), False)
        }


def digest(session_id: str, salt: str) -> str:
    """A session's name in evidence: the same for the same session, and no way back to its id."""
    return hashlib.sha256(f"{salt}\0{session_id}".encode()).hexdigest()[:16]


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Times, kinds and tuples within ``value`` as JSON has them."""
    if isinstance(value, datetime):
        return spell(value)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value
