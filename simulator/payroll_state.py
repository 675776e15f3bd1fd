"""An application beside the directories: its own sessions outlive those of whoever signed people in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass
class AppSession:
    """A session of the application's own; `cookie` is what the browser holds."""

    cookie: str
    key: str
    created: float


@dataclass
class Trust:
    """Whose signals a receiver takes: a name, public keys (JWKs), and what it calls itself.

    With `authorization` a request has to carry this header as well.
    """

    issuer: str
    audience: str
    keys: list[JsonObject] = field(default_factory=list)
    authorization: str | None = None


@dataclass
class Payroll:
    """The application's state: sessions, whom it trusts, what it was told.

    `received` has the claims of each token it took, the repeated ones left out; `requests` the ids of
    the bearer tokens it has seen.
    """

    sessions: list[AppSession] = field(default_factory=list)
    trust: Trust | None = None
    received: list[JsonObject] = field(default_factory=list)
    requests: set[str] = field(default_factory=set)
    watched: set[str] = field(default_factory=set)

    def sign_in(self, key: str, now: float) -> AppSession:
        """A new session of the person with this key."""
        session = AppSession("sim-payroll-" + secrets.token_urlsafe(24), key, now)
        self.sessions.append(session)
        return session

    def end(self, key: str) -> bool:
        """End all sessions of a person; tells whether there were any."""
        left = [session for session in self.sessions if session.key != key]
        ended = len(left) != len(self.sessions)
        self.sessions = left
        return ended
