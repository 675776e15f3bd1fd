"""Graph's directory audits: what was done to whom, newest first, `audit_lag_s` late."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import context, graph_not_found, graph_page
from simulator.clock import graph_time
from simulator.graph_io import matching, segment
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def list_audits(self, request: Request) -> Response:
        arrived = graph_time(self.tenant.now() - self.tenant.audit_lag_s)
        known = [a for a in self.tenant.audits if str(a["activityDateTime"]) <= arrived]
        newest = sorted(known, key=lambda a: str(a["activityDateTime"]), reverse=True)
        items = matching(request, newest)
        return graph_page(request, "auditLogs/directoryAudits", items, self.tenant.page_size)

    async def get_audit(self, request: Request) -> Response:
        wanted = segment(request, "audit")
        for audit in self.tenant.audits:
            if audit["id"] == wanted:
                return JSONResponse({"@odata.context": context(request, "$entity"), **audit})
        raise graph_not_found(wanted)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        Route("/auditLogs/directoryAudits", on.list_audits, methods=["GET"]),
        Route("/auditLogs/directoryAudits/{audit}", on.get_audit, methods=["GET"]),
    ]
