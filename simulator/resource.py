"""Two resource servers: one that trusts a token until it expires, one that asks again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import tokens
from simulator.answers import JsonObject, cae_challenge
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def withdrawn(self, claims: JsonObject) -> bool:
        """What continuous access evaluation (Entra) or introspection (Okta) would say."""
        if claims["system"] == "entra":
            user = self.tenant.entra_user(claims["oid"])
            return user is None or user.cae_refuses(claims["issued_at"])
        if claims["system"] == "auth0":
            return False  # Auth0 takes no access token back, and nobody can be asked
        owner = self.tenant.okta_user(claims["uid"])
        return owner is None or claims["grant"] not in (t.id for t in owner.refresh_tokens)

    async def read(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        claims = tokens.read(self.tenant.secret, token)
        if claims is None or claims["exp"] <= self.tenant.now():
            return _refused('Bearer error="invalid_token"')
        if request.path_params["kind"] == "cae" and self.withdrawn(claims):
            return _refused(cae_challenge(self.tenant.now()))
        return JSONResponse({"user": claims.get("upn", claims.get("sub")), "exp": claims["exp"]})


def routes(tenant: Tenant) -> list[Route]:
    """GET /_sim/resource/plain and /_sim/resource/cae, with a user's bearer token."""
    on = _Handlers(tenant)
    return [Route("/_sim/resource/{kind}", on.read, methods=["GET"])]


def _refused(challenge: str) -> Response:
    return JSONResponse(
        {"error": "invalid_token"}, status_code=401, headers={"WWW-Authenticate": challenge}
    )
