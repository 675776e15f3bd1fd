"""Bringing the tables to this version, and checking that they are."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from alembic import command, util
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from ledger.database import Database
from ledger.errors import NewerDatabase, NotMigrated

#: Any number, the same in every version: processes that start at once queue at it in PostgreSQL.
_ADVISORY_LOCK = 0x5245_5343

# Alembic keeps the running migration in module globals, so threads of one process take turns.
_turn = threading.Lock()


def migrate(database: Database) -> None:
    """Bring the tables to this version, in one transaction; nothing happens where they are.

    Safe when several processes start at once: the first migrates, the others wait for it.

    Raises:
        NewerDatabase: a later version of Rescind has migrated this database.
        DatabaseUnreachable: it does not answer, or another process holds it for longer than 15 s.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = _config()
    with _turn, database.write() as connection:
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except util.CommandError as error:
            heads = MigrationContext.configure(connection).get_current_heads()
            raise NewerDatabase(f"it is at revision {', '.join(heads)}") from error


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
    script = ScriptDirectory.from_config(_config())
    needed = script.get_current_head()
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    if found == (needed,):
        return
    known = {revision.revision for revision in script.walk_revisions()}
    if not known.issuperset(found):
        raise NewerDatabase(f"it is at revision {', '.join(found)}")
    raise NotMigrated(f"it is at revision {', '.join(found) or 'none'}, needed is {needed}")


def _config() -> Config:
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", "ledger:migrations")
    return config


def _missing_file(database: Database) -> Path | None:
    name = database.url.database
    if not database.sqlite or not name or name == ":memory:" or name.startswith("file:"):
        return None
    path = Path(name).absolute()
    return None if path.exists() else path
