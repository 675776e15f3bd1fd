"""Revoke the refresh tokens a person's apps hold in Okta, app by app.

Source: Okta Users API, revokeTokensForUserAndClient: with a refresh token go the access tokens issued
with it, not those issued without one. Sessions at Okta and other apps are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors import aftermath
from connectors.action import (
    ActionSpec,
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
from connectors.clock import instant
from connectors.each import each
from connectors.okta.addresses import is_client_id
from connectors.okta.base import MANAGE, READ, OktaAction, stamp
from connectors.okta.ended import access_tokens, counted, refresh_tokens
from connectors.okta.since import left_to_people
from connectors.okta.tokens import Holdings, read_holdings
from connectors.readback import Reading, proof, until

_REVOKE = "/api/v1/users/{user}/clients/{client}/tokens"
_CHECK = "GET /api/v1/users/{user}/clients/{client}/tokens"
_EXPECTED = "no refresh token issued before the revocation"


class ClientTokenParameters(BaseModel):
    """Whose tokens go; all apps' where none is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str | None = Field(None, description="only this app's refresh tokens")

    @field_validator("client_id")
    @classmethod
    def _is_id(cls, value: str | None) -> str | None:
        if value is not None and not is_client_id(value):
            raise ValueError("is not a client id")
        return value


class RevokeClientTokens(OktaAction[ClientTokenParameters]):
    """``okta.revoke_client_tokens``."""

    spec = ActionSpec(
        name="okta.revoke_client_tokens",
        system="okta",
        title="Revoke apps' refresh tokens in Okta",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-ANCI", "D3-CR"),
        attack=("T1528", "T1550.001"),
        permissions=(READ, MANAGE),
        parameters=ClientTokenParameters,
        disrupts="The person signs in again in these apps.",
        leaves_open="Stolen refresh tokens go on working.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One request an app."""
        client_id = self._parameters.client_id
        why = f"refresh tokens of app {client_id}" if client_id else "for each app that is listed"
        path = _REVOKE.format(user=target.id, client=client_id or "{client}")
        return (PlannedCall("DELETE", path, why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read which apps there are, and which refresh tokens they hold."""
        holdings = await read_holdings(self._client, target.id)
        held = self._concerned(holdings)
        revoke = [self._parameters.client_id] if self._parameters.client_id else list(held.clients)
        going = [client for client in revoke if client not in held.unread]
        # An empty list of tokens may only be a late one: an app that is listed is asked all the same.
        satisfied = None if going else not held.unread
        return Observation({**held.snapshot(), "revoke": going}, satisfied)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Revoke, app by app. Harmless to repeat."""

        async def revoke(item: Json) -> Json:
            params = {"user": target.id, "client": str(item["client_id"])}
            return stamp(await self._client.change("DELETE", _REVOKE, params, self._journal))

        # Okta's clock of the answer tells old tokens from new ones: the first counts for all.
        told = await each([{"client_id": one} for one in before.snapshot["revoke"]], revoke)
        dates = [str(item["date"]) for item in told if item.get("date")]
        return Receipt({"sent": True, "clients": told, "date": min(dates, default=None)})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until no token of before is left; later tokens are new sign-ins, and reported."""
        known = {token["id"] for token in before.snapshot["tokens"]}
        revoked_at = instant(receipt.data.get("date")) if receipt else None

        async def look() -> Reading:
            held = self._concerned(await read_holdings(self._client, target.id))
            tokens = aftermath.sort(held.tokens, known, revoked_at)
            return Reading(not tokens.survivors, counted(tokens), held.date, found=tokens)

        reading = await until(look, patience, self._sleep)
        shown = proof(reading, check=_CHECK, expected=_EXPECTED)
        if reading.found is None:
            return shown
        open_ = (*access_tokens(revoked_at or reading.at), *refresh_tokens(reading.found))
        shown = replace(shown, exposure=open_)
        if shown.outcome is Outcome.VERIFIED and reading.found.undated:
            reason = "a token's time does not tell whether it is older than the revoking"
            return replace(shown, outcome=Outcome.UNVERIFIABLE, reason=reason)
        return left_to_people(shown, _by_hand(before.snapshot["unread"]))

    def _concerned(self, holdings: Holdings) -> Holdings:
        only = self._parameters.client_id
        if only is None:
            return holdings
        return replace(
            holdings,
            clients={key: name for key, name in holdings.clients.items() if key == only},
            tokens=tuple(token for token in holdings.tokens if token.client_id == only),
            unread=tuple(key for key in holdings.unread if key == only),
        )


def _by_hand(unread: Iterable[str]) -> str:
    apps = ", ".join(unread)
    if not apps:
        return ""
    return f"Revoke the tokens of these apps in the admin console, their ids look odd: {apps}"
