"""Graph's devices: those of a person, and switching one off."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, context, graph_not_found, graph_page
from simulator.entra_belongings import Device
from simulator.entra_state import EntraUser
from simulator.graph_io import body_of, segment, target
from simulator.logbook import Affected
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def found(self, request: Request) -> tuple[EntraUser, Device]:
        wanted = segment(request, "device")
        for user in self.tenant.entra_users():
            for device in user.devices:
                if device.id == wanted:
                    return user, device
        raise graph_not_found(wanted)

    async def list_of_user(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        owned = request.url.path.endswith("/ownedDevices")
        items = [d.to_json() for d in user.devices if d.owner or not owned]
        return graph_page(request, "directoryObjects", items, self.tenant.page_size)

    async def get_device(self, request: Request) -> Response:
        user, device = self.found(request)
        shown = next((d for d in self.tenant.seen(user).devices if d.id == device.id), device)
        return JSONResponse({"@odata.context": context(request, "$entity"), **shown.to_json()})

    async def update(self, request: Request) -> Response:
        user, device = self.found(request)
        body = await body_of(request)
        enabled = body.get("accountEnabled")
        if set(body) != {"accountEnabled"} or not isinstance(enabled, bool):
            raise GraphError(400, "Request_BadRequest", "Only accountEnabled can be updated here.")
        if enabled != device.account_enabled:
            with self.tenant.change(user):
                device.account_enabled = enabled
            where = Affected(device.id, device.display_name, "Device")
            self.tenant.audit("Update device", where)
        return Response(status_code=204)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        *(
            Route(f"/users/{{user}}/{which}", on.list_of_user, methods=["GET"])
            for which in ("registeredDevices", "ownedDevices")
        ),
        Route("/devices/{device}", on.get_device, methods=["GET"]),
        Route("/devices/{device}", on.update, methods=["PATCH"]),
    ]
