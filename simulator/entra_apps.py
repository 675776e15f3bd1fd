"""Graph's applications and service principals: find, switch off, take credentials away."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, context, graph_not_found, graph_page
from simulator.app_keys import AppKeys, Certificate
from simulator.clock import graph_time
from simulator.graph_io import body_of, matching, segment, target
from simulator.logbook import Affected
from simulator.records import Application
from simulator.tenant import TENANT_ID, Tenant

APPS, PRINCIPALS = "applications", "servicePrincipals"
# As the live service spells it, with a dash that is no hyphen and a blank at the end.
UPDATE_KEYS = "Update application \N{EN DASH} Certificates and secrets management "
_UPDATABLE = {APPS: {"keyCredentials"}, PRINCIPALS: {"keyCredentials", "accountEnabled"}}


def kind_of(request: Request) -> str:
    """Whether the path speaks of applications or of service principals."""
    kind: str = request.url.path.split("/")[2]
    return kind


def own_id(app: Application, kind: str) -> str:
    """The id of the application object, or of its service principal."""
    return app.id if kind == APPS else app.service_principal_id


def application(tenant: Tenant, request: Request) -> Application:
    """The application the path names; 404 when there is none."""
    key, kind = segment(request, "app"), kind_of(request)
    for app in tenant.applications:
        if own_id(app, kind) == key and (app.registered_here or kind == PRINCIPALS):
            return app
    raise graph_not_found(key)


def app_json(app: Application, kind: str, *, with_keys: bool = False) -> JsonObject:
    """An application or service principal, with the bytes of its certificates or without."""
    keys = app.keys if kind == APPS else app.principal_keys
    shown = {
        "id": own_id(app, kind),
        "appId": app.app_id,
        "displayName": app.display_name,
        "passwordCredentials": [s.to_json() for s in keys.secrets],
        "keyCredentials": [c.to_json(with_key=with_keys) for c in keys.certificates],
    }
    if kind == APPS:
        created = None if app.created is None else graph_time(app.created)
        spa = [f"https://{app.app_id}.contoso.com/"] if app.single_page else []
        return {**shown, "createdDateTime": created, "spa": {"redirectUris": spa}}
    return {
        **shown,
        "accountEnabled": app.account_enabled,
        "appOwnerOrganizationId": app.owner_organization_id or TENANT_ID,
        "servicePrincipalType": "Application",
    }


def _selected(request: Request, shown: JsonObject) -> JsonObject:
    wanted = [n.strip() for n in request.query_params.get("$select", "").split(",") if n.strip()]
    return {name: shown.get(name) for name in wanted} if wanted else shown


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def keys(self, app: Application, request: Request) -> AppKeys:
        return app.keys if kind_of(request) == APPS else app.principal_keys

    def log(self, app: Application, kind: str, before: list[str]) -> None:
        keys = app.keys if kind == APPS else app.principal_keys
        name = "Application" if kind == APPS else "ServicePrincipal"
        self.tenant.audit(
            UPDATE_KEYS if kind == APPS else "Remove service principal credentials",
            Affected(own_id(app, kind), app.display_name, name),
            changes={"KeyDescription": (before, keys.described())},
        )

    async def list_apps(self, request: Request) -> Response:
        kind = kind_of(request)
        apps = [a for a in self.tenant.applications if a.registered_here or kind == PRINCIPALS]
        items = matching(request, [app_json(self.tenant.seen(a), kind) for a in apps])
        shown = [_selected(request, item) for item in items]
        return graph_page(request, kind, shown, self.tenant.page_size)

    async def list_owned(self, request: Request) -> Response:
        user = target(self.tenant, request)
        kind = PRINCIPALS if request.url.path.endswith("servicePrincipal") else APPS
        items = [
            _selected(request, app_json(self.tenant.seen(a), kind))
            for a in self.tenant.applications
            if user.id in a.owners and (a.registered_here or kind == PRINCIPALS)
        ]
        return graph_page(request, kind, items, self.tenant.page_size)

    async def get_app(self, request: Request) -> Response:
        app = self.tenant.seen(application(self.tenant, request))
        # The bytes come only where they are asked for by name.
        with_keys = "keyCredentials" in request.query_params.get("$select", "")
        shown = _selected(request, app_json(app, kind_of(request), with_keys=with_keys))
        return JSONResponse({"@odata.context": context(request, "$entity"), **shown})

    async def update(self, request: Request) -> Response:
        app, kind, body = (
            application(self.tenant, request),
            kind_of(request),
            await body_of(request),
        )
        if not body or set(body) - _UPDATABLE[kind]:
            raise GraphError(400, "Request_BadRequest", "Cannot update this here.")
        keys, enabled = self.keys(app, request), body.get("accountEnabled", app.account_enabled)
        if not isinstance(enabled, bool):
            raise GraphError(400, "Request_BadRequest", "accountEnabled takes true or false.")
        kept = _kept(keys, body["keyCredentials"]) if "keyCredentials" in body else None
        before = keys.described()
        if enabled != app.account_enabled or (kept is not None and kept != keys.certificates):
            with self.tenant.change(app):
                app.account_enabled = enabled
                if kept is not None:
                    keys.certificates = kept
            self.log(app, kind, before)
        return Response(status_code=204)

    async def remove_password(self, request: Request) -> Response:
        app, wanted = application(self.tenant, request), (await body_of(request)).get("keyId")
        keys, before = self.keys(app, request), self.keys(app, request).described()
        left = [secret for secret in keys.secrets if secret.key_id != wanted]
        if len(left) == len(keys.secrets):
            raise GraphError(400, "Request_BadRequest", "No password credential has this keyId.")
        with self.tenant.change(app):
            keys.secrets = left
        self.log(app, kind_of(request), before)
        return Response(status_code=204)

    async def list_federations(self, request: Request) -> Response:
        app = self.tenant.seen(application(self.tenant, request))
        items = [f.to_json() for f in app.keys.federations]
        return graph_page(request, "federatedIdentityCredentials", items, self.tenant.page_size)

    async def delete_federation(self, request: Request) -> Response:
        app, wanted = application(self.tenant, request), segment(request, "federation")
        for federation in app.keys.federations:
            if federation.id == wanted:
                with self.tenant.change(app):
                    app.keys.federations.remove(federation)
                where = Affected(app.id, app.display_name, "Application")
                self.tenant.audit("Update application", where)
                return Response(status_code=204)
        raise graph_not_found(wanted)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    both = [
        route
        for kind in (APPS, PRINCIPALS)
        for route in (
            Route(f"/{kind}", on.list_apps, methods=["GET"]),
            Route(f"/{kind}/{{app}}", on.get_app, methods=["GET"]),
            Route(f"/{kind}/{{app}}", on.update, methods=["PATCH"]),
            Route(f"/{kind}/{{app}}/removePassword", on.remove_password, methods=["POST"]),
        )
    ]
    federated = f"/{APPS}/{{app}}/federatedIdentityCredentials"
    owned = "/users/{user}/ownedObjects"
    return [
        *both,
        Route(federated, on.list_federations, methods=["GET"]),
        Route(f"{federated}/{{federation}}", on.delete_federation, methods=["DELETE"]),
        Route(f"{owned}/graph.application", on.list_owned, methods=["GET"]),
        Route(f"{owned}/graph.servicePrincipal", on.list_owned, methods=["GET"]),
    ]


def _kept(keys: AppKeys, wanted: Any) -> list[Certificate]:  # noqa: ANN401 - unchecked JSON
    """The certificates a PATCH leaves: the list replaces the old one, and none may be altered."""
    known = {certificate.key_id: certificate for certificate in keys.certificates}
    kept = []
    for item in wanted if isinstance(wanted, list) else [None]:
        given = item if isinstance(item, dict) else {}
        old = known.get(str(given.get("keyId")))
        if old is None or given.get("key") != old.key:
            raise GraphError(
                400, "Request_BadRequest", "Update to existing credential is not allowed."
            )
        kept.append(old)
    return kept
