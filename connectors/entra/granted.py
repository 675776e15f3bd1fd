"""What a user has granted to apps in Graph: delegated grants and app roles, and how each is changed.

Source: Microsoft Graph v1.0, oAuth2PermissionGrant (its scope can be updated) and appRoleAssignment. A
grant has no date. The list of a user's app roles holds those of her groups, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.entra import ids
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

GRANTS = "/oauth2PermissionGrants"
ASSIGNMENTS = "/users/{id}/appRoleAssignments"
EVERYBODY = "AllPrincipals"
GRANT, ASSIGNMENT = "grant", "assignment"
#: What has to be sent to give one again.
_MAKES = {
    GRANT: ("clientId", "consentType", "principalId", "resourceId", "scope"),
    ASSIGNMENT: ("principalId", "resourceId", "appRoleId"),
}


async def grants(client: EntraClient, user_id: str) -> list[Json]:
    """List the delegated grants the user has given for herself.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    return await client.items(
        Request(
            "GET",
            "/users/{id}/oauth2PermissionGrants",
            lambda graph, ids: graph.users.by_user_id(ids["id"]).oauth2_permission_grants,
            params={"id": user_id},
            needs="the permission Directory.Read.All or DelegatedPermissionGrant.ReadWrite.All",
        )
    )


async def grants_to(client: EntraClient, service_principal_id: str) -> list[Json]:
    """List the delegated grants anybody has given to one app, those for everybody included.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    return await client.items(
        Request(
            "GET",
            GRANTS,
            lambda graph, _: graph.oauth2_permission_grants,
            query={"filter": f"clientId eq '{ids.object_id(service_principal_id)}'"},
            needs="the permission Directory.Read.All or DelegatedPermissionGrant.ReadWrite.All",
        )
    )


async def assignments(client: EntraClient, user_id: str) -> list[Json]:
    """List the app roles that were assigned to the user herself, not to a group of hers.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    listed = await client.items(
        Request(
            "GET",
            ASSIGNMENTS,
            lambda graph, ids: graph.users.by_user_id(ids["id"]).app_role_assignments,
            params={"id": user_id},
            needs="the permission Directory.Read.All or AppRoleAssignment.ReadWrite.All",
        )
    )
    own = ids.object_id(user_id)
    return [one for one in listed if str(one.get("principalId")).lower() == own]


def app_of(item: Mapping[str, Any], kind: str) -> str:
    """The service principal of the app that a grant or an assignment is about."""
    return str(item.get("clientId" if kind == GRANT else "resourceId")).lower()


def makings(item: Mapping[str, Any], kind: str) -> Json:
    """What has to be sent to give the same once more."""
    return {name: item.get(name) for name in _MAKES[kind]}


def same(kind: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two are for the same app, resource and role: there can be only one of them."""
    return all(one.get(name) == other.get(name) for name in _MAKES[kind] if name != "scope")


def removal(user_id: str, kind: str, item_id: str, needs: str) -> Request:
    """The request that takes a grant or an assignment away."""
    if kind == GRANT:
        return Request(
            "DELETE",
            GRANTS + "/{grant}",
            lambda graph, ids: graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(
                ids["grant"]
            ),
            params={"grant": item_id},
            needs=needs,
        )
    return Request(
        "DELETE",
        ASSIGNMENTS + "/{assignment}",
        lambda graph, ids: graph.users.by_user_id(
            ids["id"]
        ).app_role_assignments.by_app_role_assignment_id(ids["assignment"]),
        params={"id": user_id, "assignment": item_id},
        needs=needs,
    )


def scoping(grant_id: str, scope: str, needs: str) -> Request:
    """The request that leaves a grant with ``scope``: permissions with blanks between them."""
    return Request(
        "PATCH",
        GRANTS + "/{grant}",
        lambda graph, ids: graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(
            ids["grant"]
        ),
        params={"grant": grant_id},
        body={"scope": scope},
        needs=needs,
    )


def giving(user_id: str, kind: str, makings: Mapping[str, Any], needs: str) -> Request:
    """The request that gives a grant or an assignment again."""
    if kind == GRANT:
        return Request(
            "POST",
            GRANTS,
            lambda graph, _: graph.oauth2_permission_grants,
            body=dict(makings),
            needs=needs,
        )
    return Request(
        "POST",
        ASSIGNMENTS,
        lambda graph, ids: graph.users.by_user_id(ids["id"]).app_role_assignments,
        params={"id": user_id},
        body=dict(makings),
        needs=needs,
    )
