"""Revoke API tokens that the person owns and that were made since the theft began.

Source: Okta API Tokens API, listApiTokens and revokeApiToken. A token has all rights of its owner and
outlives her sessions and her password. The list is the whole organization's: what belongs to others is
never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    Verdict,
)
from connectors.clock import instant, spell_or_none
from connectors.each import each
from connectors.okta.addresses import fill, is_object_id
from connectors.okta.base import READ, OktaAction, stamp
from connectors.okta.client import OktaClient
from connectors.okta.since import SinceParameters, left_to_people
from connectors.okta.users import read_user
from connectors.readback import Reading, proof, until

_TOKENS = "/api/v1/api-tokens"
_TOKEN = f"{_TOKENS}/{{token}}"
_CHECK = f"GET {_TOKENS}: the user's"
_EXPECTED = "none of the chosen tokens, and none that was not there before"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What Okta tells of an API token; its value is never told."""

    id: str
    name: str
    created: datetime | None
    expires: datetime | None
    connection: str

    def snapshot(self) -> Json:
        """What an observation keeps of it."""
        return {
            "id": self.id,
            "name": self.name,
            "created": spell_or_none(self.created),
            "expires": spell_or_none(self.expires),
            "connection": self.connection,
        }


class RevokeApiTokens(OktaAction[SinceParameters]):
    """``okta.revoke_api_tokens``."""

    spec = ActionSpec(
        name="okta.revoke_api_tokens",
        system="okta",
        title="Revoke API tokens made since the theft",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1098.001", "T1528", "T1550.001"),
        permissions=(
            READ,
            "okta.apiTokens.read",
            "okta.apiTokens.manage",
            "okta.users.apitokens.manage",
        ),
        parameters=SinceParameters,
        disrupts="What runs with these tokens stops; a new token has to be made for it.",
        leaves_open="An API token the thief made acts with all rights of the person, until it is "
        "revoked or 30 days unused.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One request a token; which ones is known when the list has been read."""
        why = self._parameters.said(target, "API token of the person", "made")
        return (PlannedCall("DELETE", _TOKEN, why=why),)

    async def observe(self, target: Target) -> Observation:
        """List the person's API tokens, and choose."""
        user = await read_user(self._client, target.id)
        tokens = await read_api_tokens(self._client, target.id)
        chosen = self._parameters
        usable = [token for token in tokens if is_object_id(token.id)]
        left = [
            token.snapshot()
            for token in tokens
            if token not in usable or chosen.cannot_tell(token.created)
        ]
        remove = [token.snapshot() for token in usable if chosen.takes(target, token.created)]
        snapshot: Json = {
            **user.snapshot(),
            "tokens": [token.snapshot() for token in tokens],
            "remove": remove,
            "left": left,
        }
        verdict = chosen.verdict(target, "API tokens") if tokens else None
        if verdict is None and left and not remove:
            reason = "there are API tokens whose age is not told"
            verdict = Verdict(Outcome.MANUAL, reason, _by_hand(left))
        return Observation(snapshot, not remove and verdict is None, verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Revoke what was chosen; one that is gone already is no error."""

        async def revoke(item: Json) -> Json:
            # The user is named for the record: no place of the path takes her id.
            params = {"user": target.id, "token": str(item["id"])}
            return stamp(await self._client.change("DELETE", _TOKEN, params, self._journal))

        hers = {token.id for token in await read_api_tokens(self._client, target.id)}
        chosen = [{"id": token["id"], "name": token["name"]} for token in before.snapshot["remove"]]
        told = await each([token for token in chosen if token["id"] in hers], revoke)
        gone = [{**token, "gone": True} for token in chosen if token["id"] not in hers]
        return Receipt({"sent": bool(told), "tokens": [*told, *gone]})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read until none of the chosen tokens is listed, and none came meanwhile."""
        going = {token["id"] for token in before.snapshot["remove"]}
        known = {token["id"] for token in before.snapshot["tokens"]}

        async def look() -> Reading:
            tokens = await read_api_tokens(self._client, target.id)
            there = [token for token in tokens if token.id in going]
            new = [token.name for token in tokens if token.id not in known]
            observed = f"{len(going) - len(there)} of {len(going)} are gone"
            if new:
                observed += f"; made meanwhile: {', '.join(new)}"
            return Reading(not there and not new, observed)

        reading = await until(look, patience, self._sleep)
        shown = proof(reading, check=_CHECK, expected=_EXPECTED)
        return left_to_people(shown, _by_hand(before.snapshot["left"]))


async def read_api_tokens(client: OktaClient, user_id: str) -> tuple[ApiToken, ...]:
    """Read the API tokens that this user owns, out of all there are.

    Raises:
        errors.Refused: where the id is not a user id; nothing is sent.
        errors.ConnectorError: where they cannot be read.
    """
    fill("{user}", {"user": user_id})
    listing = await client.get_all(_TOKENS, {})
    items = (item for item in listing.items if isinstance(item, dict))
    return tuple(_token(item) for item in items if item.get("userId") == user_id)


def _token(item: dict[str, Any]) -> ApiToken:
    network = item.get("network")
    return ApiToken(
        id=str(item.get("id") or ""),
        name=str(item.get("name") or ""),
        created=instant(item.get("created")),
        expires=instant(item.get("expiresAt")),
        connection=str(network.get("connection") or "") if isinstance(network, dict) else "",
    )


def _by_hand(left: list[Json]) -> str:
    names = ", ".join(str(token["name"] or token["id"]) for token in left)
    if not names:
        return ""
    return (
        "In the admin console, Security > API > Tokens, ask the person about these and revoke what "
        f"is not hers: {names}"
    )
