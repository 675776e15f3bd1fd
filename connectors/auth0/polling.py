"""Auth0's tenant log, read on by time.

Sources: Auth0, search log events, retrieve logs using the Management API. Reading on from a checkpoint
(``from``, ``take``) would read everybody's every event, since it takes no search, and order among late
events is not promised there either. So the log is searched for what may be acted upon.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.auth0 import tenant_log
from connectors.auth0.client import Auth0Client
from connectors.clock import instant
from connectors.polled import Answered, Batch, Gap, Json, Logged, Pages, Stretches

#: So many events are read for one stretch; of more, a shorter stretch is asked for.
_MOST = 5000
#: The shortest that any plan keeps the log: what was not read for longer may be gone.
_SURE = timedelta(days=1)


class TenantLog:
    """The events of a tenant that meet a search query."""

    def __init__(self, client: Auth0Client, question: str, overlap: timedelta) -> None:
        """Search by ``question``, for all events where it is empty."""
        self._client = client
        self._question = f"({question})" if question else ""
        self._stretches = Stretches(self._ask, overlap=overlap, keeps=tenant_log.KEEPS)

    async def read(self, cursor: Json | None, now: datetime) -> Batch:
        """Read the next stretch; how long the plan keeps events, the oldest one says.

        Raises:
            errors.ConnectorError: the classified failure; the cursor is still good.
        """
        known = instant((cursor or {}).get("read_to"))
        if known is not None and known < now - _SURE:
            oldest = await tenant_log.reaches_back_to(self._client)
            if oldest is not None and oldest > known:
                why = "older events are not there: the tenant's plan keeps them no longer"
                # how long a stretch may be is kept: in a busy log the oldest event moves on meanwhile
                onward = {**(cursor or {}), "read_to": oldest.isoformat()}
                later = await self._stretches.read(onward, now)
                return Batch(
                    later.entries, later.cursor, later.read_to, later.more,
                    Gap(known, oldest, why), later.note,
                )  # fmt: skip
        return await self._stretches.read(cursor, now)

    async def _ask(self, since: datetime, until: datetime) -> Answered:
        # the search leaves the last second out, which the overlap brings next time
        found, cut = await tenant_log.raw(self._client, self._question, since, until, _MOST)
        return Answered([Logged(_key(event), event) for event in found], cut)


async def between(client: Auth0Client, since: datetime, until: datetime) -> Pages:
    """Read all events of a stretch of time in pieces, the latest first.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    end = until
    while end > since:
        found, cut = await tenant_log.raw(client, "", since, end, _MOST)
        yield list(found)
        if not cut:
            return
        times = [at for event in found if (at := instant(event.get("date"))) is not None]
        oldest = min(times, default=since).replace(microsecond=0)
        # on below the oldest of them, whose second is asked for again unless it alone is too much
        end = oldest + timedelta(seconds=1) if oldest + timedelta(seconds=1) < end else oldest


def _key(event: Mapping[str, Any]) -> str:
    return str(event.get("log_id") or event.get("_id") or f"{event.get('date')}{event.get('type')}")
