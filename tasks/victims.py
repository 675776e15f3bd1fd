"""Who an alert is about: its tenant, and the accounts of its victims in that tenant's systems."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from config.settings import Settings, Source
from connectors.directory import Identification
from connectors.errors import ConnectorError, Refused
from connectors.system import Clue
from detectors.alert import Alert, Person, Role
from tasks import opening
from tasks.lookups import Lookups

#: How many persons of one alert are looked for at a time.
_AT_ONCE = 8


class Unusable(Exception):
    """The alert is understood and nothing can be done with it."""

    def __init__(self, reason: str, remedy: str) -> None:
        """Say why, and what a person can do."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Found:
    """The persons who were found, and the places of those among the victims who were not (yet)."""

    people: tuple[Identification, ...]
    left: tuple[int, ...]


async def find(
    lookups: Lookups, tenant: str, victims: Sequence[Person], *, patient: bool, last: bool
) -> Found:
    """Find the accounts of these persons, several at once.

    One who cannot be found keeps nobody else from being contained. ``patient`` waits for a system
    that does not answer where another knows the person; ``last`` says that it is not to be waited
    for any more.

    Raises:
        ConnectorError: nobody was found; a system does not answer, and it is worth waiting for.
        Unusable: nobody was found, or it cannot be told.
    """
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(person: Person) -> Identification:
        async with turn:
            return await _identify(lookups, tenant, person, patient=patient, last=last)

    looks = await asyncio.gather(*map(one, victims), return_exceptions=True)
    people = tuple(look for look in looks if not isinstance(look, BaseException))
    if not people:
        raise _weightiest([look for look in looks if isinstance(look, BaseException)])
    left = (place for place, look in enumerate(looks) if isinstance(look, BaseException))
    return Found(people, tuple(left))


def _weightiest(errors: Sequence[BaseException]) -> BaseException:
    """Return what is to be said of all: a fault of ours, else what is worth waiting for."""
    ours = (error for error in errors if not isinstance(error, Unusable | ConnectorError))
    waits = (error for error in errors if isinstance(error, ConnectorError))
    return next(ours, None) or next(waits, None) or errors[0]


async def _identify(
    lookups: Lookups, tenant: str, person: Person, *, patient: bool, last: bool
) -> Identification:
    clues = [Clue(each.kind.value, each.value) for each in person.ids]
    identification = await lookups.find(tenant, clues)
    if identification.failures and (not identification.accounts or patient):
        first = next(iter(identification.failures.values()))
        final = not first.retryable and not identification.accounts
        if isinstance(first, Refused) and not identification.accounts:
            raise Unusable(
                f"its identifiers are not a person's: {first.detail}",
                "Let the detector send the person's own id or sign-in name.",
            )
        if final or last:
            raise Unusable(f"the tenant's systems cannot be asked: {first}", first.remedy)
        if not identification.accounts or first.retryable:
            raise first
    if not identification.accounts:
        raise Unusable(*_nobody(tenant, identification))
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


def since(alert: Alert) -> str | None:
    """Return when what an alert speaks of happened, RFC 3339 UTC and never later than now, where it says so."""
    if alert.occurred_at is None:
        return None
    moment = min(_utc(alert.occurred_at), datetime.now(UTC))
    return moment.isoformat().replace("+00:00", "Z")


def only(alert: Alert, place: int) -> Alert:
    """Return the alert as it speaks of one of its victims.

    Raises:
        Unusable: it has fewer victims than when it was divided.
    """
    if place >= len(alert.victims):
        raise Unusable("the finding names fewer persons than before", "Look at the mapping.")
    others = tuple(person for person in alert.persons if person.role is not Role.VICTIM)
    return alert.model_copy(update={"persons": (alert.victims[place], *others)})


def milliseconds(moment: datetime) -> int:
    """Return a moment in milliseconds since 1970; one without a time zone is UTC."""
    return int(_utc(moment).timestamp() * 1000)


def _utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _nobody(tenant: str, person: Identification) -> tuple[str, str]:
    if person.ambiguities:
        unclear = person.ambiguities.items()
        ids = "; ".join(f"{system}: {', '.join(matching)}" for system, matching in unclear)
        if person.contradicted:
            return (
                f"what the alert says of the person names different people ({ids}); none was touched",
                "Find out who is meant, then: rescind contain ID",
            )
        return (
            f"several accounts match ({ids}); none was touched",
            "Contain the right one by its id: rescind contain ID",
        )
    return (
        f"no account of this person was found in tenant {tenant}",
        "Check the identifiers in the alert, and that the tenant is the right one.",
    )
