"""Graph's authentication methods: list, delete by type, and the preferred one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, context, graph_not_found, graph_page
from simulator.entra_pass import method_json
from simulator.entra_state import METHOD_SEGMENTS, PREFERENCE, AuthMethod, EntraUser
from simulator.graph_io import body_of, segment, target
from simulator.tenant import Tenant

_CONTEXT = "users('{id}')/authentication/methods"


def registration_json(user: EntraUser) -> JsonObject:
    """The userRegistrationDetails resource (Graph v1.0, reports)."""
    default = user.method(user.default_method_id or "")
    preferred, registered = PREFERENCE.get(default.kind if default else "", ("none", "none"))
    factors = user.second_factors()
    return {
        "id": user.id,
        "userPrincipalName": user.upn,
        "userDisplayName": user.display_name,
        "userType": user.user_type.lower(),
        "isAdmin": user.admin,
        "isMfaRegistered": bool(factors),
        "isMfaCapable": bool(factors),
        "isPasswordlessCapable": any(f.kind == "fido2" for f in factors),
        "isSsprRegistered": bool(factors),
        "isSsprEnabled": True,
        "isSsprCapable": bool(factors),
        "isSystemPreferredAuthenticationMethodEnabled": False,
        "systemPreferredAuthenticationMethods": [],
        "methodsRegistered": [PREFERENCE.get(f.kind, ("", f.kind))[1] for f in factors],
        "defaultMfaMethod": registered,
        "userPreferredMethodForSecondaryAuthentication": preferred,
    }


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def kind_of(self, request: Request) -> str:
        name = segment(request, "kind")
        if name == "passwordMethods" and request.method == "DELETE":
            raise GraphError(405, "Request_BadRequest", "The password method has no DELETE.")
        if name == "passwordMethods":
            return "password"
        if name not in METHOD_SEGMENTS:
            raise GraphError(400, "BadRequest", f"Resource not found for the segment '{name}'.")
        return METHOD_SEGMENTS[name]

    def found(self, user: EntraUser, request: Request, kind: str | None) -> AuthMethod:
        method_id = segment(request, "method")
        method = user.method(method_id)
        if method is None or kind not in (None, method.kind):
            raise graph_not_found(method_id)
        return method

    async def list_all(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items = [method_json(self.tenant, user, m) for m in user.methods]
        return graph_page(request, _CONTEXT.format(id=user.id), items, self.tenant.page_size)

    async def get_any(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        shown = method_json(self.tenant, user, self.found(user, request, None))
        return JSONResponse({"@odata.context": context(request, "$entity"), **shown})

    async def list_kind(self, request: Request) -> Response:
        kind, user = self.kind_of(request), self.tenant.seen(target(self.tenant, request))
        items = [method_json(self.tenant, user, m) for m in user.methods if m.kind == kind]
        return graph_page(request, _CONTEXT.format(id=user.id), items, self.tenant.page_size)

    async def get_kind(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        shown = method_json(self.tenant, user, self.found(user, request, self.kind_of(request)))
        return JSONResponse({"@odata.context": context(request, "$entity"), **shown})

    async def delete(self, request: Request) -> Response:
        kind, user = self.kind_of(request), target(self.tenant, request)
        method = self.found(user, request, kind)
        if method.id == user.default_method_id and len(user.second_factors()) > 1:
            raise GraphError(
                400,
                "badRequest",
                f"Authentication method {method.id} is the user's default and cannot be deleted "
                "until the default authentication method is changed.",
            )
        with self.tenant.change(user):
            user.methods.remove(method)
            if method.id == user.default_method_id:
                user.default_method_id = None
        self.tenant.audit("Admin deleted security info", user, service="Authentication Methods")
        return Response(status_code=204)

    def preferences(self, user: EntraUser) -> JsonObject:
        return {
            "isSystemPreferredAuthenticationMethodEnabled": False,
            "userPreferredMethodForSecondaryAuthentication": registration_json(user)[
                "userPreferredMethodForSecondaryAuthentication"
            ],
        }

    async def get_preferences(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        return JSONResponse(
            {"@odata.context": context(request, "$entity"), **self.preferences(user)}
        )

    async def set_preferences(self, request: Request) -> Response:
        user, body = target(self.tenant, request), await body_of(request)
        wanted = body.get("userPreferredMethodForSecondaryAuthentication")
        kind = next((k for k, names in PREFERENCE.items() if names[0] == wanted), None)
        method = next((m for m in user.methods if m.kind == kind), None)
        if method is None:
            raise GraphError(400, "badRequest", f"The user has no method for '{wanted}'.")
        if method.id != user.default_method_id:
            with self.tenant.change(user):
                user.default_method_id = method.id
        return Response(status_code=204)

    async def registration(self, request: Request) -> Response:
        shown = registration_json(self.tenant.seen(target(self.tenant, request)))
        return JSONResponse({"@odata.context": context(request, "$entity"), **shown})


def beta_routes(tenant: Tenant) -> list[Route]:
    """The preferred method can be read and changed in beta only (Graph, signInPreferences).

    It is the way out when the thief's method is the default one.
    """
    on, path = _Handlers(tenant), "/users/{user}/authentication/signInPreferences"
    return [
        Route(path, on.get_preferences, methods=["GET"]),
        Route(path, on.set_preferences, methods=["PATCH"]),
    ]


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    base = "/users/{user}/authentication"
    return [
        Route(f"{base}/methods", on.list_all, methods=["GET"]),
        Route(f"{base}/methods/{{method}}", on.get_any, methods=["GET"]),
        Route(f"{base}/{{kind}}", on.list_kind, methods=["GET"]),
        Route(f"{base}/{{kind}}/{{method}}", on.get_kind, methods=["GET"]),
        Route(f"{base}/{{kind}}/{{method}}", on.delete, methods=["DELETE"]),
        Route(
            "/reports/authenticationMethods/userRegistrationDetails/{user}",
            on.registration,
            methods=["GET"],
        ),
    ]
