"""A person asks for a containment: the same way as an alert's, from the identification on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from config.settings import Mode, Settings
from connectors.auth0.ids import is_user_id
from connectors.directory import Identification
from connectors.errors import ConnectorError
from connectors.system import Clue
from ledger import locks
from tasks import opening, reissuing
from tasks.launch import Opened
from tasks.opening import Request
from tasks.refusal import NotContainable
from tasks.service import Service
from tasks.systems import Systems

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OKTA_ID = re.compile(r"00u[A-Za-z0-9]{17}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person typed: whom, where, by which playbook, how far by itself.

    ``since`` is when the theft began, RFC 3339 UTC, where she knows. ``hand_over_to`` names the console
    account that is shown what is made for the person.
    """

    user: str
    tenant: str | None
    playbook: str
    mode: Mode
    requested_by: str
    since: str | None = None
    hand_over_to: str | None = None


def clues_of(user: str) -> tuple[Clue, ...]:
    """Return what a typed name may be: an object id, an Okta or Auth0 id, or a sign-in name.

    Raises:
        NotContainable: it is none of these (``me``, a bare word, an id of another kind).
    """
    user = user.strip()
    if _GUID.fullmatch(user):
        return (Clue("entra_object_id", user.lower()),)
    if _OKTA_ID.fullmatch(user):
        return (Clue("okta_user_id", user),)
    if is_user_id(user):
        return (Clue("auth0_user_id", user),)
    if "@" in user.strip("@") and not any(character.isspace() for character in user):
        kinds = ("user_principal_name", "okta_login", "email")
        return tuple(Clue(kind, user) for kind in kinds)
    raise NotContainable(
        f"{user!r} is neither a sign-in name, nor the id of a user in Entra, Okta or Auth0",
        "Give name@example.com, an object id like 0f3c…-…, an Okta id like 00u…, or an Auth0 id "
        "like auth0|….",
    )


def remedy_of(error: ConnectorError) -> str:
    """Return what to do about a failure before there is a run: no step tries again by itself."""
    if not error.retryable:
        return error.remedy
    return (
        "Nothing is tried again by itself: see whether this machine reaches the vendor (network, "
        "proxy, DNS, the vendor's status page), then contain again."
    )


async def request_run(service: Service, systems: Systems, wish: Wish) -> Opened:
    """Open a run for the person a wish names, or join the one that is open.

    Raises:
        NotContainable: nobody of that name, or several; the tenant is not known, or none of its
            systems can be asked.
    """
    clues = clues_of(wish.user)
    tenant = _tenant(service.settings, wish.tenant, clues)
    person = await opening.look_up(systems, tenant, clues)
    if not person.accounts:
        if person.failures:
            system, error = next(iter(person.failures.items()))
            raise NotContainable(f"{system} of tenant {tenant}: {error}", remedy_of(error))
        raise NotContainable(
            f"no account of {wish.user} in tenant {tenant}"
            if not person.ambiguities
            else f"several accounts match {wish.user}: {dict(person.ambiguities)}",
            "Check the name, or give the account's id.",
        )
    request = Request(
        tenant=tenant,
        playbook=wish.playbook,
        mode=wish.mode,
        requested_by=wish.requested_by,
        since=wish.since,
    )
    opened = await service.database.writing(_open, service, systems, request, person, wish)
    service.ring(opened.rings)
    return opened


def _open(
    connection: Connection,
    service: Service,
    systems: Systems,
    request: Request,
    person: Identification,
    wish: Wish,
) -> Opened:
    if wish.hand_over_to is not None:
        # a containment that is being opened is waited for, and seen
        locks.take(connection, locks.people_of(request.tenant))
        recipient = reissuing.recipient(connection, service, person, wish.hand_over_to)
        reissuing.check_open(connection, request.tenant, person)
        request = replace(request, hand_over_to=recipient)
    return opening.open_run(connection, service, systems, request, person)


def _tenant(settings: Settings, named: str | None, clues: Sequence[Clue]) -> str:
    if named is not None:
        if named in settings.tenants:
            return named
        raise NotContainable(
            f"there is no tenant {named!r}", f"Configured: {', '.join(settings.tenants) or 'none'}."
        )
    tenant = opening.tenant_of(settings, [clue.value for clue in clues])
    if tenant is not None:
        return tenant
    raise NotContainable(
        "it cannot be told which tenant is meant",
        f"Say --tenant; configured: {', '.join(settings.tenants) or 'none'}.",
    )
