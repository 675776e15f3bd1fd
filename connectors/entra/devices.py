"""Disable the devices that were registered with the account since the theft began.

A device's primary refresh token signs in to everything; a disabled device gets none. Nothing is deleted:
with a device go its recovery keys. Source: Microsoft Graph v1.0, user: list registeredDevices, and
device: update; "Revoke user access in an emergency".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors import readback
from connectors.action import (
    ActionSpec,
    Impact,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.clock import instant
from connectors.each import each
from connectors.entra import ids, stamps
from connectors.entra.action import EntraAction, answered
from connectors.entra.client import Request

Json = dict[str, Any]

_REGISTERED = "/users/{id}/registeredDevices"
_KIND = "#microsoft.graph.device"
_DEVICE = "/devices/{device}"
_KEPT = ("id", "displayName", "operatingSystem", "trustType", "registrationDateTime")


class DeviceParameters(BaseModel):
    """Which devices are disabled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["since", "all"] = Field(
        "since", description="since: registered since the theft began; all: whatever their age"
    )
    margin_minutes: int = Field(
        60, ge=0, le=10080, description="how much earlier than the first sign counts as since"
    )


class DisableDevices(EntraAction[DeviceParameters]):
    """Takes their sign-in from the devices the thief registered."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.disable_devices",
        system="entra",
        title="Disable devices registered since the theft",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-CR",),
        attack=("T1098.005",),
        permissions=("Device.ReadWrite.All", "User.Read.All"),
        permissions_also=("Directory.ReadWrite.All",),
        roles=("Cloud Device Administrator",),
        parameters=DeviceParameters,
        disrupts="The devices concerned cannot sign in until they are enabled again.",
        leaves_open="A device the thief registered keeps a sign-in of its own.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH for each device chosen."""
        ids.object_id(target.id)
        which = "each device of the person's"
        if self._parameters.scope == "since":
            since = target.since or "an unknown time"
            which = (
                f"each device registered since {since}, less {self._parameters.margin_minutes} min"
            )
        return (PlannedCall("PATCH", _DEVICE, '{"accountEnabled": false}', which),)

    async def observe(self, target: Target) -> Observation:
        """List the devices registered with the account, and choose by when they were."""
        devices = await self._devices(target)
        start, everything = self._start(target), self._parameters.scope == "all"
        enabled = [device for device in devices if device.get("accountEnabled") is not False]
        chosen = [device for device in enabled if everything or _since(device, start)]
        undated = [
            device
            for device in enabled
            if not everything and instant(device.get("registrationDateTime")) is None
        ]
        snapshot = {
            "since": stamps.write(start) if start else None,
            "devices": [_kept(device) for device in devices],
            "disable": [_kept(device) for device in chosen],
            "undated": [_kept(device) for device in undated],
        }
        if not everything and start is None and enabled:
            reason = "When the theft began is not known, so no device can be told to be newer."
            return Observation(snapshot, verdict=_by_hand(target, reason, enabled))
        if undated and not chosen:
            reason = "Devices are left that do not say when they were registered."
            return Observation(snapshot, verdict=_by_hand(target, reason, undated))
        return Observation(snapshot, satisfied=not chosen)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Disable what was chosen; a second time changes nothing."""
        return await self._set(before, enabled=False)

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See none of the chosen devices enabled."""
        proof = await self._seen(target, before, patience, enabled=False)
        undated = before.snapshot["undated"]
        if proof.outcome is not Outcome.VERIFIED or not undated:
            return proof
        left = _by_hand(target, "Devices are left that a person has to look at.", undated)
        reason = f"{left.reason}\n{left.instructions}"
        return Proof(Outcome.MANUAL, proof.check, proof.expected, proof.observed, reason)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - aims at devices
        """One PATCH for each device that was disabled."""
        why = "enables each device that was disabled"
        return (PlannedCall("PATCH", _DEVICE, '{"accountEnabled": true}', why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Enable again what was disabled."""
        return await self._set(before, enabled=True)

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See all of them enabled."""
        return await self._seen(target, before, patience, enabled=True)

    async def _set(self, before: Observation, *, enabled: bool) -> Receipt:
        async def one(device: Json) -> Json:
            request = Request(
                "PATCH",
                _DEVICE,
                lambda graph, ids: graph.devices.by_device_id(ids["device"]),
                params={"device": str(device["id"])},
                body={"accountEnabled": enabled},
                needs=self._needs,
            )
            return answered(await self._change(request))

        return Receipt({"devices": await each(before.snapshot["disable"], one)})

    async def _seen(
        self, target: Target, before: Observation, patience: Patience, *, enabled: bool
    ) -> Proof:
        chosen = {str(device["id"]) for device in before.snapshot["disable"]}

        async def look() -> readback.Reading:
            wrong = [
                str(device.get("displayName") or device.get("id"))
                for device in await self._devices(target)
                if str(device.get("id")) in chosen and device.get("accountEnabled") is not enabled
            ]
            word = "disabled" if enabled else "enabled"
            return readback.Reading(not wrong, f"still {word}: {', '.join(wrong) or 'none'}")

        return readback.proof(
            await readback.until(look, patience, self._sleep),
            check=f"GET {_REGISTERED} accountEnabled",
            expected=f"{len(chosen)} device(s) {'enabled' if enabled else 'disabled'}",
        )

    async def _devices(self, target: Target) -> list[Json]:
        listed = await self._client.items(
            Request(
                "GET",
                _REGISTERED,
                lambda graph, ids: graph.users.by_user_id(ids["id"]).registered_devices,
                params={"id": ids.object_id(target.id)},
                needs="the permission Device.Read.All or Directory.Read.All",
            )
        )
        return [item for item in listed if item.get("@odata.type", _KIND) == _KIND]

    def _start(self, target: Target) -> datetime | None:
        since = instant(target.since)
        return since - timedelta(minutes=self._parameters.margin_minutes) if since else None


def _since(device: Json, start: datetime | None) -> bool:
    registered = instant(device.get("registrationDateTime"))
    return registered is not None and start is not None and registered >= start


def _kept(device: Json) -> Json:
    return {name: device.get(name) for name in _KEPT}


def _by_hand(target: Target, reason: str, devices: list[Json]) -> Verdict:
    lines = [
        f"- {device.get('displayName') or 'a device'} ({device.get('id')}), registered "
        f"{device.get('registrationDateTime') or 'at an unknown time'}"
        for device in devices
    ]
    where = (
        f"In the Entra admin center, Devices of {target.name}, disable what is not the person's:"
    )
    return Verdict(Outcome.MANUAL, reason, "\n".join([where, *lines]))
