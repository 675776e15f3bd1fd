"""Graph's users and organization: find, read, revoke, disable, reset the password."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, context, graph_page
from simulator.clock import graph_time
from simulator.entra_state import EntraUser
from simulator.graph_io import (
    body_of,
    matching,
    require_sensitive_right,
    target,
)
from simulator.tenant import TENANT_ID, Tenant

# What a GET without $select returns (Graph v1.0, user-get).
_DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
_EMPTY: JsonObject = {
    "businessPhones": [],
    "jobTitle": None,
    "mobilePhone": None,
    "officeLocation": None,
    "preferredLanguage": None,
    "department": None,
    "usageLocation": None,
    "companyName": None,
    "employeeId": None,
    "externalUserState": None,
    "onPremisesImmutableId": None,
    "onPremisesSamAccountName": None,
    "otherMails": [],
    "passwordPolicies": None,
    "passwordProfile": None,
}


def user_json(user: EntraUser) -> JsonObject:
    """Every property this tenant knows of a user; the route selects from it."""
    first, _, last = user.display_name.partition(" ")
    return {
        **_EMPTY,
        "id": user.id,
        "userPrincipalName": user.upn,
        "displayName": user.display_name,
        "givenName": first,
        "surname": last,
        "mail": user.mail,
        "accountEnabled": user.account_enabled,
        "userType": user.user_type,
        "createdDateTime": graph_time(user.created),
        "onPremisesSyncEnabled": True if user.synced else None,
        "isManagementRestricted": user.restricted,
        "lastPasswordChangeDateTime": graph_time(user.password_changed),
        "signInSessionsValidFromDateTime": graph_time(user.sessions_valid_from),
        "proxyAddresses": [f"SMTP:{user.mail}"] if user.mail else [],
    }


def _selected(request: Request, user: JsonObject) -> JsonObject:
    wanted = [s.strip() for s in request.query_params.get("$select", "").split(",") if s.strip()]
    for name in wanted:
        if name not in user:
            raise GraphError(400, "BadRequest", f"Could not find a property named '{name}'.")
    return {name: user[name] for name in (wanted or _DEFAULT)}


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def list_users(self, request: Request) -> Response:
        users = matching(
            request, [user_json(self.tenant.seen(u)) for u in self.tenant.entra_users()]
        )
        shown = [_selected(request, user) for user in users]
        return graph_page(request, "users", shown, self.tenant.page_size)

    async def get_user(self, request: Request) -> Response:
        shown = _selected(request, user_json(self.tenant.seen(target(self.tenant, request))))
        return JSONResponse({"@odata.context": context(request, "users/$entity"), **shown})

    async def revoke(self, request: Request) -> Response:
        user = target(self.tenant, request)
        if not user.guest:
            with self.tenant.change(user):
                user.revoke_sessions(self.tenant.now())
            self.tenant.audit("Update StsRefreshTokenValidFrom Timestamp", user)
        return JSONResponse({"@odata.context": context(request, "Edm.Boolean"), "value": True})

    async def update_user(self, request: Request) -> Response:
        user, body = target(self.tenant, request), await body_of(request)
        unknown = set(body) - {"accountEnabled", "passwordProfile"}
        if unknown or not body:
            names = ", ".join(sorted(unknown)) or "nothing"
            raise GraphError(400, "Request_BadRequest", f"Cannot update here: {names}.")
        require_sensitive_right(self.tenant, user)
        enabled, profile = body.get("accountEnabled"), body.get("passwordProfile")
        if "accountEnabled" in body and not isinstance(enabled, bool):
            raise GraphError(400, "Request_BadRequest", "accountEnabled takes true or false.")
        if "passwordProfile" in body:
            _check_password(profile)
        if isinstance(enabled, bool) and enabled != user.account_enabled:
            with self.tenant.change(user):
                user.set_enabled(enabled, self.tenant.now())
            self.tenant.audit("Enable account" if enabled else "Disable account", user)
        if isinstance(profile, dict) and "password" in profile:
            with self.tenant.change(user):
                user.reset_password(self.tenant.now())
            self.tenant.audit("Reset user password", user)
        return Response(status_code=204)

    async def organization(self, request: Request) -> Response:
        shown: JsonObject = {
            "id": TENANT_ID,
            "displayName": "Contoso",
            "tenantType": "AAD",
            "verifiedDomains": [
                {"name": "contoso.com", "isDefault": True, "isInitial": True, "type": "Managed"}
            ],
        }
        names = [n for n in request.query_params.get("$select", "").split(",") if n]
        shown = {n: shown.get(n) for n in names} if names else shown
        return graph_page(request, "organization", [shown], None)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        Route("/users", on.list_users, methods=["GET"]),
        Route("/users/{user}", on.get_user, methods=["GET"]),
        Route("/users/{user}", on.update_user, methods=["PATCH"]),
        Route("/users/{user}/revokeSignInSessions", on.revoke, methods=["POST"]),
        Route("/organization", on.organization, methods=["GET"]),
    ]


def _check_password(profile: Any) -> None:  # noqa: ANN401 - unchecked JSON
    """400 unless it is a profile whose password has 8 characters of three classes.

    Source: entra-docs, concept-sspr-policy.md (password policies of cloud accounts).
    """
    if not isinstance(profile, dict):
        raise GraphError(400, "Request_BadRequest", "passwordProfile is not an object.")
    if "password" not in profile:
        return
    password = profile["password"]
    classes = (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]")
    if (
        not isinstance(password, str)
        or not 8 <= len(password) <= 256
        or sum(bool(re.search(c, password)) for c in classes) < 3
    ):
        raise GraphError(
            400,
            "Request_BadRequest",
            "The specified password does not comply with password complexity requirements.",
        )
