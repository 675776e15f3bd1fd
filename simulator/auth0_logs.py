"""Auth0's tenant log: a search, one user's log, and how management requests get into it.

Sources: Auth0, search log events, retrieve logs using the Management API: 100 events a page, 1,000 by
paging; what comes late comes `audit_lag_s` late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import lucene
from simulator.answers import Auth0Error, whole_number
from simulator.auth0_events import details_of
from simulator.clock import okta_time
from simulator.okta_scene import scene_of
from simulator.tenant import Tenant

_MOST = 1000
_ORDERS = {"date:1": False, "date:-1": True}
Endpoint = Callable[[Request], Awaitable[Response]]


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def arrived(self) -> list[dict[str, Any]]:
        heard = okta_time(self.tenant.now() - self.tenant.audit_lag_s)
        return [e for e in self.tenant.auth0_events if str(e["date"]) <= heard]

    async def search(self, request: Request) -> Response:
        try:
            wanted = lucene.compile_query(request.query_params.get("q", ""))
        except lucene.BadQueryError as error:
            raise Auth0Error(400, "invalid_query_string", f"Query syntax error: {error}") from error
        return self.page(request, [e for e in self.arrived() if wanted(e)])

    async def of_user(self, request: Request) -> Response:
        user_id = unquote(request.path_params["user"])
        return self.page(request, [e for e in self.arrived() if e["user_id"] == user_id])

    def page(self, request: Request, events: list[dict[str, Any]]) -> Response:
        query = request.query_params
        number, asked = whole_number(query.get("page"), 0), whole_number(query.get("per_page"), 50)
        order = _ORDERS.get(query.get("sort", "date:-1"))
        if number is None or asked is None or not 0 < asked <= 100 or order is None:
            raise Auth0Error(400, "invalid_query_string", "Query validation error.")
        if (number + 1) * asked > _MOST:
            why = "You can only page through the first 1000 records. See Limitations."
            raise Auth0Error(400, "invalid_paging", why)
        events.sort(key=lambda event: (str(event["date"]), str(event["log_id"])), reverse=order)
        size = min(asked, self.tenant.page_size or asked)
        here = events[number * size : (number + 1) * size]
        if query.get("include_totals") != "true":
            return JSONResponse(here)
        # The total is the page's own (log search query syntax, pagination).
        told = {"start": number * size, "limit": asked, "length": len(here), "total": len(here)}
        return JSONResponse({**told, "logs": here})


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    return [
        Route("/api/v2/logs", on.search, methods=["GET"]),
        Route("/api/v2/users/{user}/logs", on.of_user, methods=["GET"]),
    ]


def recorded(tenant: Tenant, listed: list[Route]) -> list[Route]:
    """The same routes; a change that is done is written down as `sapi`, under the application's id."""
    return [
        route if "GET" in (route.methods or ()) else _written(tenant, route) for route in listed
    ]


def _written(tenant: Tenant, route: Route) -> Route:
    carry_out: Endpoint = route.endpoint

    async def endpoint(request: Request) -> Response:
        answer = await carry_out(request)
        client, details = tenant.auth0_client_id, await details_of(request)
        tenant.auth0_event("sapi", None, scene=scene_of(request), client=client, details=details)
        return answer

    return Route(route.path, endpoint, methods=list(route.methods or ()))
