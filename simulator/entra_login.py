"""Entra's sign-in side, where stolen credentials are redeemed or refused."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator import tokens
from simulator.entra_pass import usability
from simulator.entra_sign_ins import INTERACTIVE, RENEWAL, SignIn
from simulator.entra_state import AccessPass, EntraUser, Grant, Refusal
from simulator.okta_scene import scene_of
from simulator.tenant import TENANT_ID, Tenant

# Sessions with continuous access evaluation get tokens of up to 28 hours, whatever the
# lifetime policy says (entra-docs, concept-continuous-access-evaluation.md).
CAE_LIFETIME_S = 28 * 3600.0
_WHY = {
    Refusal.UNKNOWN: "The grant could not be recognised.",
    Refusal.REVOKED: "The grant was revoked; a fresh sign-in is needed.",
    Refusal.DISABLED: "The user account is disabled.",
    Refusal.EXPIRED: "The refresh token expired after too long without use.",
    Refusal.APP_DISABLED: "The application is disabled.",
    Refusal.BLOCKED: "Access has been blocked by Conditional Access policies.",
}


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.noted: dict[tuple[str, str, str], float] = {}

    def note(
        self,
        user: EntraUser,
        grant: Grant,
        request: Request,
        refusal: str | None,
        handed_in: str,
        kind: str = RENEWAL,
    ) -> None:
        """Write down who came, once a second: a thief's grid would fill the log."""
        scene, now = scene_of(request), self.tenant.now()
        key = (grant.value, scene.ip, refusal or "")
        if abs(now - self.noted.get(key, 0.0)) < 1.0:
            return
        self.noted[key] = now
        apps = self.tenant.applications
        app = next((a for a in apps if a.app_id == grant.client_id), apps[0])
        error = int(refusal or 0)
        self.tenant.sign_in(
            SignIn(user, app, scene, kind, grant.session, handed_in=handed_in, error=error)
        )

    def owner(self, value: str, kind: str) -> tuple[EntraUser | None, Grant | None]:
        # A redeemed token is answered with a successor that belongs to the same grant:
        # what counts for a revoke is when the person signed in, not when a token was renewed.
        wanted = value.partition("~")[0]
        for user in self.tenant.entra_users():
            grants = user.cookies if kind == "cookie" else user.refresh_tokens
            for grant in grants:
                if grant.value == wanted:
                    return user, grant
        return None, None

    def app_is_off(self, client_id: str) -> bool:
        apps = self.tenant.applications
        return any(a.app_id == client_id and not a.account_enabled for a in apps)

    def refusal(self, user: EntraUser, grant: Grant | None) -> Refusal | None:
        # Policies are looked at whenever a token is issued, not when one is used.
        refused = user.refusal(grant, self.tenant.now())
        if refused is None and grant and self.tenant.keeps_out(user, grant.client_id):
            return Refusal.BLOCKED
        return refused

    async def token(self, request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        kind = form.get("grant_type")
        if kind == "client_credentials":
            return JSONResponse(
                {
                    "token_type": "Bearer",
                    "expires_in": 3599,
                    "access_token": self.tenant.graph_api_token,
                }
            )
        if kind != "refresh_token":
            return _refused("unsupported_grant_type", "70003", f"No grant type '{kind}'.")
        user, grant = self.owner(form.get("refresh_token", ""), "token")
        if (
            user is None
            or grant is None
            or form.get("client_id", grant.client_id) != grant.client_id
        ):
            return _refused("invalid_grant", Refusal.UNKNOWN, _WHY[Refusal.UNKNOWN])
        if self.app_is_off(grant.client_id):
            self.note(user, grant, request, Refusal.APP_DISABLED, "refreshToken")
            why = _WHY[Refusal.APP_DISABLED]
            return _refused("unauthorized_client", Refusal.APP_DISABLED, why)
        refusal = self.refusal(user, grant)
        self.note(user, grant, request, refusal, "refreshToken")
        if refusal:
            return _refused("invalid_grant", refusal, _WHY[refusal])
        return _issued(self.tenant, user, grant, cae="cp1" in form.get("claims", ""))

    async def by_pass(self, request: Request) -> Response:
        """Sign in with a Temporary Access Pass: a code and a cookie, or the page once more."""
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        user, now = self.tenant.entra_user(form.get("login", "")), self.tenant.now()
        given = form.get("accesspass", "")
        one = next((m for m in user.methods if isinstance(m, AccessPass)), None) if user else None
        if user is None or one is None or not given or one.code != given:
            return _page("Your Temporary Access Pass is incorrect.")
        if not user.account_enabled:
            return _page(f"AADSTS{Refusal.DISABLED}: {_WHY[Refusal.DISABLED]}")
        why = usability(self.tenant, user, one)
        if why != "EnabledByPolicy":
            return _page(f"Your Temporary Access Pass cannot be used: {why}.")
        if self.tenant.keeps_out(user, form.get("client_id", "")):
            return _page(f"AADSTS{Refusal.BLOCKED}: {_WHY[Refusal.BLOCKED]}")
        with self.tenant.change(user):
            one.used = True
            cookie = user.sign_in(
                now, form.get("client_id", ""), password_based=False, ends_at=one.end
            )
        self.note(user, cookie, request, None, "none", INTERACTIVE)
        query = urlencode({"code": "1.sim-code." + uuid.uuid4().hex})
        answer = RedirectResponse(f"https://expenses.contoso.com/callback?{query}", 302)
        answer.set_cookie("ESTSAUTH", cookie.value, secure=True, httponly=True)
        return answer

    async def authorize(self, request: Request) -> Response:
        query = request.query_params
        user, grant = self.owner(request.cookies.get("ESTSAUTH", ""), "cookie")
        refusal = self.refusal(user, grant) if user else Refusal.UNKNOWN
        if refusal and query.get("prompt") != "none":
            return _page("Sign in to Contoso")
        if user and grant:
            self.note(user, grant, request, refusal, "none")
        back = {"state": query["state"]} if "state" in query else {}
        if refusal is None:
            back |= {"code": "1.sim-code." + uuid.uuid4().hex, "session_state": str(uuid.uuid4())}
        else:
            # Without any session the answer is login_required (AADSTS50058).
            unknown = refusal is Refusal.UNKNOWN
            number = "50058" if unknown else refusal.value
            back |= {
                "error": "login_required" if unknown else "interaction_required",
                "error_description": f"AADSTS{number}: {_WHY[refusal]}",
            }
        to = query.get("redirect_uri", "https://expenses.contoso.com/callback")
        return RedirectResponse(f"{to}?{urlencode(back)}", status_code=302)


def routes(tenant: Tenant) -> list[Route]:
    """The token and authorize endpoints of any tenant name."""
    on = _Handlers(tenant)
    return [
        Route("/{tenant_name}/oauth2/v2.0/token", on.token, methods=["POST"]),
        Route("/{tenant_name}/oauth2/v2.0/authorize", on.authorize, methods=["GET"]),
        Route("/{tenant_name}/oauth2/v2.0/authorize", on.by_pass, methods=["POST"]),
    ]


def _page(says: str) -> HTMLResponse:
    return HTMLResponse(f"<html><body>{says}</body></html>")


def _issued(tenant: Tenant, user: EntraUser, grant: Grant, *, cae: bool) -> JSONResponse:
    now = tenant.now()
    policy_s = tenant.access_token_lifetime(user, grant.client_id)
    lifetime = CAE_LIFETIME_S if cae and not user.guest else policy_s
    if grant.ends_at is not None:
        lifetime = min(lifetime, grant.ends_at - now)
    claims = {
        "aud": "00000003-0000-0000-c000-000000000000",
        "iss": f"https://sts.windows.net/{TENANT_ID}/",
        "tid": TENANT_ID,
        "oid": user.id,
        "upn": user.upn,
        "appid": grant.client_id,
        "iat": int(now),
        "exp": int(now + lifetime),
        "issued_at": now,
        "system": "entra",
    }
    return JSONResponse(
        {
            "token_type": "Bearer",
            "scope": "openid profile offline_access",
            "expires_in": int(lifetime),
            "ext_expires_in": int(lifetime),
            "access_token": tokens.mint(tenant.secret, claims),
            "refresh_token": f"{grant.value}~{uuid.uuid4().hex}",
        }
    )


def _refused(error: str, number: str, why: str) -> JSONResponse:
    """The error form of the token endpoint (entra-docs, reference-error-codes.md)."""
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return JSONResponse(
        {
            "error": error,
            "error_description": f"AADSTS{number}: {why} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [int(number)],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={number}",
        },
        status_code=400,
    )
