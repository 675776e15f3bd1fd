"""Revoke a person's Auth0 refresh tokens: all, those of one app, or single ones.

Source: Auth0 Management API v2, delete a user's refresh tokens, and revoke refresh tokens (by ids, at
most 100, or by user and client). A rotating token is revoked with its family. Access tokens stay
alive. Enterprise plans only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors import aftermath
from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    Json,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.auth0.base import Auth0Action, access_tokens, nothing_sent, stamp
from connectors.auth0.client import Auth0Client, Request
from connectors.auth0.failures import NotInPlan
from connectors.auth0.ids import fill, is_client_id, is_object_id
from connectors.auth0.sessions import UNREADABLE, not_in_plan
from connectors.clock import instant, spell_or_none
from connectors.readback import Reading, glance, proof, until

_ALL = "/api/v2/users/{user}/refresh-tokens"
_SOME = "/api/v2/refresh-tokens/revoke"
_CHECK = "GET /api/v2/users/{user}/refresh-tokens"


class RefreshTokenParameters(BaseModel):
    """Which refresh tokens go; all where neither is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str | None = Field(None, description="only those of this application")
    token_ids: tuple[str, ...] = Field(
        (), max_length=100, description="only these, by the ids Auth0 lists; never the tokens"
    )

    @model_validator(mode="after")
    def _one_choice(self) -> RefreshTokenParameters:
        if self.client_id is not None and self.token_ids:
            raise ValueError("client_id or token_ids, not both")
        if self.client_id is not None and not is_client_id(self.client_id):
            raise ValueError("client_id is not an application's id")
        if not all(is_object_id(one) for one in self.token_ids):
            raise ValueError("token_ids are ids as Auth0 lists them")
        return self


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What Auth0 tells of one refresh token; its value is never told."""

    id: str
    client_id: str
    created: datetime | None
    expires: datetime | None
    exchanged: datetime | None
    rotating: bool

    def snapshot(self) -> Json:
        """What an observation keeps of it."""
        return {
            "id": self.id,
            "client_id": self.client_id,
            "created": spell_or_none(self.created),
            "expires": spell_or_none(self.expires),
            "exchanged": spell_or_none(self.exchanged),
            "rotating": self.rotating,
        }


class RevokeRefreshTokens(Auth0Action[RefreshTokenParameters]):
    """``auth0.revoke_refresh_tokens``."""

    spec = ActionSpec(
        name="auth0.revoke_refresh_tokens",
        system="auth0",
        title="Revoke Auth0 refresh tokens",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-ANCI",),
        attack=("T1528", "T1550.001"),
        permissions=("read:refresh_tokens", "delete:refresh_tokens"),
        parameters=RefreshTokenParameters,
        disrupts="The person signs in again in the apps whose tokens are revoked.",
        leaves_open="A stolen refresh token goes on giving access tokens, longer than any session.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request; of single tokens, those that are the person's."""
        path = fill(_ALL, {"user": target.id})
        chosen = self._parameters
        if chosen.token_ids:
            body = f'{{"ids": [{", ".join(chosen.token_ids)}]}}'
            return (PlannedCall("POST", _SOME, body, "those that are the person's are revoked"),)
        if chosen.client_id:
            body = f'{{"user_id": "{target.id}", "client_id": "{chosen.client_id}"}}'
            return (PlannedCall("POST", _SOME, body, "the app's refresh tokens are revoked"),)
        return (PlannedCall("DELETE", path, why="all refresh tokens are revoked"),)

    async def observe(self, target: Target) -> Observation:
        """Read the tokens; revoking all, or an app's, does not wait where that fails.

        Raises:
            errors.ConnectorError: single tokens are named, and whose they are cannot be read.
        """
        fill(_ALL, {"user": target.id})
        try:
            seen, at = await glance(lambda: read_tokens(self._client, target.id))
        except NotInPlan as error:
            return Observation({"tokens": None}, verdict=not_in_plan(error))
        except UNREADABLE as error:
            if self._parameters.token_ids:
                raise
            return Observation({"tokens": None, "problem": str(error)})
        going = self._chosen(seen)
        snapshot = {
            "tokens": [token.snapshot() for token in seen],
            "revoke": [token.id for token in going],
            "observed_at": spell_or_none(at),
        }
        if self._parameters.token_ids:
            return Observation(snapshot, satisfied=not going)
        # An empty list shows nothing: a token that was just issued may not be listed yet.
        return Observation(snapshot, satisfied=False if going else None)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Revoke. Harmless to repeat."""
        request = self._request(target, before)
        if request is None:
            return nothing_sent("none of these tokens is the person's")
        return Receipt({"sent": True, **stamp(await self._change(request))})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until no token of before is left; later ones are new sign-ins, and reported."""
        known = set(before.snapshot.get("revoke") or ())
        revoked_at = instant(receipt.data.get("date")) if receipt else None
        expected = "no refresh token from before the revocation"

        async def look() -> Reading:
            seen, at = await read_tokens(self._client, target.id)
            found = aftermath.sort(self._chosen(seen), known, revoked_at)
            observed = (
                f"{len(found.survivors)} old, {len(found.undated)} undatable, "
                f"{len(found.fresh)} new refresh tokens"
            )
            return Reading(not found.survivors, observed, at, found=found)

        reading = await until(look, patience, self._sleep)
        if reading.holds and reading.found.undated:
            reason = "a token's time does not tell whether it is older than the revocation"
            return Proof(Outcome.UNVERIFIABLE, _CHECK, expected, reading.observed, reason)
        fresh = reading.found.fresh if reading.found else ()
        exposure = (access_tokens(), *(_issued_again(token) for token in fresh))
        return proof(reading, check=_CHECK, expected=expected, exposure=exposure)

    def _chosen(self, seen: tuple[RefreshToken, ...]) -> tuple[RefreshToken, ...]:
        chosen = self._parameters
        if chosen.token_ids:
            return tuple(token for token in seen if token.id in chosen.token_ids)
        if chosen.client_id:
            return tuple(token for token in seen if token.client_id == chosen.client_id)
        return seen

    def _request(self, target: Target, before: Observation) -> Request | None:
        chosen = self._parameters
        if not chosen.token_ids and not chosen.client_id:
            return Request("DELETE", _ALL, {"user": target.id}, needs=self._needs)
        if chosen.client_id:
            params = {"user": target.id, "client": chosen.client_id}
            body = {"user_id": target.id, "client_id": chosen.client_id}
            return Request("POST", _SOME, params, body=body, needs=self._needs)
        # Auth0 would revoke anybody's: only those that were listed as the person's are named.
        ids = list(before.snapshot.get("revoke") or ())
        if not ids:
            return None
        params = {"user": target.id, "tokens": ",".join(ids)}
        return Request("POST", _SOME, params, body={"ids": ids}, needs=self._needs)


async def read_tokens(
    client: Auth0Client, user_id: str
) -> tuple[tuple[RefreshToken, ...], datetime | None]:
    """Read all refresh tokens of a user, and Auth0's clock.

    Raises:
        errors.ConnectorError: they cannot be read; ``NotInPlan`` where the tenant has no such thing.
    """
    request = Request("GET", _ALL, {"user": user_id}, needs="read:refresh_tokens")
    listing = await client.by_cursor(request, "tokens")
    return tuple(_token(item) for item in listing.items), listing.date


def _token(item: Mapping[str, Any]) -> RefreshToken:
    return RefreshToken(
        id=str(item.get("id") or ""),
        client_id=str(item.get("client_id") or ""),
        created=instant(item.get("created_at")),
        expires=instant(item.get("expires_at")),
        exchanged=instant(item.get("last_exchanged_at")),
        rotating=item.get("rotating") is True,
    )


def _issued_again(token: RefreshToken) -> Exposure:
    return Exposure(
        "auth0",
        f"refresh token {token.id} of app {token.client_id}",
        spell_or_none(token.expires) or "unknown",
        f"issued {spell_or_none(token.created)}: somebody signed in again, the person or the thief",
    )
