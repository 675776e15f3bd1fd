"""Auth0's users: list, find by address, read, block, set a password, make a link that sets one."""

from __future__ import annotations

import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import Auth0Error, JsonObject, origin
from simulator.auth0_io import by_page, named, target
from simulator.auth0_state import DATABASE, Auth0Ticket, Auth0User
from simulator.okta_scene import scene_of
from simulator.tenant import Tenant

_FIVE_DAYS_S = 432_000
_TICKET = frozenset(
    {"user_id", "ttl_sec", "mark_email_as_verified", "includeEmailInRedirect", "identity"}
)


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
        user, body = target(self.tenant, request), _object(await request.body())
        if set(body) == {"password", "connection"}:
            self.set_password(user, request, body)
        elif set(body) != {"blocked"}:
            raise _invalid("only 'blocked', or 'password' with 'connection', here.")
        elif not isinstance(body["blocked"], bool):
            raise _invalid("'blocked' is no boolean.")
        elif user.blocked is not body["blocked"]:
            with self.tenant.change(user):
                user.blocked = body["blocked"]
        return JSONResponse(user.to_json())

    def set_password(self, user: Auth0User, request: Request, body: JsonObject) -> None:
        password = body["password"]
        if body["connection"] != user.connection:
            raise _invalid("the user has no identity of this connection.")
        if user.connection != DATABASE:
            raise Auth0Error(
                400, "operation_not_supported", "Cannot update password for a non-database user."
            )
        if not isinstance(password, str) or len(password) < 8 or len(password.encode()) > 72:
            raise Auth0Error(400, "", "PasswordStrengthError: Password is too weak")
        with self.tenant.change(user):
            user.set_password(password, self.tenant.now())
        self.tenant.auth0_event("scp", user, scene=scene_of(request), details={"body": {}})

    async def password_ticket(self, request: Request) -> Response:
        body = _object(await request.body())
        user, ttl_s = named(self.tenant, str(body.get("user_id"))), body.get("ttl_sec", 0)
        if not set(body) <= _TICKET or not isinstance(ttl_s, int) or ttl_s < 0:
            raise _invalid("a member of the ticket.")
        if user.connection != DATABASE and "identity" not in body:
            raise Auth0Error(
                400, "operation_not_supported", "The user's password is not kept here."
            )
        url = f"{origin(request)}/u/reset-verify?ticket={secrets.token_urlsafe(24)}#"
        with self.tenant.change(user):
            user.ticket = Auth0Ticket(url, self.tenant.now() + (ttl_s or _FIVE_DAYS_S))
        return JSONResponse({"ticket": url}, status_code=201)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    return [
        Route("/api/v2/users", on.list_users, methods=["GET"]),
        Route("/api/v2/users-by-email", on.by_email, methods=["GET"]),
        Route("/api/v2/users/{user}", on.get_user, methods=["GET"]),
        Route("/api/v2/users/{user}", on.update_user, methods=["PATCH"]),
        Route("/api/v2/tickets/password-change", on.password_ticket, methods=["POST"]),
    ]


def _shown(request: Request, user: JsonObject) -> JsonObject:
    """The user reduced to `fields`, as far as they are there."""
    fields = request.query_params.get("fields")
    if not fields:
        return user
    return {name: user[name] for name in fields.split(",") if name in user}


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _invalid(what: str) -> Auth0Error:
    return Auth0Error(400, "invalid_body", f"Payload validation error: {what}")
