"""Okta's global session policies, and the access policies of a custom authorization server."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import JsonObject, OktaError, not_found, okta_page, origin
from simulator.ids import okta_id
from simulator.okta_io import segment, transaction, written
from simulator.okta_objects import OktaObject
from simulator.tenant import Tenant

#: A group with a session policy of its own, for people who are contained.
QUARANTINE_GROUP = okta_id("00g", "quarantine")
EVERYONE = okta_id("00g", "everyone")
SESSION_POLICY, QUARANTINE_POLICY, DEFAULT_POLICY = (
    okta_id("00p", name) for name in ("staff sessions", "quarantine sessions", "default sessions")
)
SESSION_RULE, QUARANTINE_RULE, DEFAULT_RULE, DENY_RULE = (
    okta_id("0pr", name) for name in ("staff", "quarantine", "default", "deny")
)
SERVER = okta_id("aus", "expenses api")
ACCESS_POLICY, ACCESS_RULE = okta_id("00p", "expenses access"), okta_id("0pr", "expenses access")


def settle(tenant: Tenant) -> None:
    """The policies of an ordinary org."""
    staff = okta_id("00g", "staff")
    session = {"maxSessionIdleMinutes": 720, "maxSessionLifetimeMinutes": 0}
    _policy(tenant, SESSION_POLICY, "Staff", [staff], 2)
    _policy(tenant, QUARANTINE_POLICY, "Quarantine", [QUARANTINE_GROUP], 1)
    _policy(tenant, DEFAULT_POLICY, "Default Policy", [EVERYONE], 3, system=True)
    _sign_on(tenant, SESSION_RULE, SESSION_POLICY, "Staff, low risk", session)
    _sign_on(tenant, DENY_RULE, SESSION_POLICY, "Nobody from there", session, access="DENY")
    _sign_on(tenant, QUARANTINE_RULE, QUARANTINE_POLICY, "Quarantined", session)
    _sign_on(tenant, DEFAULT_RULE, DEFAULT_POLICY, "Default Rule", session, system=True)
    now = tenant.now()
    access: JsonObject = {
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "name": "Expenses",
        "status": "ACTIVE",
        "priority": 1,
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    }
    tenant.okta_policies[ACCESS_POLICY] = OktaObject(ACCESS_POLICY, access, now, now, SERVER)
    rule: JsonObject = {
        "type": "RESOURCE_ACCESS",
        "name": "Staff",
        "status": "ACTIVE",
        "priority": 1,
        "conditions": {
            "people": {"users": {"include": [], "exclude": []}, "groups": {"include": [staff]}},
            "grantTypes": {"include": ["authorization_code", "refresh_token"]},
            "scopes": {"include": ["*"]},
        },
        "actions": {
            "token": {
                "accessTokenLifetimeMinutes": 60,
                "refreshTokenLifetimeMinutes": 0,
                "refreshTokenWindowMinutes": 10080,
                "inlineHook": {"id": okta_id("cal", "claims")},
            }
        },
    }
    tenant.okta_rules[ACCESS_RULE] = OktaObject(ACCESS_RULE, rule, now, now, ACCESS_POLICY)


def _policy(
    tenant: Tenant,
    policy_id: str,
    name: str,
    groups: list[str],
    priority: int,
    *,
    system: bool = False,
) -> None:
    body: JsonObject = {
        "type": "OKTA_SIGN_ON",
        "name": name,
        "status": "ACTIVE",
        "priority": priority,
        "conditions": {"people": {"groups": {"include": groups}}},
    }
    now = tenant.now()
    tenant.okta_policies[policy_id] = OktaObject(policy_id, body, now, now, system=system)


def _sign_on(
    tenant: Tenant,
    rule_id: str,
    policy_id: str,
    name: str,
    session: dict[str, int],
    *,
    access: str = "ALLOW",
    system: bool = False,
) -> None:
    body: JsonObject = {
        "type": "SIGN_ON",
        "name": name,
        "status": "ACTIVE",
        "priority": 2 if access == "DENY" else 1,
        "conditions": {
            "people": {"users": {"exclude": []}},
            "network": {"connection": "ANYWHERE"},
            "authContext": {"authType": "ANY"},
            # Written by Okta's console, and unknown to the SDK's models.
            "riskScore": {"level": "ANY"},
        },
        "actions": {
            "signon": {
                "access": access,
                "requireFactor": False,
                "primaryFactor": "PASSWORD_IDP_ANY_FACTOR",
                "session": {"usePersistentCookie": False, **session},
            }
        },
    }
    now = tenant.now()
    tenant.okta_rules[rule_id] = OktaObject(rule_id, body, now, now, policy_id, system)


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def policy(self, request: Request) -> OktaObject:
        key, server = segment(request, "policy"), _server(request)
        found = self.tenant.okta_policies.get(key)
        if server and server != SERVER:
            raise not_found(server, "AuthorizationServer")
        if found is None or found.parent != server:
            raise not_found(key, "Policy")
        return found

    def rule(self, request: Request) -> OktaObject:
        key, policy = segment(request, "rule"), self.policy(request)
        found = self.tenant.okta_rules.get(key)
        if found is None or found.parent != policy.id:
            raise not_found(key, "PolicyRule")
        return found

    async def list_policies(self, request: Request) -> Response:
        kind = request.query_params.get("type")
        if not kind:
            raise _invalid("type: cannot be blank")
        items = [
            _policy_json(request, self.tenant.seen(policy))
            for policy in self.tenant.okta_policies.values()
            if policy.body["type"] == kind and not policy.parent
        ]
        return self._page(request, items)

    async def get_policy(self, request: Request) -> Response:
        return JSONResponse(_policy_json(request, self.tenant.seen(self.policy(request))))

    async def list_rules(self, request: Request) -> Response:
        policy = self.policy(request)
        rules = [r for r in self.tenant.okta_rules.values() if r.parent == policy.id]
        return self._page(request, [_rule_json(request, self.tenant.seen(r)) for r in rules])

    async def get_rule(self, request: Request) -> Response:
        return JSONResponse(_rule_json(request, self.tenant.seen(self.rule(request))))

    async def replace_rule(self, request: Request) -> Response:
        rule = self.rule(request)
        body = await written(request, "name", "type")
        if rule.body["type"] == "RESOURCE_ACCESS":
            _check_lifetimes(body)
        with self.tenant.change(rule):
            rule.replace(body, self.tenant.now())
        anybody = self.tenant.okta_users()[0]
        self.tenant.okta_event("policy.rule.update", anybody, transaction=transaction(request))
        self.tenant.okta_events[-1]["target"] = []
        return JSONResponse(_rule_json(request, rule))

    def _page(self, request: Request, items: list[JsonObject]) -> Response:
        return okta_page(request, items, limit=200, most=200, page_size=self.tenant.page_size)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    found = [Route("/api/v1/policies", on.list_policies, methods=["GET"])]
    for start in ("/api/v1/policies", "/api/v1/authorizationServers/{server}/policies"):
        one = f"{start}/{{policy}}"
        found += [
            Route(one, on.get_policy, methods=["GET"]),
            Route(f"{one}/rules", on.list_rules, methods=["GET"]),
            Route(f"{one}/rules/{{rule}}", on.get_rule, methods=["GET"]),
            Route(f"{one}/rules/{{rule}}", on.replace_rule, methods=["PUT"]),
        ]
    return found


def _server(request: Request) -> str:
    return segment(request, "server") if "server" in request.path_params else ""


def _policy_json(request: Request, policy: OktaObject) -> JsonObject:
    return policy.to_json(f"{origin(request)}/api/v1/policies/{policy.id}")


def _rule_json(request: Request, rule: OktaObject) -> JsonObject:
    return rule.to_json(f"{origin(request)}/api/v1/policies/{rule.parent}/rules/{rule.id}")


def _check_lifetimes(body: dict[str, Any]) -> None:
    token = body.get("actions", {}).get("token", {})
    access = token.get("accessTokenLifetimeMinutes", 60)
    refresh = token.get("refreshTokenLifetimeMinutes", 0)
    window = token.get("refreshTokenWindowMinutes", 10080)
    if not 5 <= access <= 1440:
        raise _invalid("accessTokenLifetimeMinutes: 5 to 1440")
    if 0 < refresh < access:
        raise _invalid("refreshTokenLifetimeMinutes: less than the access token's")
    if not 10 <= window <= 2628000:
        raise _invalid("refreshTokenWindowMinutes: 10 to 2628000")


def _invalid(cause: str) -> OktaError:
    return OktaError(400, "E0000001", "Api validation failed", cause)
