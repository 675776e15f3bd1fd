"""Ringing for a worker after the commit, without the answer waiting for the broker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_log = logging.getLogger(__name__)

#: Rings under way or waiting; a broker that hangs must not gather memory. Upkeep rings again.
MAX_PENDING = 1000


class Ringer:
    """A few threads that ring; a ring that fails or finds no room is left to upkeep."""

    def __init__(self, threads: int = 2, max_pending: int = MAX_PENDING) -> None:
        """``threads`` ring at a time, ``max_pending`` rings may wait."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="ring")
        self._room = threading.BoundedSemaphore(max_pending)

    def ring(self, bell: Callable[[str], None], what: str) -> None:
        """Ring ``bell`` for the id ``what`` soon; returns at once and never raises."""
        if not self._room.acquire(blocking=False):
            _log.warning("the broker does not keep up; upkeep rings again")
            return

        def rung() -> None:
            try:
                bell(what)
            except Exception as error:  # noqa: BLE001 - any broker's error; upkeep rings again
                _log.warning("bell not heard (%s); upkeep rings again", type(error).__name__)
            finally:
                self._room.release()

        try:
            self._threads.submit(rung)
        except RuntimeError:  # the process is ending
            self._room.release()
