"""``rescind pause``: no change leaves any more."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.opened import opened, whoami
from cli.settings import ConfigOption
from ledger import control


def command(
    reason: Annotated[str, typer.Option(help="Why; people are shown it.")] = "",
    config: ConfigOption = None,
) -> None:
    """Stop all changes at once, in every process; reads go on, steps wait."""
    with opened(config) as service, service.database.write() as connection:
        control.pause(connection, service.audit, actor=whoami(), reason=reason)
    print("Paused: no change leaves until `rescind resume`. What was sent before stays sent.")
