"""Locks by name for all processes of one database: what connectors hold while they change what many share.

The steps of one process queue among themselves first, so that each lock is waited for in the database by
one connection of a process at most. SQLite has one process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from connectors import errors
from connectors.mutex import Hold, LocalMutexes
from ledger.database import Database
from ledger.errors import DatabaseBusy, LockLost
from ledger.locks import Held

T = TypeVar("T")

#: A lock is taken from a process that lets no change out for this long, in seconds: shorter than a step may
#: take, and longer than what was let out right after the lock was looked at may be under way.
_SILENCE_S, _CALLS = 30.0, 2
#: How many different locks one process waits for at once; those who hold one must not wait behind them.
_WAITING, _HOLDING = 16, 4


class SharedMutexes:
    """Locks by name between processes, for one event loop."""

    def __init__(
        self, database: Database, call_timeout_s: float = 0.0, silence_s: float | None = None
    ) -> None:
        """Hold the locks in ``database``.

        Args:
            database: which all processes share.
            call_timeout_s: one call's deadline.
            silence_s: whoever holds a lock silently for so long loses it; by the deadline, where not given.
        """
        if silence_s is None:
            silence_s = max(_SILENCE_S, _CALLS * call_timeout_s)
        self._database = database
        self._silence_s = silence_s
        self._here = LocalMutexes()
        self._waiting = ThreadPoolExecutor(_WAITING, thread_name_prefix="lock-wait")
        self._holding = ThreadPoolExecutor(_HOLDING, thread_name_prefix="lock-hold")

    @asynccontextmanager
    async def hold(self, name: str, patience_s: float) -> AsyncIterator[Hold]:
        """Wait for the lock ``name`` and hold it while inside.

        Raises:
            errors.Busy: others have held it for ``patience_s`` seconds.
        """
        gives_up = time.monotonic() + patience_s
        async with self._here.hold(name, patience_s) as here:
            if self._database.sqlite:
                yield here
                return
            held = await self._taken(name, gives_up - time.monotonic())
            try:
                yield _Shared(held, self._holding, name)
            finally:
                # also where this step is called off: the lock must not outlive it
                await asyncio.shield(_run(self._holding, held.release))

    async def _taken(self, name: str, patience_s: float) -> Held:
        taking = _run(
            self._waiting, lambda: Held.take(self._database, name, patience_s, self._silence_s)
        )
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(_give_back)
            raise
        except DatabaseBusy as error:
            raise errors.Busy(name) from error


class _Shared:
    """A lock in the database."""

    def __init__(self, held: Held, threads: Executor, name: str) -> None:
        self._held = held
        self._threads = threads
        self._name = name

    async def check(self) -> None:
        """Make sure that it is still ours.

        Raises:
            errors.LockLost: it was taken away.
        """
        try:
            await _run(self._threads, self._held.check)
        except LockLost as error:
            raise errors.LockLost(self._name) from error


def _run(threads: Executor, work: Callable[[], T]) -> asyncio.Future[T]:
    return asyncio.get_running_loop().run_in_executor(threads, work)


def _give_back(taking: asyncio.Future[Held]) -> None:
    if not taking.cancelled() and taking.exception() is None:
        taking.result().release()
