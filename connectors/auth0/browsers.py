"""Forget the browsers in which a person passes without her second factor.

Source: Auth0 Management API v2, invalidate all remembered browsers for MFA: a browser may be remembered
for 30 days, and a stolen profile holds its cookie. An action of its own and no part of removing methods:
it costs the person one more prompt and so can go at once, needs another scope, and is wanted where no
method goes. No list of remembered browsers can be read.
"""

from __future__ import annotations

from contextlib import suppress

from connectors.action import (
    ActionSpec,
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
from connectors.auth0.base import Auth0Action, stamp
from connectors.auth0.client import Request
from connectors.auth0.ids import fill
from connectors.auth0.sessions import UNREADABLE
from connectors.auth0.users import read_user
from connectors.readback import glance

_FORGET = "/api/v2/users/{user}/multifactor/actions/invalidate-remember-browser"
_CHECK = "none: Auth0 lists no remembered browsers"
_EXPECTED = "no browser is remembered"


class ForgetBrowsers(Auth0Action[NoParameters]):
    """``auth0.forget_browsers``."""

    spec = ActionSpec(
        name="auth0.forget_browsers",
        system="auth0",
        title="Forget browsers remembered for MFA in Auth0",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1539", "T1550.004"),
        permissions=("read:users", "update:users"),
        disrupts="The person is asked for the second factor once more in each browser.",
        leaves_open="A stolen browser profile signs in with the password alone, for up to 30 days.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = fill(_FORGET, {"user": target.id})
        return (PlannedCall("POST", path, why="every browser is asked for the second factor"),)

    async def observe(self, target: Target) -> Observation:
        """Read the user; which browsers are remembered nobody tells, and forgetting does not wait."""
        fill(_FORGET, {"user": target.id})
        with suppress(*UNREADABLE):
            user = await glance(lambda: read_user(self._client, target.id))
            return Observation(user.snapshot())
        return Observation({})

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Forget them. Harmless to repeat."""
        request = Request("POST", _FORGET, {"user": target.id}, needs=self._needs)
        return Receipt({"sent": True, **stamp(await self._change(request))})

    async def verify(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,
        patience: Patience,  # noqa: ARG002
    ) -> Proof:
        """Nothing can be read back: Auth0's yes is all there is."""
        if receipt is None:
            reason = "no answer came, and it cannot be read whether the browsers are forgotten"
            return Proof(Outcome.UNVERIFIABLE, _CHECK, _EXPECTED, "nothing can be read", reason)
        reason = "Auth0 has accepted it, and lists no remembered browsers"
        return Proof(Outcome.ACCEPTED, _CHECK, _EXPECTED, "nothing can be read", reason)
