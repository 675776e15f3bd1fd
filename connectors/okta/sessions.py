"""End all of a person's Okta sessions and revoke the tokens issued to her apps.

Source: Okta User Sessions API, revokeUserSessions. Its defaults leave tokens alive, and in Classic
Engine remembered devices too, so both are always named. It ends no app's own session.
"""

from __future__ import annotations

from connectors.action import (
    ActionSpec,
    Impact,
    NoParameters,
    Observation,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.okta.base import MANAGE, READ, OktaAction, stamp
from connectors.okta.ended import observed, proven

_REVOKE = "/api/v1/users/{user}/sessions?oauthTokens=true&forgetDevices=true"


class RevokeSessions(OktaAction[NoParameters]):
    """``okta.revoke_sessions``."""

    spec = ActionSpec(
        name="okta.revoke_sessions",
        system="okta",
        title="End Okta sessions and revoke tokens",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-ST", "D3-ANCI"),
        attack=("T1528", "T1539", "T1550.001", "T1550.004"),
        permissions=(READ, MANAGE, "okta.users.lifecycle.clearSessions"),
        permissions_also=("okta.users.lifecycle.manage",),
        disrupts="The person signs in again, on every device.",
        leaves_open="Stolen session cookies and refresh tokens go on working.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = _REVOKE.format(user=target.id)
        why = "all sessions end, refresh and access tokens are revoked, devices are forgotten"
        return (PlannedCall("DELETE", path, why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read which clients hold refresh tokens; revoking does not wait where that fails."""
        return await observed(self._client, target)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Revoke. Harmless to repeat."""
        answer = await self._client.change("DELETE", _REVOKE, {"user": target.id}, self._journal)
        return Receipt({"sent": True, **stamp(answer)})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until no token of before is left; later tokens are new sign-ins, and reported."""
        return await proven(self._client, target, before, receipt, patience, self._sleep)
