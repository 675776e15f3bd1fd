"""Findings into the intake, as alerts of a source of kind ``hunt``: stored like what a detector posts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer

from cli.opened import opened
from cli.terminal import counted
from config.settings import Settings
from detectors.hunts.alerting import KIND
from detectors.hunts.finding import Finding
from ledger import deliveries

_EXAMPLE = (
    '[sources.hunts]\nkind = "hunt"\nmode = "approve"\n'
    'origin = { proof = "shared_secret", secret_file = "hunts.secret" }'
)


def send(found: Sequence[Finding], source: str | None, config: Path | None) -> None:
    """Store an alert for each finding that is medium or high; the same finding is stored once.

    Whatever runs takes them up within a second: guardrails, folding and approvals are those of any
    alert.
    """
    worth = [each for each in found if each.severity != "low"]
    with opened(config) as service:
        name = _source(service.settings, source)
        new = 0
        for each in worth:
            body = json.dumps(each.document(), sort_keys=True).encode()
            with service.database.write() as connection:
                received = deliveries.receive(
                    connection,
                    service.audit,
                    source=name,
                    kind=KIND,
                    body=body,
                    content_type="application/json",
                    delivery_id=each.id,
                    fold_s=0,
                )
            new += not received.duplicate
    said = f"{counted(new, 'alert')} sent to {name}"
    if len(worth) > new:
        said += f", {len(worth) - new} had been sent before"
    print(said + ".", file=sys.stderr)


def _source(settings: Settings, named: str | None) -> str:
    names = [name for name, each in settings.sources.items() if each.kind == KIND]
    if named is not None:
        if named not in names:
            _refuse(f"--source {named}: no source of kind hunt has this name", _EXAMPLE)
        return named
    if not names:
        _refuse(
            "--alert: no source of kind hunt is configured", f"Put into rescind.toml:\n{_EXAMPLE}"
        )
    if len(names) > 1:
        _refuse(f"--alert: name one of the sources {', '.join(names)} with --source")
    return names[0]


def _refuse(*why: str) -> NoReturn:
    print("rescind: " + "\n".join(why), file=sys.stderr)
    raise typer.Exit(2)
