"""The devices a user is linked to in Okta, and who else uses them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.action import Json
from connectors.clock import instant, spell_or_none
from connectors.okta.addresses import is_object_id
from connectors.okta.client import OktaClient

DEVICES = "/api/v1/users/{user}/devices"
DEVICE = "/api/v1/devices/{device}"
_USERS = f"{DEVICE}/users"

SUSPENDED, DEACTIVATED = "SUSPENDED", "DEACTIVATED"


def works(status: str) -> bool:
    """Whether a device of this status can be used to sign in (UNSUSPENDED means ACTIVE again)."""
    return status not in (SUSPENDED, DEACTIVATED)


@dataclass(frozen=True, slots=True)
class Device:
    """A device as a user is linked to it.

    ``added`` is the later of its own time and its link's: an old device may be linked anew.
    """

    id: str
    name: str
    platform: str
    status: str
    added: datetime | None

    @property
    def works(self) -> bool:
        """Whether it can be used to sign in."""
        return works(self.status)

    def snapshot(self) -> Json:
        """What an observation keeps of it; no serial number, no other mark of the hardware."""
        return {
            "id": self.id,
            "name": self.name,
            "platform": self.platform,
            "status": self.status,
            "added": spell_or_none(self.added),
        }


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices that could be read, and how many entries could not."""

    devices: tuple[Device, ...]
    odd: int
    date: datetime | None


async def read_devices(client: OktaClient, user_id: str) -> Devices:
    """Read the user's devices.

    Raises:
        errors.ConnectorError: where the list cannot be read.
    """
    listing = await client.get_all(DEVICES, {"user": user_id})
    devices = tuple(device for item in listing.items if (device := _linked(item)))
    return Devices(devices, len(listing.items) - len(devices), listing.date)


async def read_status(client: OktaClient, device_id: str) -> str | None:
    """Read one device's status; None where there is no such device any more.

    Raises:
        errors.ConnectorError: where it cannot be read.
    """
    try:
        answer = await client.get(DEVICE, {"device": device_id})
    except errors.NotFound:
        return None
    status = answer.body.get("status") if isinstance(answer.body, dict) else None
    if not isinstance(status, str):
        raise errors.Unavailable("the answer is not a device", status=answer.status)
    return status


async def others_use(client: OktaClient, device_id: str, user_id: str) -> bool:
    """Whether somebody else is linked to the device, too.

    Raises:
        errors.ConnectorError: where that cannot be read.
    """
    listing = await client.get_all(_USERS, {"device": device_id})
    users = (_dict(_dict(item).get("user")).get("id") for item in listing.items)
    return any(user != user_id for user in users)


def _linked(item: object) -> Device | None:
    link = _dict(item)
    device = _dict(link.get("device"))
    identifier = device.get("id")
    if not isinstance(identifier, str) or not is_object_id(identifier):
        return None
    profile = _dict(device.get("profile"))
    times = [at for at in (instant(link.get("created")), instant(device.get("created"))) if at]
    return Device(
        id=identifier,
        name=str(profile.get("displayName") or ""),
        platform=str(profile.get("platform") or ""),
        status=str(device.get("status") or ""),
        added=max(times, default=None),
    )


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
