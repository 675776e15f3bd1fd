"""Apps as a tenant knows them (service principals): one read, who uses it, and which are spared.

Source: Microsoft Graph v1.0, servicePrincipal; Microsoft, "Verify first-party Microsoft applications".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors import errors
from connectors.door import Answer
from connectors.entra import granted, ids
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

#: The tenants that own Microsoft's own apps.
MICROSOFT = frozenset(
    {"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}
)
_READS = "the permission Application.Read.All or Directory.Read.All"


async def principal(client: EntraClient, service_principal_id: str) -> Answer:
    """Read a service principal by its object id.

    Raises:
        errors.NotFound: the tenant has none; errors.ConnectorError: it cannot be read.
    """
    return await client.read(
        Request(
            "GET",
            "/servicePrincipals/{id}",
            lambda graph, ids: graph.service_principals.by_service_principal_id(ids["id"]),
            params={"id": service_principal_id},
            query={"select": "id,appId,displayName,accountEnabled,appOwnerOrganizationId"},
            needs=_READS,
        )
    )


async def others(client: EntraClient, user_id: str, app: str, *, ours: bool) -> str:
    """Who but the user would lose an app, in words; empty where nobody would.

    Args:
        client: the tenant's Graph.
        user_id: whose consents do not count.
        app: the app's service principal.
        ours: whether a consent for everybody does not count either, because the user gave it.

    Raises:
        errors.ConnectorError: it cannot be read now.
    """
    try:
        grants = await granted.grants_to(client, app)
        assigned = await client.items(
            Request(
                "GET",
                "/servicePrincipals/{id}/appRoleAssignedTo",
                lambda graph, ids: (
                    graph.service_principals.by_service_principal_id(ids["id"]).app_role_assigned_to
                ),
                params={"id": app},
                needs=_READS,
            )
        )
    except errors.Forbidden:
        return "people who cannot be read"
    if not ours and any(grant.get("consentType") == granted.EVERYBODY for grant in grants):
        return "everybody in the tenant"
    people = {
        str(one["principalId"]).lower() for one in (*grants, *assigned) if one.get("principalId")
    }
    count = len(people - {ids.object_id(user_id)})
    return f"{count} other{'s' if count > 1 else ''}" if count else ""


async def why_spared(client: EntraClient, app: Mapping[str, Any]) -> str:
    """Why an app is never touched (``appId``, ``appOwnerOrganizationId``); empty where it may be.

    Raises:
        errors.ConnectorError: Entra does not tell who we are.
    """
    own = await client.own_app_id()
    if own is not None and str(app.get("appId")).lower() == own:
        return "it is Rescind's own application"
    if str(app.get("appOwnerOrganizationId")).lower() in MICROSOFT:
        return "it is an app of Microsoft's own"
    return ""
