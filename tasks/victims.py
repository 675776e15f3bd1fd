"""Who an alert is about: its tenant, and the accounts of its victims in that tenant's systems."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from config.settings import Settings, Source
from connectors.directory import Identification
from connectors.system import Clue
from detectors.alert import Alert, Person
from tasks import opening
from tasks.systems import Systems

#: How many persons of one alert are looked for at a time.
_AT_ONCE = 8


class Unusable(Exception):
    """The alert is understood and nothing can be done with it."""

    def __init__(self, reason: str, remedy: str) -> None:
        """Say why, and what a person can do."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


async def find(
    systems: Systems, tenant: str, victims: Sequence[Person], *, patient: bool, last: bool
) -> list[Identification]:
    """Find the accounts of these persons; those who have none anywhere are left out.

    ``patient`` waits for a system that does not answer where another knows the person; ``last``
    says that it is not to be waited for any more.

    Raises:
        ConnectorError: a system does not answer, and it is worth waiting for.
        Unusable: nobody was found, or it cannot be told.
    """
    people = await _side_by_side(
        [_identify(systems, tenant, person, patient=patient, last=last) for person in victims]
    )
    found = [person for person in people if person.accounts]
    if not found:
        raise Unusable(*_nobody(tenant, people))
    return found


async def _identify(
    systems: Systems, tenant: str, person: Person, *, patient: bool, last: bool
) -> Identification:
    clues = [Clue(each.kind.value, each.value) for each in person.ids]
    identification = await opening.look_up(systems, tenant, clues)
    if identification.failures and (not identification.accounts or patient):
        first = next(iter(identification.failures.values()))
        final = not first.retryable and not identification.accounts
        if final or last:
            raise Unusable(f"the tenant's systems cannot be asked: {first}", first.remedy)
        if not identification.accounts or first.retryable:
            raise first
    return identification


def choose_tenant(settings: Settings, source: Source | None, victims: Sequence[Person]) -> str:
    """Return the tenant these persons live in: the source's, else by domain, else the only one.

    Raises:
        Unusable: where that cannot be told; it is never guessed.
    """
    if source is not None and source.tenant:
        return source.tenant
    values = [each.value for person in victims for each in person.ids]
    tenant = opening.tenant_of(settings, values)
    if tenant is not None:
        return tenant
    raise Unusable(
        "it cannot be told which tenant the person belongs to",
        "Set sources.NAME.tenant, or list the domain in tenants.NAME.domains.",
    )


async def _side_by_side(
    looks: Sequence[Coroutine[Any, Any, Identification]],
) -> list[Identification]:
    """Look for several persons at once, a few at a time; the first failure stands for all."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(look: Coroutine[Any, Any, Identification]) -> Identification:
        async with turn:
            return await look

    found = await asyncio.gather(*map(one, looks), return_exceptions=True)
    people = []
    for each in found:
        if isinstance(each, BaseException):
            raise each
        people.append(each)
    return people


def since(alert: Alert) -> str | None:
    """Return when what an alert speaks of happened, RFC 3339 UTC and never later than now, where it says so."""
    if alert.occurred_at is None:
        return None
    moment = alert.occurred_at
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(moment, datetime.now(UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _nobody(tenant: str, people: Sequence[Identification]) -> tuple[str, str]:
    unclear = [each for person in people for each in person.ambiguities.items()]
    if unclear:
        ids = "; ".join(f"{system}: {', '.join(matching)}" for system, matching in unclear)
        return (
            f"several accounts match ({ids}); none was touched",
            "Contain the right one by its id: rescind contain ID",
        )
    return (
        f"no account of this person was found in tenant {tenant}",
        "Check the identifiers in the alert, and that the tenant is the right one.",
    )
