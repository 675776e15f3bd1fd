"""Graph's registered devices of a user, and the device object."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, graph_not_found, graph_page
from simulator.clock import graph_time
from simulator.entra_state import Device
from simulator.graph_io import body_of, segment, target
from simulator.tenant import Tenant

_CONTEXT = "directoryObjects"


@dataclass
class _Handlers:
    tenant: Tenant

    async def list_registered(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items = [_json(device) for device in user.devices]
        return graph_page(request, _CONTEXT, items, self.tenant.page_size)

    async def update(self, request: Request) -> Response:
        key, body = segment(request, "device"), await body_of(request)
        enabled = body.get("accountEnabled")
        if set(body) != {"accountEnabled"} or not isinstance(enabled, bool):
            raise GraphError(400, "Request_BadRequest", "accountEnabled takes true or false.")
        for user in self.tenant.entra_users():
            device = next((each for each in user.devices if each.id == key), None)
            if device is not None:
                with self.tenant.change(user):
                    device.enabled = enabled
                self.tenant.audit("Update device", user)
                return Response(status_code=204)
        raise graph_not_found(key)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        Route("/users/{user}/registeredDevices", on.list_registered, methods=["GET"]),
        Route("/devices/{device}", on.update, methods=["PATCH"]),
    ]


def _json(device: Device) -> JsonObject:
    return {
        "@odata.type": "#microsoft.graph.device",
        "id": device.id,
        "deviceId": device.id,
        "displayName": device.name,
        "accountEnabled": device.enabled,
        "operatingSystem": device.system,
        "trustType": "Workplace",
        "registrationDateTime": None
        if device.registered is None
        else graph_time(device.registered),
    }
