"""Graph's risky users and risk detections (Identity Protection, P2)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, context, graph_not_found, graph_page
from simulator.graph_io import body_of, segment
from simulator.tenant import P2, Tenant

_MOST = 60
_LEVEL = {"confirmedCompromised": "high", "atRisk": "high"}


@dataclass
class _Handlers:
    tenant: Tenant

    def licensed(self) -> None:
        # A missing permission is answered with the same status and code.
        if self.tenant.subscriptions.get(P2) not in ("Enabled", "Warning"):
            raise GraphError(403, "Forbidden", "Your tenant is not licensed for this feature.")

    async def read(self, request: Request) -> Response:
        self.licensed()
        key = segment(request, "user")
        user = self.tenant.entra_user(key)
        if user is None or user.risk_state == "none":
            raise graph_not_found(key)
        seen = self.tenant.seen(user)
        return JSONResponse(
            {
                "@odata.context": context(request, "identityProtection/riskyUsers/$entity"),
                "id": seen.id,
                "userPrincipalName": seen.upn,
                "isDeleted": False,
                "isProcessing": False,
                "riskLevel": _LEVEL.get(seen.risk_state, "none"),
                "riskState": seen.risk_state,
                "riskDetail": "none",
            }
        )

    async def list_detections(self, request: Request) -> Response:
        self.licensed()
        newest = sorted(
            self.tenant.risk_detections,
            key=lambda each: str(each["activityDateTime"]),
            reverse=True,
        )
        return graph_page(
            request, "identityProtection/riskDetections", newest, self.tenant.page_size
        )

    async def confirm(self, request: Request) -> Response:
        return await self._set(request, "confirmedCompromised")

    async def dismiss(self, request: Request) -> Response:
        return await self._set(request, "dismissed")

    async def _set(self, request: Request, state: str) -> Response:
        self.licensed()
        ids = (await body_of(request)).get("userIds")
        if not isinstance(ids, list) or not 0 < len(ids) <= _MOST:
            raise GraphError(400, "BadRequest", f"userIds takes a list of 1 to {_MOST} ids.")
        for key in ids:
            user = self.tenant.entra_user(str(key))
            if user is None:
                raise graph_not_found(str(key))
            with self.tenant.change(user):
                user.risk_state = state
        return Response(status_code=204)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    users = "/identityProtection/riskyUsers"
    return [
        Route(f"{users}/confirmCompromised", on.confirm, methods=["POST"]),
        Route(f"{users}/dismiss", on.dismiss, methods=["POST"]),
        Route(f"{users}/{{user}}", on.read, methods=["GET"]),
        Route("/identityProtection/riskDetections", on.list_detections, methods=["GET"]),
    ]
