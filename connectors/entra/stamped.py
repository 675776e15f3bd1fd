"""A change that Graph stamps on the account: proved by the stamp that has moved."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import ClassVar

from connectors.action import Exposure, NoParameters, Observation, Patience, Proof, Receipt, Target
from connectors.clock import instant
from connectors.entra import stamps
from connectors.entra.action import EntraAction, answered_at
from connectors.readback import Reading, proof, until


class StampedAction(EntraAction[NoParameters]):
    """An action whose effect is a later time stamp among the account's properties."""

    stamp: ClassVar[str]

    @abstractmethod
    def _doubt(self, before: Observation) -> str:
        """Why a stamp that has moved may be another's doing where our answer was lost; else empty."""

    @abstractmethod
    def _exposure(self, at: datetime | None) -> tuple[Exposure, ...]:
        """What stays usable after the change, made at ``at`` by the vendor's clock."""

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """See the stamp move past the old one, to the time of our request or later."""
        old, asked_at = before.snapshot.get(self.stamp), answered_at(receipt)
        doubt = self._doubt(before) if receipt is None else ""

        async def look() -> Reading:
            stamp = (await self._user(target)).get(self.stamp)
            observed = f"{self.stamp} is {stamp}"
            moved = stamps.moved(old, stamp, asked_at)
            if moved and doubt:
                return Reading(None, observed, reason=doubt, settled=True)
            return Reading(moved, observed, instant(stamp))

        reading = await until(look, patience, self._sleep)
        return proof(
            reading,
            check=f"GET /users/{{id}} {self.stamp}",
            expected=f"later than {old}"
            + (f" and not before {stamps.write(asked_at)}" if asked_at else ""),
            exposure=self._exposure(reading.at),
        )
