"""Which revision the tables are at: quick to ask, because every command asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import inspect, text

from ledger.database import Database
from ledger.errors import NewerDatabase, NotMigrated

#: Every revision this version knows, in order; the last is the one it needs.
KNOWN = ("0001", "0002", "0003", "0004")


def check(database: Database) -> None:
    """Return if the tables are those of this version.

    Raises:
        NotMigrated: they are not, or there is no database yet; nothing is created.
        NewerDatabase: a later version of Rescind has migrated this database.
        DatabaseUnreachable: it does not answer.
    """
    missing = _missing_file(database)
    if missing is not None:
        raise NotMigrated(f"there is no database at {missing}")
    found = _found(database)
    if found == KNOWN[-1:]:
        return
    if not set(KNOWN).issuperset(found):
        raise NewerDatabase(later(found))
    if not found:
        raise NotMigrated("the database has no tables yet")
    raise NotMigrated(
        f"the database's tables are of revision {', '.join(found)}, and this version needs {KNOWN[-1]}"
    )


def later(revisions: Sequence[str]) -> str:
    """Say that the tables are of a version after this one."""
    return (
        f"the database's tables are of a later version of Rescind (revision {', '.join(revisions)})"
    )


def _found(database: Database) -> tuple[str, ...]:
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ()
        rows = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        return tuple(str(row) for row in rows)


def _missing_file(database: Database) -> Path | None:
    name = database.url.database
    if not database.sqlite or not name or name == ":memory:" or name.startswith("file:"):
        return None
    path = Path(name).absolute()
    return None if path.exists() else path
