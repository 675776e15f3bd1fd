"""Asking for a run by a person's name: refused early where it can be, with what would be right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError

from cli.begin import refuse
from cli.since import moment
from config.settings import Settings
from connectors.errors import ConnectorError
from playbooks import model
from playbooks.errors import PlaybookError, UnknownPlaybook
from playbooks.schema import Aim
from tasks.launch import Opened
from tasks.refusal import NotContainable
from tasks.requests import Wish, clues_of, remedy_of, request_run
from tasks.systems import SPECS
from tasks.workshop import Workshop

#: How long finding the person and planning may take, in seconds.
_ASK_S = 120


def ask(workshop: Workshop, wish: Wish) -> Opened:
    """Open the run a wish names, or join the one that is open; refuse where neither can be."""
    try:
        try:
            return workshop.loop.run(request_run(workshop.service, workshop.systems, wish), _ASK_S)
        except IntegrityError:  # another process opened the person's run just now: join it
            return workshop.loop.run(request_run(workshop.service, workshop.systems, wish), _ASK_S)
    except NotContainable as error:
        refuse(error.reason, error.remedy)
    except (ConnectorError, PlaybookError, UnknownPlaybook) as error:
        said = str(error) or str(type(error).__doc__)
        refuse(said, remedy_of(error) if isinstance(error, ConnectorError) else error.remedy)
    except TimeoutError:
        refuse(
            f"the tenant's systems did not answer within {_ASK_S} s", "Try again; it is harmless."
        )


def checked(wish: Wish, settings: Settings) -> Wish:
    """Refuse what can be refused by looking at it, before anything is opened or made."""
    try:
        clues_of(wish.user)
        loaded_playbook = model.load(wish.playbook, settings.playbooks.folder)
        model.check_actions(loaded_playbook, SPECS)
        gives_back = loaded_playbook.playbook.aim is Aim.REISSUE
        if gives_back and wish.hand_over_to is None:
            refuse(
                f"{wish.playbook} gives an account back, and somebody has to hand over how to sign in",
                f"rescind reissue {wish.user} --to NAME --playbook {wish.playbook}",
            )
        if not gives_back and wish.hand_over_to is not None:
            refuse(
                f"{wish.playbook} gives no account back (its aim is {loaded_playbook.playbook.aim})",
                "`rescind playbooks list` shows what each playbook is for.",
            )
    except NotContainable as error:
        refuse(error.reason, error.remedy)
    except (PlaybookError, UnknownPlaybook) as error:
        refuse(str(error), error.remedy)
    if wish.since is None:
        return wish
    try:
        return replace(wish, since=moment(wish.since, datetime.now(UTC)))
    except ValueError as error:
        refuse(f"--since: {error}")
