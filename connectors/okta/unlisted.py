"""Factors that Okta's log tells of and its list does not show.

The list holds what the enrolment policy allows as seen from our network (Factors API, listFactors), so what a
thief has enrolled from elsewhere can be missing from it. The log has every enrolment: since Identity Engine
with its id, which is the factor's own, but for Okta Verify, whose factors share an enrolment.

Source: Okta event types catalog, ``user.mfa.factor.activate``, ``.deactivate`` and ``.reset_all``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors import errors
from connectors.action import Json
from connectors.clock import instant, spell
from connectors.okta.addresses import is_object_id
from connectors.okta.client import OktaClient
from connectors.okta.enrolled import Factor, read_factor
from connectors.okta.system_log import READ_LOG, any_of, read_raw

_ACTIVATE, _DEACTIVATE, _RESET_ALL = (
    f"user.mfa.factor.{what}" for what in ("activate", "deactivate", "reset_all")
)
_ABOUT_FACTORS = any_of("eventType", (_ACTIVATE, _DEACTIVATE, _RESET_ALL))
_MOST = 1000
#: How far apart a factor's own time and the log's entry of its enrolment may be: between them the person
#: reads a code, or scans one.
_SAME = timedelta(minutes=15)
_PASSWORD = "Password"  # noqa: S105 - how the log names an authenticator
_NOT_READ = "the log, which tells of factors that are not listed, was not read"
_UNREADABLE = (
    errors.Forbidden, errors.Throttled, errors.Unavailable, errors.Invalid, errors.Refused,
)  # fmt: skip
#: What says that an id of the log's cannot be asked for, now or later; what passes is tried again.
_NO_FACTOR = (errors.Forbidden, errors.Invalid)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One enrolment the log tells of; ``id`` is None where it does not name it."""

    at: datetime
    id: str | None
    name: str

    def to_json(self) -> Json:
        """What an observation keeps of it."""
        return {"at": spell(self.at), "id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Unlisted:
    """What the log tells beyond the list.

    ``factors`` can be asked for by their ids; of ``untold`` nothing else is known. ``problem`` says why
    the log does not tell, and is empty where it does, or was not to be asked.
    """

    factors: tuple[Factor, ...] = ()
    untold: tuple[Enrolment, ...] = ()
    problem: str = ""


async def read_unlisted(
    client: OktaClient,
    user_id: str,
    listed: Sequence[Factor],
    since: datetime | None,
    now: datetime | None,
) -> Unlisted:
    """Ask the log for enrolments since, and each that is not listed for its factor.

    Args:
        client: the organization.
        user_id: whose.
        listed: the factors that the list shows.
        since: from when on; None where that is not known, and nothing is asked.
        now: Okta's clock.

    Raises:
        errors.ConnectorError: a factor the log names cannot be read now.
    """
    if since is None:
        return Unlisted()
    if now is None:
        return Unlisted(problem=f"{_NOT_READ}: Okta's clock is not told")
    question = f"{any_of('target.id', [user_id])} and ({_ABOUT_FACTORS})"
    try:
        events, cut = await read_raw(client, question, since, now + timedelta(seconds=1), _MOST)
    except errors.Forbidden:
        return Unlisted(problem=f"{_NOT_READ}: grant {READ_LOG}")
    except _UNREADABLE as error:
        return Unlisted(problem=f"{_NOT_READ}: {error}")
    found: list[Factor] = []
    without: list[Enrolment] = []
    enrolments, shown = standing(events), {factor.id for factor in listed}
    for enrolment in enrolments:
        if enrolment.id in shown:
            continue
        factor = await _named(client, user_id, enrolment.id) if enrolment.id else None
        if factor is None:
            without.append(enrolment)
        else:
            found.append(factor)
    named = {enrolment.id for enrolment in enrolments}
    unnamed = [factor for factor in listed if factor.id not in named]
    problem = f"{_NOT_READ} as far back as the theft" if cut else ""
    return Unlisted(tuple(found), unaccounted(without, unnamed), problem)


def standing(events: Iterable[Mapping[str, Any]]) -> tuple[Enrolment, ...]:
    """The enrolments that were not taken back, oldest first.

    Args:
        events: of the log, oldest first. One that does not say which factor was taken away takes none
            back: it may be an older one.
    """
    there: dict[str, Enrolment] = {}
    for n, event in enumerate(events):
        at, name = instant(event.get("published")), event.get("eventType")
        if at is None or _result(event) != "SUCCESS":
            continue
        enrolment = _enrolment(event, at)
        if name == _RESET_ALL:
            there.clear()
        elif name == _DEACTIVATE and enrolment.id:
            there.pop(enrolment.id, None)
        elif name == _ACTIVATE and enrolment.name != _PASSWORD:
            there[enrolment.id or str(n)] = enrolment
    return tuple(there.values())


def unaccounted(
    enrolments: Iterable[Enrolment], factors: Iterable[Factor]
) -> tuple[Enrolment, ...]:
    """The enrolments that none of these factors stands for: each stands for one, the nearest in time."""
    left = [factor for factor in factors if factor.created is not None]
    untold = []
    for enrolment in enrolments:
        near = [factor for factor in left if _apart(factor, enrolment) <= _SAME]
        if near:
            left.remove(min(near, key=lambda factor: _apart(factor, enrolment)))
        else:
            untold.append(enrolment)
    return tuple(untold)


def by_hand(untold: Sequence[Mapping[str, Any]]) -> str:
    """What a person does about enrolments that nobody shows us; empty where there are none."""
    if not untold:
        return ""
    named = ", ".join(f"{each['name'] or 'a factor'} at {each['at']}" for each in untold)
    return (
        f"The log tells of factors enrolled since the theft that Okta does not list for us: {named}. Ask the "
        "person about them, out of band. What is not hers: remove it in the admin console, or reset all of "
        "her factors (okta.reset_factors), hidden ones too."
    )


async def _named(client: OktaClient, user_id: str, known_as: str) -> Factor | None:
    # What the log says must not keep the listed factors from being removed: it is left to a person.
    try:
        return await read_factor(client, user_id, known_as)
    except _NO_FACTOR:
        return None


def _apart(factor: Factor, enrolment: Enrolment) -> timedelta:
    created = factor.created or enrolment.at
    return abs(enrolment.at - created)


def _enrolment(event: Mapping[str, Any], at: datetime) -> Enrolment:
    targets = event.get("target")
    for target in targets if isinstance(targets, list) else ():
        if isinstance(target, dict) and target.get("type") == "AuthenticatorEnrollment":
            known_as, name = target.get("id"), target.get("displayName")
            usable = isinstance(known_as, str) and is_object_id(known_as)
            return Enrolment(at, known_as if usable else None, _text(name))
    debug = _part(_part(event, "debugContext"), "debugData")
    return Enrolment(at, None, _text(debug.get("factor")))


def _result(event: Mapping[str, Any]) -> object:
    return _part(event, "outcome").get("result")


def _part(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = holder.get(key)
    return part if isinstance(part, dict) else {}


def _text(value: object) -> str:
    # A thief names his own key; what is not plain is not repeated.
    return "".join(c for c in value if c.isprintable())[:80] if isinstance(value, str) else ""
