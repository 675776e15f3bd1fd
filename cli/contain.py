"""``rescind contain USER``: evict whoever holds this person's tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import ask, checked
from cli.begin import carry
from cli.checks import CHECKS
from cli.opened import whoami
from cli.settings import ConfigOption, loaded
from config.settings import Mode
from tasks.requests import Wish


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
    wish = checked(Wish(user, tenant, playbook, mode, whoami(), since), settings)
    carry(settings, lambda workshop: ask(workshop, wish), as_json=as_json, since=since)
