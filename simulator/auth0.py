"""Auth0's users: list, find by address, read, block."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import Auth0Error, JsonObject
from simulator.auth0_io import by_page, target
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def list_users(self, request: Request) -> Response:
        users = [_shown(request, self.tenant.seen(u).to_json()) for u in self.tenant.auth0_users()]
        return by_page(self.tenant, request, "users", users)

    async def by_email(self, request: Request) -> Response:
        email = request.query_params.get("email")
        if not email:
            raise Auth0Error(400, "invalid_query_string", "Query validation error: 'email'.")
        seen = [self.tenant.seen(user) for user in self.tenant.auth0_users()]
        return JSONResponse([_shown(request, u.to_json()) for u in seen if u.email == email])

    async def get_user(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        return JSONResponse(_shown(request, user.to_json()))

    async def update_user(self, request: Request) -> Response:
        user = target(self.tenant, request)
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict) or set(body) != {"blocked"}:
            raise Auth0Error(400, "invalid_body", "Payload validation error: only 'blocked' here.")
        if not isinstance(body["blocked"], bool):
            raise Auth0Error(
                400, "invalid_body", "Payload validation error: 'blocked' is no boolean."
            )
        if user.blocked is not body["blocked"]:
            with self.tenant.change(user):
                user.blocked = body["blocked"]
        return JSONResponse(user.to_json())


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    return [
        Route("/api/v2/users", on.list_users, methods=["GET"]),
        Route("/api/v2/users-by-email", on.by_email, methods=["GET"]),
        Route("/api/v2/users/{user}", on.get_user, methods=["GET"]),
        Route("/api/v2/users/{user}", on.update_user, methods=["PATCH"]),
    ]


def _shown(request: Request, user: JsonObject) -> JsonObject:
    """The user reduced to `fields`, as far as they are there."""
    fields = request.query_params.get("fields")
    if not fields:
        return user
    return {name: user[name] for name in fields.split(",") if name in user}
