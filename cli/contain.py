"""``rescind contain USER``: evict whoever holds this person's tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.exc import IntegrityError

from cli.begin import carry, refuse
from cli.checks import CHECKS
from cli.opened import whoami
from cli.settings import ConfigOption, loaded
from cli.since import moment
from config.settings import Mode, Settings
from connectors.errors import ConnectorError
from playbooks import model
from playbooks.errors import PlaybookError, UnknownPlaybook
from tasks.launch import Opened
from tasks.requests import NotContainable, Wish, clues_of, remedy_of, request_run
from tasks.systems import SPECS
from tasks.workshop import Workshop

#: How long finding the person and planning may take, in seconds.
_ASK_S = 120


def command(
    user: Annotated[
        str, typer.Argument(help="Sign-in name, Entra object id, Okta or Auth0 user id.")
    ],
    tenant: Annotated[str | None, typer.Option(help="Needed where several are configured.")] = None,
    playbook: Annotated[str, typer.Option(help="What is to be done.")] = "cm0080",
    mode: Annotated[
        Mode,
        typer.Option(
            help="How far it goes by itself; observe sends no change, and stores what it found as a run."
        ),
    ] = Mode.AUTO,
    since: Annotated[
        str | None,
        typer.Option(
            help="When the theft began: 45m, 3h, 2d ago, or a time like 2026-03-01T08:30:00Z.",
            metavar="TIME",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Contain one person now; returns when nothing more happens without a person's decision.

    Exit status: 0 contained, observed, paused or waiting for a decision; 1 something is left to do;
    2 nothing was started.
    """
    settings = loaded(config, CHECKS)
    wish = _checked(Wish(user, tenant, playbook, mode, whoami(), since), settings)
    carry(settings, lambda workshop: _ask(workshop, wish), as_json=as_json, since=since)


def _ask(workshop: Workshop, wish: Wish) -> Opened:
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


def _checked(wish: Wish, settings: Settings) -> Wish:
    """Refuse what can be refused by looking at it, before anything is opened or made."""
    try:
        clues_of(wish.user)
        loaded_playbook = model.load(wish.playbook, settings.playbooks.folder)
        model.check_actions(loaded_playbook, SPECS)
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
