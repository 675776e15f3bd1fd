"""``rescind alerts``: what arrived, and what became of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.table import Table
from sqlalchemy import Row

from cli.opened import opened, whoami
from cli.settings import ConfigOption
from cli.terminal import console, indented, narrow, print_table, when
from detectors.alert import Role
from ledger import alerts
from ledger.chain import rfc3339
from tasks import crowds
from tasks.service import Service

#: So many people and runs are named in a list; `rescind alert ID` has all.
_NAMED = 3
#: So much of a run's id tells it from others.
_ENOUGH = 13


def command(
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="Only what could not be acted on.")
    ] = False,
    replay: Annotated[
        str | None,
        typer.Option(help="Take this quarantined or ignored alert up again.", metavar="ID"),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(
            help="Of this alert, which is held because it names a crowd, open the next runs; each "
            "waits for approval.",
            metavar="ID",
        ),
    ] = None,
    people: Annotated[
        int, typer.Option(min=1, max=crowds.MOST, help="With --release: how many people.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10000)] = 50,
    config: ConfigOption = None,
) -> None:
    """List alerts, the newest first, with what became of each and why."""
    with opened(config) as service:
        if release is not None:
            _release(service, release, people)
            return
        if replay is not None:
            with service.database.write() as connection:
                meant = [row.id for row in alerts.beginning(connection, replay)]
                done = len(meant) == 1 and alerts.replay(
                    connection, service.audit, meant[0], actor=whoami()
                )
            if not done:
                _not_one(replay, meant)
            print(f"{meant[0]} is taken up again within a second, if Rescind runs.")
            return
        with service.database.read() as connection:
            rows = alerts.listed(
                connection, state="quarantined" if quarantined else None, limit=limit
            )
    if as_json:
        for row in rows:
            print(json.dumps(document(row)))
        return
    if not rows:
        print("No alerts in quarantine." if quarantined else "No alerts yet.")
        return
    _print(rows)


def _not_one(named: str, meant: Sequence[str]) -> NoReturn:
    if len(meant) > 1:
        print(
            f"{named}: several alerts have an id that begins so:", *meant, sep="\n", file=sys.stderr
        )
    else:
        what = (
            "is neither in quarantine nor ignored" if meant else "no alert has an id that begins so"
        )
        print(f"{named}: {what} (see `rescind alerts`)", file=sys.stderr)
    raise typer.Exit(1)


def _release(service: Service, named: str, people: int) -> None:
    with service.database.write() as connection:
        meant = [row.id for row in alerts.beginning(connection, named)]
        only = meant[0] if len(meant) == 1 else ""
        try:
            done = crowds.release(connection, service.audit, only, people, actor=whoami())
        except crowds.NotHeld as error:
            print(f"{named}: no alert that is held for its crowd\n{error.remedy}", file=sys.stderr)
            raise typer.Exit(1) from None
    who = "1 person is" if done.people == 1 else f"{done.people} people are"
    print(
        f"{who} taken up within a second, if Rescind runs; each run waits for approval. "
        f"{done.left:,} {'is' if done.left == 1 else 'are'} still held."
    )


def document(row: Row[Any]) -> dict[str, Any]:
    """Return an alert as a JSON object: what could be understood, and what became of it."""
    parsed = row.parsed or {}
    return {
        "id": row.id,
        "source": row.source,
        "kind": row.kind,
        "received_at": rfc3339(row.received_at),
        "state": row.state,
        "reason": row.reason,
        "remedy": row.remedy,
        "title": parsed.get("title"),
        "severity": parsed.get("severity"),
        "event_id": parsed.get("event_id"),
        "persons": parsed.get("persons", []),
        "left_out": (parsed.get("details") or {}).get("left_out", []),
        "run_ids": row.run_ids or [],
        "duplicate_of": row.duplicate_of,
        "copies": row.copies,
        "body_sha256": row.body_sha256,
    }


def _print(rows: Sequence[Row[Any]]) -> None:
    if narrow():
        for row in rows:
            console().print(f"{row.id}  {row.state}", style="bold")
            indented(f"{when(row.received_at)}Z  from {row.source}", by=2)
            indented(_what(row), by=2, style="")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("received (UTC)", "id", "source", "state"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what", overflow="fold")
    for row in rows:
        table.add_row(when(row.received_at), row.id, row.source, row.state, _what(row))
    print_table(table)


def _what(row: Row[Any]) -> str:
    lines = [(row.parsed or {}).get("title"), _whom(row), row.reason]
    if row.remedy:
        lines.append(f"What to do: {row.remedy}")
    if row.copies:
        lines.append("sent again " + ("once" if row.copies == 1 else f"{row.copies} times"))
    return "\n".join(line for line in lines if line)


def _whom(row: Row[Any]) -> str:
    """Say whom an alert names as victims, and which runs it stands at."""
    victims = [
        _called(person)
        for person in (row.parsed or {}).get("persons", ())
        if person["role"] == Role.VICTIM
    ]
    named = victims[:_NAMED] + [f"{len(victims) - _NAMED:,} more"] * (len(victims) > _NAMED)
    runs = [f"run {run_id[:_ENOUGH]}" for run_id in (row.run_ids or ())[:_NAMED]]
    return "; ".join(part for part in (", ".join(named), ", ".join(runs)) if part)


def _called(person: Mapping[str, Any]) -> str:
    addresses = (one["value"] for one in person["ids"] if "@" in one["value"])
    return str(next(addresses, None) or person.get("display_name") or person["ids"][0]["value"])
