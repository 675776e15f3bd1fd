"""Reading Okta's System Log: bounded in time and number, newest first.

Source: Okta System Log API and its query reference. A query with ``since`` and ``until`` ends by itself;
events may come late, so what it does not tell may still have happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.clock import spell
from connectors.okta.client import OktaClient
from connectors.okta.log_entries import entry_of, raw_session
from connectors.timeline import Entry

LOG_PATH = (
    "/api/v1/logs?since={since}&until={until}&filter={filter}&limit={limit}&sortOrder=DESCENDING"
)
READ_LOG = "okta.logs.read"
_PAGE = "1000"


@dataclass(frozen=True, slots=True)
class Told:
    """What a query answered, oldest first.

    ``sessions`` leads from a session's digest to its id, to ask on with: it is written down nowhere.
    ``cut``: there is more, older than this.
    """

    entries: tuple[Entry, ...]
    sessions: Mapping[str, str]
    cut: bool


async def read_log(
    client: OktaClient, question: str, since: datetime, until: datetime, most: int
) -> Told:
    """Ask the log.

    Args:
        client: the organization.
        question: a filter expression, made by the functions below.
        since: the earliest ``published`` that counts.
        until: the first that counts no more.
        most: how many events are read at most, the newest.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    items, cut = await read_raw(client, question, since, until, most)
    entries: dict[str, Entry] = {}
    sessions: dict[str, str] = {}
    for item in items:
        entry = entry_of(item, client.tenant)
        if entry is not None:
            entries.setdefault(entry.id or f"{entry.at}{entry.event}", entry)
            _remember(sessions, entry, item)
    return Told(tuple(entries.values()), sessions, cut)


async def read_raw(
    client: OktaClient, question: str, since: datetime, until: datetime, most: int
) -> tuple[list[dict[str, Any]], bool]:
    """Ask the log as ``read_log`` does; the events as Okta tells them, oldest first, and whether more are older.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    params = {"since": spell(since), "until": spell(until), "filter": question, "limit": _PAGE}
    listing = await client.get_all(LOG_PATH, params, most)
    return [item for item in reversed(listing.items) if isinstance(item, dict)], listing.cut


def about(user_id: str) -> str:
    """The filter for what a user did and what was done to her."""
    return any_of("actor.id", [user_id]) + " or " + any_of("target.id", [user_id])


def any_of(field: str, values: Iterable[str]) -> str:
    """The filter for a field being one of ``values``."""
    return " or ".join(f"{field} eq {json.dumps(value, ensure_ascii=False)}" for value in values)


async def own_id(client: OktaClient) -> str | None:
    """The id under which our own changes stand in the log; None where it cannot be told.

    That is the service app's client id, or the user whose API token we use.
    """
    if client.client_id is not None:
        return client.client_id
    try:
        answer = await client.get("/api/v1/users/me", {})
    except (errors.Forbidden, errors.NotFound, errors.Unavailable, errors.Throttled):
        return None
    known_as = answer.body.get("id") if isinstance(answer.body, dict) else None
    return known_as if isinstance(known_as, str) else None


def _remember(sessions: dict[str, str], entry: Entry, event: Mapping[str, Any]) -> None:
    raw = raw_session(event)
    if entry.session is not None and raw is not None:
        sessions[entry.session] = raw
