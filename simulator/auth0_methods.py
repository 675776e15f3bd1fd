"""Auth0's authentication methods: list, read, delete; and the browsers remembered for MFA: forget."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import Auth0Error
from simulator.auth0_io import by_page, target
from simulator.auth0_state import Auth0Method, Auth0User
from simulator.okta_scene import scene_of
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def found(self, user: Auth0User, request: Request) -> Auth0Method:
        method_id = unquote(request.path_params["method"])
        for method in user.methods:
            if method.id == method_id:
                return method
        raise Auth0Error(404, "", "The authentication method does not exist.")

    async def list_methods(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items = [method.to_json() for method in user.methods]
        return by_page(self.tenant, request, "authenticators", items)

    async def get_method(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        return JSONResponse(self.found(user, request).to_json())

    async def delete_method(self, request: Request) -> Response:
        user = target(self.tenant, request)
        method = self.found(user, request)
        with self.tenant.change(user):
            user.remove_method(method)
        # Guardian tells of it, and not who asked.
        self.tenant.auth0_event("gd_unenroll", user, scene=scene_of(request))
        return Response(status_code=204)

    async def forget_browsers(self, request: Request) -> Response:
        user = target(self.tenant, request)
        with self.tenant.change(user):
            user.remembered_browsers = 0
        return Response(status_code=204)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    base = "/api/v2/users/{user}/authentication-methods"
    return [
        Route(base, on.list_methods, methods=["GET"]),
        Route(f"{base}/{{method}}", on.get_method, methods=["GET"]),
        Route(f"{base}/{{method}}", on.delete_method, methods=["DELETE"]),
        Route(
            "/api/v2/users/{user}/multifactor/actions/invalidate-remember-browser",
            on.forget_browsers,
            methods=["POST"],
        ),
    ]
