"""Okta's API tokens and devices: list, read, revoke, suspend and give back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import JsonObject, OktaError, not_found, okta_page, origin
from simulator.clock import okta_time
from simulator.okta_belongings import ACTIVE, SUSPENDED, ApiToken, Device
from simulator.okta_io import segment, target, transaction, user_json
from simulator.okta_state import OktaUser
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def found_token(self, token_id: str) -> tuple[OktaUser, ApiToken]:
        for user in self.tenant.okta_users():
            for token in user.api_tokens:
                if token.id == token_id:
                    return user, token
        raise not_found(token_id, "ApiToken")

    async def list_tokens(self, request: Request) -> Response:
        seen = [self.tenant.seen(user) for user in self.tenant.okta_users()]
        held = [token.to_json(origin(request), u.id) for u in seen for token in u.api_tokens]
        return okta_page(request, held, limit=200, most=200, page_size=self.tenant.page_size)

    async def revoke_token(self, request: Request) -> Response:
        user, token = self.found_token(segment(request, "token"))
        with self.tenant.change(user):
            user.api_tokens.remove(token)
        self.tenant.okta_event("system.api_token.revoke", user, transaction=transaction(request))
        return Response(status_code=204)

    def linked(self, device_id: str) -> list[tuple[OktaUser, Device]]:
        held = [
            (user, device)
            for user in self.tenant.okta_users()
            for device in user.devices
            if device.id == device_id
        ]
        if not held:
            raise not_found(device_id, "Device")
        return held

    async def list_devices(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items: list[JsonObject] = [
            {
                "created": okta_time(device.linked),
                "deviceUserId": device.link_id,
                "device": device.to_json(origin(request)),
            }
            for device in user.devices
        ]
        return okta_page(request, items, limit=200, most=200, page_size=self.tenant.page_size)

    async def get_device(self, request: Request) -> Response:
        device_id = segment(request, "device")
        user, _ = self.linked(device_id)[0]
        seen = next((d for d in self.tenant.seen(user).devices if d.id == device_id), None)
        if seen is None:
            raise not_found(device_id, "Device")
        return JSONResponse(seen.to_json(origin(request)))

    async def list_device_users(self, request: Request) -> Response:
        items: list[JsonObject] = [
            {
                "created": okta_time(device.linked),
                "managementStatus": "NOT_MANAGED",
                "screenLockType": "BIOMETRIC",
                "user": user_json(request, user),
            }
            for user, device in self.linked(segment(request, "device"))
        ]
        return okta_page(request, items, limit=200, most=200, page_size=self.tenant.page_size)

    async def suspend(self, request: Request) -> Response:
        return self.move(request, ACTIVE, SUSPENDED, "device.lifecycle.suspend")

    async def unsuspend(self, request: Request) -> Response:
        return self.move(request, SUSPENDED, ACTIVE, "device.lifecycle.unsuspend")

    def move(self, request: Request, wanted: str, status: str, event: str) -> Response:
        held = self.linked(segment(request, "device"))
        if held[0][1].status != wanted:
            # What Okta answers here is not documented; its users' lifecycle answers so.
            cause = f"The device is not {wanted}"
            raise OktaError(400, "E0000001", f"Api validation failed: {cause}", cause)
        for user, device in held:
            with self.tenant.change(user):
                device.status = status
            self.tenant.okta_event(event, user, transaction=transaction(request))
        return Response(status_code=204)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    device = "/api/v1/devices/{device}"
    return [
        Route("/api/v1/api-tokens", on.list_tokens, methods=["GET"]),
        Route("/api/v1/api-tokens/{token}", on.revoke_token, methods=["DELETE"]),
        Route("/api/v1/users/{user}/devices", on.list_devices, methods=["GET"]),
        Route(device, on.get_device, methods=["GET"]),
        Route(f"{device}/users", on.list_device_users, methods=["GET"]),
        Route(f"{device}/lifecycle/suspend", on.suspend, methods=["POST"]),
        Route(f"{device}/lifecycle/unsuspend", on.unsuspend, methods=["POST"]),
    ]
