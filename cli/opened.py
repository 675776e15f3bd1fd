"""A command's view of the database: opened, checked, and who is asking."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.settings import loaded
from ledger.revision import check
from tasks.service import Service

_NOBODY_SIGNED_IN = 2**32 - 1


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


def whoami(login_uid: Path = Path("/proc/self/loginuid")) -> str:
    """Name the person at this terminal, for the records: ``cli:`` and the account she signed in with.

    That is the kernel's login uid, which `sudo` and `su` leave as it is (proc(5)), else whom `sudo`
    names (sudo(8), SUDO_USER), else the account this process runs as. LOGNAME and USER are not
    asked: anybody sets them.
    """
    return f"cli:{_signed_in(login_uid) or os.environ.get('SUDO_USER') or _account(os.getuid())}"


def _signed_in(login_uid: Path) -> str | None:
    try:
        uid = int(login_uid.read_text())
    except (OSError, ValueError):
        return None
    return None if uid == _NOBODY_SIGNED_IN else _account(uid)


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
