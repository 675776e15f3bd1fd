"""Finding a person's Okta account: by its id, its login or its e-mail address, exactly.

``filter`` reads the live record and minds the case of what it compares; ``search`` does not mind it
and lags behind. Both also find deactivated users. Source: Okta Users API, listUsers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors import errors
from connectors.okta.addresses import is_user_id
from connectors.okta.client import OktaClient
from connectors.okta.users import DEPROVISIONED, User, read_user, understand
from connectors.system import Account, Clue

_FILTER = "/api/v1/users?filter={question}"
_SEARCH = "/api/v1/users?search={question}"
_ATTRIBUTES = {
    "okta_login": "profile.login",
    "user_principal_name": "profile.login",
    "email": "profile.email",
}


async def find_accounts(client: OktaClient, clues: Sequence[Clue]) -> tuple[Account, ...]:
    """Find accounts that match any clue exactly, each once.

    A deactivated account is found too, and its ``status`` fact says so; but not beside the only one
    that is not deactivated, unless it was asked for by its id: people who left and came back have
    two. A clue of another kind (an Entra object id) is passed over.

    Args:
        client: the organization.
        clues: what is known of the person.

    Returns:
        No account, one, or several.

    Raises:
        errors.Refused: where the only clue understood is a malformed user id; nothing is sent.
        errors.ConnectorError: where Okta cannot be asked.
    """
    known = [clue for clue in dict.fromkeys(clues) if _understood(clue)]
    if not known and any(clue.kind == "okta_user_id" for clue in clues):
        raise errors.Refused("the okta_user_id does not look like one of Okta's")
    found: dict[str, User] = {}
    for users in await asyncio.gather(*(_matching(client, clue) for clue in known)):
        found |= {user.id: user for user in users}
    named = {clue.value for clue in known if clue.kind == "okta_user_id"}
    live = [user for user in found.values() if user.status != DEPROVISIONED or user.id in named]
    hers = live if len(live) == 1 else list(found.values())
    return tuple(_account(client.tenant, user) for user in hers)


def _understood(clue: Clue) -> bool:
    if clue.kind == "okta_user_id":
        return is_user_id(clue.value)
    return clue.kind in _ATTRIBUTES and bool(clue.value)


async def _matching(client: OktaClient, clue: Clue) -> list[User]:
    if clue.kind == "okta_user_id":
        known = await _live(client, clue.value)
        return [known] if known is not None else []
    attribute = _ATTRIBUTES[clue.kind]
    exact = await _listed(client, _FILTER, attribute, clue.value)
    if exact:
        return exact
    # detectors and other directories write names with capitals as they please
    alike = await _listed(client, _SEARCH, attribute, clue.value)
    live = await asyncio.gather(*(_live(client, user.id) for user in alike))
    return [user for user in live if user is not None and _same(user, attribute, clue.value)]


async def _listed(client: OktaClient, path: str, attribute: str, value: str) -> list[User]:
    listing = await client.get_all(path, {"question": f"{attribute} eq {_quoted(value)}"})
    users = [understand(item, listing.date) for item in listing.items]
    # Whatever dropped the question on the way would otherwise name everybody.
    return [user for user in users if _same(user, attribute, value)]


async def _live(client: OktaClient, user_id: str) -> User | None:
    try:
        return await read_user(client, user_id)
    except errors.NotFound:
        return None


def _same(user: User, attribute: str, value: str) -> bool:
    has = user.login if attribute == "profile.login" else user.email
    return is_user_id(user.id) and has.casefold() == value.casefold()


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _account(tenant: str, user: User) -> Account:
    clues = [Clue("okta_login", user.login), Clue("email", user.email)]
    return Account(
        tenant=tenant,
        system="okta",
        id=user.id,
        name=user.login,
        display_name=user.display_name,
        clues=tuple(clue for clue in clues if clue.value),
        facts=user.facts(),
    )
