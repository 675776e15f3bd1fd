"""The same actions where Exchange is not asked: each ends ``manual``, with the line for this person."""

from __future__ import annotations

from connectors.action import (
    Action,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.entra import users
from connectors.exchange.base import ExchangeAction
from connectors.reading import Reading

_OFF = (
    "Microsoft Graph does not show this, and Exchange is not asked (tenants.{tenant}.exchange is not "
    "set): a person has to look, in Exchange Online PowerShell (Connect-ExchangeOnline)."
)


class ByHand(Reading):
    """Stands for an action of the adapter where that is off; sends nothing."""

    def __init__(self, inner: Action) -> None:
        """Take the action a person has to carry out."""
        self._inner = inner

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - the contract
        """Nothing is sent."""
        return ()

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - the contract
        """Nothing is sent."""
        return ()

    def foresee(self, target: Target) -> Verdict:
        """Say what a person has to do; a guest has no mailbox here."""
        if target.facts.get("guest") is True or users.is_guest({"userPrincipalName": target.name}):
            reason = "The account is a guest: its mailbox is in its home tenant."
            return Verdict(Outcome.SKIPPED, reason)
        if not isinstance(self._inner, ExchangeAction):
            reason = f"Exchange is not asked: tenants.{target.tenant}.exchange is not set."
            return Verdict(Outcome.SKIPPED, reason)
        reason = _OFF.format(tenant=target.tenant)
        return Verdict(Outcome.MANUAL, reason, self._inner.by_hand(target))

    async def observe(self, target: Target) -> Observation:
        """Say the same: nothing is read."""
        return Observation({}, verdict=self.foresee(target))

    async def undo(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002 - the contract
        """Nothing was changed."""
        return Receipt({"sent": False})

    async def restored(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,  # noqa: ARG002
        patience: Patience,  # noqa: ARG002
    ) -> Proof:
        """Nothing was changed."""
        return Proof(Outcome.VERIFIED, "nothing is sent", "as before", "nothing was changed")
