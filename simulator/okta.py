"""Okta's users and org: find, read, end sessions, list and revoke tokens and consents."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import JsonObject, not_found, okta_page, origin
from simulator.clock import okta_time
from simulator.ids import okta_id
from simulator.okta_io import flag, matching, segment, target, transaction, user_json, user_url
from simulator.okta_state import ConsentGrant, OktaRefreshToken, OktaUser
from simulator.tenant import OKTA_ORG_ID, Tenant


def end_sessions(tenant: Tenant, user: OktaUser, request: Request, *, tokens: bool) -> None:
    """End all browser sessions, and the OAuth tokens if asked; write what the log shows.

    One user.session.end a session shares the transaction of user.session.clear
    (okta-developer-docs, reference/api/itp-et).
    """
    number, ended = transaction(request), len(user.sessions)
    user.sessions.clear()
    tenant.okta_event("user.session.clear", user, transaction=number)
    for _ in range(ended):
        tenant.okta_event("user.session.end", user, transaction=number)
    if tokens and user.refresh_tokens:
        user.refresh_tokens.clear()
        tenant.okta_event("app.oauth2.token.revoke.implicit.user", user, transaction=number)


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def list_users(self, request: Request) -> Response:
        users = [user_json(request, self.tenant.seen(u)) for u in self.tenant.okta_users()]
        users = matching(request.query_params.get("filter"), users, cased=True)
        users = matching(request.query_params.get("search"), users)
        start = request.query_params.get("q", "").casefold()
        if start:
            fields = ("firstName", "lastName", "email", "login")
            users = [
                u
                for u in users
                if any(u["profile"][f].casefold().startswith(start) for f in fields)
            ]
        return okta_page(request, users, limit=200, most=200, page_size=self.tenant.page_size)

    async def get_user(self, request: Request) -> Response:
        return JSONResponse(user_json(request, self.tenant.seen(target(self.tenant, request))))

    async def get_me(self, request: Request) -> Response:
        """The owner of the API token: as the log names him, or who the tenant says it is."""
        owner = self.tenant.okta_user(self.tenant.okta_token_owner or "")
        if owner is not None:
            return JSONResponse(user_json(request, owner))
        now = self.tenant.now()
        login = "rescind@contoso.com"
        ours = OktaUser(okta_id("00u", "rescind"), login, login, "Rescind", "Worker", now, now)
        return JSONResponse(user_json(request, ours))

    async def list_roles(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items = [role.to_json(user_url(request, user)) for role in user.roles]
        return okta_page(request, items, limit=200, most=200, page_size=self.tenant.page_size)

    async def list_administrators(self, request: Request) -> Response:
        """Wrapped, unlike Okta's other lists, and the next page's address with it (RoleAssignedUsers)."""
        found = [self.tenant.seen(user) for user in self.tenant.okta_users()]
        items: list[JsonObject] = [
            {
                "id": user.id,
                "orn": f"orn:okta:directory:{OKTA_ORG_ID}:users:{user.id}",
                "_links": {
                    "self": {"href": user_url(request, user)},
                    "roles": {"href": f"{user_url(request, user)}/roles"},
                },
            }
            for user in found
            if user.roles
        ]
        return okta_page(
            request, items, limit=100, most=200, page_size=self.tenant.page_size, within="value"
        )

    async def clear_sessions(self, request: Request) -> Response:
        user = target(self.tenant, request)
        oauth = flag(request, "oauthTokens", default=False)
        forget = flag(request, "forgetDevices", default=True)
        with self.tenant.change(user):
            end_sessions(self.tenant, user, request, tokens=oauth)
            if forget:
                user.remembered_devices.clear()
        return Response(status_code=204)

    async def list_clients(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        url = user_url(request, user)
        items: list[JsonObject] = [
            {
                "client_id": client_id,
                "client_name": _client_name(self.tenant, client_id),
                "client_uri": None,
                "logo_uri": None,
                "_links": {
                    "grants": {"href": f"{url}/clients/{client_id}/grants"},
                    "tokens": {"href": f"{url}/clients/{client_id}/tokens"},
                },
            }
            for client_id in user.client_ids()
        ]
        return okta_page(request, items, limit=200, most=200, page_size=self.tenant.page_size)

    async def list_tokens(self, request: Request) -> Response:
        user, client_id = self.tenant.seen(target(self.tenant, request)), segment(request, "client")
        held = [t for t in user.refresh_tokens if t.client_id == client_id]
        items = [_token_json(request, user, token) for token in held]
        return okta_page(request, items, limit=20, most=200, page_size=self.tenant.page_size)

    def found_token(self, user: OktaUser, request: Request) -> OktaRefreshToken:
        client_id, token_id = segment(request, "client"), segment(request, "token")
        for token in user.refresh_tokens:
            if token.id == token_id and token.client_id == client_id:
                return token
        raise not_found(token_id, "OAuth2RefreshToken")

    async def get_token(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        return JSONResponse(_token_json(request, user, self.found_token(user, request)))

    async def revoke_client(self, request: Request) -> Response:
        user, client_id = target(self.tenant, request), segment(request, "client")
        keep = [t for t in user.refresh_tokens if t.client_id != client_id]
        if len(keep) < len(user.refresh_tokens):
            with self.tenant.change(user):
                user.refresh_tokens = keep
            self.tenant.okta_event(
                "app.oauth2.token.revoke.implicit.client", user, transaction=transaction(request)
            )
        return Response(status_code=204)

    async def revoke_token(self, request: Request) -> Response:
        user = target(self.tenant, request)
        token = self.found_token(user, request)
        with self.tenant.change(user):
            user.refresh_tokens.remove(token)
        self.tenant.okta_event("app.oauth2.token.revoke", user, transaction=transaction(request))
        return Response(status_code=204)

    async def list_grants(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items = [_grant_json(request, user, grant) for grant in user.grants]
        return okta_page(request, items, limit=20, most=200, page_size=self.tenant.page_size)

    async def revoke_grants(self, request: Request) -> Response:
        user = target(self.tenant, request)
        if user.grants:
            with self.tenant.change(user):
                user.grants.clear()
            self.tenant.okta_event(
                "app.oauth2.as.consent.revoke.user", user, transaction=transaction(request)
            )
        return Response(status_code=204)

    async def org(self, request: Request) -> Response:
        return JSONResponse(
            {
                "id": OKTA_ORG_ID,
                "companyName": "Contoso",
                "subdomain": "contoso",
                "status": "ACTIVE",
                "_links": {"contacts": {"href": f"{origin(request)}/api/v1/org/contacts"}},
            }
        )

    async def org_metadata(self, request: Request) -> Response:
        links = {"organization": {"href": origin(request)}}
        return JSONResponse({"id": OKTA_ORG_ID, "pipeline": "idx", "settings": {}, "_links": links})


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    base = "/api/v1/users/{user}"
    return [
        Route("/api/v1/users", on.list_users, methods=["GET"]),
        Route("/api/v1/users/me", on.get_me, methods=["GET"]),
        Route(base, on.get_user, methods=["GET"]),
        Route(f"{base}/roles", on.list_roles, methods=["GET"]),
        Route("/api/v1/iam/assignees/users", on.list_administrators, methods=["GET"]),
        Route(f"{base}/sessions", on.clear_sessions, methods=["DELETE"]),
        Route(f"{base}/clients", on.list_clients, methods=["GET"]),
        Route(f"{base}/clients/{{client}}/tokens", on.list_tokens, methods=["GET"]),
        Route(f"{base}/clients/{{client}}/tokens", on.revoke_client, methods=["DELETE"]),
        Route(f"{base}/clients/{{client}}/tokens/{{token}}", on.get_token, methods=["GET"]),
        Route(f"{base}/clients/{{client}}/tokens/{{token}}", on.revoke_token, methods=["DELETE"]),
        Route(f"{base}/grants", on.list_grants, methods=["GET"]),
        Route(f"{base}/grants", on.revoke_grants, methods=["DELETE"]),
        Route("/api/v1/org", on.org, methods=["GET"]),
        Route("/.well-known/okta-organization", on.org_metadata, methods=["GET"]),
    ]


def _client_name(tenant: Tenant, client_id: str) -> str:
    names = {a.okta_client_id: a.display_name for a in tenant.applications}
    return names.get(client_id, "Contoso Mail")


def _token_json(request: Request, user: OktaUser, token: OktaRefreshToken) -> JsonObject:
    url = f"{user_url(request, user)}/clients/{token.client_id}/tokens/{token.id}"
    return {
        "id": token.id,
        "status": "ACTIVE",
        "created": okta_time(token.created),
        "lastUpdated": okta_time(token.created),
        "expiresAt": okta_time(token.expires),
        "issuer": origin(request),
        "clientId": token.client_id,
        "userId": user.id,
        "scopes": list(token.scopes),
        "_links": {
            "self": {"href": url},
            "revoke": {"href": url, "hints": {"allow": ["DELETE"]}},
            "user": {"href": user_url(request, user)},
        },
    }


def _grant_json(request: Request, user: OktaUser, grant: ConsentGrant) -> JsonObject:
    return {
        "id": grant.id,
        "status": "ACTIVE",
        "created": okta_time(grant.created),
        "lastUpdated": okta_time(grant.created),
        "issuer": origin(request),
        "clientId": grant.client_id,
        "userId": user.id,
        "scopeId": grant.scope_id,
        "source": "END_USER",
        "_links": {"self": {"href": f"{user_url(request, user)}/grants/{grant.id}"}},
    }
