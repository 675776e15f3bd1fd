"""What the tenant has licences for: Graph refuses a feature without one just as a missing permission.

Identity Protection answers 403 with ``error.code`` Forbidden to both; only the message differs, and a
message is no fact to decide by. Source: Microsoft Graph v1.0, subscribedSku (``capabilityStatus``,
``servicePlans``; least permission LicenseAssignment.Read.All) and "Product names and service plan
identifiers for licensing".
"""

from __future__ import annotations

from connectors import errors
from connectors.entra.client import EntraClient, Request

#: Entra ID P2, the name of its service plan in every product that contains it (of governments, too).
P2 = "AAD_PREMIUM_P2"
READ_PERMISSION = "LicenseAssignment.Read.All"
# Warning: the subscription has ended, and its features go on for the time of grace.
_IN_FORCE = frozenset({"Enabled", "Warning"})


async def holds(client: EntraClient, plan: str) -> bool | None:
    """Whether a subscription in force contains the service plan ``plan``.

    Returns:
        None where the tenant's subscriptions cannot be read.
    """
    request = Request(
        "GET",
        "/subscribedSkus",
        lambda graph, _: graph.subscribed_skus,
        query={"select": "capabilityStatus,servicePlans"},
        needs=f"the permission {READ_PERMISSION}",
    )
    try:
        skus = await client.items(request)
    except errors.ConnectorError:
        # Asked only to explain a refusal: what it finds must not hide the refusal itself.
        return None
    return any(
        str(part.get("servicePlanName")).startswith(plan)
        and part.get("provisioningStatus") != "Disabled"
        for sku in skus
        if sku.get("capabilityStatus") in _IN_FORCE
        for part in sku.get("servicePlans") or ()
    )
