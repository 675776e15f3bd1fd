"""One Auth0 user: whether it is blocked, its sessions, refresh tokens, consents and methods."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import okta_time

#: The name of the connection whose passwords Auth0 keeps.
DATABASE = "Username-Password-Authentication"


@dataclass
class Auth0Session:
    """A session at Auth0; `cookie` is what the browser holds, `id` what the API names it by."""

    id: str
    cookie: str
    client_id: str
    created: float
    expires: float
    ip: str = "203.0.113.20"

    def to_json(self, user_id: str) -> dict[str, Any]:
        """The session resource."""
        return {
            "id": self.id,
            "user_id": user_id,
            "created_at": okta_time(self.created),
            "updated_at": okta_time(self.created),
            "authenticated_at": okta_time(self.created),
            "last_interacted_at": okta_time(self.created),
            "expires_at": okta_time(self.expires),
            "idle_expires_at": okta_time(self.expires),
            "device": {
                "initial_ip": self.ip,
                "last_ip": self.ip,
                "initial_user_agent": "Mozilla/5.0",
                "last_user_agent": "Mozilla/5.0",
            },
            "clients": [{"client_id": self.client_id}],
            "authentication": {"methods": [{"name": "pwd"}]},
            "cookie": {"mode": "non-persistent"},
        }


@dataclass
class Auth0RefreshToken:
    """A refresh token. A rotating one has a new value each time; `spent` are those before."""

    id: str
    value: str
    client_id: str
    session_id: str
    created: float
    expires: float
    rotating: bool = False
    exchanged: float | None = None
    spent: list[str] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """What the log tells of it: the session it is bound to and, where it rotates, its family."""
        bound = {"refresh_token": {"access": "offline", "session_id": self.session_id}}
        if not self.rotating:
            return bound
        family = self.id.removeprefix("rt_")
        return {**bound, "familyId": family, "tokenCounter": len(self.spent) + 1}

    def to_json(self, user_id: str) -> dict[str, Any]:
        """The refresh token resource; its value is never told."""
        return {
            "id": self.id,
            "user_id": user_id,
            "created_at": okta_time(self.created),
            "idle_expires_at": okta_time(self.expires),
            "expires_at": okta_time(self.expires),
            "client_id": self.client_id,
            "session_id": self.session_id,
            "rotating": self.rotating,
            "resource_servers": [{"audience": "https://api.contoso.com", "scopes": "read"}],
            "last_exchanged_at": okta_time(self.exchanged) if self.exchanged else None,
        }


@dataclass
class Auth0Method:
    """An authentication method; methods with the same `link_id` are deleted together."""

    id: str
    kind: str
    created: float | None
    details: dict[str, Any] = field(default_factory=dict)
    link_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The authentication method resource."""
        shown: dict[str, Any] = {"id": self.id, "type": self.kind, "confirmed": True}
        if self.created is not None:
            shown |= {
                "created_at": okta_time(self.created),
                "enrolled_at": okta_time(self.created),
            }
        if self.link_id is not None:
            shown["link_id"] = self.link_id
        return {**shown, **self.details}


@dataclass
class Auth0Grant:
    """What a user has allowed an application; it carries no date."""

    id: str
    client_id: str
    audience: str
    scope: tuple[str, ...]

    def to_json(self, user_id: str) -> dict[str, Any]:
        """The grant resource."""
        return {
            "id": self.id,
            "clientID": self.client_id,
            "user_id": user_id,
            "audience": self.audience,
            "scope": list(self.scope),
        }


@dataclass
class Auth0Ticket:
    """A link that sets a new password; a user has one at most, and another takes its place."""

    url: str
    expires: float


@dataclass
class Auth0User:
    """A user of the tenant with everything a responder may take away."""

    id: str
    email: str
    name: str
    created: float
    email_verified: bool = True
    blocked: bool | None = None
    sessions: list[Auth0Session] = field(default_factory=list)
    refresh_tokens: list[Auth0RefreshToken] = field(default_factory=list)
    grants: list[Auth0Grant] = field(default_factory=list)
    methods: list[Auth0Method] = field(default_factory=list)
    #: The password that was set through the API, for a test to look for where it must not be.
    password: str = ""
    password_changed: float | None = None
    ticket: Auth0Ticket | None = None
    #: Browsers in which no second factor is asked for; nobody lists them.
    remembered_browsers: int = 0

    @property
    def connection(self) -> str:
        """The name of the connection her account came by."""
        provider = self.id.partition("|")[0]
        return DATABASE if provider == "auth0" else provider

    def to_json(self) -> dict[str, Any]:
        """The user resource; `blocked` and `last_password_reset` are missing until they were set once."""
        provider, _, inner = self.id.partition("|")
        shown: dict[str, Any] = {
            "user_id": self.id,
            "email": self.email,
            "email_verified": self.email_verified,
            "name": self.name,
            "nickname": self.email.partition("@")[0],
            "created_at": okta_time(self.created),
            "updated_at": okta_time(self.created),
            "identities": [
                {
                    "connection": self.connection,
                    "provider": provider,
                    "user_id": inner,
                    "isSocial": provider == "google-oauth2",
                }
            ],
            "logins_count": 7,
        }
        if self.password_changed is not None:
            shown["last_password_reset"] = okta_time(self.password_changed)
        return shown if self.blocked is None else {**shown, "blocked": self.blocked}

    def set_password(self, password: str, now: float) -> None:
        """Change the password: sessions end with it, refresh tokens do not (Auth0, session logout)."""
        self.password, self.password_changed = password, now
        self.sessions.clear()

    def sign_in(self, now: float, client_id: str, *, rotating: bool = False) -> Auth0RefreshToken:
        """A full sign-in: a session of three days and a refresh token bound to it."""
        session = Auth0Session(
            id=secrets.token_urlsafe(24),
            cookie="sim-auth0-cookie-" + secrets.token_urlsafe(24),
            client_id=client_id,
            created=now,
            expires=now + 3 * 86400,
        )
        self.sessions.append(session)
        token = Auth0RefreshToken(
            id="rt_" + secrets.token_hex(9),
            value=new_token(),
            client_id=client_id,
            session_id=session.id,
            created=now,
            expires=now + 30 * 86400,
            rotating=rotating,
        )
        self.refresh_tokens.append(token)
        return token

    def remove_method(self, method: Auth0Method) -> None:
        """Delete a method, and what is linked with it."""
        linked = method.link_id
        self.methods = [
            m for m in self.methods if m is not method and (linked is None or m.link_id != linked)
        ]


def new_token() -> str:
    """The value of a refresh token."""
    return "v1.sim-auth0-" + secrets.token_urlsafe(32)
