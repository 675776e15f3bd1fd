"""Locks by name, held to the end of a transaction, for which those who wait queue fairly.

A transaction is short and has no network in it, save one that does nothing but hold a lock: it keeps no
row and no old version of one. While it is idle the server ends it after a while, and with it the lock of
a process that has frozen or vanished.

PostgreSQL lets new holders of a shared row lock pass an update that waits for the row, for as long
as they keep coming; its advisory locks are granted in turn
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

from __future__ import annotations

import hashlib
from contextlib import suppress

from sqlalchemy import Connection, exc, text

from ledger.database import Database, reachable
from ledger.errors import LockLost

#: Held shared by whoever lets a change out, and alone by whoever pauses.
CHANGES = "changes"
#: Held alone by whoever brings the tables to another revision.
TABLES = "tables"


def people_of(tenant: str) -> str:
    """Name the lock under which the persons contained in a tenant are counted."""
    return f"people:{tenant}"


def take(connection: Connection, name: str, *, shared: bool = False) -> None:
    """Take a lock until the transaction ends. On SQLite nothing is needed: writers take turns."""
    if connection.dialect.name == "sqlite":
        return
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    connection.execute(text(f"SELECT {function}(:key)"), {"key": _key(name)})


class Held:
    """A lock that is held while something else than the database is at work. Not for SQLite."""

    def __init__(self, connection: Connection) -> None:
        """Keep the connection whose transaction has the lock."""
        self._connection = connection

    @classmethod
    def take(cls, database: Database, name: str, patience_s: float, silence_s: float) -> Held:
        """Wait for the lock ``name`` and take it.

        Args:
            database: a PostgreSQL database.
            name: of the lock.
            patience_s: how long is waited for it.
            silence_s: how long it may be held without a ``check``: the server takes it away then.

        Raises:
            DatabaseBusy: others have held it for ``patience_s`` seconds.
            DatabaseUnreachable: the database does not answer.
        """
        with reachable():
            connection = database.apart.connect()
            try:
                for setting, seconds in (
                    ("lock_timeout", patience_s),
                    ("idle_in_transaction_session_timeout", silence_s),
                ):
                    # 0 would mean: for ever
                    value = f"{max(1, int(seconds * 1000))}ms"
                    connection.execute(
                        text("SELECT set_config(:setting, :value, true)"),
                        {"setting": setting, "value": value},
                    )
                take(connection, name)
            except BaseException:
                connection.close()
                raise
        return cls(connection)

    def check(self) -> None:
        """Make sure that the lock is still held; the time of silence begins anew.

        Raises:
            LockLost: the server has taken it away, or does not answer.
        """
        try:
            self._connection.execute(text("SELECT 1"))
        except exc.SQLAlchemyError as error:
            raise LockLost from error

    def release(self) -> None:
        """Give the lock back; one that was taken away is as good."""
        # the server may have ended it, and told nobody who was not listening
        with suppress(exc.SQLAlchemyError):
            self._connection.close()


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"rescind:{name}".encode()).digest()[:8], signed=True)
