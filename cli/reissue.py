"""``rescind reissue USER --to NAME``: give an account back to its person."""

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
    to: Annotated[
        str,
        typer.Option(
            help="The console account that is shown, once, what the person signs in with.",
            metavar="NAME",
        ),
    ],
    tenant: Annotated[str | None, typer.Option(help="Needed where several are configured.")] = None,
    playbook: Annotated[str, typer.Option(help="How it is given back.")] = "reissue",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Plan to give a contained account back, and ask for approval.

    A password nobody knows is set, the account is opened, and what the person signs in with waits in
    the console for NAME, who gives it to her in person or on a call.

    Exit status: 0 it waits for a decision; 2 nothing was started.
    """
    settings = loaded(config, CHECKS)
    wish = Wish(user, tenant, playbook, Mode.APPROVE, whoami(), hand_over_to=to)
    checked(wish, settings)
    carry(settings, lambda workshop: ask(workshop, wish), as_json=as_json)
