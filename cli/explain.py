"""``rescind explain``: what really holds for a person, and why; changes nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from cli.checks import CHECKS
from cli.logs import configure_logging
from cli.settings import ConfigOption, loaded
from cli.terminal import console, indented, print_table, unbroken
from config.settings import Settings
from connectors.action import Observation, Target
from connectors.errors import ConnectorError
from connectors.system import Account, Clue
from tasks import opening
from tasks.refusal import NotContainable
from tasks.requests import clues_of, remedy_of
from tasks.systems import NoJournal, Systems

_LIFETIMES = "entra.explain_token_lifetimes"

app = typer.Typer(
    help="Explain what really holds for a person, and why.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def about() -> None:
    """Explain what really holds for a person, and why; changes nothing."""


@app.command("lifetimes")
def lifetimes(
    user: Annotated[str, typer.Argument(help="Sign-in name or Entra object id.")],
    app_id: Annotated[
        str | None,
        typer.Option("--app", help="The app's application (client) id.", metavar="APPID"),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Needed where several are configured.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Tell how long this person's tokens and sessions in Entra last, by which policy.

    Exit status: 0 told, 1 told as far as it could be read, 2 nothing could be told.
    """
    settings = loaded(config, CHECKS)
    configure_logging(libraries=logging.CRITICAL)
    try:
        found = asyncio.run(_explained(settings, user, tenant, app_id))
    except NotContainable as error:
        _refuse(error.reason, error.remedy)
    except ConnectorError as error:
        _refuse(str(error), remedy_of(error))
    except ValidationError:
        _refuse(f"--app {app_id}: an application (client) id is a GUID")
    verdict = found.verdict
    said = verdict.reason if verdict is not None else ""
    if as_json:
        print(json.dumps({"says": said, **found.snapshot}))
    else:
        _print(said, found.snapshot)
    known = not found.snapshot["unknown"] and all(each["known"] for each in found.snapshot["rows"])
    raise typer.Exit(0 if known else 1)


async def _explained(
    settings: Settings, user: str, tenant: str | None, app_id: str | None
) -> Observation:
    clues = clues_of(user)
    name = _tenant(settings, tenant, clues)
    systems = Systems(settings)
    try:
        account = await _account(systems, name, user, clues)
        parameters = {} if app_id is None else {"app_id": app_id}
        action = systems.action(name, _LIFETIMES, parameters, NoJournal())
        target = Target(name, "entra", account.id, account.name, account.facts)
        return await action.observe(target)
    finally:
        await systems.close()


async def _account(systems: Systems, tenant: str, user: str, clues: Sequence[Clue]) -> Account:
    person = await opening.look_up(systems, tenant, clues)
    if "entra" in person.accounts:
        return person.accounts["entra"]
    if "entra" in person.failures:
        raise person.failures["entra"]
    several = "entra" in person.ambiguities
    raise NotContainable(
        f"{'several accounts match' if several else 'no Entra account of'} {user} in tenant {tenant}",
        "Check the name, or give the account's object id.",
    )


def _tenant(settings: Settings, named: str | None, clues: Sequence[Clue]) -> str:
    chosen = named or opening.tenant_of(settings, [clue.value for clue in clues])
    configured = [name for name, each in settings.tenants.items() if each.entra is not None]
    if chosen in configured:
        return chosen
    raise NotContainable(
        f"tenant {chosen!r} has no Entra ID in the settings"
        if chosen
        else "it cannot be told which tenant is meant",
        f"Say --tenant; configured with Entra ID: {', '.join(configured) or 'none'}.",
    )


def _refuse(*why: str) -> NoReturn:
    print("Nothing can be told: " + "\n".join(why), file=sys.stderr)
    raise typer.Exit(2)


def _print(said: str, found: Mapping[str, Any]) -> None:
    out = console()
    out.print(said, style="bold")
    out.print()
    _table(
        ("", "lasts", "because"),
        [
            (
                Text(each["what"]),
                Text(each["lives"], style="" if each["known"] else "bold magenta"),
                each["why"],
            )
            for each in found["rows"]
        ],
    )
    if found["conditional_access"]:
        out.print("\nConditional Access policies for this person", style="bold")
        _table(
            ("policy", "applies", "sign-in again", "browser", "CAE"),
            [
                (
                    each["policy"],
                    _applies(each),
                    _frequency(each["hours"]),
                    each["browser"] or "-",
                    each["cae"] or "-",
                )
                for each in found["conditional_access"]
            ],
        )
    if found["retired"]:
        out.print("\nOld settings, which have no effect any more", style="bold")
        for each in found["retired"]:
            out.print(f"{each['policy']} ({each['of']}): {each['setting']} {each['value']}")
            indented(f"meant: {each['meant']}\ntoday: {each['today']}")
    for each in found["unknown"]:
        out.print(Text.assemble("\nunknown: ", (each["what"], "bold magenta"), f": {each['why']}"))
        indented(each.get("remedy", ""))
    _print_older(found["older_defaults"])


def _print_older(older: Mapping[str, Any]) -> None:
    out = console()
    out.print("\nTo write the defaults of before 2017 back", style="bold")
    unbroken(f"POST /policies/tokenLifetimePolicies {json.dumps(older['policy'])}")
    indented(older["effect"])
    out.print("What carries them today")
    unbroken(f"POST /identity/conditionalAccess/policies {json.dumps(older['conditional_access'])}")
    indented(older["differs"])


def _applies(control: Mapping[str, Any]) -> str:
    if not control["enforced"]:
        return "no: report only"
    if control["applies"] is None:
        return f"unknown: {control['why']}"
    return f"depending on {', '.join(control['conditions'])}" if control["conditions"] else "yes"


def _frequency(hours: float | None) -> str:
    if hours is None:
        return "-"
    return f"after {hours:g} h" if hours else "every time"


def _table(heads: Sequence[str], lines: Sequence[Sequence[str | Text]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in line))
    print_table(table)
