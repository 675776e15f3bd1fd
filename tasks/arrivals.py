"""The server's log of what arrives: one line a delivery, none of its content, few in a flood."""

from __future__ import annotations

import logging

from ledger.budget import RecordBudget, told

_log = logging.getLogger(__name__)

#: Lines a minute for each source, received and rejected apart.
LINES_PER_MINUTE = 30


class Arrivals:
    """Tells the log what came, by the source's name in the settings and the alert's id."""

    def __init__(self) -> None:
        """Start with nothing told."""
        self._budget = RecordBudget(LINES_PER_MINUTE)

    def received(self, source: str, alert_id: str, *, duplicate: bool) -> None:
        """Tell that an alert is stored, or that the same delivery was here before."""
        missed = self._budget.admit(f"received {source}")
        if missed is not None:
            how = "here before" if duplicate else "stored"
            _log.info("%s", told(f"alert received: source {source}, {alert_id}, {how}", missed))

    def rejected(self, source: str | None, why: str, reason: str = "") -> None:
        """Tell that a post was refused; ``why`` is the answer's stable word, ``reason`` a sentence of ours.

        ``source`` is None where there is no such source: its name would be the sender's own word.
        """
        missed = self._budget.admit(f"rejected {source}")
        if missed is not None:
            named = f"source {source}" if source else "no such source"
            said = f"{why}: {reason}" if reason else why
            _log.info("%s", told(f"alert rejected: {named}, {said}", missed))
