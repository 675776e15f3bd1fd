"""Suspend the devices a person was linked to since the theft began.

Source: Okta Devices API, suspendDevice and unsuspendDevice: a suspended device cannot be used to sign
in, and keeps its links; suspending is meant to be temporary and destroys nothing. It concerns everybody
who uses the device, so one that others use, too, is left to people.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.action import (
    ActionSpec,
    Impact,
    Json,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.each import each
from connectors.okta.addresses import fill
from connectors.okta.base import READ, OktaAction, stamp
from connectors.okta.linked import (
    DEVICE,
    DEVICES,
    SUSPENDED,
    Device,
    others_use,
    read_devices,
    read_status,
    works,
)
from connectors.okta.since import SinceParameters, left_to_people
from connectors.okta.users import read_user
from connectors.readback import Reading, proof, until

_SUSPEND = f"{DEVICE}/lifecycle/suspend"
_UNSUSPEND = f"{DEVICE}/lifecycle/unsuspend"
_CHECK = f"GET {DEVICE}: status, and GET {DEVICES}"
_EXPECTED = "none of the chosen devices works, and none was linked meanwhile"
_BACK = "none of the devices this step suspended is suspended"


class SuspendDevices(OktaAction[SinceParameters]):
    """``okta.suspend_devices``."""

    spec = ActionSpec(
        name="okta.suspend_devices",
        system="okta",
        title="Suspend devices linked since the theft",
        countermeasure="CM0071",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-AL",),
        attack=("T1098.005",),
        permissions=(
            READ,
            "okta.devices.read",
            "okta.devices.manage",
            "okta.devices.lifecycle.suspend",
            "okta.devices.lifecycle.unsuspend",
        ),
        permissions_also=("okta.devices.lifecycle.manage",),
        parameters=SinceParameters,
        disrupts="The person cannot sign in with these devices until they are given back.",
        leaves_open="A device the thief has enrolled passes for one of the person's.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One request a device; which ones is known when the list has been read."""
        why = self._parameters.said(target, "device (used by nobody else)", "linked")
        return (PlannedCall("POST", _SUSPEND, why=f"{why}; it can be undone"),)

    async def observe(self, target: Target) -> Observation:
        """List the person's devices, and choose."""
        user = await read_user(self._client, target.id)
        seen = await read_devices(self._client, target.id)
        suspend, left = await self._choose(target, [one for one in seen.devices if one.works])
        snapshot: Json = {
            **user.snapshot(),
            "devices": [device.snapshot() for device in seen.devices],
            "suspend": suspend,
            "left": left,
            "odd": seen.odd,
        }
        verdict = self._parameters.verdict(target, "devices") if seen.devices else None
        if verdict is None and not suspend and (left or seen.odd):
            reason = "there are devices that are not chosen by guess"
            verdict = Verdict(Outcome.MANUAL, reason, _by_hand(left, seen.odd))
        return Observation(snapshot, not suspend and verdict is None, verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Suspend those of the chosen devices that still work."""
        fill("{user}", {"user": target.id})

        async def suspend(item: Json) -> Json:
            status = await read_status(self._client, str(item["id"]))
            if status is None:
                return {"gone": True}
            if not works(status):
                return {"was": status}
            return await self._send(_SUSPEND, target, item)

        return _told(await each(_named(before), suspend))

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read until none of the chosen devices works, and none was linked meanwhile."""
        going = [str(item["id"]) for item in before.snapshot["suspend"]]
        known = {device["id"] for device in before.snapshot["devices"]}

        async def look() -> Reading:
            # Each is asked for by its id: one that was unlinked may work for somebody else.
            statuses = [await read_status(self._client, one) for one in going]
            work = [status for status in statuses if status is not None and works(status)]
            seen = await read_devices(self._client, target.id)
            new = [device.name for device in seen.devices if device.id not in known]
            observed = f"{len(going) - len(work)} of {len(going)} do not work"
            if new:
                observed += f"; linked meanwhile: {', '.join(new)}"
            return Reading(not work and not new, observed, seen.date)

        reading = await until(look, patience, self._sleep)
        shown = proof(reading, check=_CHECK, expected=_EXPECTED)
        return left_to_people(shown, _by_hand(before.snapshot["left"], before.snapshot["odd"]))

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - the contract
        """One request a device."""
        why = "each device this step suspended and that still is suspended"
        return (PlannedCall("POST", _UNSUSPEND, why=why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Give back what this step suspended; one that somebody has deactivated is left alone."""

        async def unsuspend(item: Json) -> Json:
            status = await read_status(self._client, str(item["id"]))
            if status != SUSPENDED:
                return {"was": status}
            return await self._send(_UNSUSPEND, target, item)

        return _told(await each(_named(before), unsuspend))

    async def restored(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,
        patience: Patience,
    ) -> Proof:
        """Read until none of the devices this step suspended is suspended."""
        going = [str(item["id"]) for item in before.snapshot["suspend"]]

        async def look() -> Reading:
            statuses = [await read_status(self._client, one) for one in going]
            still = statuses.count(SUSPENDED)
            return Reading(not still, f"{still} of {len(going)} are suspended")

        return proof(await until(look, patience, self._sleep), check=_CHECK, expected=_BACK)

    async def _choose(
        self, target: Target, working: Sequence[Device]
    ) -> tuple[list[Json], list[Json]]:
        suspend, left = [], []
        for device in working:
            if self._parameters.cannot_tell(device.added):
                left.append({**device.snapshot(), "why": "nothing tells since when it is linked"})
            elif not self._parameters.takes(target, device.added):
                continue
            elif await others_use(self._client, device.id, target.id):
                left.append({**device.snapshot(), "why": "others use it, too"})
            else:
                suspend.append(device.snapshot())
        return suspend, left

    async def _send(self, path: str, target: Target, item: Json) -> Json:
        # The user is named for the record: no place of the path takes her id.
        params = {"user": target.id, "device": str(item["id"])}
        return stamp(await self._client.change("POST", path, params, self._journal))


def _named(before: Observation) -> list[Json]:
    return [{"id": item["id"], "name": item["name"]} for item in before.snapshot["suspend"]]


def _told(items: list[Json]) -> Receipt:
    return Receipt({"sent": any("status" in item for item in items), "devices": items})


def _by_hand(left: Sequence[Json], odd: int) -> str:
    shown = [f"{item['name'] or item['id']} ({item['why']})" for item in left]
    if odd:
        shown.append(f"{odd} entries that could not be read")
    if not shown:
        return ""
    return (
        "In the admin console, Directory > Devices, ask the person about these and suspend what is "
        f"not hers: {', '.join(shown)}"
    )
