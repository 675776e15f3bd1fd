"""``rescind resume``: changes go on."""

from __future__ import annotations

from cli.opened import opened, whoami
from cli.settings import ConfigOption
from ledger import control


def command(config: ConfigOption = None) -> None:
    """Let the waiting steps go on."""
    with opened(config) as service, service.database.write() as connection:
        resumed = control.resume(connection, service.audit, actor=whoami())
    if resumed:
        print("Resumed: waiting steps go on within a second.")
    else:
        print("Nothing was paused; nothing is changed.")
