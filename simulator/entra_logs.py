"""Graph's logs, newest first: directory audits, `audit_lag_s` late, and sign-ins, `signin_lag_s` late."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, context, graph_not_found, graph_page
from simulator.clock import graph_time
from simulator.entra_sign_ins import BETA_ONLY
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

    async def list_sign_ins(self, request: Request) -> Response:
        if not self.tenant.sign_ins_licensed:
            raise GraphError(
                403,
                "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
                "Neither tenant is B2C or tenant doesn't have premium license",
            )
        arrived = graph_time(self.tenant.now() - self.tenant.signin_lag_s)
        known = [s for s in self.tenant.sign_ins if str(s["createdDateTime"]) <= arrived]
        asked = request.query_params.get("$filter", "")
        beta = request.url.path.startswith("/beta")
        if not beta and any(name in asked for name in BETA_ONLY):
            raise GraphError(400, "BadRequest", "Invalid filter clause")
        if "signInEventTypes" not in asked:
            known = [s for s in known if s["isInteractive"]]
        if not beta:
            known = [{k: v for k, v in s.items() if k not in BETA_ONLY} for s in known]
        newest = sorted(known, key=lambda s: str(s["createdDateTime"]), reverse=True)
        items = matching(request, newest)
        return graph_page(request, "auditLogs/signIns", items, self.tenant.page_size)

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
        Route("/auditLogs/signIns", on.list_sign_ins, methods=["GET"]),
        Route("/auditLogs/directoryAudits", on.list_audits, methods=["GET"]),
        Route("/auditLogs/directoryAudits/{audit}", on.get_audit, methods=["GET"]),
    ]
