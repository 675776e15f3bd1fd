"""Okta's System Log, read on from where it was read last.

Source: Okta, System Log query. Without ``until`` and in ascending order the log gives events in the order
in which it stored them, so that one that happened earlier and came late stands behind the cursor and is
not missed; a link to what comes next always stands with the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors import errors
from connectors.clock import instant, spell
from connectors.okta.client import OktaClient, Page
from connectors.polled import Batch, Gap, Json, Logged, Pages

_log = logging.getLogger(__name__)

#: How long Okta keeps the System Log.
KEEPS = timedelta(days=90)
_PATH = "/api/v1/logs?since={since}&filter={filter}&limit={limit}&sortOrder=ASCENDING"
_ALL = "/api/v1/logs?since={since}&limit={limit}&sortOrder=ASCENDING"
_BETWEEN = "/api/v1/logs?since={since}&until={until}&limit={limit}&sortOrder=ASCENDING"
_PAGE = "1000"
_GRANT = (
    "Grant the service app the scope okta.logs.read, name it in tenants.NAME.okta.scopes, too, and give "
    "the app, or the owner of the API token, an admin role that sees the System Log."
)
#: A cursor is a link of Okta's; one that is longer than this is none.
_LONGEST = 8000


class SystemLog:
    """The events of an organization that meet a filter, in the order Okta stored them."""

    def __init__(self, client: OktaClient, question: str, overlap: timedelta) -> None:
        """Ask by ``question``, all where it is empty; where no cursor is good, ``overlap`` is read again."""
        self._client = client
        self._question = question
        self._overlap = overlap

    async def read(self, cursor: Json | None, now: datetime) -> Batch:
        """Read one page.

        A cursor that Okta does not take any more is given up, and the log read from the time up to
        which it is known.

        Raises:
            errors.ConnectorError: the classified failure; the cursor is still good.
        """
        known = instant((cursor or {}).get("read_to"))
        read_to = min(known, now) if known is not None else None
        gap = None
        if read_to is not None and read_to < now - KEEPS:
            gap = Gap(read_to, now - KEEPS, f"the log is kept for {KEEPS.days} days")
        page = await self._following(cursor)
        if page is not None:
            return self._batch(page, max(read_to or now, now - KEEPS), now, gap)
        since = (read_to or now) - self._overlap
        since = max(since, now - KEEPS)
        params = {"since": spell(since), "limit": _PAGE}
        path = _ALL
        if self._question:
            path, params = _PATH, {**params, "filter": self._question}
        page = await _page(self._client, path, params)
        return self._batch(page, max(read_to or since, since), now, gap)

    async def _following(self, cursor: Json | None) -> Page | None:
        following = (cursor or {}).get("following")
        if (
            not isinstance(following, str)
            or not 0 < len(following) <= _LONGEST
            or (cursor or {}).get("filter") != self._question
        ):
            return None
        try:
            return await _page(self._client, _ALL, {"since": "", "limit": ""}, following)
        except (errors.Invalid, errors.NotFound) as error:
            _log.warning("Okta's log: the cursor is not taken any more: %s", error)
            return None

    def _batch(self, page: Page, read_to: datetime, now: datetime, gap: Gap | None = None) -> Batch:
        events = [event for event in page.items if isinstance(event, dict)]
        told = [at for event in events if (at := instant(event.get("published"))) is not None]
        # an empty page says that the log is read to its end
        newest = now if not page.items else min(now, max([read_to, *told]))
        return Batch(
            entries=tuple(Logged(_key(event), event) for event in events),
            cursor={
                "read_to": spell(newest),
                "filter": self._question,
                "following": page.following,
            },
            read_to=newest,
            more=bool(page.items) and page.following is not None,
            gap=gap,
        )


async def between(client: OktaClient, since: datetime, until: datetime) -> Pages:
    """Read all events of a stretch of time, page by page, the earliest first.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    params = {"since": spell(since), "until": spell(until), "limit": _PAGE}
    following: str | None = None
    while True:
        page = await _page(client, _BETWEEN, params, following)
        yield [event for event in page.items if isinstance(event, dict)]
        if page.following is None or page.following == following or not page.items:
            return
        following = page.following


async def _page(
    client: OktaClient, path: str, params: Mapping[str, str], following: str | None = None
) -> Page:
    """Read a page; where we may not, say what a log takes rather than what a step would."""
    try:
        return await client.page(path, params, following)
    except errors.Forbidden as error:
        raise errors.Forbidden(
            error.detail, status=error.status, code=error.code,
            request_id=error.request_id, remedy=_GRANT,
        ) from error  # fmt: skip


def _key(event: Mapping[str, Any]) -> str:
    return str(event.get("uuid") or f"{event.get('published')} {event.get('eventType')}")
