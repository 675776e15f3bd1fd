"""The database: SQLite in one process, PostgreSQL between many; the same statements on both."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from ledger.errors import DatabaseBusy, DatabaseUnreachable, Deadlock

P = ParamSpec("P")
T = TypeVar("T")

#: How long a connection waits for another process that writes to the same SQLite file, in seconds.
_BUSY_S = 15
#: A server that has vanished is noticed after about ten seconds
#: (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
_POSTGRES_CONNECTION = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
#: A process frozen inside a transaction must not hold the others up: they give up waiting, and the
#: server ends its transaction.
_POSTGRES_SESSION = (
    "SET lock_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = '15s'",
)
#: How often a transaction is tried that the database gave up so that another could go on.
_TRIES = 3
#: PostgreSQL's deadlock_detected and lock_not_available
#: (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_DEADLOCK, _LOCKED = "40P01", "55P03"


class Database:
    """One engine and the two ways to use it: ``read`` and ``write``.

    A write is one short transaction with no network in it. On SQLite writers of this process queue
    at a lock of our own, because SQLite's busy handler sleeps in growing steps.
    """

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        """Open ``url`` (``sqlite:///path`` or ``postgresql+psycopg://…``). Connects on first use."""
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"pool_pre_ping": not self.sqlite}
        if self.sqlite:
            if self.url.database and self.url.database != ":memory:":
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            options |= {"connect_args": {"timeout": _BUSY_S, "check_same_thread": False}}
        else:
            options |= {"connect_args": dict(_POSTGRES_CONNECTION)}
        options |= {"pool_size": pool_size, "max_overflow": 20, "hide_parameters": True}
        self.engine: Engine = create_engine(self.url, **options)
        #: For what holds a connection while something else is at work: such must not use up the pool, out of
        #: which it would itself want another one. Each is opened for its use and closed after it.
        self.apart: Engine = create_engine(
            self.url, connect_args=options["connect_args"], poolclass=NullPool, hide_parameters=True
        )
        if self.sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", _prepare_postgres)
            event.listen(self.apart, "connect", _prepare_postgres)
        self._writer = threading.Lock()
        self._threads = ThreadPoolExecutor(pool_size, thread_name_prefix="ledger")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading."""
        with reachable(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction; commit at the end, roll back on any exception."""
        with (
            reachable(),
            self._writer if self.sqlite else nullcontext(),
            self.engine.connect().execution_options(rescind_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    async def writing(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work(connection, …)`` in a write transaction, off the event loop.

        A transaction that the database broke off because of a deadlock is run again.
        """

        def transaction() -> T:
            for left in reversed(range(_TRIES)):
                try:
                    with self.write() as connection:
                        return work(connection, *args, **kwargs)
                except Deadlock:
                    if not left:
                        raise
            raise AssertionError  # the last try returns or raises

        return await asyncio.get_running_loop().run_in_executor(self._threads, transaction)

    async def reading(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work(connection, …)`` for reading, off the event loop."""

        def look() -> T:
            with self.read() as connection:
                return work(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, look)

    def close(self) -> None:
        """Close all connections."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def now_ms(connection: Connection) -> int:
    """Return the database's clock in milliseconds since 1970, UTC."""
    if connection.dialect.name == "sqlite":
        return time.time_ns() // 1_000_000
    clock = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    return int(connection.execute(clock).scalar_one())


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, as writers or readers
    _turn_to_wal(connection)
    for pragma in (
        "synchronous=FULL",  # a commit survives a power cut, not only a crash
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_S * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgres(connection: psycopg.Connection[Any], _record: object) -> None:
    for statement in _POSTGRES_SESSION:
        connection.execute(statement)
    connection.commit()


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for other processes here, whatever the busy timeout: a new file that two
    # processes open at once is "locked" for one of them until the other has turned it to WAL.
    until = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _busy(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("rescind_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def reachable() -> Iterator[None]:
    """Name what goes wrong between us and the database.

    Raises:
        DatabaseBusy: others hold for too long what was waited for.
        DatabaseUnreachable: it does not answer.
    """
    try:
        yield
    except exc.OperationalError as error:
        # the driver's text names host and reason; SQLAlchemy's would add statement and parameters
        raise _named(error.orig)(str(error.orig).strip()) from error


def _named(error: object) -> type[DatabaseUnreachable]:
    code = getattr(error, "sqlstate", None)
    if code == _DEADLOCK:
        return Deadlock
    if code == _LOCKED or _busy(error):
        return DatabaseBusy
    return DatabaseUnreachable


def _busy(error: object) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return (code & 0xFF) == sqlite3.SQLITE_BUSY  # or one of its variants
