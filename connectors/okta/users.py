"""An Okta user as the actions need it: its lifecycle status and who keeps its password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors import errors
from connectors.action import Target
from connectors.clock import instant, spell_or_none
from connectors.okta.client import OktaClient

ACTIVE = "ACTIVE"
SUSPENDED = "SUSPENDED"
RECOVERY = "RECOVERY"
LOCKED_OUT = "LOCKED_OUT"
PASSWORD_EXPIRED = "PASSWORD_EXPIRED"  # noqa: S105 - a status
DEPROVISIONED = "DEPROVISIONED"

#: Why a user in this status cannot be treated as an active one. Source: Okta's user lifecycle:
#: suspending needs ACTIVE, and a suspended user can only be unsuspended or deactivated.
STANDING: Mapping[str, str] = {
    "STAGED": "the account is not activated yet and cannot sign in",
    "PROVISIONED": "the account waits for its first password and cannot sign in with another",
    "RECOVERY": "a password reset is pending: nobody can sign in until it is completed",
    "PASSWORD_EXPIRED": (
        "the password has expired: the account stays closed until it is changed, but whoever "
        "knows the old password can change it"
    ),
    "LOCKED_OUT": (
        "the account is locked, but Okta's password policy unlocks it by itself after a while "
        "(autoUnlockMinutes), and what was issued before goes on working"
    ),
    "SUSPENDED": "the account is suspended and cannot sign in",
    "DEPROVISIONED": "the account is deactivated and cannot sign in",
}

_SECOND = timedelta(seconds=1)
_DIRECTORIES: Mapping[str, str] = {"ACTIVE_DIRECTORY": "Active Directory", "LDAP": "LDAP"}
_OUTSIDE: Mapping[str, str] = {"FEDERATION": "a federated provider", "SOCIAL": "a social provider"}


@dataclass(frozen=True, slots=True)
class User:
    """What ``GET /api/v1/users/{id}`` tells, reduced. ``date`` is Okta's clock at the answer."""

    id: str
    status: str
    login: str
    email: str
    display_name: str
    provider: str
    password_changed: datetime | None
    date: datetime | None

    @property
    def directory(self) -> str | None:
        """The directory that keeps the password, None where Okta or a provider does."""
        return _DIRECTORIES.get(self.provider)

    @property
    def password_elsewhere(self) -> str | None:
        """Who keeps the password, None where Okta does."""
        return self.directory or _OUTSIDE.get(self.provider)

    def renewed_after(self, moment: datetime | None) -> bool:
        """Whether the password is certainly newer than ``moment`` by Okta's clock."""
        # A Date header has whole seconds: within that second the order is not known.
        changed = self.password_changed
        return changed is not None and moment is not None and changed >= moment + _SECOND

    def standing(self) -> str:
        """Say what the status means for somebody who holds the password."""
        return STANDING.get(self.status, f"the status is {self.status}")

    def facts(self) -> dict[str, Any]:
        """What planning and the snapshots keep of it."""
        return {
            "status": self.status,
            "provider": self.provider,
            "sourced": self.directory is not None,
            "login": self.login,
        }

    def snapshot(self) -> dict[str, Any]:
        """What an observation keeps, with Okta's own times."""
        return {
            "status": self.status,
            "provider": self.provider,
            "password_changed": spell_or_none(self.password_changed),
            "observed_at": spell_or_none(self.date),
        }


def as_found(target: Target) -> User:
    """Return the account as it was when it was found, for what has to be decided without reading it."""
    facts = target.facts
    return User(
        id=target.id,
        status=_text(facts, "status") or ACTIVE,
        login=_text(facts, "login") or target.name,
        email="",
        display_name="",
        provider=_text(facts, "provider"),
        password_changed=None,
        date=None,
    )


def understand(body: object, date: datetime | None) -> User:
    """Read a user resource; raw, so that an odd attribute elsewhere in it does no harm.

    Raises:
        errors.Unavailable: where it is no user resource.
    """
    if not isinstance(body, dict) or not isinstance(body.get("id"), str):
        raise errors.Unavailable("the answer is not a user")
    profile = _dict(body.get("profile"))
    provider = _dict(_dict(body.get("credentials")).get("provider"))
    names = (_text(profile, "firstName"), _text(profile, "lastName"))
    return User(
        id=body["id"],
        status=_text(body, "status"),
        login=_text(profile, "login"),
        email=_text(profile, "email"),
        display_name=_text(profile, "displayName") or " ".join(name for name in names if name),
        provider=_text(provider, "type"),
        password_changed=instant(body.get("passwordChanged")),
        date=date,
    )


async def read_user(client: OktaClient, user_id: str) -> User:
    """Read one user by id.

    Raises:
        errors.Refused: where the id is not a user id; nothing is sent.
        errors.ConnectorError: where it cannot be read, or another account is answered.
    """
    answer = await client.get("/api/v1/users/{user}", {"user": user_id})
    user = understand(answer.body, answer.date)
    if user.id != user_id:
        raise errors.Invalid("Okta answered with another account", request_id=answer.request_id)
    return user


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""
