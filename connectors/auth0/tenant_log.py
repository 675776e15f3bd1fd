"""Reading Auth0's tenant log: bounded in time and number, newest first.

Sources: Auth0, search log events, log search query syntax, retrieve logs using the Management API, log
data retention. A search gives 100 events a page and 1,000 in all, and is asked anew for what is older.
Neither sessions nor whom a management request was about can be searched for. Reading on from a
checkpoint would read everybody's log, so it is not done. Events may come late, and are kept 1 to 30
days, by plan.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import errors
from connectors.auth0.client import Auth0Client, Request
from connectors.auth0.log_entries import entry_of, raw_session, token_of
from connectors.auth0.managed import understand
from connectors.clock import instant
from connectors.timeline import Entry, digest

LOGS = "/api/v2/logs"
USER_LOGS = "/api/v2/users/{user}/logs"
READ_LOGS, READ_USERS_LOGS = "read:logs", "read:logs_users"
NEEDS = f"{READ_LOGS} and {READ_USERS_LOGS}"
#: The longest that any plan keeps the log.
KEEPS = timedelta(days=30)

#: A log that is asked for too often closes nothing else.
_BUCKET = "logs"
_PAGE, _PAGES = 100, 10
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered, oldest first.

    ``sessions`` leads from an app's token to the digest of the session it is bound to. ``cut``: there
    is more, older than this.
    """

    entries: tuple[Entry, ...] = ()
    sessions: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


async def search(
    client: Auth0Client, question: str, since: datetime, until: datetime, most: int
) -> Told:
    """Ask the whole tenant's log.

    Args:
        client: the tenant.
        question: a query, made by the functions below.
        since: the earliest ``date`` that counts.
        until: the first that counts no more.
        most: how many events are read at most, the newest.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    found: dict[str, Any] = {}
    cut = await _searched(client, question, since, until, most, found)
    return _told(client, found, since, until, cut=cut)


async def of_user(
    client: Auth0Client, user_id: str, since: datetime, until: datetime, most: int
) -> Told:
    """What a user did, as far as it is logged under her id.

    What is beyond the newest 1,000 events is searched for.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    found: dict[str, Any] = {}
    request = Request("GET", USER_LOGS, {"user": user_id}, needs=NEEDS, bucket=_BUCKET)
    cut = not await _paged(client, request, found, most, since)
    if cut and len(found) < most:
        question = any_of("user_id", [user_id])
        cut = await _searched(
            client, question, since, _oldest(found.values()) + _SECOND, most, found
        )
    return _told(client, found, since, until, cut=cut)


async def managed(
    client: Auth0Client, user_id: str, question: str, since: datetime, until: datetime, most: int
) -> Told:
    """What was asked of the Management API about a user, by those whom ``question`` names.

    The log cannot be asked whom a request was about: all of them are read, and hers are kept.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    found: dict[str, Any] = {}
    asked = " AND ".join(part for part in ('type:"sapi"', question) if part)
    cut = await _searched(client, asked, since, until, most, found)
    hers = {key: item for key, item in found.items() if user_id in understand(item).people}
    told = _told(client, hers, since, until, cut=cut)
    return replace(told, entries=tuple(replace(entry, person=user_id) for entry in told.entries))


async def reaches_back_to(client: Auth0Client) -> datetime | None:
    """When the oldest event of the tenant's log happened; None where that is not told now.

    Raises:
        errors.ConnectorError: the log may not be read at all.
    """
    query = {"sort": "date:1", "page": "0", "per_page": "1"}
    request = Request("GET", LOGS, query=query, needs=NEEDS, bucket=_BUCKET)
    try:
        listed = _listed((await client.read(request)).body)
    except (errors.Throttled, errors.Unavailable, errors.Invalid):
        return None
    return instant(listed[0].get("date")) if listed else None


def oldest_is(moment: str) -> str:
    """Say that the log does not reach as far back as was asked, or that nothing happened before."""
    return f"the oldest event in the log is of {moment} (Auth0 keeps them 1 to 30 days, by plan)"


async def raw(
    client: Auth0Client, question: str, since: datetime, until: datetime, most: int
) -> tuple[list[dict[str, Any]], bool]:
    """Ask the whole tenant's log for events as they are; an empty ``question`` asks for all.

    Returns:
        The newest ``most`` of them, newest first, and whether there are more.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    found: dict[str, Any] = {}
    cut = await _searched(client, question, since, until, most, found)
    return list(found.values()), cut


def any_of(name: str, values: Iterable[str]) -> str:
    """The query for a field being exactly one of ``values``."""
    terms = [f"{name}:{json.dumps(value, ensure_ascii=False)}" for value in values]
    return f"({' OR '.join(terms)})" if terms else ""


def by_others(client_id: str | None) -> str:
    """The query for what any application but ``client_id`` did; for all where there is none."""
    return f"NOT client_id:{json.dumps(client_id)}" if client_id else ""


def addresses(values: Iterable[str]) -> tuple[str, ...]:
    """Those of ``values`` that are single addresses, which the log can be asked for."""

    def single(value: str) -> bool:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return False
        return True

    return tuple(value for value in values if single(value))


async def _searched(
    client: Auth0Client,
    question: str,
    since: datetime,
    until: datetime,
    most: int,
    found: dict[str, Any],
) -> bool:
    """Add what a question finds, window after window; tells whether there is more."""
    before = until
    while True:
        within = f"date:[{_second(since)} TO {_second(before)}}}"
        query = {"q": f"{question} AND {within}" if question else within}
        request = Request("GET", LOGS, query=query, needs=NEEDS, bucket=_BUCKET)
        here: dict[str, Any] = {}
        whole = await _paged(client, request, here, most - len(found), since)
        found |= here
        if whole or len(found) >= most:
            return not whole
        following = _oldest(here.values()) + _SECOND
        if following >= before:
            return True  # more within one second than a search gives
        before = following


async def _paged(
    client: Auth0Client, request: Request, found: dict[str, Any], most: int, since: datetime
) -> bool:
    """Add the newest events of a request, page after page; tells whether those were all since then."""
    for number in range(_PAGES):
        paging = {"sort": "date:-1", "page": str(number), "per_page": str(_PAGE)}
        answer = await client.read(replace(request, query={**request.query, **paging}))
        page = _listed(answer.body)
        found.update((_known_as(item), item) for item in page)
        # the number of events that is told with a page is the page's own
        if not page or _oldest(page) < since:
            return True
        if len(found) >= most:
            return False
    return False


def _told(
    client: Auth0Client, found: Mapping[str, Any], since: datetime, until: datetime, *, cut: bool
) -> Told:
    entries: list[Entry] = []
    sessions: dict[str, str] = {}
    for item in found.values():
        entry = entry_of(item, client.tenant)
        if entry is None or not since <= entry.at < until:
            continue
        entries.append(entry)
        token, raw = token_of(entry), raw_session(item)
        if token and raw:
            sessions |= dict.fromkeys(entry.tokens, digest(raw, client.tenant))
    return Told(tuple(sorted(entries, key=lambda entry: entry.at)), sessions, cut)


def _listed(body: object) -> list[dict[str, Any]]:
    listed = body.get("logs") if isinstance(body, dict) else body
    if not isinstance(listed, list):
        raise errors.Unavailable("the answer holds no log")
    return [item for item in listed if isinstance(item, dict)]


def _known_as(item: Mapping[str, Any]) -> str:
    return str(item.get("log_id") or item.get("_id") or f"{item.get('date')}{item.get('type')}")


def _oldest(items: Iterable[Mapping[str, Any]]) -> datetime:
    times = (instant(item.get("date")) for item in items)
    return min((time for time in times if time), default=datetime.max.replace(tzinfo=UTC) - _SECOND)


def _second(moment: datetime) -> str:
    """A time as a query takes it: UTC, whole seconds, no zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
