"""Objects of the directory that are switched off instead of deleted: ``accountEnabled`` false.

Source: Microsoft Graph v1.0, device and servicePrincipal: update.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from connectors import readback
from connectors.action import Exposure, Observation, Patience, PlannedCall, Proof, Receipt, Target
from connectors.each import each
from connectors.entra import ids
from connectors.entra.action import EntraAction, answered
from connectors.entra.client import Request

Json = dict[str, Any]
P = TypeVar("P", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Seen:
    """The objects that are still there, by id; ``besides`` is what else must not be so."""

    there: Mapping[str, Json]
    at: datetime | None = None
    besides: str = ""


class SwitchOff(EntraAction[P]):
    """Switches off what an observation names under ``disable``, each with ``id`` and ``name``.

    ``collection`` is where Graph keeps such objects; ``one`` is what a plan calls one of them.
    """

    collection: ClassVar[str]
    one: ClassVar[str]

    @abstractmethod
    def _at(self, graph: Any, object_id: str) -> Any:  # noqa: ANN401 - the SDK's builders are untyped here
        """The SDK's builder for the address of one object."""

    @abstractmethod
    async def _look(self, target: Target, before: Observation) -> Seen:
        """Read the objects that are still there."""

    @abstractmethod
    def _finished(self, before: Observation, proof: Proof, gone: Collection[str]) -> Proof:
        """What the proof says besides: what was left to a person. ``gone`` are the ids not there any more."""

    @abstractmethod
    def _exposure(self, before: Observation, reading: readback.Reading) -> tuple[Exposure, ...]:
        """What stays usable after the objects are switched off."""

    def _call(self, target: Target, *, enabled: bool, why: str) -> PlannedCall:
        ids.object_id(target.id)
        body = f'{{"accountEnabled": {str(enabled).lower()}}}'
        return PlannedCall("PATCH", f"/{self.collection}/{{{self.one}}}", body, why)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Switch off what was chosen and is on still."""
        there = (await self._look(target, before)).there
        on = [name for name, now in there.items() if now.get("accountEnabled") is not False]
        return await self._set(before, on, enabled=False)

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See every chosen object switched off, or gone."""

        async def look() -> readback.Reading:
            seen = await self._look(target, before)
            on = [
                item["name"]
                for item in _chosen(before)
                if item["id"] in seen.there
                and seen.there[item["id"]].get("accountEnabled") is not False
            ]
            gone = {item["id"]: item["name"] for item in _chosen(before)}
            for there in seen.there:
                gone.pop(there, None)
            observed = f"enabled: {', '.join(on) or 'none'}"
            if gone:
                observed += f"; gone: {', '.join(gone.values())}"
            if seen.besides:
                observed += f"; {seen.besides}"
            return readback.Reading(not on and not seen.besides, observed, seen.at, set(gone))

        reading = await readback.until(look, patience, self._sleep)
        proof = readback.proof(
            reading,
            check=f"GET /{self.collection} accountEnabled",
            expected=f"{len(_chosen(before))} chosen {self.one}(s) disabled",
            exposure=self._exposure(before, reading),
        )
        return self._finished(before, proof, reading.found or ())

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH for each object that was switched off."""
        return (self._call(target, enabled=True, why="for each one that was disabled"),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Switch on again what was on before and is off."""
        there = (await self._look(target, before)).there
        off = [name for name, now in there.items() if now.get("accountEnabled") is False]
        return await self._set(before, off, enabled=True)

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See every object on that was on before, as far as it still exists."""

        async def look() -> readback.Reading:
            there = (await self._look(target, before)).there
            off = [
                item["name"]
                for item in _chosen(before)
                if item["id"] in there and there[item["id"]].get("accountEnabled") is not True
            ]
            return readback.Reading(not off, f"disabled: {', '.join(off) or 'none'}")

        reading = await readback.until(look, patience, self._sleep)
        check = f"GET /{self.collection} accountEnabled"
        return readback.proof(reading, check=check, expected="all are enabled again")

    async def _set(self, before: Observation, names: list[str], *, enabled: bool) -> Receipt:
        async def change(item: Json) -> Json:
            request = Request(
                "PATCH",
                f"/{self.collection}/{{id}}",
                lambda graph, params: self._at(graph, params["id"]),
                params={"id": item["id"]},
                body={"accountEnabled": enabled},
                needs=self._needs,
            )
            return answered(await self._change(request))

        going = [
            {"id": item["id"], "enabled": enabled}
            for item in _chosen(before)
            if item["id"] in names
        ]
        return Receipt({self.collection: await each(going, change)})


def _chosen(before: Observation) -> list[Json]:
    chosen: list[Json] = before.snapshot.get("disable") or []
    return chosen
