"""Exchange's partnerships with phones and apps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.answers import JsonObject
from simulator.exchange_io import not_found, owner_of, seen
from simulator.tenant import Tenant


def get_mobile_device(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:
    """Get-MobileDevice."""
    owner = owner_of(tenant, parameters.get("Mailbox"))
    devices = seen(tenant, parameters, "Mailbox").devices
    return [device.to_json(owner.upn) for device in devices]


def remove_mobile_device(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:
    """Remove-MobileDevice: the identity names the mailbox, too."""
    wanted = parameters.get("Identity")
    for owner in tenant.entra_users():
        box = tenant.exchange.mailboxes.get(owner.id)
        for device in box.devices if box else ():
            if box and wanted == device.to_json(owner.upn)["Identity"]:
                with tenant.change(box):
                    box.devices.remove(device)
                return []
    raise not_found(wanted)


CMDLETS = {
    "Get-MobileDevice": get_mobile_device,
    "Remove-MobileDevice": remove_mobile_device,
}
