"""Contoso Payroll: an app with sessions of its own, a receiver of signals and a revocation endpoint.

Sources: RFC 8935 (202, 400 with `err`; a repeated token is taken and changes nothing), OpenID CAEP 1.0
and RISC 1.0, draft-parecki-oauth-global-token-revocation-06 (204, 400, 401, 404).
"""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import JsonObject, origin
from simulator.records import Person
from simulator.signed import Unacceptable, event_of, read_bearer, read_set
from simulator.tenant import Tenant

SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
COMPROMISE = "https://schemas.openid.net/secevent/risc/event-type/credential-compromise"
_CREDENTIALS = frozenset(
    [
        "password",
        "pin",
        "x509",
        "fido2-platform",
        "fido2-roaming",
        "fido-u2f",
        "verifiable-credential",
        "phone-voice",
        "phone-sms",
        "app",
    ]
)


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def receive(self, request: Request) -> Response:
        payroll = self.tenant.payroll
        try:
            claims, uri, person = self._read(request, (await request.body()).decode("latin-1"))
        except Unacceptable as error:
            body: JsonObject = {"err": error.code, "description": error.description}
            return JSONResponse(body, status_code=400)
        if claims["jti"] not in {each["jti"] for each in payroll.received}:
            payroll.received.append(claims)
            if person is not None and uri == COMPROMISE:
                payroll.watched.add(person.key)
            elif person is not None and payroll.end(person.key):
                self.tenant.revision += 1
        return Response(status_code=202)

    async def revoke(self, request: Request) -> Response:
        payroll, now = self.tenant.payroll, self.tenant.now()
        if payroll.trust is None:
            return Response(status_code=401)
        given = request.headers.get("authorization", "")
        if given != (payroll.trust.authorization or "\0"):
            url = f"{origin(request)}{request.url.path}"
            try:
                claims = read_bearer(given.removeprefix("Bearer "), payroll.trust, url, now)
            except Unacceptable:
                return Response(status_code=401)
            if claims["jti"] in payroll.requests:
                return Response(status_code=401)
            payroll.requests.add(claims["jti"])
        try:
            body = json.loads(await request.body())
            person = known(self.tenant, body.get("sub_id") if isinstance(body, dict) else None)
        except (ValueError, Unacceptable):
            return Response(status_code=400)
        if person is None:
            return Response(status_code=404)
        if payroll.end(person.key):
            self.tenant.revision += 1
        return Response(status_code=204)

    async def me(self, request: Request) -> Response:
        cookie = request.cookies.get("payroll")
        for session in self.tenant.payroll.sessions:
            if session.cookie == cookie:
                return JSONResponse({"name": self.tenant.people[session.key].upn})
        return JSONResponse({"error": "signed_out"}, status_code=401)

    def _read(self, request: Request, token: str) -> tuple[JsonObject, str, Person | None]:
        trust = self.tenant.payroll.trust
        if request.headers.get("content-type") != "application/secevent+jwt":
            raise Unacceptable("invalid_request", "content type")
        if trust is None:
            raise Unacceptable("invalid_issuer", "this receiver trusts nobody yet")
        given = request.headers.get("authorization")
        if trust.authorization is not None and given != trust.authorization:
            raise Unacceptable("authentication_failed", "authorization")
        claims = read_set(token, trust, self.tenant.now())
        uri, content = event_of(claims)
        if uri not in (SESSION_REVOKED, COMPROMISE):
            raise Unacceptable("invalid_request", "an event this receiver has not asked for")
        if uri == COMPROMISE and content.get("credential_type") not in _CREDENTIALS:
            raise Unacceptable("invalid_request", "credential_type")
        subject = claims.get("sub_id")
        if isinstance(subject, dict) and subject.get("format") == "complex":
            subject = subject.get("user")
        return claims, uri, known(self.tenant, subject)


def known(tenant: Tenant, subject: object) -> Person | None:
    """Whom a subject identifier (RFC 9493) names; None for nobody.

    Raises:
        Unacceptable: its form is not one of those that are understood.
    """
    if not isinstance(subject, dict):
        raise Unacceptable("invalid_request", "subject")
    form = str(subject.get("format"))
    value = subject.get({"email": "email", "iss_sub": "sub", "opaque": "id"}.get(form, ""))
    if not isinstance(value, str) or not value:
        raise Unacceptable("invalid_request", "subject format")
    if form == "iss_sub" and not isinstance(subject.get("iss"), str):
        raise Unacceptable("invalid_request", "iss")
    names = _mails if form == "email" else _ids
    wanted = value.casefold()
    return next((each for each in tenant.people.values() if wanted in names(each)), None)


def _mails(person: Person) -> set[str]:
    given = (person.entra and person.entra.mail, person.okta and person.okta.email)
    return {mail.casefold() for mail in given if mail}


def _ids(person: Person) -> set[str]:
    accounts = (person.entra, person.okta, person.auth0)
    return {account.id.casefold() for account in accounts if account}


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    return [
        Route("/payroll/events", on.receive, methods=["POST"]),
        Route("/payroll/global-token-revocation", on.revoke, methods=["POST"]),
        Route("/payroll/me", on.me, methods=["GET"]),
    ]
