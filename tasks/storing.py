"""Storing deliveries: those that come at once share a commit, each is answered after it.

A commit waits for the disk, and everything else that is written waits for the commit. One delivery alone is
committed at once; what arrives meanwhile goes into the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, exc

from ledger.chain import AuditLog, HeldBack
from ledger.database import Database
from ledger.deliveries import Received

#: So many deliveries share a commit at most: steps of runs write in between.
TOGETHER = 25

Store = Callable[[Connection, AuditLog], Received]


@dataclass(slots=True)
class _Waiting:
    store: Store
    answer: asyncio.Future[Received]


class Storing:
    """The way of one server into the database. Lives on its event loop."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        """Write to ``database``, and what happened to ``audit``."""
        self._database = database
        self._audit = audit
        self._waiting: deque[_Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def store(self, store: Store) -> Received:
        """Carry ``store`` out in a transaction with others; return once it is committed.

        Raises:
            LedgerError, sqlalchemy.exc.SQLAlchemyError: it is not stored.
        """
        mine = _Waiting(store, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write())
        return await mine.answer

    async def _write(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
            try:
                stores = [each.store for each in group]
                done = await self._database.writing(_all, self._audit, stores)
            except Exception as error:  # noqa: BLE001 - each of those who wait is told
                done = [error] * len(group)
            for each, became in zip(group, done, strict=True):
                if each.answer.done():
                    continue  # its sender has gone; it is stored all the same
                if isinstance(became, Exception):
                    each.answer.set_exception(became)
                else:
                    each.answer.set_result(became)


def _all(
    connection: Connection, audit: AuditLog, group: Sequence[Store]
) -> list[Received | Exception]:
    """Store each; what keeps one from being stored keeps no other."""
    records = [HeldBack(audit.origin) for _ in group]
    done = [_one(connection, kept, store) for kept, store in zip(records, group, strict=True)]
    for kept, became in zip(records, done, strict=True):
        if isinstance(became, Received):
            kept.appended(connection, audit)
    return done


def _one(connection: Connection, kept: HeldBack, store: Store) -> Received | Exception:
    for last in (False, True):
        kept.clear()
        try:
            with connection.begin_nested():
                return store(connection, kept)
        except exc.IntegrityError as error:
            # The same delivery came twice at once and the other one is stored: now it is found.
            if last:
                return error
        except exc.OperationalError:
            raise  # the connection, and with it the whole transaction
        except exc.SQLAlchemyError as error:
            return error
    raise AssertionError  # the last try returns or raises
