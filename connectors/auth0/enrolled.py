"""A user's authentication methods, read raw, and which of them go.

Source: Auth0 Management API v2, authentication methods: ``created_at`` is always there, ``enrolled_at``
once enrolment is complete; methods with one ``link_id`` are deleted together. The list also holds the
password, which is no method to remove.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.action import Json
from connectors.auth0.client import Auth0Client, Request
from connectors.auth0.ids import is_object_id
from connectors.clock import instant, spell_or_none

METHODS = "/api/v2/users/{user}/authentication-methods"
METHOD = "/api/v2/users/{user}/authentication-methods/{method}"

PASSWORD = "password"  # noqa: S105 - a kind of method
#: What is asked for besides the password; a recovery code only stands in for another one, an address
#: to verify and a passkey (instead of the password) are no second factors.
_SECOND = frozenset(
    {"totp", "push", "phone", "email", "webauthn-roaming", "webauthn-platform", "guardian"}
)


@dataclass(frozen=True, slots=True)
class Method:
    """One method; ``since`` is when it could first be used. No number, address or key is kept."""

    id: str
    kind: str
    since: datetime | None
    confirmed: bool
    link: str

    @property
    def protects(self) -> bool:
        """Whether a password alone does not suffice while it is there."""
        return self.confirmed and self.kind in _SECOND

    def snapshot(self) -> Json:
        """What an observation keeps of it."""
        return {
            "id": self.id,
            "type": self.kind,
            "since": spell_or_none(self.since),
            "confirmed": self.confirmed,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """``remove`` are those that go; ``left`` those a person has to look at, each with the reason."""

    remove: tuple[Method, ...]
    left: tuple[tuple[Method, str], ...]


async def read_methods(
    client: Auth0Client, user_id: str
) -> tuple[tuple[Method, ...], datetime | None]:
    """Read all methods of a user, and Auth0's clock.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    request = Request("GET", METHODS, {"user": user_id}, needs="read:authentication_methods")
    listing = await client.by_page(request, "authenticators")
    return tuple(_method(item) for item in listing.items), listing.date


def choose(methods: Sequence[Method], start: datetime | None, *, everything: bool) -> Choice:
    """Choose what goes: all but the password, or what could be used since ``start`` only.

    What cannot be dated, has no usable id, or would take an older one with it is left to a person.
    """
    candidates = [method for method in methods if method.kind != PASSWORD]
    older = {
        method.link
        for method in candidates
        if method.link and method.since and start and method.since < start
    }
    remove: list[Method] = []
    left: list[tuple[Method, str]] = []
    for method in candidates:
        if not everything and method.since is not None and start and method.since < start:
            continue
        if not is_object_id(method.id):
            left.append((method, "its id is not one of Auth0's"))
        elif everything:
            remove.append(method)
        elif method.since is None or start is None:
            left.append((method, "its time is not known"))
        elif method.link in older:
            left.append((method, "an older method is linked with it and would go, too"))
        else:
            remove.append(method)
    return Choice(tuple(remove), tuple(left))


def _method(item: Mapping[str, Any]) -> Method:
    times = [instant(item.get(key)) for key in ("created_at", "enrolled_at")]
    return Method(
        id=str(item.get("id") or ""),
        kind=str(item.get("type") or ""),
        # One begun before the theft and completed since is as good as new.
        since=max((time for time in times if time), default=None),
        confirmed=item.get("confirmed") is not False,
        link=str(item.get("link_id") or ""),
    )
