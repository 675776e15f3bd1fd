"""Locks by name, held to the end of a transaction, for which those who wait queue fairly.

PostgreSQL lets new holders of a shared row lock pass an update that waits for the row, for as long
as they keep coming; its advisory locks are granted in turn
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text

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
    key = int.from_bytes(hashlib.sha256(f"rescind:{name}".encode()).digest()[:8], signed=True)
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    connection.execute(text(f"SELECT {function}(:key)"), {"key": key})
