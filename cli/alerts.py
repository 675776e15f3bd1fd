"""``rescind alerts``: what arrived, and what became of it."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy import Row

from cli.opened import opened, whoami
from cli.settings import ConfigOption
from cli.terminal import console, when
from ledger import alerts


def command(
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="Only what could not be acted on.")
    ] = False,
    replay: Annotated[
        str | None, typer.Option(help="Take this quarantined alert up again.", metavar="ID")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10000)] = 50,
    config: ConfigOption = None,
) -> None:
    """List alerts, the newest first, with what became of each and why."""
    with opened(config) as service:
        if replay is not None:
            with service.database.write() as connection:
                done = alerts.replay(connection, service.audit, replay, actor=whoami())
            if not done:
                print(f"{replay}: no quarantined alert of that id", file=sys.stderr)
                raise typer.Exit(1)
            print(f"{replay} is taken up again within a second, if Rescind runs.")
            return
        with service.database.read() as connection:
            rows = alerts.listed(
                connection, state="quarantined" if quarantined else None, limit=limit
            )
    if as_json:
        for row in rows:
            print(json.dumps(_document(row)))
        return
    if not rows:
        print("No alerts in quarantine." if quarantined else "No alerts yet.")
        return
    _print(rows)


def _document(row: Row[Any]) -> dict[str, Any]:
    parsed = row.parsed or {}
    return {
        "id": row.id,
        "source": row.source,
        "kind": row.kind,
        "received_at": when(row.received_at),
        "state": row.state,
        "reason": row.reason,
        "remedy": row.remedy,
        "title": parsed.get("title"),
        "severity": parsed.get("severity"),
        "run_ids": row.run_ids or [],
        "duplicate_of": row.duplicate_of,
        "copies": row.copies,
        "body_sha256": row.body_sha256,
    }


def _print(rows: Any) -> None:  # noqa: ANN401 - rows of one query
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("received (UTC)", "id", "source", "state", "what"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        parsed = row.parsed or {}
        what = parsed.get("title") or ""
        if row.reason:
            what = f"{what}\n{row.reason}".strip()
        if row.remedy:
            what += f"\nWhat to do: {row.remedy}"
        if row.copies:
            what += f"\nsent again {row.copies} times"
        table.add_row(when(row.received_at), row.id, row.source, row.state, what)
    console().print(table)
