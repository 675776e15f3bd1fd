"""``rescind alert ID``: one alert, and what could be understood of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

import typer
from rich.text import Text
from sqlalchemy import Row

from cli.alerts import document
from cli.opened import opened
from cli.settings import ConfigOption
from cli.terminal import console, indented, when
from ledger import alerts, deliveries


def command(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or its beginning.")],
    raw: Annotated[bool, typer.Option("--raw", help="The bytes as they arrived.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show one alert: whom it names, what became of it and why, what to do."""
    with opened(config) as service, service.database.read() as connection:
        found = alerts.beginning(connection, alert_id)
        if len(found) != 1:
            _not_one(alert_id, [row.id for row in found])
        (row,) = found
        body = deliveries.body_of(connection, row.body_sha256) if raw else b""
    if raw:
        sys.stdout.buffer.write(body)
    elif as_json:
        print(json.dumps(document(row)))
    else:
        _print(row)


def _not_one(alert_id: str, ids: list[str]) -> NoReturn:
    if ids:
        print(
            f"{alert_id}: several alerts have an id that begins so:",
            *ids,
            sep="\n",
            file=sys.stderr,
        )
    else:
        print(
            f"{alert_id}: no alert has an id that begins so (see `rescind alerts`)", file=sys.stderr
        )
    raise typer.Exit(1)


def _print(row: Row[Any]) -> None:
    out, said = console(), row.parsed or {}
    out.print(Text.assemble((str(said.get("title") or "Alert"), "bold"), f"  {row.id}"))
    out.print(f"from {row.source}, received {when(row.received_at)}Z: {row.state}")
    if row.reason:
        out.print(f"Why: {row.reason}")
    if row.remedy:
        out.print(f"What to do: {row.remedy}")
    if not row.parsed:
        out.print("Nothing of it was understood; --raw shows what arrived.")
    for name in ("severity", "rule", "signal", "occurred_at", "event_id", "why"):
        if said.get(name):
            out.print(f"{name.replace('_', ' ')}: {said[name]}")
    for person in said.get("persons", ()):
        out.print(f"{person['role']}: {person.get('display_name') or ''}".rstrip(": "))
        for each in person["ids"]:
            indented(f"{each['kind']}: {each['value']}")
    for why in _left_out(said):
        out.print(f"left out: {why}")
    for run_id in row.run_ids or ():
        out.print(f"run: {run_id}")


def _left_out(said: Mapping[str, Any]) -> list[str]:
    details = said.get("details") or {}
    return [str(why) for why in details.get("left_out", ())]
