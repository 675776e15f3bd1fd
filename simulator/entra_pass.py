"""Temporary Access Passes: the tenant's policy, one pass a user, its code shown once.

Source: Graph v1.0, temporaryAccessPassAuthenticationMethod and its configuration; entra-docs,
howto-authentication-temporary-access-pass.md.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, context
from simulator.clock import graph_time
from simulator.entra_state import AccessPass, AuthMethod, EntraUser
from simulator.graph_io import ADMIN_ROLE, body_of, target
from simulator.tenant import Tenant

_LENGTH = 8
_SHORTEST, _LONGEST = 10, 43200
_REFUSED = (
    "Converged UserCredentialPolicy does not allow creating or updating this authentication method."
)


def usability(tenant: Tenant, user: EntraUser, one: AccessPass) -> str:
    """Why a pass can or cannot be used now (methodUsabilityReason)."""
    now, policy = tenant.now(), tenant.pass_policy
    if not policy.enabled or user.id in policy.excluded or (policy.once_only and not one.once):
        return "DisabledByPolicy"
    if now < one.start:
        return "NotYetValid"
    if now >= one.end:
        return "Expired"
    return "OneTimeUsed" if one.once and one.used else "EnabledByPolicy"


def method_json(tenant: Tenant, user: EntraUser, method: AuthMethod) -> JsonObject:
    """A method as Graph shows it; a pass without its code, and as usable as it is now."""
    if not isinstance(method, AccessPass):
        return method.to_json()
    why = usability(tenant, user, method)
    return {
        **method.to_json(),
        "temporaryAccessPass": None,
        "startDateTime": graph_time(method.start),
        "lifetimeInMinutes": method.lifetime_min,
        "isUsableOnce": method.once,
        "isUsable": why == "EnabledByPolicy",
        "methodUsabilityReason": why,
    }


@dataclass
class _Handlers:
    tenant: Tenant

    async def policy(self, request: Request) -> Response:
        policy = self.tenant.pass_policy
        shown = {
            "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
            "id": "TemporaryAccessPass",
            "state": "enabled" if policy.enabled else "disabled",
            "defaultLifetimeInMinutes": policy.least_min,
            "defaultLength": _LENGTH,
            "minimumLifetimeInMinutes": policy.least_min,
            "maximumLifetimeInMinutes": policy.most_min,
            "isUsableOnce": policy.once_only,
            "includeTargets": [{"targetType": "group", "id": "all_users"}],
            "excludeTargets": [],
        }
        return JSONResponse({"@odata.context": context(request, "$entity"), **shown})

    async def create(self, request: Request) -> Response:
        user, body = target(self.tenant, request), await body_of(request)
        if user.admin and ADMIN_ROLE not in self.tenant.app_roles:
            raise GraphError(403, "accessDenied", "Request Authorization failed")
        lifetime, once = self.wanted(body)
        policy = self.tenant.pass_policy
        if user.guest:
            raise _bad("A Temporary Access Pass cannot be added to an external guest user.")
        if not policy.enabled or user.id in policy.excluded:
            raise _bad(_REFUSED)
        if not policy.least_min <= lifetime <= policy.most_min:
            raise _bad("The lifetime is not within what the policy allows.")
        if policy.once_only and not once:
            raise _bad("The policy allows passes that can be used once only.")
        made = AccessPass(
            id=str(uuid.uuid4()),
            kind="temporaryAccessPass",
            created=self.tenant.now(),
            code=secrets.token_urlsafe(_LENGTH)[:_LENGTH],
            start=self.tenant.now(),
            lifetime_min=lifetime,
            once=once,
        )
        with self.tenant.change(user):
            # A user has one pass: the new one takes the place of the old one, used up or not.
            user.methods = [m for m in user.methods if m.kind != made.kind]
            user.methods.append(made)
        self.tenant.audit(
            "Admin registered security info",
            user,
            service="Authentication Methods",
            reason="Admin registered temporary access pass method for user",
        )
        shown = method_json(self.tenant, user, made) | {"temporaryAccessPass": made.code}
        return JSONResponse(
            {"@odata.context": context(request, "$entity"), **shown}, status_code=201
        )

    def wanted(self, body: JsonObject) -> tuple[int, bool]:
        if set(body) - {"lifetimeInMinutes", "isUsableOnce", "@odata.type"}:
            raise _bad("A property is not known here.")
        lifetime = body.get("lifetimeInMinutes", self.tenant.pass_policy.least_min)
        once = body.get("isUsableOnce", self.tenant.pass_policy.once_only)
        if not isinstance(lifetime, int) or not _SHORTEST <= lifetime <= _LONGEST:
            raise _bad("lifetimeInMinutes must be between 10 and 43200.")
        if not isinstance(once, bool):
            raise _bad("isUsableOnce takes true or false.")
        return lifetime, once


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    base = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
    return [
        Route(f"{base}/TemporaryAccessPass", on.policy, methods=["GET"]),
        Route(
            "/users/{user}/authentication/temporaryAccessPassMethods", on.create, methods=["POST"]
        ),
    ]


def _bad(message: str) -> GraphError:
    return GraphError(400, "badRequest", message)
