"""Find a person's account: by object id, sign-in name or mail address, always exactly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from connectors import errors
from connectors.entra import ids, users
from connectors.entra.client import EntraClient, Request
from connectors.system import Account, Clue

Json = dict[str, Any]

_ADDRESS = re.compile(r"[^\s@\x00-\x1f\x7f]{1,256}@[^\s@\x00-\x1f\x7f]{1,253}")
_NAMED = frozenset({"user_principal_name", "email", "okta_login"})


async def find(client: EntraClient, clues: Sequence[Clue]) -> tuple[Account, ...]:
    """Find the accounts the clues name, each once.

    An ``entra_object_id`` is read by id; ``user_principal_name``, ``email`` and an ``okta_login``
    that looks like an address are looked for among sign-in names, then among mail addresses. What
    does not look like what its kind says is no match, and never sent.

    Raises:
        errors.ConnectorError: Graph cannot be asked.
    """
    answers = await asyncio.gather(*(_matching(client, clue) for clue in dict.fromkeys(clues)))
    found: dict[str, Account] = {}
    for user in (user for users_found in answers for user in users_found):
        account = _account(client.tenant, user)
        found.setdefault(account.id, account)
    return tuple(found.values())


async def _matching(client: EntraClient, clue: Clue) -> list[Json]:
    value = clue.value.strip()
    if clue.kind == "entra_object_id":
        return await _by_id(client, value) if ids.is_object_id(value) else []
    if clue.kind not in _NAMED or _ADDRESS.fullmatch(value) is None:
        return []
    for attribute in ("userPrincipalName", "mail"):
        found = await _by_name(client, attribute, value)
        if found:
            return found
    return []


async def _by_id(client: EntraClient, value: str) -> list[Json]:
    try:
        user: Json = (await client.read(users.by_id(value))).body
    except errors.NotFound:
        return []
    return [user] if str(user.get("id")).lower() == value.lower() else []


async def _by_name(client: EntraClient, attribute: str, value: str) -> list[Json]:
    literal = value.replace("'", "''")
    request = Request(
        "GET",
        "/users",
        lambda graph, _: graph.users,
        query={
            "filter": f"{attribute} eq '{literal}'",
            "select": ",".join(users.PROPERTIES),
        },
        needs=f"the permission {users.READ_PERMISSION}",
    )
    # A filter that somebody on the way dropped would name everybody: what came is compared again.
    return [
        user
        for user in await client.items(request)
        if str(user.get(attribute)).casefold() == value.casefold()
        and ids.is_object_id(str(user.get("id")))
    ]


def _account(tenant: str, user: Json) -> Account:
    name = str(user.get("userPrincipalName") or user.get("mail") or "")
    clues = tuple(
        Clue(kind, str(user[attribute]))
        for kind, attribute in (("user_principal_name", "userPrincipalName"), ("email", "mail"))
        if user.get(attribute)
    )
    return Account(
        tenant=tenant,
        system="entra",
        id=ids.object_id(str(user["id"])),
        name=name,
        display_name=str(user.get("displayName") or ""),
        clues=clues,
        facts=users.facts(user),
    )
