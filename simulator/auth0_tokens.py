"""Auth0's sessions, refresh tokens and grants: list, end, revoke.

What is deleted here is answered with 202: Auth0 carries it out a little later, as `read_lag_s` says.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import Auth0Error
from simulator.auth0_io import by_cursor, by_page, enterprise, named, target
from simulator.auth0_state import Auth0RefreshToken, Auth0User
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def list_sessions(self, request: Request) -> Response:
        enterprise(self.tenant)
        user = self.tenant.seen(target(self.tenant, request))
        items = [session.to_json(user.id) for session in user.sessions]
        return by_cursor(self.tenant, request, "sessions", items)

    async def end_sessions(self, request: Request) -> Response:
        enterprise(self.tenant)
        user = target(self.tenant, request)
        if user.sessions:
            with self.tenant.change(user):
                user.sessions.clear()
        return Response(status_code=202)

    async def list_tokens(self, request: Request) -> Response:
        enterprise(self.tenant)
        user = self.tenant.seen(target(self.tenant, request))
        items = [token.to_json(user.id) for token in user.refresh_tokens]
        return by_cursor(self.tenant, request, "tokens", items)

    async def revoke_all(self, request: Request) -> Response:
        enterprise(self.tenant)
        user = target(self.tenant, request)
        self.revoke(user, user.refresh_tokens)
        return Response(status_code=202)

    async def revoke_some(self, request: Request) -> Response:
        enterprise(self.tenant)
        body = _object(await request.body())
        ids, user_id, client_id = (body.get(name) for name in ("ids", "user_id", "client_id"))
        if isinstance(ids, list) and set(body) == {"ids"} and len(ids) <= 100:
            for user in self.tenant.auth0_users():
                self.revoke(user, [t for t in user.refresh_tokens if t.id in ids])
        elif isinstance(user_id, str) and isinstance(client_id, str | None):
            user = named(self.tenant, user_id)
            held = user.refresh_tokens
            self.revoke(user, [t for t in held if client_id in (None, t.client_id)])
        else:
            raise Auth0Error(400, "invalid_body", "Payload validation error: ids or user_id.")
        return Response(status_code=202)

    def revoke(self, user: Auth0User, going: list[Auth0RefreshToken]) -> None:
        ids = {token.id for token in going}
        if ids:
            with self.tenant.change(user):
                user.refresh_tokens = [t for t in user.refresh_tokens if t.id not in ids]

    async def list_grants(self, request: Request) -> Response:
        user_id, client_id = (request.query_params.get(n) for n in ("user_id", "client_id"))
        items = [
            grant.to_json(user.id)
            for user in map(self.tenant.seen, self.tenant.auth0_users())
            for grant in user.grants
            if user_id in (None, user.id) and client_id in (None, grant.client_id)
        ]
        return by_page(self.tenant, request, "grants", items)

    async def revoke_grants(self, request: Request) -> Response:
        user_id = request.query_params.get("user_id")
        if not user_id:
            raise Auth0Error(400, "invalid_query_string", "Query validation error: 'user_id'.")
        user = self.tenant.auth0_user(user_id)
        if user is not None and user.grants:
            with self.tenant.change(user):
                user.grants.clear()
        return Response(status_code=204)

    async def revoke_grant(self, request: Request) -> Response:
        grant_id = unquote(request.path_params["grant"])
        for user in self.tenant.auth0_users():
            for grant in user.grants:
                if grant.id == grant_id:
                    with self.tenant.change(user):
                        user.grants.remove(grant)
                    return Response(status_code=204)
        raise Auth0Error(404, "inexistent_grant", "The grant does not exist.")


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    base = "/api/v2/users/{user}"
    return [
        Route(f"{base}/sessions", on.list_sessions, methods=["GET"]),
        Route(f"{base}/sessions", on.end_sessions, methods=["DELETE"]),
        Route(f"{base}/refresh-tokens", on.list_tokens, methods=["GET"]),
        Route(f"{base}/refresh-tokens", on.revoke_all, methods=["DELETE"]),
        Route("/api/v2/refresh-tokens/revoke", on.revoke_some, methods=["POST"]),
        Route("/api/v2/grants", on.list_grants, methods=["GET"]),
        Route("/api/v2/grants", on.revoke_grants, methods=["DELETE"]),
        Route("/api/v2/grants/{grant}", on.revoke_grant, methods=["DELETE"]),
    ]


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
