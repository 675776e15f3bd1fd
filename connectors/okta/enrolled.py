"""A user's enrolled factors, read raw, so that one odd entry hides none of the others.

Okta filters this list: it holds what the enrolment policy of highest priority allows, seen from
*our* network (Factors API, listFactors). A thief's factor can be missing from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.clock import instant, spell_or_none
from connectors.okta.addresses import is_object_id
from connectors.okta.client import OktaClient

FACTORS = "/api/v1/users/{user}/factors"
FACTOR = "/api/v1/users/{user}/factors/{factor}"

FILTERED = (
    "Okta lists only factors that its enrolment policy allows as seen from here; others can exist"
)

#: Kinds that are a phone number, which may serve recovery too.
PHONES = frozenset({"sms", "call"})
_TAKES_SIBLINGS = frozenset({"push", "signed_nonce"})
_OKTA_VERIFY = frozenset({"push", "signed_nonce", "token:software:totp"})
_EVIDENCE = ("authenticatorName", "deviceType", "platform", "name")


@dataclass(frozen=True, slots=True)
class Factor:
    """One enrolled factor. ``device`` is what its profile says of the device, never a number."""

    id: str
    kind: str
    provider: str
    status: str
    created: datetime | None
    device: Mapping[str, str]

    @property
    def takes_siblings(self) -> bool:
        """Whether Okta removes the user's other Okta Verify factors with it (unenrollFactor)."""
        return self.provider in ("OKTA", "") and self.kind in _TAKES_SIBLINGS

    @property
    def is_okta_verify(self) -> bool:
        """Whether it goes when a sibling that takes the others goes."""
        return self.provider in ("OKTA", "") and self.kind in _OKTA_VERIFY

    @property
    def protects(self) -> bool:
        """Whether a password alone does not suffice while it is there; a question is no factor."""
        return self.status == "ACTIVE" and self.kind != "question"

    def snapshot(self) -> dict[str, Any]:
        """What an observation keeps of it."""
        return {
            "id": self.id,
            "type": self.kind,
            "provider": self.provider,
            "status": self.status,
            "created": spell_or_none(self.created),
            "device": dict(self.device),
        }


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The factors that could be read, and how many entries could not."""

    factors: tuple[Factor, ...]
    odd: int
    date: datetime | None

    def with_unlisted(self, factors: Iterable[Factor]) -> Enrolled:
        """The same with factors that the list does not show, each once."""
        there = {factor.id for factor in self.factors}
        return replace(
            self, factors=(*self.factors, *(one for one in factors if one.id not in there))
        )


async def read_factors(client: OktaClient, user_id: str) -> Enrolled:
    """Read the user's factors.

    Raises:
        errors.ConnectorError: where the list cannot be read.
    """
    listing = await client.get_all(FACTORS, {"user": user_id})
    factors = tuple(factor for item in listing.items if (factor := _factor(item)))
    return Enrolled(factors, len(listing.items) - len(factors), listing.date)


async def is_enrolled(client: OktaClient, user_id: str, factor_id: str) -> bool:
    """Whether a factor is still there, asked by its id (so that no policy filters the answer).

    Raises:
        errors.ConnectorError: where that cannot be read.
    """
    try:
        await client.get(FACTOR, {"user": user_id, "factor": factor_id})
    except errors.NotFound:
        return False
    return True


async def read_factor(client: OktaClient, user_id: str, factor_id: str) -> Factor | None:
    """Read one factor by its id, listed or not; None where there is none, or it cannot be understood.

    Raises:
        errors.ConnectorError: where that cannot be read.
    """
    try:
        answer = await client.get(FACTOR, {"user": user_id, "factor": factor_id})
    except errors.NotFound:
        return None
    factor = _factor(answer.body)
    return factor if factor is not None and factor.id == factor_id else None


def siblings(going: Iterable[str], factors: Iterable[Factor]) -> tuple[Factor, ...]:
    """The factors that Okta removes besides those in ``going``."""
    ids, there = set(going), tuple(factors)
    if not any(factor.id in ids and factor.takes_siblings for factor in there):
        return ()
    return tuple(factor for factor in there if factor.is_okta_verify and factor.id not in ids)


def _factor(item: object) -> Factor | None:
    if not isinstance(item, dict):
        return None
    identifier = item.get("id")
    if not isinstance(identifier, str) or not is_object_id(identifier):
        return None
    profile = item.get("profile")
    device = profile if isinstance(profile, dict) else {}
    return Factor(
        id=identifier,
        kind=str(item.get("factorType") or ""),
        provider=str(item.get("provider") or ""),
        status=str(item.get("status") or ""),
        created=instant(item.get("created")),
        device={key: str(device[key]) for key in _EVIDENCE if device.get(key)},
    )
