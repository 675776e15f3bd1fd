"""An action that only reads: its evidence is its observation, and there is nothing to apply."""

from __future__ import annotations

from connectors.action import (
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.okta.base import OktaAction, P, nothing_sent

_READS = "this step only reads"


class OktaReading(OktaAction[P]):
    """An action with impact none. ``observe`` always decides, by a verdict."""

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - the contract
        """Nothing is changed."""
        return ()

    async def apply(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,  # noqa: ARG002
    ) -> Receipt:
        """Nothing is changed."""
        return nothing_sent(_READS)

    async def verify(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,  # noqa: ARG002
    ) -> Proof:
        """Nothing was to be changed."""
        return Proof(Outcome.VERIFIED, _READS, "nothing is changed", "nothing was changed", _READS)
