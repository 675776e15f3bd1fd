"""``rescind resume``: changes go on."""

from __future__ import annotations

from cli.opened import opened, whoami
from cli.settings import ConfigOption
from ledger import control


def command(config: ConfigOption = None) -> None:
    """Let the waiting steps go on."""
    with opened(config) as service, service.database.write() as connection:
        control.resume(connection, service.audit, actor=whoami())
    print("Resumed: waiting steps go on within a second.")
