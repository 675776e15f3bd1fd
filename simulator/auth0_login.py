"""Auth0's sign-in side: our application's token, and where stolen credentials are redeemed or refused."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator import tokens
from simulator.answers import JsonObject
from simulator.auth0_state import Auth0RefreshToken, Auth0User, new_token
from simulator.okta_scene import Scene, scene_of
from simulator.tenant import Tenant

# An API's access tokens live a day unless it sets another time (Auth0, access token lifetime).
ACCESS_TOKEN_S = 86400
_UNKNOWN = "Unknown or invalid refresh token."


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def token(self, request: Request) -> Response:
        form = _form(await request.body(), request.headers.get("content-type", ""))
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self.for_application(form)
        if grant == "refresh_token":
            return self.for_refresh_token(form, scene_of(request))
        return _refused(403, "unsupported_grant_type", "Grant type not supported.")

    def for_application(self, form: dict[str, str]) -> Response:
        known = (self.tenant.auth0_client_id, self.tenant.auth0_client_secret)
        if (form.get("client_id"), form.get("client_secret")) != known:
            return _refused(401, "access_denied", "Unauthorized")
        if not form.get("audience", "").endswith("/api/v2/"):
            return _refused(403, "access_denied", "Service not enabled within domain.")
        return JSONResponse(
            {
                "access_token": self.tenant.auth0_api_token,
                "expires_in": ACCESS_TOKEN_S,
                "token_type": "Bearer",
                "scope": "read:users update:users",
            }
        )

    def for_refresh_token(self, form: dict[str, str], scene: Scene) -> Response:
        user, held = self.owner(form.get("refresh_token", ""))
        client = form.get("client_id", "")
        if user is None or held is None or client != held.client_id:
            # Whose token it was cannot be told any more.
            self.note("fertft", None, scene, client, {})
            return _refused(403, "invalid_grant", _UNKNOWN)
        if form["refresh_token"] in held.spent:
            # A value that was exchanged already comes back: one of the two holders is a thief, and
            # the whole family ends (Auth0, refresh token rotation, automatic reuse detection).
            with self.tenant.change(user):
                user.refresh_tokens.remove(held)
            self.note("ferrt", user, scene, client, held.told)
            return _refused(403, "invalid_grant", _UNKNOWN)
        if held.expires <= self.tenant.now():
            self.note("fertft", user, scene, client, held.told)
            return _refused(403, "invalid_grant", _UNKNOWN)
        if user.blocked and not self.tenant.auth0_blocked_may_refresh:
            self.note("fertft", user, scene, client, held.told)
            return _refused(403, "unauthorized", "user is blocked")
        self.note("sertft", user, scene, client, held.told)
        with self.tenant.change(user):
            held.exchanged = self.tenant.now()
            if held.rotating:
                held.spent.append(held.value)
                held.value = new_token()
        return JSONResponse(_issued(self.tenant, user, held))

    def note(
        self,
        event: str,
        user: Auth0User | None,
        scene: Scene,
        client: str,
        details: dict[str, Any],
    ) -> None:
        """Write down what happened, once a second: a thief's grid would fill the log."""
        now, key = self.tenant.now(), (event, user.id if user else "", client, scene.ip)
        noted = self.tenant.auth0_noted
        if abs(now - noted.get(key, 0.0)) < 1.0:
            return
        noted[key] = now
        self.tenant.auth0_event(event, user, scene=scene, client=client, details=details)

    def owner(self, value: str) -> tuple[Auth0User | None, Auth0RefreshToken | None]:
        for user in self.tenant.auth0_users():
            for token in user.refresh_tokens:
                if value == token.value or value in token.spent:
                    return user, token
        return None, None

    async def authorize(self, request: Request) -> Response:
        query, cookie = request.query_params, request.cookies.get("auth0", "")
        user, session = next(
            (
                (user, session)
                for user in self.tenant.auth0_users()
                for session in user.sessions
                if session.cookie == cookie and session.expires > self.tenant.now()
            ),
            (None, None),
        )
        back = {"state": query["state"]} if "state" in query else {}
        if user is None:
            back |= {"error": "login_required", "error_description": "Login required"}
        elif user.blocked:
            back |= {"error": "unauthorized", "error_description": "user is blocked"}
        else:
            back["code"] = uuid.uuid4().hex
        told = {"session_id": session.id} if session else {}
        event, client = "ssa" if "code" in back else "fsa", query.get("client_id", "")
        self.note(event, user, scene_of(request), client, told)
        to = query.get("redirect_uri", "https://portal.contoso.com/callback")
        return RedirectResponse(f"{to}?{urlencode(back)}", status_code=302)


def routes(tenant: Tenant) -> list[Route]:
    """The token endpoint, and silent authentication by the session's cookie."""
    on = _Handlers(tenant)
    return [
        Route("/oauth/token", on.token, methods=["POST"]),
        Route("/authorize", on.authorize, methods=["GET"]),
    ]


def _issued(tenant: Tenant, user: Auth0User, held: Auth0RefreshToken) -> JsonObject:
    now = tenant.now()
    claims = {
        "sub": user.id,
        "azp": held.client_id,
        "aud": "https://api.contoso.com",
        "iat": int(now),
        "exp": int(now) + ACCESS_TOKEN_S,
        "system": "auth0",
    }
    body: JsonObject = {
        "access_token": tokens.mint(tenant.secret, claims),
        "expires_in": ACCESS_TOKEN_S,
        "token_type": "Bearer",
        "scope": "openid profile offline_access",
    }
    return {**body, "refresh_token": held.value} if held.rotating else body


def _form(raw: bytes, content_type: str) -> dict[str, str]:
    if "json" not in content_type:
        return {name: values[0] for name, values in parse_qs(raw.decode()).items()}
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return {k: v for k, v in body.items() if isinstance(v, str)} if isinstance(body, dict) else {}


def _refused(status: int, error: str, why: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": why}, status_code=status)
