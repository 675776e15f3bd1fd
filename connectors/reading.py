"""An action that only reads: its evidence is its observation, and there is nothing to apply."""

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
)

_READS = "this step only reads"


class Reading(Action):
    """An action with impact none.

    ``observe`` always decides, by a verdict: ``observed`` where it has read, ``manual`` where somebody
    has to look. To be named before the base class of the system's actions.
    """

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - the contract
        """Nothing is changed."""
        return ()

    async def apply(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,  # noqa: ARG002
    ) -> Receipt:
        """Nothing is changed."""
        return Receipt({"sent": False, "why": _READS})

    async def verify(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,  # noqa: ARG002
    ) -> Proof:
        """Nothing was to be changed."""
        return Proof(Outcome.VERIFIED, _READS, "nothing is changed", "nothing was changed", _READS)
