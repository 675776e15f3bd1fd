"""Remove the phones and apps that were first paired with a mailbox since the theft.

Source: Exchange Online PowerShell, Get-MobileDevice (FirstSyncTime) and Remove-MobileDevice, which takes
the partnership away and wipes nothing. A device that can still sign in pairs again: sessions are revoked
first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Exposure,
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
from connectors.clock import instant, spell
from connectors.each import each
from connectors.entra import ids, powershell
from connectors.entra.age import Age, Window
from connectors.exchange import lines
from connectors.exchange.base import (
    PERMISSION,
    ROLE,
    ExchangeAction,
    box_of,
    no_mailbox,
    planned,
)

Json = dict[str, Any]

_KEPT = (
    "Identity",
    "Guid",
    "FriendlyName",
    "DeviceId",
    "DeviceType",
    "DeviceModel",
    "DeviceUserAgent",
    "ClientType",
    "FirstSyncTime",
)
_CHECK = "Get-MobileDevice"


class MobileDeviceParameters(BaseModel):
    """Which devices are removed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["recent", "all"] = Field(
        "recent", description="recent: first synced since the theft began; all: whatever their age"
    )
    margin_minutes: int = Field(
        60, ge=0, le=10080, description="how much earlier than the first sign counts as recent"
    )


class RemoveMobileDevices(ExchangeAction[MobileDeviceParameters]):
    """``exchange.remove_mobile_devices``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="exchange.remove_mobile_devices",
        system="exchange",
        title="Remove phones paired with the mailbox since the theft",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-AL",),
        attack=("T1098.005", "T1114.002"),
        permissions=(PERMISSION,),
        roles=(ROLE,),
        parameters=MobileDeviceParameters,
        disrupts="A removed phone or app has to be set up for mail again.",
        leaves_open=lines.DEVICES_OPEN,
    )

    def by_hand(self, target: Target) -> str:
        """Show all, and remove those paired since the theft one by one."""
        since = target.since if self._parameters.scope == "recent" else None
        return lines.mobile_devices(box_of(target), since)

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One Remove-MobileDevice for each."""
        ids.object_id(target.id)
        recent = self._parameters.scope == "recent"
        since = " that first synced since the theft began" if recent else ""
        why = f"for each device{since}; nothing is wiped"
        return (planned("Remove-MobileDevice", _named("{device}"), why),)

    async def observe(self, target: Target) -> Observation:
        """List the devices and choose by when each first synced."""
        try:
            mailbox = await self._mailbox(target)
            devices = await self._devices(target)
        except errors.NotFound:
            return no_mailbox()
        everything, margin = self._parameters.scope == "all", self._parameters.margin_minutes
        window = Window.since(target.since, margin, mailbox.date or datetime.now(UTC))
        snapshot: Json = {
            "mailbox": mailbox.name,
            "since": spell(window.start, "seconds") if window else None,
            "devices": devices,
            "remove": [],
            "left": [],
        }
        if window is None and not everything and devices:
            reason = (
                "When the theft began is not known, so no device can be told to be newer: look at "
                f"the {len(devices)} devices and remove what is not the person's."
            )
            by_hand = lines.mobile_devices(box_of(target), None)
            return Observation(snapshot, verdict=Verdict(Outcome.MANUAL, reason, by_hand))
        for device in devices:
            date, item = instant(device["FirstSyncTime"]), _item(device)
            if everything:
                snapshot["remove"].append({**item, "why": "whatever its age"})
            elif date is None:
                snapshot["left"].append({**item, "why": "it is not told when it first synced"})
            elif window is not None:
                dated = window.by_date(date, "first synced")
                if dated.age is Age.RECENT:
                    snapshot["remove"].append({**item, "why": dated.why})
        verdict = None
        if snapshot["left"] and not snapshot["remove"]:
            verdict = Verdict(
                Outcome.MANUAL,
                "Devices are left that a person has to look at.",
                _by_hand(snapshot["left"]),
            )
        return Observation(snapshot, satisfied=not snapshot["remove"], verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Remove what was chosen and is there still."""
        there = {_item(device)["id"] for device in await self._devices(target)}

        async def remove(item: Json) -> Json:
            return await self._change(
                target, "Remove-MobileDevice", _named(item["id"]), device=item["id"]
            )

        going = [item for item in before.snapshot["remove"] if item["id"] in there]
        return Receipt({"devices": await each(going, remove)})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """See none of the chosen devices, nor one that came meanwhile."""
        known = {_item(device)["id"] for device in before.snapshot["devices"]}
        chosen = {item["id"] for item in before.snapshot["remove"]}

        async def look() -> readback.Reading:
            now = [_item(device) for device in await self._devices(target)]
            left = [i["name"] for i in now if i["id"] in chosen or i["id"] not in known]
            return readback.Reading(not left, f"there, or new: {', '.join(left) or 'none'}")

        reading = await readback.until(look, patience, self._sleep)
        left = before.snapshot["left"]
        proof = readback.proof(
            reading,
            check=_CHECK,
            expected=f"{len(chosen)} chosen device(s) gone, and none new",
            exposure=tuple(
                Exposure("exchange", f"the device {item['name']}", "unknown", item["why"])
                for item in left
            ),
        )
        if not left:
            return proof
        return readback.then_by_hand(
            proof, f"Devices are left that a person has to look at.\n{_by_hand(left)}"
        )

    async def _devices(self, target: Target) -> list[Json]:
        found = await self._read("Get-MobileDevice", Mailbox=ids.object_id(target.id))
        return [{name: device.get(name) for name in _KEPT} for device in found]


def _named(device: str) -> Json:
    return {"Identity": device, "Confirm": False}


def _item(device: Json) -> Json:
    name = device["FriendlyName"] or device["DeviceModel"] or device["DeviceId"]
    return {"id": str(device["Identity"] or device["Guid"]), "name": str(name)}


def _by_hand(items: Iterable[Json]) -> str:
    return "\n".join(
        f"# {json.dumps(item['name'])}: {item['why']}\n"
        f"Remove-MobileDevice -Identity {powershell.quoted(item['id'])} -Confirm"
        for item in items
    )
