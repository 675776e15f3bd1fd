"""Graph's delegated permission grants and app role assignments: list, take away, give again."""

from __future__ import annotations

import uuid

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, context, graph_not_found, graph_page
from simulator.entra_belongings import Consent, RoleAssignment
from simulator.entra_state import EntraUser
from simulator.graph_io import body_of, matching, segment, target
from simulator.logbook import Affected
from simulator.records import Application
from simulator.tenant import Tenant

_GRANTS, _ROLES = "oauth2PermissionGrants", "appRoleAssignments"


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def principal(self, service_principal_id: object) -> Application:
        for app in self.tenant.applications:
            if app.service_principal_id == service_principal_id:
                return app
        raise GraphError(400, "Request_BadRequest", "No such service principal.")

    def everyone(self) -> list[EntraUser]:
        return [self.tenant.seen(user) for user in self.tenant.entra_users()]

    async def list_of_user(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items = [c.to_json() for c in user.consents]
        return graph_page(request, _GRANTS, items, self.tenant.page_size)

    async def list_all(self, request: Request) -> Response:
        found = [c for user in self.everyone() for c in user.consents]
        items = [c.to_json() for c in (*self.tenant.tenant_wide_consents, *found)]
        return graph_page(request, _GRANTS, matching(request, items), self.tenant.page_size)

    async def create(self, request: Request) -> Response:
        body = await body_of(request)
        unknown = set(body) - {"clientId", "consentType", "principalId", "resourceId", "scope"}
        user = self.tenant.entra_user(str(body.get("principalId")))
        if unknown or body.get("consentType") != "Principal" or user is None:
            raise GraphError(400, "Request_BadRequest", "Not a grant for one user of this tenant.")
        client, resource = self.principal(body.get("clientId")), self.principal(body["resourceId"])
        made = Consent(
            client.service_principal_id,
            resource.service_principal_id,
            str(body.get("scope") or ""),
            user.id,
        )
        if any(c.id == made.id for c in user.consents):
            code = "Request_MultipleObjectsWithSameKeyValue"
            raise GraphError(409, code, "Permission entry already exists.")
        with self.tenant.change(user):
            user.consents.append(made)
        self.log("Add delegated permission grant", made, resource, (None, made.scope))
        shown = {"@odata.context": context(request, f"{_GRANTS}/$entity"), **made.to_json()}
        return JSONResponse(shown, status_code=201)

    async def delete(self, request: Request) -> Response:
        wanted = segment(request, "grant")
        for user in self.tenant.entra_users():
            for consent in user.consents:
                if consent.id == wanted:
                    with self.tenant.change(user):
                        user.consents.remove(consent)
                    resource = self.principal(consent.resource_id)
                    scope = (consent.scope, None)
                    self.log("Remove delegated permission grant", consent, resource, scope)
                    return Response(status_code=204)
        raise graph_not_found(wanted)

    async def update(self, request: Request) -> Response:
        wanted, body = segment(request, "grant"), await body_of(request)
        scope = body.get("scope")
        if set(body) != {"scope"} or not isinstance(scope, str) or not scope.strip():
            raise GraphError(400, "Request_BadRequest", "Only the scope of a grant can be changed.")
        for user in self.tenant.entra_users():
            for consent in user.consents:
                if consent.id == wanted:
                    before = consent.scope
                    with self.tenant.change(user):
                        consent.scope = scope
                    resource = self.principal(consent.resource_id)
                    self.log(
                        "Update delegated permission grant", consent, resource, (before, scope)
                    )
                    return Response(status_code=204)
        raise graph_not_found(wanted)

    def log(
        self, activity: str, consent: Consent, resource: Application, scope: tuple[object, object]
    ) -> None:
        where = Affected(resource.service_principal_id, resource.display_name, "ServicePrincipal")
        self.tenant.audit(
            activity,
            where,
            changes={
                "DelegatedPermissionGrant.Scope": scope,
                "DelegatedPermissionGrant.ConsentType": (None, "Principal"),
                "ServicePrincipal.ObjectID": (None, consent.client_id),
            },
        )

    async def list_roles(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items = [r.to_json() for r in user.role_assignments]
        return graph_page(request, _ROLES, items, self.tenant.page_size)

    async def list_assigned_to(self, request: Request) -> Response:
        wanted = segment(request, "principal")
        found = [r for user in self.everyone() for r in user.role_assignments]
        items = [r.to_json() for r in found if r.resource_id == wanted]
        return graph_page(request, "appRoleAssignedTo", items, self.tenant.page_size)

    async def assign_role(self, request: Request) -> Response:
        user, body = target(self.tenant, request), await body_of(request)
        resource = self.principal(body.get("resourceId"))
        role = str(body.get("appRoleId"))
        if body.get("principalId") != user.id:
            raise GraphError(400, "Request_BadRequest", "principalId is not the user's.")
        if any(
            (r.resource_id, r.app_role_id) == (resource.service_principal_id, role)
            for r in user.role_assignments
        ):
            raise GraphError(400, "Request_BadRequest", "Permission being assigned already exists.")
        made = RoleAssignment(
            uuid.uuid4().hex,
            user.id,
            user.display_name,
            resource.service_principal_id,
            resource.display_name,
            self.tenant.now(),
            role,
        )
        with self.tenant.change(user):
            user.role_assignments.append(made)
        self.tenant.audit("Add app role assignment grant to user", user)
        shown: JsonObject = {"@odata.context": context(request, f"{_ROLES}/$entity")}
        return JSONResponse({**shown, **made.to_json()}, status_code=201)

    async def remove_role(self, request: Request) -> Response:
        user, wanted = target(self.tenant, request), segment(request, "assignment")
        for assignment in user.role_assignments:
            if assignment.id == wanted and assignment.principal_type == "User":
                with self.tenant.change(user):
                    user.role_assignments.remove(assignment)
                self.tenant.audit("Remove app role assignment from user", user)
                return Response(status_code=204)
        raise graph_not_found(wanted)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        Route(f"/users/{{user}}/{_GRANTS}", on.list_of_user, methods=["GET"]),
        Route(f"/{_GRANTS}", on.list_all, methods=["GET"]),
        Route(f"/{_GRANTS}", on.create, methods=["POST"]),
        Route(f"/{_GRANTS}/{{grant}}", on.delete, methods=["DELETE"]),
        Route(f"/{_GRANTS}/{{grant}}", on.update, methods=["PATCH"]),
        Route(f"/users/{{user}}/{_ROLES}", on.list_roles, methods=["GET"]),
        Route(f"/users/{{user}}/{_ROLES}", on.assign_role, methods=["POST"]),
        Route(f"/users/{{user}}/{_ROLES}/{{assignment}}", on.remove_role, methods=["DELETE"]),
        Route(
            "/servicePrincipals/{principal}/appRoleAssignedTo", on.list_assigned_to, methods=["GET"]
        ),
    ]
