"""A command's view of the database: opened, checked, and who is asking."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.settings import loaded
from ledger.revision import check
from tasks.service import Service


@contextmanager
def opened(config: Path | None) -> Iterator[Service]:
    """Give the service without anybody to ring: a running process sees the work by itself.

    Raises:
        NotMigrated: the tables are not those of this version.
    """
    service = Service.of(loaded(config))
    try:
        check(service.database)
        yield service
    finally:
        service.database.close()


def whoami() -> str:
    """Name the person at this terminal, for the records."""
    return f"cli:{getpass.getuser()}"
