"""Graph's Conditional Access policies: read, create, switch, change, delete."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.access_policies import STATES, AccessPolicy
from simulator.answers import GraphError, JsonObject, context, graph_not_found, graph_page
from simulator.entra_groups import ADMINISTRATOR
from simulator.graph_io import body_of, segment
from simulator.ids import guid
from simulator.tenant import Tenant

QUARANTINE_POLICY = guid("accessPolicy", "quarantine")
_BASE = "/identity/conditionalAccess/policies"
_WHAT = "identity/conditionalAccess/policies"
_NOBODY: JsonObject = {
    f"{side}{what}": [] for side in ("include", "exclude") for what in ("Users", "Groups", "Roles")
}
_EVERYTHING: JsonObject = {"includeApplications": ["All"], "excludeApplications": []}


def settle(tenant: Tenant, quarantine_group: str) -> None:
    """The policies of the first day.

    One blocks a group, one old clients, one asks for MFA, one makes administrators' days short.
    """
    _add(tenant, QUARANTINE_POLICY, "Block compromised users", "block", ["all"],
         {"includeGroups": [quarantine_group]})  # fmt: skip
    _add(tenant, guid("accessPolicy", "legacy"), "Block legacy authentication", "block",
         ["exchangeActiveSync", "other"], {"includeUsers": ["All"]})  # fmt: skip
    _add(tenant, guid("accessPolicy", "mfa"), "Require MFA for everybody", "mfa", ["all"],
         {"includeUsers": ["All"]})  # fmt: skip
    users = {**_NOBODY, "includeRoles": [ADMINISTRATOR]}
    conditions = {"clientAppTypes": ["all"], "applications": dict(_EVERYTHING), "users": users}
    key = guid("accessPolicy", "administrators")
    session = {
        "signInFrequency": {
            "isEnabled": True,
            "type": "hours",
            "value": 12,
            "frequencyInterval": "timeBased",
            "authenticationType": "primaryAndSecondaryAuthentication",
        },
        "persistentBrowser": {"isEnabled": True, "mode": "never"},
    }
    tenant.access_policies[key] = AccessPolicy(
        key, "Administrators sign in daily", "enabled", conditions, None, session
    )


def _add(
    tenant: Tenant, key: str, name: str, control: str, clients: list[str], users: JsonObject
) -> None:
    conditions = {
        "clientAppTypes": clients,
        "applications": dict(_EVERYTHING),
        "users": {**{k: list(v) for k, v in _NOBODY.items()}, **users},
    }
    grant = {"operator": "OR", "builtInControls": [control]}
    tenant.access_policies[key] = AccessPolicy(key, name, "enabled", conditions, grant)


@dataclass
class _Handlers:
    tenant: Tenant

    def found(self, request: Request) -> AccessPolicy:
        key = segment(request, "policy")
        if key not in self.tenant.access_policies:
            raise graph_not_found(key)
        return self.tenant.access_policies[key]

    async def list(self, request: Request) -> Response:
        beta = request.url.path.startswith("/beta")
        found = [self.tenant.seen(p) for p in self.tenant.access_policies.values()]
        policies = [policy.to_json(beta=beta) for policy in found]
        return graph_page(request, _WHAT, policies, self.tenant.page_size)

    async def read(self, request: Request) -> Response:
        shown = self.tenant.seen(self.found(request)).to_json()
        return JSONResponse({"@odata.context": context(request, f"{_WHAT}/$entity"), **shown})

    async def create(self, request: Request) -> Response:
        body = await body_of(request)
        missing = {"displayName", "state", "conditions"} - set(body)
        if missing:
            raise GraphError(400, "BadRequest", f"Missing: {', '.join(sorted(missing))}.")
        made = AccessPolicy(str(uuid.uuid4()), "", "disabled", {}, None)
        _fill(made, body)
        with self.tenant.lock:
            self.tenant.access_policies[made.id] = made
            self.tenant.revision += 1
        shown = {"@odata.context": context(request, f"{_WHAT}/$entity"), **made.to_json()}
        return JSONResponse(shown, status_code=201)

    async def update(self, request: Request) -> Response:
        policy, body = self.found(request), await body_of(request)
        with self.tenant.change(policy):
            _fill(policy, body)
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        policy = self.found(request)
        with self.tenant.change(policy):
            del self.tenant.access_policies[policy.id]
        return Response(status_code=204)


def _fill(policy: AccessPolicy, body: JsonObject) -> None:
    """Write the body's properties into the policy; 400 for what it cannot be."""
    state: Any = body.get("state", policy.state)
    if state not in STATES:
        raise GraphError(400, "BadRequest", f"state is one of {', '.join(STATES)}.")
    conditions, grant = body.get("conditions", {}), body.get("grantControls", policy.grant)
    if not isinstance(conditions, dict) or not isinstance(grant, dict | None):
        raise GraphError(400, "BadRequest", "conditions and grantControls are objects.")
    session = body.get("sessionControls", policy.session)
    if not isinstance(session, dict | None):
        raise GraphError(400, "BadRequest", "sessionControls is an object.")
    policy.state, policy.grant, policy.session = state, grant, session
    policy.name = str(body.get("displayName", policy.name))
    policy.conditions = {**policy.conditions, **conditions}


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        Route(_BASE, on.list, methods=["GET"]),
        Route(_BASE, on.create, methods=["POST"]),
        Route(f"{_BASE}/{{policy}}", on.read, methods=["GET"]),
        Route(f"{_BASE}/{{policy}}", on.update, methods=["PATCH"]),
        Route(f"{_BASE}/{{policy}}", on.delete, methods=["DELETE"]),
    ]
