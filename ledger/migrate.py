"""Bringing the tables to this version."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from alembic import command, util
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from ledger import locks
from ledger.database import Database
from ledger.errors import NewerDatabase
from ledger.revision import later

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
    if database.sqlite and database.url.database:
        _make_private(Path(database.url.database))
    config = _config()
    with _turn, database.write() as connection:
        if not database.sqlite:
            connection.execute(text("SET LOCAL lock_timeout = '5min'"))
            locks.take(connection, locks.TABLES)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except util.CommandError as error:
            heads = MigrationContext.configure(connection).get_current_heads()
            raise NewerDatabase(later(heads)) from error


def _make_private(path: Path) -> None:
    """Let nobody else read a database that is made now: it holds alerts, which name people."""
    with suppress(OSError):  # whatever keeps us from it shows better when it is opened
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _config() -> Config:
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", "ledger:migrations")
    return config
