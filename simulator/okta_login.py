"""Okta's sign-in side, where stolen credentials are redeemed or refused."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import tokens
from simulator.answers import JsonObject, not_found, origin
from simulator.clock import okta_time
from simulator.okta_scene import Scene, scene_of
from simulator.okta_state import MAY_REFRESH, OktaRefreshToken, OktaUser
from simulator.okta_zones import refuse_blocked
from simulator.tenant import OKTA_ORG_ID, Tenant

# The org authorization server's access tokens live one hour, unchangeably
# (okta-developer-docs, concepts/manage-user-creds).
ACCESS_TOKEN_S = 3600


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.noted: dict[tuple[str, str], float] = {}

    def owner(self, value: str) -> tuple[OktaUser, OktaRefreshToken] | None:
        for user in self.tenant.okta_users():
            for token in user.refresh_tokens:
                if token.value == value:
                    return user, token
        return None

    async def token(self, request: Request) -> Response:
        scene = scene_of(request)
        refuse_blocked(self.tenant, scene.ip)
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        if form.get("grant_type") != "refresh_token":
            return _refused("unsupported_grant_type", "Only refresh_token is redeemed here.")
        held = self.owner(form.get("refresh_token", ""))
        if held is None:
            return _refused("invalid_grant", "The refresh token is invalid or expired.")
        user, refresh_token = held
        if form.get("client_id") != refresh_token.client_id:
            return _refused("invalid_grant", "The refresh token belongs to another client.")
        blocked = user.status not in MAY_REFRESH and not self.tenant.okta_inactive_may_refresh
        if blocked or refresh_token.expires <= self.tenant.now():
            return _refused("invalid_grant", "The refresh token is invalid or expired.")
        self.note(user, refresh_token, scene)
        return JSONResponse(_issued(self.tenant, user, refresh_token))

    def note(self, user: OktaUser, token: OktaRefreshToken, scene: Scene) -> None:
        """Write the grant down, once a second: a thief's grid would fill the log."""
        now, key = self.tenant.now(), (token.id, scene.ip)
        if abs(now - self.noted.get(key, 0.0)) < 1.0:
            return
        self.noted[key] = now
        self.tenant.okta_event(
            "app.oauth2.token.grant.refresh_token",
            user,
            transaction=secrets.token_hex(16),
            scene=scene.at(app=(token.client_id, client_name(self.tenant, token)), by_app=True),
        )

    async def my_session(self, request: Request) -> Response:
        refuse_blocked(self.tenant, scene_of(request).ip)
        sid = request.cookies.get("sid", "")
        for user in self.tenant.okta_users():
            for session in user.sessions:
                if session.sid == sid and session.expires > self.tenant.now():
                    here = f"{origin(request)}/api/v1/sessions/me"
                    return JSONResponse(
                        {
                            "id": session.id,
                            "userId": user.id,
                            "login": user.login,
                            "createdAt": okta_time(session.created),
                            "expiresAt": okta_time(session.expires),
                            "status": "ACTIVE",
                            "amr": ["pwd"],
                            "idp": {"id": OKTA_ORG_ID, "type": "OKTA"},
                            "mfaActive": bool(user.factors),
                            "_links": {"self": {"href": here}},
                        }
                    )
        raise not_found("me", "Session")


def routes(tenant: Tenant) -> list[Route]:
    """The token endpoint of the org server and the caller's own session."""
    on = _Handlers(tenant)
    return [
        Route("/oauth2/v1/token", on.token, methods=["POST"]),
        Route("/api/v1/sessions/me", on.my_session, methods=["GET"]),
    ]


def client_name(tenant: Tenant, token: OktaRefreshToken) -> str:
    """The app's name, as its owner gave it."""
    names = {app.okta_client_id: app.display_name for app in tenant.applications}
    return names.get(token.client_id, "Contoso Mail")


def _issued(tenant: Tenant, user: OktaUser, refresh_token: OktaRefreshToken) -> JsonObject:
    now = tenant.now()
    claims = {
        "sub": user.login,
        "uid": user.id,
        "cid": refresh_token.client_id,
        "iat": int(now),
        "exp": int(now) + ACCESS_TOKEN_S,
        "grant": refresh_token.id,
        "system": "okta",
    }
    return {
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_S,
        "access_token": tokens.mint(tenant.secret, claims),
        "refresh_token": refresh_token.value,
        "scope": " ".join(refresh_token.scopes),
    }


def _refused(error: str, why: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": why}, status_code=400)
