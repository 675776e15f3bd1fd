"""``rescind doctor``: whether everything that a containment needs is there."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.checks import CHECKS
from cli.logs import configure_logging
from cli.settings import ConfigOption, loaded
from cli.terminal import console, counted, indented, print_table
from config.settings import Settings
from ledger.database import Database
from tasks import app as celery_app
from tasks import diagnosis
from tasks.diagnosis import Ability, Check, Diagnosis
from tasks.hunting_logs import HuntReadiness, TenantLog
from tasks.systems import Systems

_SIGNS = {"ok": "ok", "warning": "look", "problem": "PROBLEM"}
_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_LOG_STYLES = {
    "delivered": "green",
    "ready": "green",
    "partly": "yellow",
    "unknown": "yellow",
    "missing": "bold red",
    "cannot": "bold red",
}


def command(
    tell: Annotated[
        bool, typer.Option("--tell", help="Send a test message to every chat channel.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Look whether systems, permissions, database, broker, chat and the logs for hunts are ready.

    Changes nothing.

    Exit status: 0 nothing stands in the way, 1 something does.
    """
    settings = loaded(config, CHECKS)
    configure_logging(libraries=logging.CRITICAL)
    found = asyncio.run(_tenants(settings))
    database = Database(settings.database.url.get_secret_value())
    try:
        checks = [*diagnosis.around(settings, database, celery_app.make_app(settings))]
    finally:
        database.close()
    if tell and settings.chat.urls:
        checks.append(diagnosis.told(settings))
    found = replace(found, checks=(*checks, *found.checks))
    if as_json:
        print(json.dumps(found.document()))
    else:
        _print(found)
    raise typer.Exit(0 if found.well else 1)


async def _tenants(settings: Settings) -> Diagnosis:
    systems = Systems(settings)
    try:
        return await diagnosis.systems(settings, systems)
    finally:
        await systems.close()


def _print(found: Diagnosis) -> None:
    for check in found.checks:
        _print_check(check)
    untold = _untold(found.abilities)
    told = [each for each in found.abilities if _system(each) not in untold]
    if found.abilities:
        console().print()
    for system, actions in untold.items():
        asked = any(check.what == system and check.state != "problem" for check in found.checks)
        why = "its credential does not tell" if asked else "it was not reached, so nobody knows"
        console().print(
            f"{system}: {why} which of {counted(actions, 'action')} it may do. "
            "What each takes: docs/permissions.md"
        )
    if told:
        _print_abilities(told)
    for tenant in dict.fromkeys(each.tenant for each in found.logs):
        _print_logs(tenant, [each for each in found.logs if each.tenant == tenant])
        _print_hunts(tenant, [each for each in found.hunts if each.tenant == tenant])


def _untold(abilities: Sequence[Ability]) -> dict[str, int]:
    """Return the systems of tenants of which nothing is known that may be done, and of how many actions."""
    by_system: dict[str, list[Ability]] = {}
    for each in abilities:
        by_system.setdefault(_system(each), []).append(each)
    return {
        system: len(of_it)
        for system, of_it in by_system.items()
        if all(each.state == "unknown" for each in of_it)
    }


def _system(ability: Ability) -> str:
    return f"{ability.tenant}/{ability.action.partition('.')[0]}"


def _print_check(check: Check) -> None:
    sign = Text(f"{_SIGNS[check.state]:<8}", style=_STYLES[check.state])
    console().print(Text.assemble(sign, (check.what, "bold"), f": {check.says}"))
    if check.remedy:
        indented(check.remedy, by=8)


def _print_abilities(abilities: Sequence[Ability]) -> None:
    tenants = list(dict.fromkeys(each.tenant for each in abilities))
    told = {(each.action, each.tenant): each for each in abilities}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("action", no_wrap=True)
    for tenant in tenants:
        table.add_column(tenant, overflow="fold")
    for action in dict.fromkeys(each.action for each in abilities):
        table.add_row(action, *(_cell(told.get((action, tenant))) for tenant in tenants))
    print_table(table)


def _cell(ability: Ability | None) -> Text:
    if ability is None:
        return Text("-", style="dim")
    if ability.state == "cannot":
        return Text(f"cannot: grant {', '.join(ability.grant)}", style="bold red")
    return Text(ability.state, style="green" if ability.state == "can" else "yellow")


def _print_logs(tenant: str, logs: Sequence[TenantLog]) -> None:
    console().print(f"\nLogs of {tenant}, for `rescind hunt`", style="bold")
    for each in logs:
        log = each.log
        sign = Text(f"{log.state:<10}", style=_LOG_STYLES[log.state])
        console().print(Text.assemble(sign, (log.name, "bold"), f": {log.says}"))
        kept = f"kept {log.keeps}" if log.keeps else ""
        late = f"a row comes after {log.late}" if log.late else ""
        if kept or late:
            indented("; ".join(part for part in (kept, late) if part), by=10)
        if log.remedy:
            indented(log.remedy, by=10)


def _print_hunts(tenant: str, hunts: Sequence[HuntReadiness]) -> None:
    console().print(f"\nHunts over {tenant}", style="bold")
    for each in hunts:
        sign = Text(f"{each.state:<10}", style=_LOG_STYLES[each.state])
        console().print(Text.assemble(sign, (each.hunt, "bold")))
        indented(f"reads {', '.join(each.reads)}", by=10)
        for name, what in each.lacks.items():
            indented(f"without {name}: {what}", by=10)
        for name, what in each.unsure.items():
            indented(f"not known of {name}: {what}", by=10)
