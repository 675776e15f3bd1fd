"""Take back what a person has allowed apps in Okta.

Source: Okta Users API, listUserGrants and revokeUserGrants. A grant is recorded consent and no token:
tokens are revoked by other steps. All of them go; the person is asked again by each app.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors import aftermath
from connectors.action import (
    ActionSpec,
    Impact,
    Json,
    NoParameters,
    Observation,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.clock import instant, spell_or_none
from connectors.okta.base import MANAGE, READ, OktaAction, stamp
from connectors.okta.client import OktaClient
from connectors.readback import Reading, proof, until

_GRANTS = "/api/v1/users/{user}/grants"
_LIST = f"{_GRANTS}?limit=200"
_CHECK = "GET /api/v1/users/{user}/grants"
_EXPECTED = "none of the grants of before"


@dataclass(frozen=True, slots=True)
class Consent:
    """One recorded consent: an app and a scope."""

    id: str
    client_id: str
    scope: str
    issuer: str
    created: datetime | None

    def snapshot(self) -> Json:
        """What an observation keeps of it."""
        return {
            "id": self.id,
            "client_id": self.client_id,
            "scope": self.scope,
            "issuer": self.issuer,
            "created": spell_or_none(self.created),
        }


class RevokeGrants(OktaAction[NoParameters]):
    """``okta.revoke_grants``."""

    spec = ActionSpec(
        name="okta.revoke_grants",
        system="okta",
        title="Take back consents in Okta",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1528", "T1550.001"),
        permissions=(READ, MANAGE),
        disrupts="Apps lose what the person allowed them until she allows it again.",
        leaves_open="An app the thief has allowed something goes on getting tokens for it.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        why = "all consents are taken back, old ones too; tokens are not revoked by it"
        return (PlannedCall("DELETE", _GRANTS.format(user=target.id), why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read the grants."""
        consents, at = await read_consents(self._client, target.id)
        snapshot = {
            "grants": [consent.snapshot() for consent in consents],
            "observed_at": spell_or_none(at),
        }
        return Observation(snapshot, satisfied=not consents)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Take them back. Harmless to repeat."""
        answer = await self._client.change("DELETE", _GRANTS, {"user": target.id}, self._journal)
        return Receipt({"sent": True, **stamp(answer)})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until no grant of before is left; one given meanwhile is told."""
        known = {grant["id"] for grant in before.snapshot["grants"]}
        revoked_at = instant(receipt.data.get("date")) if receipt else None

        async def look() -> Reading:
            consents, at = await read_consents(self._client, target.id)
            found = aftermath.sort(consents, known, revoked_at)
            later = (*found.undated, *found.fresh)
            observed = f"{len(found.survivors)} old, {len(later)} new grants"
            apps = ", ".join(sorted({consent.client_id for consent in later}))
            reason = f"allowed anew meanwhile, by the person or the thief: {apps}" if apps else ""
            return Reading(not found.survivors, observed, at, reason=reason)

        reading = await until(look, patience, self._sleep)
        return proof(reading, check=_CHECK, expected=_EXPECTED)


async def read_consents(
    client: OktaClient, user_id: str
) -> tuple[tuple[Consent, ...], datetime | None]:
    """Read a user's grants, and Okta's clock.

    Raises:
        errors.ConnectorError: where they cannot be read.
    """
    listing = await client.get_all(_LIST, {"user": user_id})
    items = (item for item in listing.items if isinstance(item, dict))
    consents = (
        Consent(
            id=str(item.get("id") or ""),
            client_id=str(item.get("clientId") or ""),
            scope=str(item.get("scopeId") or ""),
            issuer=str(item.get("issuer") or ""),
            created=instant(item.get("created")),
        )
        for item in items
        if item.get("status") != "REVOKED"
    )
    return tuple(consents), listing.date
