"""A user's authentication methods in Graph: what is asked, and how one is removed or preferred.

Source: Microsoft Graph v1.0, authenticationMethod, userRegistrationDetails and directoryAudits;
beta, signInPreferences.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.entra import auditlog, dating, factors
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

PATH = "/users/{id}/authentication"
PREFERENCE = "userPreferredMethodForSecondaryAuthentication"


async def methods(client: EntraClient, user_id: str) -> list[Json]:
    """List the user's methods, whatever their kind.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    return await client.items(
        Request(
            "GET",
            PATH + "/methods",
            lambda graph, ids: graph.users.by_user_id(ids["id"]).authentication.methods,
            params={"id": user_id},
            needs="the permission UserAuthenticationMethod.Read.All or .ReadWrite.All",
        )
    )


async def preferred(client: EntraClient, user_id: str) -> str | None:
    """Read which method is the user's default; None where that cannot be read."""
    request = Request(
        "GET",
        "/reports/authenticationMethods/userRegistrationDetails/{id}",
        lambda graph, ids: (
            graph.reports.authentication_methods.user_registration_details
        ).by_user_registration_details_id(ids["id"]),
        params={"id": user_id},
        bucket="reports",
    )
    try:
        name = (await client.read(request)).body.get(PREFERENCE)
    except errors.ConnectorError:
        # Only the order depends on it; a refused default is tried again after the others.
        return None
    return name if isinstance(name, str) else None


async def audits(client: EntraClient, user_id: str, start: datetime) -> list[Json] | None:
    """Read what the directory's log says of the user's methods since ``start``.

    Returns:
        The entries, or None where there is no permission or no licence for the log.

    Raises:
        errors.ConnectorError: the log cannot be read now.
    """
    return await auditlog.entries(
        client, start, f"loggedByService eq '{dating.AUDIT_SERVICE}'", auditlog.to(user_id)
    )


def deletion(user_id: str, item: Mapping[str, Any], needs: str) -> Request:
    """The request that removes the method ``item`` (``id``, ``kind``)."""
    kind = factors.KINDS[item["kind"]]
    return Request(
        "DELETE",
        f"{PATH}/{kind.segment}/{{method}}",
        lambda graph, ids: kind.at(graph.users.by_user_id(ids["id"]).authentication, ids["method"]),
        params={"id": user_id, "method": item["id"]},
        needs=needs,
    )


def preference(user_id: str, name: str, needs: str) -> Request:
    """The request that makes the kind of method called ``name`` the user's default."""
    return Request(
        "PATCH",
        PATH + "/signInPreferences",
        lambda graph, ids: graph.users.by_user_id(ids["id"]).authentication,
        params={"id": user_id},
        body={PREFERENCE: name},
        needs=needs,
        beta=True,
    )
