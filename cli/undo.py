"""``rescind undo RUN``: put back what a run has changed."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.begin import carry, refuse
from cli.checks import CHECKS
from cli.opened import whoami
from cli.settings import ConfigOption, loaded
from playbooks.undoing import NothingToUndo
from tasks.launch import Opened
from tasks.undoing import NotUndoable, open_undo
from tasks.workshop import Workshop


def command(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or its beginning.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Plan to put back what a run has changed, the last change first, and ask for approval.

    Exit status: 0 it waits for a decision; 2 nothing can be undone.
    """

    def ask(workshop: Workshop) -> Opened:
        service = workshop.service
        try:
            with service.database.write() as connection:
                opened = open_undo(connection, service, workshop.systems, run_id, whoami())
        except NotUndoable as error:
            refuse(error.reason, error.remedy)
        except NothingToUndo as error:
            refuse(f"nothing of this run can be put back: {error}", error.remedy)
        service.ring(opened.rings)
        return opened

    carry(loaded(config, CHECKS), ask, as_json=as_json)
