"""What a thief carries away: one person's credentials in each system."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class EntraLoot:
    """A refresh token of a public client and the browser's sign-in cookie."""

    tenant_id: str
    client_id: str
    refresh_token: str
    estsauth: str


@dataclass(frozen=True)
class OktaLoot:
    """A refresh token with the client it belongs to, and the browser's session cookie."""

    client_id: str
    refresh_token: str
    sid: str


@dataclass(frozen=True)
class Auth0Loot:
    """A refresh token with the app it belongs to, and the browser's session cookie."""

    client_id: str
    refresh_token: str
    cookie: str


@dataclass(frozen=True)
class PayrollLoot:
    """The cookie of an application's own session, which no directory ends."""

    cookie: str


@dataclass(frozen=True)
class Loot:
    """Everything stolen from one person; a system the person is not in stays None."""

    user: str
    entra: EntraLoot | None
    okta: OktaLoot | None
    auth0: Auth0Loot | None = None
    payroll: PayrollLoot | None = None

    def to_json(self) -> dict[str, Any]:
        """A plain JSON object, as POST /_sim/loot answers it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Loot:
        """The inverse of to_json."""
        entra, okta, auth0 = data.get("entra"), data.get("okta"), data.get("auth0")
        payroll = data.get("payroll")
        return cls(
            user=data["user"],
            entra=EntraLoot(**entra) if entra else None,
            okta=OktaLoot(**okta) if okta else None,
            auth0=Auth0Loot(**auth0) if auth0 else None,
            payroll=PayrollLoot(**payroll) if payroll else None,
        )
