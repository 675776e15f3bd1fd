"""Scripting the simulator from outside: faults, requests, state, loot, settings, reset."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import JsonObject, whole_number
from simulator.clock import graph_time, okta_time
from simulator.faults import Faults, fault_from_json
from simulator.journal import Journal
from simulator.payroll_state import Trust
from simulator.records import Person
from simulator.tenant import Tenant
from simulator.theft import steal

_SETTINGS: dict[str, type | tuple[type, ...]] = {
    "read_lag_s": (int, float),
    "audit_lag_s": (int, float),
    "signin_lag_s": (int, float),
    "sign_ins_licensed": bool,
    "latency_s": (int, float),
    "access_token_s": (int, float),
    "page_size": (int, type(None)),
    "okta_rate_limit": int,
    "okta_inactive_may_refresh": bool,
    "okta_unlisted_factors": list,
    "graph_api_token": str,
    "okta_api_token": str,
    "auth0_rate_limit": int,
    "auth0_plan": str,
    "auth0_blocked_may_refresh": bool,
    "auth0_api_token": str,
}


def person_json(person: Person, now: float) -> JsonObject:
    """A person's security state in each system, without any credential."""
    entra, okta, auth0 = person.entra, person.okta, person.auth0
    return {
        "upn": person.upn,
        "entra": entra
        and {
            "id": entra.id,
            "accountEnabled": entra.account_enabled,
            "signInSessionsValidFromDateTime": graph_time(entra.sessions_valid_from),
            "lastPasswordChangeDateTime": graph_time(entra.password_changed),
            "methods": [{"id": m.id, "kind": m.kind} for m in entra.methods],
            "defaultMethod": entra.default_method_id,
            "rules": [
                {"id": r.id, "displayName": r.display_name, "isEnabled": r.enabled}
                for r in entra.rules
            ],
            "consents": [
                {"id": c.id, "clientId": c.client_id, "scope": c.scope} for c in entra.consents
            ],
            "devices": [
                {"id": d.id, "displayName": d.display_name, "accountEnabled": d.account_enabled}
                for d in entra.devices
            ],
            "liveRefreshTokens": sum(entra.refusal(g, now) is None for g in entra.refresh_tokens),
            "liveCookies": sum(entra.refusal(g, now) is None for g in entra.cookies),
        },
        "okta": okta
        and {
            "id": okta.id,
            "login": okta.login,
            "status": okta.status.value,
            "passwordChanged": okta_time(okta.password_changed),
            "sessions": len(okta.sessions),
            "refreshTokens": len(okta.refresh_tokens),
            "clients": okta.client_ids(),
            "grants": len(okta.grants),
            "factors": [{"id": f.id, "factorType": f.factor_type} for f in okta.factors],
            "recoveryPhones": okta.recovery_phones,
            "rememberedDevices": len(okta.remembered_devices),
            "apiTokens": [{"id": t.id, "name": t.name} for t in okta.api_tokens],
            "devices": [{"id": d.id, "name": d.name, "status": d.status} for d in okta.devices],
            "groups": list(okta.groups),
            "risk": okta.risk.level,
        },
        "auth0": auth0
        and {
            "id": auth0.id,
            "email": auth0.email,
            "blocked": auth0.blocked is True,
            "sessions": len(auth0.sessions),
            "refreshTokens": len(auth0.refresh_tokens),
            "grants": len(auth0.grants),
            "methods": [{"id": m.id, "type": m.kind} for m in auth0.methods],
            "rememberedBrowsers": auth0.remembered_browsers,
        },
    }


class _Handlers:
    def __init__(self, tenant: Tenant, faults: Faults, journal: Journal) -> None:
        self.tenant = tenant
        self.faults = faults
        self.journal = journal

    async def read_faults(self, _: Request) -> Response:
        return JSONResponse([fault.to_json() for fault in self.faults.all()])

    async def add_fault(self, request: Request) -> Response:
        try:
            fault = fault_from_json(json.loads(await request.body()))
        except (ValueError, TypeError, AttributeError) as error:
            return _bad(str(error))
        return JSONResponse(self.faults.add(fault).to_json(), status_code=201)

    async def clear_faults(self, _: Request) -> Response:
        self.faults.clear()
        return Response(status_code=204)

    async def remove_fault(self, request: Request) -> Response:
        self.faults.remove(int(request.path_params["fault"]))
        return Response(status_code=204)

    async def read_requests(self, request: Request) -> Response:
        query = request.query_params
        entries = self.journal.all(query.get("system"))
        if query.get("writes") == "true":
            entries = [e for e in entries if e.write]
        after = whole_number(query.get("after"), 0) or 0
        return JSONResponse([e.to_json() for e in entries if e.n > after])

    async def clear_requests(self, _: Request) -> Response:
        self.journal.clear()
        return Response(status_code=204)

    async def state(self, _: Request) -> Response:
        with self.tenant.lock:
            now = self.tenant.now()
            return JSONResponse(
                {
                    "users": {k: person_json(p, now) for k, p in self.tenant.people.items()},
                    "applications": [
                        {
                            "id": a.id,
                            "appId": a.app_id,
                            "servicePrincipalId": a.service_principal_id,
                            "accountEnabled": a.account_enabled,
                            "tokenLifetimePolicies": a.application_policies,
                        }
                        for a in self.tenant.applications
                    ],
                    "policies": [p.to_json() for p in self.tenant.policies.values()],
                    "settings": {name: getattr(self.tenant, name) for name in _SETTINGS},
                }
            )

    async def loot(self, request: Request) -> Response:
        body = await _object(request)
        try:
            by_password = body.get("password_based", True) is True
            auth0 = body.get("auth0") is True
            payroll = body.get("payroll") is True
            stolen = steal(
                self.tenant,
                str(body["user"]),
                password_based=by_password,
                auth0=auth0,
                payroll=payroll,
            )
        except KeyError:
            return _bad("user is missing or unknown")
        return JSONResponse(stolen.to_json())

    async def trust(self, request: Request) -> Response:
        body = await _object(request)
        who = body.pop("receiver", "payroll")
        try:
            trust = Trust(**body)
        except TypeError:
            return _bad("issuer, audience and keys are needed; authorization is optional")
        if who not in ("payroll", "okta") or not isinstance(trust.keys, list):
            return _bad("receiver is payroll or okta, keys a list of JWKs")
        with self.tenant.lock:
            if who == "okta":
                self.tenant.okta_trust = trust
            else:
                self.tenant.payroll.trust = trust
        return Response(status_code=204)

    async def settings(self, request: Request) -> Response:
        body = await _object(request)
        for name, value in body.items():
            if name not in _SETTINGS or not isinstance(value, _SETTINGS[name]):
                return _bad(f"no such setting, or not its type: {name}")
        with self.tenant.lock:
            for name, value in body.items():
                setattr(self.tenant, name, value)
        return JSONResponse({name: getattr(self.tenant, name) for name in _SETTINGS})

    async def advance(self, request: Request) -> Response:
        seconds = (await _object(request)).get("seconds")
        if not isinstance(seconds, int | float):
            return _bad("seconds is missing")
        self.tenant.advance(seconds)
        return JSONResponse({"now": okta_time(self.tenant.now())})

    async def reset(self, _: Request) -> Response:
        self.tenant.reset()
        self.faults.clear()
        self.journal.clear()
        return Response(status_code=204)


def routes(tenant: Tenant, faults: Faults, journal: Journal) -> list[Route]:
    """The routes under /_sim."""
    on = _Handlers(tenant, faults, journal)
    return [
        Route("/_sim/faults", on.read_faults, methods=["GET"]),
        Route("/_sim/faults", on.add_fault, methods=["POST"]),
        Route("/_sim/faults", on.clear_faults, methods=["DELETE"]),
        Route("/_sim/faults/{fault:int}", on.remove_fault, methods=["DELETE"]),
        Route("/_sim/requests", on.read_requests, methods=["GET"]),
        Route("/_sim/requests", on.clear_requests, methods=["DELETE"]),
        Route("/_sim/state", on.state, methods=["GET"]),
        Route("/_sim/loot", on.loot, methods=["POST"]),
        Route("/_sim/trust", on.trust, methods=["POST"]),
        Route("/_sim/settings", on.settings, methods=["POST"]),
        Route("/_sim/advance", on.advance, methods=["POST"]),
        Route("/_sim/reset", on.reset, methods=["POST"]),
    ]


async def _object(request: Request) -> JsonObject:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _bad(why: str) -> JSONResponse:
    return JSONResponse({"error": why}, status_code=400)
