"""Universal Logout: end a person's sessions and tokens at Okta and in every app that takes part.

Source: Okta OAuth API, globalTokenRevocation (the subject in opaque form), and Okta's Identity Threat
Protection, which it is a part of. It revokes the person's API tokens too, and sets her risk to LOW:
whoever wants it high raises it afterwards.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    NoParameters,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.errors import Forbidden
from connectors.okta.addresses import fill
from connectors.okta.base import READ, OktaAction, stamp
from connectors.okta.ended import observed, proven

SCOPE = "okta.universalLogout.manage"
_LOGOUT = "/oauth2/v1/global-token-revocation"
_GRANT = (
    f"Grant the service app {SCOPE} (an API token needs an owner who is a super administrator); the "
    "organization needs Identity Threat Protection with Okta AI. Or carry it out in the admin "
    "console: the person's profile, Clear sessions & revoke tokens."
)
_LOW = "Okta sets the person's risk to LOW with it: what raised it is to be seen in the log only"
_APPS = Exposure(
    "okta",
    "sessions and access tokens of apps that take part in Universal Logout",
    "unknown",
    "Okta tells each app to sign the person out, and does not tell here which of them did",
)


class UniversalLogout(OktaAction[NoParameters]):
    """``okta.universal_logout``."""

    spec = ActionSpec(
        name="okta.universal_logout",
        system="okta",
        title="Sign out of Okta and of all apps (Universal Logout)",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-ST", "D3-ANCI"),
        attack=("T1528", "T1539", "T1550.001", "T1550.004"),
        permissions=(READ, SCOPE),
        disrupts="The person signs in again, on every device and in every app that takes part; API "
        "tokens the person owns are revoked, and what runs with them stops.",
        leaves_open="Stolen session cookies and refresh tokens go on working, at Okta and in apps.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        body = f'{{"sub_id": {{"format": "opaque", "id": "{target.id}"}}}}'
        why = (
            "all sessions end and all tokens are revoked, the person's API tokens too, here and in "
            "apps that take part; the person's risk becomes LOW"
        )
        return (PlannedCall("POST", _LOGOUT, body, why),)

    async def observe(self, target: Target) -> Observation:
        """Read which clients hold refresh tokens; logging out does not wait where that fails."""
        return await observed(self._client, target)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Log out everywhere. Harmless to repeat.

        Raises:
            errors.Forbidden: with what has to be granted.
        """
        params = {"user": target.id}
        fill("{user}", params)
        body = {"sub_id": {"format": "opaque", "id": target.id}}
        try:
            answer = await self._client.change("POST", _LOGOUT, params, self._journal, body=body)
        except Forbidden as error:
            raise Forbidden(
                error.detail,
                status=error.status,
                code=error.code,
                request_id=error.request_id,
                remedy=_GRANT,
            ) from None
        return Receipt({"sent": True, "risk": "LOW", **stamp(answer)})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until no token of before is left: Okta answers first and revokes a little later."""
        shown = await proven(self._client, target, before, receipt, patience, self._sleep)
        if shown.outcome in (Outcome.FAILED, Outcome.UNKNOWN):
            return shown
        reason = "; ".join(part for part in (shown.reason, _LOW) if part)
        return replace(shown, reason=reason, exposure=(*shown.exposure, _APPS))
