"""Disable devices that were registered for a person since the theft; never delete one.

A registered device holds a primary refresh token: it signs its user in without asking her.

Source: Microsoft Graph v1.0, device; user: list registeredDevices and ownedDevices.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors import readback
from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    Observation,
    Outcome,
    PlannedCall,
    Proof,
    Target,
    Verdict,
)
from connectors.clock import instant
from connectors.entra import age, auditlog, ids, powershell, residue, stamps
from connectors.entra.age import Age, Dated, Window
from connectors.entra.client import Request
from connectors.entra.switched import Seen, SwitchOff

Json = dict[str, Any]

# Those she uses, and those she has registered: the two may differ.
_LISTS: Mapping[str, Callable[[Any], Any]] = {
    "registeredDevices": lambda user: user.registered_devices,
    "ownedDevices": lambda user: user.owned_devices,
}
_KIND = "#microsoft.graph.device"
_KEPT = (
    "id",
    "deviceId",
    "displayName",
    "accountEnabled",
    "registrationDateTime",
    "approximateLastSignInDateTime",
    "operatingSystem",
    "trustType",
    "onPremisesSyncEnabled",
)
_REGISTERED = frozenset(
    {
        "Add device",
        "Register device",
        "Add registered owner to device",
        "Add registered users to device",
    }
)


class DeviceParameters(BaseModel):
    """Which devices are disabled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["recent", "all"] = Field(
        "recent", description="recent: registered since the theft began; all: whatever their age"
    )
    margin_minutes: int = Field(
        60, ge=0, le=10080, description="how much earlier than the first sign counts as recent"
    )


class DisableDevices(SwitchOff[DeviceParameters]):
    """Takes away the machine the thief registered to be trusted with."""

    collection = "devices"
    one = "device"
    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.disable_devices",
        system="entra",
        title="Disable devices registered since the theft",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-AL",),
        attack=("T1098.005",),
        # AuditLog.Read.All dates what has no date; without it such devices are left for a person.
        permissions=("Device.ReadWrite.All", "User.Read.All", "AuditLog.Read.All"),
        roles=("Cloud Device Administrator",),
        parameters=DeviceParameters,
        disrupts="Nobody signs in from a disabled device until it is enabled again.",
        leaves_open="A device the thief registered signs in as the person's own.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH for each device."""
        everything = self._parameters.scope == "all"
        since = "" if everything else " that was registered since the theft began"
        return (self._call(target, enabled=False, why=f"for each device of the person{since}"),)

    async def observe(self, target: Target) -> Observation:
        """List the devices, date them, and choose."""
        user, at = await self._user_at(target)
        devices = await self._devices(target)
        everything, margin = self._parameters.scope == "all", self._parameters.margin_minutes
        window = Window.since(target.since, margin, at or datetime.now(UTC))
        snapshot: Json = {
            "userPrincipalName": user.get("userPrincipalName"),
            "since": stamps.write(window.start) if window else None,
            "devices": [{name: device.get(name) for name in _KEPT} for device in devices],
            "disable": [],
            "left": [],
            "told_until": None,
        }
        if window is None and not everything:
            reason = (
                "When the theft began is not known, so no device can be told to be newer: look at "
                f"the {len(devices)} devices and disable what is not the person's."
            )
            return Observation(snapshot, verdict=Verdict(Outcome.MANUAL, reason, _portal(user)))
        silent = None
        for device in devices:
            dated = await self._age(device, window)
            item = {
                "id": str(device.get("id")),
                "name": str(device.get("displayName") or device.get("id")),
                "deviceId": device.get("deviceId"),
                "why": dated.why,
            }
            if device.get("accountEnabled") is False:
                continue
            if not everything and dated.age is Age.OLDER:
                silent = dated.told_until or silent
            elif device.get("onPremisesSyncEnabled") is True:
                snapshot["left"].append({**item, "on_premises": True})
            elif everything or dated.age is Age.RECENT:
                snapshot["disable"].append(item)
            else:
                snapshot["left"].append(item)
        snapshot["told_until"] = stamps.write(silent) if silent else None
        if snapshot["left"] and not snapshot["disable"]:
            reason = "Devices are left that a person has to look at."
            verdict = Verdict(Outcome.MANUAL, reason, _by_hand(snapshot))
            return Observation(snapshot, satisfied=False, verdict=verdict)
        # The log's silence does not reach up to now, so that nothing was added is not told by it.
        nothing = None if silent else True
        return Observation(snapshot, satisfied=False if snapshot["disable"] else nothing)

    def _at(self, graph: Any, object_id: str) -> Any:  # noqa: ANN401 - the SDK's builders are untyped here
        return graph.devices.by_device_id(object_id)

    async def _look(self, target: Target, before: Observation) -> Seen:
        there = {str(device.get("id")): device for device in await self._devices(target)}
        known = {device["id"] for device in before.snapshot["devices"]}
        new = [
            str(device.get("displayName")) for name, device in there.items() if name not in known
        ]
        besides = f"registered meanwhile: {', '.join(new)}" if new else ""
        return Seen(there, besides=besides)

    def _finished(
        self,
        before: Observation,
        proof: Proof,
        gone: Collection[str],  # noqa: ARG002 - a contract
    ) -> Proof:
        if not before.snapshot["left"]:
            return proof
        return readback.then_by_hand(
            proof,
            f"Devices are left that a person has to look at.\n{_by_hand(before.snapshot)}",
        )

    def _exposure(
        self,
        before: Observation,
        reading: readback.Reading,  # noqa: ARG002 - a contract
    ) -> tuple[Exposure, ...]:
        snapshot = before.snapshot
        left = [
            Exposure("entra", f"the device {item['name']}", residue.UNKNOWN, item["why"])
            for item in snapshot["left"]
        ]
        told_until = instant(snapshot.get("told_until"))
        if told_until is not None:
            left.append(age.untold(told_until, "devices without a date"))
        return tuple(left)

    async def _devices(self, target: Target) -> list[Json]:
        found: dict[str, Json] = {}
        for which in _LISTS:
            for device in await self._client.items(_list(target.id, which)):
                if device.get("@odata.type", _KIND) == _KIND:
                    found.setdefault(str(device.get("id")), device)
        return list(found.values())

    async def _age(self, device: Json, window: Window | None) -> Dated:
        if window is None:
            return Dated(Age.UNDATABLE, "whatever its age")
        date = instant(device.get("registrationDateTime"))
        if date is not None:
            return window.by_date(date)
        done = None
        if window.kept:
            to = auditlog.to(ids.object_id(str(device.get("id"))))
            done = await auditlog.entries(self._client, window.start, to)
        if done is None:
            return Dated(Age.UNDATABLE, "no date, and the audit log does not tell")
        for deed in auditlog.deeds(done, window.start):
            if deed.activity in _REGISTERED:
                at = stamps.write(deed.at)
                return Dated(Age.RECENT, f"the audit log has its registration at {at}")
        return window.by_silence("registration of this device")


def _list(user_id: str, which: str) -> Request:
    at = _LISTS[which]
    return Request(
        "GET",
        f"/users/{{id}}/{which}",
        lambda graph, ids: at(graph.users.by_user_id(ids["id"])),
        params={"id": user_id},
        needs="the permission User.Read.All or Device.Read.All",
    )


def _by_hand(snapshot: Mapping[str, Any]) -> str:
    lines = []
    for item in snapshot["left"]:
        lines.append(f"# {json.dumps(item['name'])}: {item['why']}")
        if item.get("on_premises"):
            guid = powershell.quoted(str(item["deviceId"]))
            lines.append(f"Get-ADComputer -Identity {guid} | Disable-ADAccount")
        else:
            lines.append(
                powershell.graph("PATCH", f"/devices/{item['id']}", {"accountEnabled": False})
            )
    return "\n".join(lines)


def _portal(user: Mapping[str, Any]) -> str:
    return f"Entra admin center > Users > {json.dumps(user.get('userPrincipalName'))} > Devices"
