"""Finding a person's Auth0 account: by its id or its e-mail address, exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors import errors
from connectors.auth0.client import Auth0Client, Request
from connectors.auth0.ids import is_user_id
from connectors.auth0.users import FIELDS, User, read_user, understand
from connectors.system import Account, Clue

_BY_EMAIL = "/api/v2/users-by-email"
#: Auth0 has no sign-in name beside the address; people's names elsewhere usually are theirs.
_ADDRESSES = frozenset({"email", "user_principal_name", "okta_login"})


async def find_accounts(client: Auth0Client, clues: Sequence[Clue]) -> tuple[Account, ...]:
    """Find accounts that match any clue exactly, each once.

    One address may belong to several users: one of the database, one of a social provider, as long
    as nobody has linked them. All are named then, unless it is shown for only one of them that the
    address is the person's (``email_verified``) or it was asked for by its id: anybody can sign up
    with somebody else's address, and must not be able to keep her account from being found.

    Args:
        client: the tenant.
        clues: what is known of the person; one of another kind is passed over.

    Returns:
        No account, one, or several.

    Raises:
        errors.Refused: the only clue understood is a malformed user id; nothing is sent.
        errors.ConnectorError: Auth0 cannot be asked.
    """
    ids = {clue.value for clue in clues if clue.kind == "auth0_user_id"}
    named = sorted(value for value in ids if is_user_id(value))
    addresses = _spellings(clues)
    if ids and not named and not addresses:
        raise errors.Refused("the auth0_user_id does not look like one of Auth0's")
    looks = [_by_id(client, value) for value in named]
    looks += [_by_address(client, value) for value in addresses]
    found = {user.id: user for users in await asyncio.gather(*looks) for user in users}
    shown = [user for user in found.values() if user.email_verified or user.id in ids]
    hers = shown if len(shown) == 1 else list(found.values())
    return tuple(_account(client.tenant, user) for user in hers)


def _spellings(clues: Sequence[Clue]) -> list[str]:
    """The addresses to ask for: the search minds their case, and Auth0's database keeps small letters."""
    given = [clue.value for clue in clues if clue.kind in _ADDRESSES and "@" in clue.value]
    return list(dict.fromkeys(text for value in given for text in (value.lower(), value)))


async def _by_id(client: Auth0Client, user_id: str) -> list[User]:
    try:
        return [await read_user(client, user_id)]
    except errors.NotFound:
        return []


async def _by_address(client: Auth0Client, address: str) -> list[User]:
    query = {"email": address, "fields": FIELDS}
    answer = await client.read(Request("GET", _BY_EMAIL, query=query, needs="read:users"))
    if not isinstance(answer.body, list):
        raise errors.Unavailable("the answer is not a list", status=answer.status)
    users = [understand(item, answer.date) for item in answer.body]
    # Whatever dropped the question on the way would otherwise name everybody.
    return [
        user
        for user in users
        if is_user_id(user.id) and user.email.casefold() == address.casefold()
    ]


def _account(tenant: str, user: User) -> Account:
    # An address nobody has shown to be the person's must not lead to somebody's account elsewhere.
    told = user.email if user.email_verified else ""
    return Account(
        tenant=tenant,
        system="auth0",
        id=user.id,
        name=user.email or user.id,
        display_name=user.name,
        clues=(Clue("email", told),) if told else (),
        facts=user.facts(),
    )
