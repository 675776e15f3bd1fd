"""Whether a finding that is here already says more than it did."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Row

from config.settings import Source
from detectors.alert import Alert
from ledger import folding
from tasks import victims
from tasks.feedback import Feedback
from tasks.routes import Routes
from tasks.service import Service


class Repeats:
    """Tells what is the same finding once more from what has to be taken up anew."""

    def __init__(self, service: Service, routes: Routes, feedback: Feedback) -> None:
        """``routes`` tell what an alert is answered by, ``feedback`` whether it tells of our own doing."""
        self._service = service
        self._routes = routes
        self._feedback = feedback

    async def of(self, row: Row[Any], alert: Alert, source: Source, event_key: str) -> str | None:
        """Return the alert that is the same finding and says no less; None where there is none."""
        database = self._service.database
        fold_s = None if alert.named else self._service.settings.guardrails.fold_window_minutes * 60
        look = database.reading if fold_s is None else database.writing
        earlier = await look(folding.earlier, event_key, row.id, fold_s=fold_s)
        if earlier is None:
            return None
        says_more = (
            await self._went_on(earlier, alert)
            or await self._weighs_more(row, earlier, alert)
            or await self._is_ours_no_more(row, earlier, alert, source)
        )
        return None if says_more else str(earlier)

    async def _went_on(self, earlier: str, alert: Alert) -> bool:
        """Tell whether the finding is here again because more has happened."""
        if alert.last_seen_at is None:
            return False
        last_seen_ms = victims.milliseconds(alert.last_seen_at)
        return await self._service.database.writing(folding.went_on, earlier, last_seen_ms)

    async def _weighs_more(self, row: Row[Any], earlier: str, alert: Alert) -> bool:
        """Tell whether the finding is here again as one that routing answers by more than before."""
        before = await self._service.database.reading(folding.said_by, earlier)
        if before is None or not self._routes.goes_further(before, alert, row.source):
            return False
        await self._service.database.writing(folding.give_way, earlier)
        return True

    async def _is_ours_no_more(
        self, row: Row[Any], earlier: str, alert: Alert, source: Source
    ) -> bool:
        """Tell whether what was a confirmation of ours has come to speak of somebody else's doing, too."""
        if not await self._service.database.reading(folding.confirms, earlier):
            return False
        if (await self._feedback.hear(row, alert, source)).runs:
            return False
        await self._service.database.writing(folding.give_way, earlier)
        return True


def event_key_of(source: str, alert: Alert) -> str:
    """Return what makes two alerts the same finding: its id, and whom it asks to contain.

    A detector updates a finding: the account that was missing at first, or a second one, must not
    be taken for the same again.
    """
    victims = sorted(each.value.casefold() for person in alert.victims for each in person.ids)
    asked = "\n".join(victims) if alert.actionable else "nothing"
    digest = hashlib.sha256(asked.encode()).hexdigest()[:16]
    return f"{source}:{alert.event_id}"[:480] + f":{digest}"
