"""What a person is in the organization: an administrator, the owner of our own API token.

Source: Okta Role Assignments API, listAssignedRolesForUser; Users API, ``/users/me``. Whether a super
administrator is the last takes reading all of them, so it is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors import errors, standing
from connectors.okta.client import OktaClient
from connectors.okta.system_log import own_id
from connectors.system import Account

Facts = Mapping[str, Any]


async def read(client: OktaClient, account: Account, within_s: float) -> Facts:
    """Read what the account's person is in the organization; never raises.

    Returns:
        ``roles`` (``id``: Okta's type, such as ``SUPER_ADMIN``; ``name``; ``through_group``) and
        ``owns_us``; what could not be told in ``within_s`` seconds is absent, and named in ``unknown``.
    """
    return await standing.in_time(
        {"roles": _roles(client, account.id), "owns_us": _owns_us(client, account.id)}, within_s
    )


async def _roles(client: OktaClient, user_id: str) -> Facts:
    listing = await client.get_all("/api/v1/users/{user}/roles", {"user": user_id})
    held = [one for one in listing.items if isinstance(one, dict) and one.get("status") == "ACTIVE"]
    return {
        "roles": [
            {
                "id": str(one.get("role") or one.get("type")),
                "name": str(one.get("label") or one.get("type")),
                "through_group": one.get("assignmentType") == "GROUP",
            }
            for one in held
        ]
    }


async def _owns_us(client: OktaClient, user_id: str) -> Facts:
    if client.client_id is not None:
        return {"owns_us": False}  # a service app has no owner whose fate it shares
    ours = await own_id(client)
    if ours is None:
        raise errors.Unavailable("Okta does not tell whose API token we use")
    return {"owns_us": ours == user_id}
