"""Take back what a person has allowed apps in Auth0: all of it, or what one app was allowed.

Source: Auth0 Management API v2, grants. A grant is the recorded consent of a user to an application
for an API; it carries no date, so what is older than the theft cannot be told and is not spared:
the person is asked again by each app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.action import (
    ActionSpec,
    Impact,
    Json,
    Observation,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.auth0.base import Auth0Action, access_tokens, stamp
from connectors.auth0.client import Auth0Client, Request
from connectors.auth0.ids import fill, is_client_id
from connectors.clock import spell_or_none
from connectors.each import each
from connectors.readback import Reading, proof, until

_GRANTS = "/api/v2/grants"
_ALL = "/api/v2/grants?user_id={user}"
_GRANT = "/api/v2/grants/{grant}"
_CHECK = "GET /api/v2/grants of the user"


class GrantParameters(BaseModel):
    """Whose grants go; all apps' where none is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str | None = Field(None, description="only what this application was allowed")

    @field_validator("client_id")
    @classmethod
    def _is_id(cls, value: str | None) -> str | None:
        if value is not None and not is_client_id(value):
            raise ValueError("is not an application's id")
        return value


@dataclass(frozen=True, slots=True)
class Grant:
    """One recorded consent."""

    id: str
    client_id: str
    audience: str
    scope: tuple[str, ...]

    def snapshot(self) -> Json:
        """What an observation keeps of it."""
        return {
            "id": self.id,
            "client_id": self.client_id,
            "audience": self.audience,
            "scope": list(self.scope),
        }


class RevokeGrants(Auth0Action[GrantParameters]):
    """``auth0.revoke_grants``."""

    spec = ActionSpec(
        name="auth0.revoke_grants",
        system="auth0",
        title="Take back consents in Auth0",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1528", "T1550.001"),
        permissions=("read:grants", "delete:grants"),
        parameters=GrantParameters,
        disrupts="Apps lose what the person allowed them until she allows it again.",
        leaves_open="An app the thief has allowed something goes on getting tokens for it.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One request for all, or one for each grant of the app."""
        client_id = self._parameters.client_id
        if client_id:
            why = f"for each grant of app {client_id} to this user"
            return (PlannedCall("DELETE", _GRANT, why=why),)
        path = fill(_ALL, {"user": target.id})
        return (PlannedCall("DELETE", path, why="all consents are taken back"),)

    async def observe(self, target: Target) -> Observation:
        """Read the grants."""
        grants, at = await self._read(target)
        snapshot = {
            "grants": [grant.snapshot() for grant in grants],
            "observed_at": spell_or_none(at),
        }
        return Observation(snapshot, satisfied=not grants)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Take them back. Harmless to repeat."""
        if self._parameters.client_id is None:
            request = Request("DELETE", _ALL, {"user": target.id}, needs=self._needs)
            return Receipt({"sent": True, **stamp(await self._change(request))})

        async def remove(grant: Json) -> Json:
            params = {"user": target.id, "grant": grant["id"]}
            request = Request("DELETE", _GRANT, params, needs=self._needs)
            return stamp(await self._change(request))

        return Receipt({"sent": True, "grants": await each(before.snapshot["grants"], remove)})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read until none of the grants of before is left; a new one is told."""
        known = {grant["id"] for grant in before.snapshot["grants"]}

        async def look() -> Reading:
            grants, at = await self._read(target)
            left = [grant for grant in grants if grant.id in known]
            observed = f"{len(left)} of {len(known)} left"
            if len(grants) > len(left):
                observed += f"; given meanwhile: {len(grants) - len(left)}"
            return Reading(not left, observed, at)

        reading = await until(look, patience, self._sleep)
        return proof(
            reading,
            check=_CHECK,
            expected="none of the grants of before",
            exposure=(access_tokens(),),
        )

    async def _read(self, target: Target) -> tuple[tuple[Grant, ...], datetime | None]:
        return await read_grants(self._client, target.id, self._parameters.client_id)


async def read_grants(
    client: Auth0Client, user_id: str, client_id: str | None
) -> tuple[tuple[Grant, ...], datetime | None]:
    """Read a user's grants, of one app or of all, and Auth0's clock.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    fill("{user}", {"user": user_id})
    query = {"user_id": user_id} | ({"client_id": client_id} if client_id else {})
    listing = await client.by_page(
        Request("GET", _GRANTS, query=query, needs="read:grants"), "grants"
    )
    # Whatever dropped the question on the way would otherwise name everybody's.
    hers = [item for item in listing.items if item.get("user_id") == user_id]
    grants = tuple(_grant(item) for item in hers)
    return tuple(g for g in grants if client_id in (None, g.client_id)), listing.date


def _grant(item: Mapping[str, Any]) -> Grant:
    scope = item.get("scope")
    return Grant(
        id=str(item.get("id") or ""),
        client_id=str(item.get("clientID") or ""),
        audience=str(item.get("audience") or ""),
        scope=tuple(str(one) for one in scope) if isinstance(scope, list) else (),
    )
