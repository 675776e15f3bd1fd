"""Okta's System Log, bounded and polling (okta-developer-docs, reference/system-log-query)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import OktaError, okta_page
from simulator.clock import okta_time, parse_time
from simulator.okta_io import matching
from simulator.tenant import Tenant

_WEEK_S = 7 * 86400.0


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def instant(self, request: Request, name: str, default: float) -> str:
        text = request.query_params.get(name)
        moment = default if text is None else parse_time(text)
        if moment is None:
            raise OktaError(400, "E0000001", f"Api validation failed: {name}", "not an instant")
        return okta_time(moment)

    def stored(self, event: dict[str, Any]) -> str:
        late = self.tenant.okta_late.get(str(event["uuid"]))
        return str(event["published"]) if late is None else okta_time(late)

    async def list_events(self, request: Request) -> Response:
        query, now = request.query_params, self.tenant.now()
        text = query.get("filter") or ""
        if "published" in text:
            raise OktaError(400, "E0000031", "Invalid search criteria.", "use since and until")
        if query.get("sortOrder", "ASCENDING") not in ("ASCENDING", "DESCENDING"):
            raise OktaError(400, "E0000001", "Api validation failed: sortOrder", "no such order")
        heard = okta_time(now - self.tenant.audit_lag_s)
        since, until = (
            self.instant(request, "since", now - _WEEK_S),
            self.instant(request, "until", now + 1),
        )
        polling = "until" not in query and query.get("sortOrder") != "DESCENDING"
        # Polling goes by when an event was stored, and in that order; all else by when it happened.
        events = [
            e
            for e in self.tenant.okta_events
            if since <= (self.stored(e) if polling else str(e["published"])) < until
            and self.stored(e) <= heard
        ]
        events = matching(text, events)
        if not polling:
            events.sort(
                key=lambda e: str(e["published"]), reverse=query.get("sortOrder") == "DESCENDING"
            )
        return okta_page(
            request,
            events,
            limit=100,
            most=1000,
            page_size=self.tenant.page_size,
            always_next=polling,
        )


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    return [Route("/api/v1/logs", on.list_events, methods=["GET"])]
