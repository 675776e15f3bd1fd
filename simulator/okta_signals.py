"""Okta as a receiver of signals: what a registered security events provider pushes to it.

Sources: Okta API, publishSecurityEventTokens (202, 400 with `err`; no API key), its SET body
(SecurityEventTokenRequestJwtEvents), and the guide on configuring an SSF receiver: an unknown address
or a repeated `jti` is accepted and passed over.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import JsonObject
from simulator.okta_io import transaction
from simulator.okta_state import OktaUser
from simulator.signed import Unacceptable, event_of, read_set
from simulator.tenant import Tenant

_TAKES = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
_INITIATORS = (None, "admin", "user", "policy", "system")


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def receive(self, request: Request) -> Response:
        try:
            claims, user = self._read(request, (await request.body()).decode("latin-1"))
        except Unacceptable as error:
            body: JsonObject = {"err": error.code, "description": error.description}
            return JSONResponse(body, status_code=400)
        repeated = claims["jti"] in {each["jti"] for each in self.tenant.okta_signals}
        if user is not None and not repeated:
            self.tenant.okta_signals.append(claims)
            event = "security.events.provider.receive_event"
            self.tenant.okta_event(event, user, transaction=transaction(request))
            self.tenant.revision += 1
        return Response(status_code=202)

    def _read(self, request: Request, token: str) -> tuple[JsonObject, OktaUser | None]:
        trust = self.tenant.okta_trust
        if request.headers.get("content-type") != "application/secevent+jwt":
            raise Unacceptable("invalid_request", "content type")
        if trust is None:
            raise Unacceptable("invalid_issuer", "no such security events provider")
        claims = read_set(token, trust, self.tenant.now())
        uri, content = event_of(claims)
        if uri != _TAKES:
            raise Unacceptable("invalid_request", "the event is not supported")
        if not isinstance(content.get("event_timestamp"), int):
            raise Unacceptable(
                "invalid_request", "'eventTimestamp': The field cannot be left blank"
            )
        if content.get("initiating_entity") not in _INITIATORS:
            raise Unacceptable("invalid_request", "'initiatingEntity'")
        subject = content.get("subject")
        named = subject.get("user") if isinstance(subject, dict) else None
        if not isinstance(named, dict):
            raise Unacceptable("invalid_request", "'subject': The field cannot be left blank")
        return claims, self._user(named)

    def _user(self, named: JsonObject) -> OktaUser | None:
        if named.get("format") == "email":
            wanted = str(named.get("email")).casefold()
            return next(
                (user for user in self.tenant.okta_users() if user.email.casefold() == wanted), None
            )
        if named.get("format") == "iss_sub" and isinstance(named.get("iss"), str):
            return next((u for u in self.tenant.okta_users() if u.id == named.get("sub")), None)
        raise Unacceptable("invalid_request", "'subject.user.format'")


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    return [Route("/security/api/v1/security-events", on.receive, methods=["POST"])]
