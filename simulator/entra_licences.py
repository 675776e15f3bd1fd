"""Graph's subscriptions of the tenant, which say what it has licences for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import JsonObject, graph_page
from simulator.ids import guid
from simulator.tenant import P2, Tenant

# What each product contains (Microsoft, product names and service plan identifiers for licensing).
_PLANS = {
    "ENTERPRISEPACK": ("EXCHANGE_S_ENTERPRISE", "SHAREPOINTENTERPRISE"),
    P2: ("MFA_PREMIUM", "AAD_PREMIUM_P2"),
}


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""

    async def skus(request: Request) -> Response:
        names = [n for n in request.query_params.get("$select", "").split(",") if n]
        shown = [_json(part, status) for part, status in tenant.subscriptions.items()]
        items = [{n: sku.get(n) for n in names} if names else sku for sku in shown]
        return graph_page(request, "subscribedSkus", items, tenant.page_size)

    return [Route("/subscribedSkus", skus, methods=["GET"])]


def _json(part: str, status: str) -> JsonObject:
    return {
        "id": f"{guid('tenant', 'contoso.com')}_{guid('sku', part)}",
        "accountName": "Contoso",
        "appliesTo": "User",
        "capabilityStatus": status,
        "consumedUnits": 14,
        "skuId": guid("sku", part),
        "skuPartNumber": part,
        "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0, "lockedOut": 0},
        "servicePlans": [
            {
                "servicePlanId": guid("plan", plan),
                "servicePlanName": plan,
                "provisioningStatus": "Success",
                "appliesTo": "User",
            }
            for plan in _PLANS.get(part, ())
        ],
    }
