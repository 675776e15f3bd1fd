"""Graph's token lifetime policies, and which app has which."""

from __future__ import annotations

import json
import re
import uuid

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, context, graph_not_found, graph_page
from simulator.entra_apps import APPS, PRINCIPALS, application, kind_of
from simulator.graph_io import body_of, matching, segment
from simulator.records import Application, LifetimePolicy
from simulator.tenant import Tenant

_LIFETIME = re.compile(r"(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)")
_SHORTEST_S, _LONGEST_S = 600, 86400
_WHAT = "tokenLifetimePolicies"


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def assigned(self, app: Application, request: Request) -> list[str]:
        of_app = kind_of(request) == APPS
        return app.application_policies if of_app else app.service_principal_policies

    def policy(self, policy_id: str) -> LifetimePolicy:
        if policy_id not in self.tenant.policies:
            raise graph_not_found(policy_id)
        return self.tenant.policies[policy_id]

    async def list_assigned(self, request: Request) -> Response:
        ids = self.assigned(self.tenant.seen(application(self.tenant, request)), request)
        items = [self.tenant.policies[i].to_json() for i in ids if i in self.tenant.policies]
        return graph_page(request, _WHAT, items, self.tenant.page_size)

    async def assign(self, request: Request) -> Response:
        app, body = application(self.tenant, request), await body_of(request)
        link = body.get("@odata.id")
        chosen = self.policy(str(link).rstrip("/").rpartition("/")[2])
        if self.assigned(app, request):
            # At most one a piece; this code is what the live service answers
            # (microsoft-graph-docs issue 21746).
            raise GraphError(
                400,
                "Request_MultipleObjectsWithSameKeyValue",
                "A token lifetime policy is already assigned to this object.",
            )
        with self.tenant.change(app):
            self.assigned(app, request).append(chosen.id)
        return Response(status_code=204)

    async def unassign(self, request: Request) -> Response:
        app, policy_id = application(self.tenant, request), segment(request, "policy")
        if policy_id not in self.assigned(app, request):
            raise graph_not_found(policy_id)
        with self.tenant.change(app):
            self.assigned(app, request).remove(policy_id)
        return Response(status_code=204)

    async def list_policies(self, request: Request) -> Response:
        items = matching(request, [p.to_json() for p in self.tenant.policies.values()])
        return graph_page(request, f"policies/{_WHAT}", items, self.tenant.page_size)

    async def create_policy(self, request: Request) -> Response:
        created = _policy_from(await body_of(request))
        with self.tenant.lock:
            self.tenant.policies[created.id] = created
            self.tenant.revision += 1
        shown = {"@odata.context": context(request, f"policies/{_WHAT}/$entity")}
        return JSONResponse({**shown, **created.to_json()}, status_code=201)

    async def get_policy(self, request: Request) -> Response:
        shown = self.policy(segment(request, "policy")).to_json()
        return JSONResponse({"@odata.context": context(request, "$entity"), **shown})

    async def delete_policy(self, request: Request) -> Response:
        gone = self.policy(segment(request, "policy"))
        with self.tenant.lock:
            del self.tenant.policies[gone.id]
            for app in self.tenant.applications:
                for ids in (app.application_policies, app.service_principal_policies):
                    if gone.id in ids:
                        ids.remove(gone.id)
            self.tenant.revision += 1
        return Response(status_code=204)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    found_routes = []
    for kind in (APPS, PRINCIPALS):
        base = f"/{kind}/{{app}}"
        found_routes += [
            Route(f"{base}/{_WHAT}", on.list_assigned, methods=["GET"]),
            Route(f"{base}/{_WHAT}/$ref", on.assign, methods=["POST"]),
            Route(f"{base}/{_WHAT}/{{policy}}/$ref", on.unassign, methods=["DELETE"]),
        ]
    base = f"/policies/{_WHAT}"
    return [
        *found_routes,
        Route(base, on.list_policies, methods=["GET"]),
        Route(base, on.create_policy, methods=["POST"]),
        Route(f"{base}/{{policy}}", on.get_policy, methods=["GET"]),
        Route(f"{base}/{{policy}}", on.delete_policy, methods=["DELETE"]),
    ]


def _policy_from(body: JsonObject) -> LifetimePolicy:
    """A policy from the request; 400 unless the access token lives 10 minutes to 1 day.

    Source: entra-docs, configurable-token-lifetimes.md.
    """
    definition = body.get("definition")
    try:
        texts: list[str] = definition if isinstance(definition, list) else []
        (text,) = texts
        inner = json.loads(text)["TokenLifetimePolicy"]
        lifetime = inner.get("AccessTokenLifetime")
        seconds = None if lifetime is None else _seconds(lifetime)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise _invalid("definition is not one TokenLifetimePolicy in a JSON string.") from error
    if inner.get("Version") != 1:
        raise _invalid("Version must be 1.")
    if seconds is not None and not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise _invalid("AccessTokenLifetime must lie between 00:10:00 and 1.00:00:00.")
    name = body.get("displayName")
    if not isinstance(name, str) or not name:
        raise _invalid("displayName is missing.")
    default = body.get("isOrganizationDefault", False)
    return LifetimePolicy(str(uuid.uuid4()), name, [text], seconds, bool(default))


def _seconds(text: str) -> float:
    match = _LIFETIME.fullmatch(text)
    if not match:
        raise ValueError(text)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def _invalid(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)
