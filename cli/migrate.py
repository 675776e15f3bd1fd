"""``rescind migrate``: bring the tables to this version."""

from __future__ import annotations

from cli.settings import ConfigOption, loaded
from ledger.database import Database
from ledger.migrate import migrate


def command(config: ConfigOption = None) -> None:
    """Create or upgrade the tables. Safe to run again, and by several at once."""
    database = Database(loaded(config).database.url.get_secret_value())
    try:
        migrate(database)
    finally:
        database.close()
    print("The tables are those of this version.")
