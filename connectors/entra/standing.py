"""What a person is in the directory: an administrator, the last one, federated, an owner of our application.

Source: Microsoft Graph v1.0, user: list transitiveMemberOf and ownedObjects, directoryRole: list members,
domain (authenticationType); Entra built-in roles. A role that a person may activate (Privileged Identity
Management) and has not is no role yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from connectors import errors, standing
from connectors.entra import access_policies, app_keys, ids
from connectors.entra.client import EntraClient, Request
from connectors.system import Account

Json = dict[str, Any]
Facts = Mapping[str, Any]

#: The role template of Global Administrator, the same in every tenant.
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
#: A bucket of their own: where Graph throttles these reads, it holds back no other.
_BUCKET = "standing"
_SELECT = {"select": "id,accountEnabled"}
_NEEDS = "the permission RoleManagement.Read.Directory or Directory.Read.All"


async def read(client: EntraClient, account: Account, within_s: float) -> Facts:
    """Read what the account's person is in the directory; never raises.

    Returns:
        ``roles`` (``id``: the role template, ``name``), ``role_groups`` (names of the groups a role may
        come through), ``groups`` (ids), ``restricted_units`` (names of the restricted management
        units she is in), ``last_administrator``, ``federated`` (not of a guest, who signs in at home),
        ``owns_us``; what could not be told in ``within_s`` seconds is absent, and named in ``unknown``.
    """
    person = ids.object_id(account.id)
    belongs = asyncio.ensure_future(access_policies.member_of(client, person, bucket=_BUCKET))
    return await standing.in_time(
        {
            "roles": _belonging(belongs),
            "last_administrator": _last(client, person, belongs),
            "federated": _federated(client, account.name),
            "owns_us": _owns_us(client, person),
        },
        within_s,
    )


async def _belonging(belongs: asyncio.Future[list[Json]]) -> Facts:
    held = await belongs
    groups = [one for one in held if _kind(one) == "group"]
    units = [one for one in held if _kind(one) == "administrativeUnit"]
    return {
        "roles": [
            {"id": str(one["roleTemplateId"]).lower(), "name": str(one.get("displayName") or "")}
            for one in _roles(held)
        ],
        "role_groups": _names(one for one in groups if one.get("isAssignableToRole") is True),
        "groups": sorted(str(one.get("id")).lower() for one in groups),
        "restricted_units": _names(
            one for one in units if one.get("isMemberManagementRestricted") is True
        ),
    }


def _roles(held: Iterable[Json]) -> list[Json]:
    roles = [one for one in held if _kind(one) == "directoryRole"]
    if any(not one.get("roleTemplateId") for one in roles):
        # Graph shows that there is a role, but for want of a permission not which.
        raise errors.Forbidden(f"roles are shown without saying which: grant {_NEEDS}")
    return roles


def _kind(one: Json) -> str:
    return str(one.get("@odata.type")).rpartition(".")[2]


def _names(objects: Iterable[Json]) -> list[str]:
    return sorted(str(one.get("displayName") or one.get("id")) for one in objects)


async def _last(client: EntraClient, person: str, belongs: asyncio.Future[list[Json]]) -> Facts:
    """Whether no other enabled person has the role that may give back all others."""
    for role in _roles(await belongs):
        if str(role["roleTemplateId"]).lower() == GLOBAL_ADMINISTRATOR:
            members = await _members(client, "directoryRoles", str(role.get("id")))
            return {"last_administrator": not await _another(client, person, members)}
    return {"last_administrator": False}


async def _another(client: EntraClient, person: str, members: list[Json]) -> bool:
    if _enabled(person, members):
        return True
    for one in members:
        # Groups that have a role hold people only: one cannot be in another.
        if _kind(one) == "group":
            inside = await _members(client, "groups", str(one.get("id")))
            if _enabled(person, inside):
                return True
    return False


def _enabled(person: str, members: Iterable[Json]) -> bool:
    others = [
        one for one in members if _kind(one) == "user" and str(one.get("id")).lower() != person
    ]
    if any(one.get("accountEnabled") is True for one in others):
        return True
    if any(one.get("accountEnabled") is None for one in others):
        raise errors.Unavailable("whether another administrator is enabled is not told")
    return False


async def _members(client: EntraClient, kind: str, object_id: str) -> list[Json]:
    def at(graph: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - the SDK's builders are untyped here
        if kind == "groups":
            return graph.groups.by_group_id(names["id"]).members
        return graph.directory_roles.by_directory_role_id(names["id"]).members

    return await client.items(
        Request(
            "GET",
            f"/{kind}/{{id}}/members",
            at,
            params={"id": object_id},
            query=_SELECT,
            bucket=_BUCKET,
            needs=_NEEDS,
        )
    )


async def _federated(client: EntraClient, sign_in_name: str) -> Facts:
    """Whether her password is checked elsewhere; the tenant's domains are listed, so no name is sent."""
    if "#EXT#" in sign_in_name.upper():
        return {}
    domain = sign_in_name.rpartition("@")[2].casefold()
    listed = await client.items(
        Request(
            "GET",
            "/domains",
            lambda graph, _: graph.domains,
            query={"select": "id,authenticationType"},
            bucket=_BUCKET,
            needs="the permission Domain.Read.All",
        )
    )
    for one in listed:
        if str(one.get("id")).casefold() == domain and one.get("authenticationType"):
            return {"federated": one["authenticationType"] == "Federated"}
    raise errors.NotFound("the domain of the sign-in name is not among the tenant's")


async def _owns_us(client: EntraClient, person: str) -> Facts:
    own = await client.own_ids()
    if not own:
        raise errors.Unavailable("neither settings nor access token name our application")
    return {"owns_us": await app_keys.owns(client, person, own, bucket=_BUCKET)}
