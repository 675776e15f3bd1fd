"""The refresh tokens a user's apps hold: the only trace of a sign-in that Okta lets be read.

Okta lists no browser sessions (``GET /api/v1/sessions`` is 405). ``GET /users/{id}/clients`` names
the apps with a grant *or* a token, and consent outlives a revocation, so a client that is still
listed shows nothing: its tokens do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.clock import instant, spell_or_none
from connectors.okta.addresses import is_client_id
from connectors.okta.client import OktaClient

_CLIENTS = "/api/v1/users/{user}/clients"
_TOKENS = "/api/v1/users/{user}/clients/{client}/tokens?limit=200"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What Okta tells of one refresh token; its value is never told."""

    id: str
    client_id: str
    status: str
    created: datetime | None
    expires: datetime | None
    scopes: tuple[str, ...]
    issuer: str

    def snapshot(self) -> dict[str, Any]:
        """What an observation keeps of it."""
        return {
            "id": self.id,
            "client_id": self.client_id,
            "status": self.status,
            "created": spell_or_none(self.created),
            "expires": spell_or_none(self.expires),
            "scopes": list(self.scopes),
            "issuer": self.issuer,
        }


@dataclass(frozen=True, slots=True)
class Holdings:
    """All clients and usable refresh tokens of one user, at one reading.

    ``unread`` names clients whose tokens could not be listed. ``date`` is Okta's clock.
    """

    clients: Mapping[str, str]
    tokens: tuple[RefreshToken, ...]
    unread: tuple[str, ...]
    date: datetime | None

    def snapshot(self) -> dict[str, Any]:
        """What an observation keeps of it."""
        return {
            "clients": [{"id": key, "name": name} for key, name in self.clients.items()],
            "tokens": [token.snapshot() for token in self.tokens],
            "unread": list(self.unread),
            "observed_at": spell_or_none(self.date),
        }


async def read_holdings(client: OktaClient, user_id: str) -> Holdings:
    """Read the user's clients and, at once for all of them, their refresh tokens.

    Raises:
        errors.ConnectorError: where they cannot be read.
    """
    listing = await client.get_all(_CLIENTS, {"user": user_id})
    clients: dict[str, str] = {}
    for item in listing.items:
        if isinstance(item, dict) and isinstance(item.get("client_id"), str):
            clients[item["client_id"]] = str(item.get("client_name") or "")
    askable = [key for key in clients if is_client_id(key)]
    pages = await asyncio.gather(*(_tokens(client, user_id, key) for key in askable))
    dates = [listing.date, *(date for _, date in pages)]
    return Holdings(
        clients=clients,
        tokens=tuple(token for tokens, _ in pages for token in tokens),
        unread=tuple(key for key in clients if key not in askable),
        date=max((date for date in dates if date), default=None),
    )


async def _tokens(
    client: OktaClient, user_id: str, client_id: str
) -> tuple[list[RefreshToken], datetime | None]:
    try:
        listing = await client.get_all(_TOKENS, {"user": user_id, "client": client_id})
    except errors.NotFound:
        # The client lost its last grant or token between the two readings.
        return [], None
    tokens = [_token(item, client_id) for item in listing.items if isinstance(item, dict)]
    return [token for token in tokens if token.status != "REVOKED"], listing.date


def _token(item: Mapping[str, Any], client_id: str) -> RefreshToken:
    scopes = item.get("scopes")
    return RefreshToken(
        id=str(item.get("id") or ""),
        client_id=client_id,
        status=str(item.get("status") or ""),
        created=instant(item.get("created")),
        expires=instant(item.get("expiresAt")),
        scopes=tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else (),
        issuer=str(item.get("issuer") or ""),
    )
