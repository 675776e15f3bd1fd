"""One at a time at an object that many people share, whoever of us it is: a lock by name.

Vendors take such an object as a whole and have no ETag for it (an Okta network zone, a policy's rule, the
certificates of an application): who reads it, changes it and writes it back while another does the
same loses the other's change. The lock is held from the read to the write, and looked at again right before
each write leaves, because whoever keeps it may take it away from a holder that is silent for too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from connectors import errors

if TYPE_CHECKING:
    from connectors.door import Call, CallResult, Journal


class Hold(Protocol):
    """A lock in our hands."""

    async def check(self) -> None:
        """Make sure that it still is.

        Raises:
            errors.LockLost: it was taken away.
        """


class Mutexes(Protocol):
    """Gives locks by name. Implemented for several processes where the database is known."""

    def hold(self, name: str, patience_s: float) -> AbstractAsyncContextManager[Hold]:
        """Wait for the lock ``name`` and hold it while inside.

        Raises:
            errors.Busy: others have held it for ``patience_s`` seconds.
        """


class Undisturbed:
    """A lock that nobody takes away."""

    async def check(self) -> None:
        """Do nothing."""


class LocalMutexes:
    """Locks of one process, on one event loop."""

    def __init__(self) -> None:
        """No lock is held yet."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, name: str, patience_s: float) -> AsyncIterator[Hold]:
        """Wait for the lock ``name`` and hold it while inside; those who wait queue fairly.

        Raises:
            errors.Busy: others have held it for ``patience_s`` seconds.
        """
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(patience_s):
                await lock.acquire()
        except TimeoutError as error:
            raise errors.Busy(name) from error
        try:
            yield Undisturbed()
        finally:
            lock.release()


class Fenced:
    """A journal that lets no change out once the lock it is made under was taken away."""

    def __init__(self, journal: Journal, hold: Hold) -> None:
        """Record in ``journal`` as long as ``hold`` holds."""
        self._journal = journal
        self._hold = hold

    async def intent(self, call: Call) -> str:
        """Commit that ``call`` is about to be sent; return the intent's id.

        Raises:
            errors.LockLost: the lock was taken away; nothing may be sent.
            errors.Paused: changes are paused.
            errors.LeaseLost: the step is in other hands.
        """
        await self._hold.check()
        return await self._journal.intent(call)

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:
        """Commit how the attempt ended."""
        await self._journal.result(intent_id, call, result)
