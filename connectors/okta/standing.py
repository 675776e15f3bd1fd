"""What a person is in the organization: an administrator, the last one, the owner of our own API token.

Source: Okta Role Assignments API, listAssignedRolesForUser and listUsersWithRoleAssignments (``okta.roles.read``);
User Resources API, listUserGroups; Users API, ``/users/me``. The list of administrators has ids alone, so
that each of them is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from connectors import errors, standing
from connectors.okta.client import OktaClient
from connectors.okta.system_log import own_id
from connectors.okta.users import ACTIVE, read_user
from connectors.system import Account

Json = dict[str, Any]
Facts = Mapping[str, Any]

#: The role that may give back all others.
SUPER_ADMINISTRATOR = "SUPER_ADMIN"
_ROLES = "/api/v1/users/{user}/roles"
_ADMINISTRATORS = "/api/v1/iam/assignees/users?limit={limit}"
_GROUPS = "/api/v1/users/{user}/groups"
#: How many of the other administrators are looked at side by side, by two reads each.
_AT_ONCE = 10


async def read(client: OktaClient, account: Account, within_s: float) -> Facts:
    """Read what the account's person is in the organization; never raises.

    Returns:
        ``roles`` (``id``: Okta's type, such as ``SUPER_ADMIN``; ``name``; ``through_group``),
        ``last_administrator`` (she is a super administrator, and no other one is active), ``groups``
        (ids), ``group_names`` and ``owns_us``; what could not be told in ``within_s`` seconds is
        absent, and named in ``unknown``.
    """
    held = asyncio.ensure_future(_held(client, account.id))
    return await standing.in_time(
        {
            "roles": _roles(held),
            "last_administrator": _last(client, account.id, held),
            "groups": _groups(client, account.id),
            "owns_us": _owns_us(client, account.id),
        },
        within_s,
    )


async def _held(client: OktaClient, user_id: str) -> list[Json]:
    listing = await client.get_all(_ROLES, {"user": user_id})
    return [one for one in listing.items if isinstance(one, dict) and one.get("status") == "ACTIVE"]


async def _roles(held: asyncio.Future[list[Json]]) -> Facts:
    return {
        "roles": [
            {
                "id": str(one.get("role") or one.get("type")),
                "name": str(one.get("label") or one.get("type")),
                "through_group": one.get("assignmentType") == "GROUP",
            }
            for one in await held
        ]
    }


def _is_super(held: list[Json]) -> bool:
    return any(one.get("type") == SUPER_ADMINISTRATOR for one in held)


async def _last(client: OktaClient, user_id: str, held: asyncio.Future[list[Json]]) -> Facts:
    """Whether she is a super administrator and no other active person is one."""
    # Asked for beside her own roles: one after the other would take longer than is waited for.
    listing = asyncio.ensure_future(
        client.get_all(_ADMINISTRATORS, {"limit": "200"}, within="value")
    )
    try:
        if not _is_super(await held):
            return {"last_administrator": False}
        listed = [one.get("id") for one in (await listing).items if isinstance(one, dict)]
    finally:
        listing.cancel()
        await asyncio.gather(listing, return_exceptions=True)
    others = [each for each in dict.fromkeys(map(str, listed)) if each != user_id]
    failed: BaseException | None = None
    for start in range(0, len(others), _AT_ONCE):
        looks = (_acts_as_super(client, each) for each in others[start : start + _AT_ONCE])
        for seen in await asyncio.gather(*looks, return_exceptions=True):
            if seen is True:
                return {"last_administrator": False}
            failed = seen if isinstance(seen, BaseException) else failed
    if failed is not None:
        raise failed
    return {"last_administrator": True}


async def _acts_as_super(client: OktaClient, user_id: str) -> bool:
    try:
        held, user = await asyncio.gather(_held(client, user_id), read_user(client, user_id))
    except errors.NotFound:
        return False  # deleted since the list was made
    return _is_super(held) and user.status == ACTIVE


async def _groups(client: OktaClient, user_id: str) -> Facts:
    listing = await client.get_all(_GROUPS, {"user": user_id})
    groups = [one for one in listing.items if isinstance(one, dict)]
    profiles = [one.get("profile") for one in groups]
    names = [str(each.get("name")) for each in profiles if isinstance(each, dict)]
    return {"groups": sorted(str(one.get("id")) for one in groups), "group_names": sorted(names)}


async def _owns_us(client: OktaClient, user_id: str) -> Facts:
    if client.client_id is not None:
        return {"owns_us": False}  # a service app has no owner whose fate it shares
    ours = await own_id(client)
    if ours is None:
        raise errors.Unavailable("Okta does not tell whose API token we use")
    return {"owns_us": ours == user_id}
