"""What every process does once a second: free what a dead one held, call for what is due.

No leader, no beat: each look is one short transaction, and looking twice does no harm.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

from ledger import alerts, handovers, leases, notices, pollers, runs, steps
from ledger.errors import LedgerError
from tasks import closing, decisions
from tasks.service import Rings, Service

_log = logging.getLogger(__name__)


class Upkeep:
    """The clock of one process, a thread of its own."""

    def __init__(self, service: Service, poll: Callable[[], None] = lambda: None) -> None:
        """Look after the database of ``service``; ``poll`` begins to read the logs that are due."""
        self._service = service
        self._poll = poll
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self.alive_at: float | None = None

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking and wait for the last look to end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        period = self._service.settings.engine.upkeep_s
        while not self._stop.wait(period * random.uniform(0.8, 1.2)):  # noqa: S311 - spreads the looks
            self.look()

    def look(self) -> None:
        """Look once. What the database or the broker refuses is tried again at the next look."""
        for task in (
            self._expire,
            self._approvals,
            self._handovers,
            self._close,
            self._call,
            self._read_logs,
        ):
            try:
                task()
            except LedgerError as error:
                _log.warning("upkeep: %s", error)
                return
            except Exception as error:  # noqa: BLE001 - the clock must not stop
                _log.error("upkeep: %s: %s", task.__name__, type(error).__name__)

    def take_over(self) -> None:
        """Take up what a dead process left: for the only process of a database, as it starts."""
        with self._service.database.write() as connection:
            leases.free(connection, self._service.audit)
            alerts.free(connection)
            notices.free(connection)
            pollers.free(connection)

    def _expire(self) -> None:
        with self._service.database.write() as connection:
            leases.expire(connection, self._service.audit)

    def _approvals(self) -> None:
        decisions.expire(self._service)

    def _handovers(self) -> None:
        with self._service.database.write() as connection:
            handovers.expire(connection, self._service.audit)

    def _close(self) -> None:
        with self._service.database.read() as connection:
            left = runs.unclosed(connection)
        for run_id in left:
            rings = Rings()
            with self._service.database.write() as connection:
                rings = closing.close_if_ended(connection, self._service, run_id)
            self._service.ring(rings)

    def _read_logs(self) -> None:
        self._poll()

    def _call(self) -> None:
        again_s = self._service.settings.engine.ring_again_s
        bell = self._service.bell
        with self._service.database.write() as connection:
            due_alerts = alerts.due(connection, again_s)
            due_steps = steps.due(connection, again_s)
            due_notices = notices.due(connection, again_s)
        _each(bell.alert, due_alerts)
        _each(bell.step, due_steps)
        _each(bell.notice, due_notices)


def _each(ring: Callable[[str], None], ids: list[str]) -> None:
    for row_id in ids:
        ring(row_id)
