"""An Auth0 user as the actions need it: whether it is blocked, and who keeps its password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.auth0.client import Auth0Client, Request
from connectors.clock import instant, spell_or_none

USER = "/api/v2/users/{user}"

#: Nothing else is asked for: a whole user resource can hold tokens of the person's own providers.
FIELDS = "user_id,email,email_verified,name,blocked,identities,last_password_reset"

_DATABASE = "auth0"


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """A user of a database connection: the connection's name (may be empty) and the id in it."""

    connection: str
    id: str


@dataclass(frozen=True, slots=True)
class User:
    """What a user resource tells, reduced. ``date`` is Auth0's clock at the answer.

    ``providers`` are those of all linked identities (``auth0`` is Auth0's own database), ``databases``
    are the identities there, each with a password of its own. ``password_changed`` is Auth0's
    ``last_password_reset``, which every change of a password moves.
    """

    id: str
    email: str
    email_verified: bool
    name: str
    blocked: bool
    providers: tuple[str, ...]
    databases: tuple[DatabaseIdentity, ...]
    password_changed: datetime | None
    date: datetime | None

    @property
    def has_password(self) -> bool:
        """Whether Auth0 itself keeps a password that opens the account."""
        return _DATABASE in self.providers

    def facts(self) -> dict[str, Any]:
        """What planning needs to know."""
        return {
            "blocked": self.blocked,
            "email_verified": self.email_verified,
            "providers": list(self.providers),
            "federated": not self.has_password,
        }

    def snapshot(self) -> dict[str, Any]:
        """What an observation keeps, with Auth0's own time."""
        return {
            "blocked": self.blocked,
            "providers": list(self.providers),
            "password_changed": spell_or_none(self.password_changed),
            "observed_at": spell_or_none(self.date),
        }


def understand(body: object, date: datetime | None) -> User:
    """Read a user resource; raw, so that an odd attribute elsewhere in it does no harm.

    Raises:
        errors.Unavailable: it is no user resource.
    """
    if not isinstance(body, dict) or not isinstance(body.get("user_id"), str):
        raise errors.Unavailable("the answer is not a user")
    identities = body.get("identities")
    given = identities if isinstance(identities, list) else []
    linked = [each for each in given if isinstance(each, dict)]
    named = [_text(each, "provider") for each in linked]
    first = body["user_id"].partition("|")[0]
    return User(
        id=body["user_id"],
        email=_text(body, "email"),
        email_verified=body.get("email_verified") is True,
        name=_text(body, "name"),
        blocked=body.get("blocked") is True,
        providers=tuple(dict.fromkeys(name for name in (first, *named) if name)),
        databases=tuple(
            DatabaseIdentity(_text(each, "connection"), _text(each, "user_id"))
            for each in linked
            if _text(each, "provider") == _DATABASE
        ),
        password_changed=instant(body.get("last_password_reset")),
        date=date,
    )


async def read_user(client: Auth0Client, user_id: str) -> User:
    """Read one user by id.

    Raises:
        errors.Refused: the id is not a user id; nothing is sent.
        errors.ConnectorError: it cannot be read, or another account is answered.
    """
    answer = await client.read(
        Request("GET", USER, {"user": user_id}, {"fields": FIELDS}, needs="read:users")
    )
    user = understand(answer.body, answer.date)
    if user.id != user_id:
        raise errors.Invalid("Auth0 answered with another account", request_id=answer.request_id)
    return user


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""
