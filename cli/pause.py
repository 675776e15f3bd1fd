"""``rescind pause``: no change leaves any more."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.opened import opened, whoami
from cli.settings import ConfigOption
from cli.terminal import said_of
from ledger import control


def command(
    reason: Annotated[str, typer.Option(help="Why; people are shown it.")] = "",
    config: ConfigOption = None,
) -> None:
    """Stop all changes at once, in every process; reads go on, steps wait.

    Where they are stopped already, that pause stays as it is.
    """
    with opened(config) as service, service.database.write() as connection:
        standing = control.pause(connection, service.audit, actor=whoami(), reason=reason)
    if standing is not None:
        print(f"Paused already {said_of(standing)}; that pause stays as it is.")
    print("Paused: no change leaves until `rescind resume`. What was sent before stays sent.")
