"""Okta's Identity Threat Protection: a user's risk, and Universal Logout."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import JsonObject, OktaError
from simulator.okta import end_sessions
from simulator.okta_belongings import Risk
from simulator.okta_io import target, transaction, user_url
from simulator.okta_state import OktaUser
from simulator.tenant import Tenant

#: What can be set; NONE can only be read (Okta management API, UserRiskRequest).
_SETTABLE = ("HIGH", "MEDIUM", "LOW")


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def log_out(self, request: Request) -> Response:
        subject = (await _body(request)).get("sub_id")
        subject = subject if isinstance(subject, dict) else {}
        user = self.tenant.okta_user(str(subject.get("id")))
        if subject.get("format") != "opaque" or user is None or user.id != subject["id"]:
            return Response(status_code=400)
        with self.tenant.change(user):
            end_sessions(self.tenant, user, request, tokens=True)
            user.api_tokens.clear()
            # Clearing sessions by Universal Logout resets the risk (Okta help, ITP, manual actions).
            user.risk = Risk("LOW", "universal.logout")
        for event in ("user.authentication.universal_logout.scheduled", "user.risk.change"):
            self.tenant.okta_event(event, user, transaction=transaction(request))
        return Response(status_code=204)

    async def get_risk(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        return JSONResponse(_risk_json(request, user))

    async def put_risk(self, request: Request) -> Response:
        user, body = target(self.tenant, request), await _body(request)
        level, reason = body.get("riskLevel"), body.get("riskReason") or "override.by.admin"
        if level not in _SETTABLE:
            raise OktaError(400, "E0000001", "Api validation failed: riskLevel", "riskLevel")
        status = 201 if user.risk.level == "NONE" else 200
        with self.tenant.change(user):
            user.risk = Risk(level, str(reason))
        self.tenant.okta_event("user.risk.change", user, transaction=transaction(request))
        return JSONResponse(_risk_json(request, user), status_code=status)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    risk = "/api/v1/users/{user}/risk"
    return [
        Route("/oauth2/v1/global-token-revocation", on.log_out, methods=["POST"]),
        Route(risk, on.get_risk, methods=["GET"]),
        Route(risk, on.put_risk, methods=["PUT"]),
    ]


async def _body(request: Request) -> JsonObject:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise OktaError(400, "E0000003", "The request body was not well-formed.")
    return body


def _risk_json(request: Request, user: OktaUser) -> JsonObject:
    url = user_url(request, user)
    shown: JsonObject = {"riskLevel": user.risk.level}
    if user.risk.reason is not None:
        shown["reason"] = user.risk.reason
    return {**shown, "_links": {"self": {"href": f"{url}/risk"}, "user": {"href": url}}}
