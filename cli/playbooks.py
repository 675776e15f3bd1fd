"""``rescind playbooks``: which there are, what is in them, whether a file is right."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from pydantic import ValidationError
from rich.table import Table

from cli.settings import ConfigOption, loaded
from cli.terminal import console, print_table
from connectors.action import ActionSpec, PlannedCall, Target
from playbooks import model
from playbooks.errors import PlaybookError, UnknownPlaybook
from playbooks.exchange import cacao, cacao_lint
from playbooks.model import LoadedPlaybook
from playbooks.parts import renamed
from playbooks.schema import PlaybookStep
from tasks.systems import SPECS, shown

app = typer.Typer(
    help="Playbooks: list, show, check and export them; the actions there are.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
#: Ids of the right form that stand for the person until a variable takes their place.
_NOBODY: Mapping[str, str] = {
    "entra": "00000000-0000-4000-8000-0000cacac0de",
    "exchange": "00000000-0000-4000-8000-0000cacac0de",
    "okta": "00u0000000000nobody0",
    "auth0": "auth0|0000000000000000nobody00",
    "signals": "entra:00000000-0000-4000-8000-0000cacac0de",
}


class Format(StrEnum):
    """What a playbook can be exported as."""

    CACAO = "cacao"


@app.command("list")
def list_all(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the playbooks there are, shipped and your own."""
    folder = loaded(config).playbooks.folder
    rows = []
    for name in model.names(folder):
        playbook = _load(name, folder).playbook
        rows.append((name, playbook.countermeasure, playbook.aim.value, playbook.name))
    if as_json:
        keys = ("id", "countermeasure", "aim", "name")
        print(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("playbook", "countermeasure", "aim", "name"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    print_table(table)


@app.command()
def actions(as_json: JsonOption = False) -> None:
    """List the actions a step can name: impact, what each needs, whether it can be undone."""
    specs = sorted(SPECS.values(), key=lambda spec: (spec.system, spec.name))
    if as_json:
        print(json.dumps([_action(spec) for spec in specs]))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("action", "impact", "undo", "countermeasure", "title"):
        table.add_column(heading, no_wrap=heading != "title")
    for spec in specs:
        undo = "yes" if spec.reversible else "no"
        table.add_row(spec.name, spec.impact.value, undo, spec.countermeasure, spec.title)
    print_table(table)


@app.command()
def show(
    playbook_id: Annotated[str, typer.Argument(metavar="ID", help="The playbook.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show a playbook: its stages, and what each step does and waits for."""
    found = _load(playbook_id, loaded(config).playbooks.folder)
    if as_json:
        print(json.dumps(_document(found)))
        return
    playbook, out = found.playbook, console()
    out.print(
        f"{playbook.name} ({playbook.id} {playbook.version}), {playbook.countermeasure}",
        style="bold",
    )
    out.print(playbook.description)
    out.print(f"{found.hash}", style="dim")
    for stage, steps in _stages(found):
        asked_for = [part for entry, part in found.asked_for if entry.stage == stage]
        said = f" (on a person's word: rescind {asked_for[0].playbook.id})" if asked_for else ""
        out.print(f"\n{stage}{said}", style="bold")
        for step in steps:
            scope = found.scopes.get(step.id)
            of_part = f" (of {scope.part})" if scope else ""
            out.print(f"  {step.id}: {_what(step)}{of_part}")
            for name, value in _more(step).items():
                told = ", ".join(map(str, value)) if isinstance(value, list) else value
                out.print(f"    {name}: {told}", style="dim")


@app.command()
def lint(
    file: Annotated[Path, typer.Argument(help="A playbook, or a CACAO document (.json).")],
) -> None:
    """Check a file; every fault is named with its line and the reason.

    Exit status: 0 nothing is wrong, 1 something is, 2 the file cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"{file}: cannot be read ({type(error).__name__})", file=sys.stderr)
        raise typer.Exit(2) from None
    faults = _cacao_faults(text) if file.suffix == ".json" else _playbook_faults(text, file)
    for fault in faults:
        print(f"{file}{fault}")
    if faults:
        raise typer.Exit(1)
    print(f"{file}: nothing is wrong")


@app.command()
def export(
    playbook_id: Annotated[str, typer.Argument(metavar="ID", help="The playbook.")],
    form: Annotated[Format, typer.Option("--format", help="The form.")] = Format.CACAO,
    config: ConfigOption = None,
) -> None:
    """Print a playbook in another form (OASIS CACAO 2.0)."""
    assert form is Format.CACAO  # noqa: S101 - the only one there is
    found = _load(playbook_id, loaded(config).playbooks.folder)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    print(json.dumps(cacao.export(found, SPECS, _calls_of(found), now), indent=2))


def _load(name: str, folder: Path | None) -> LoadedPlaybook:
    try:
        found = model.load(name, folder)
        model.check_actions(found, SPECS)
    except (PlaybookError, UnknownPlaybook) as error:
        print(f"{error}\n{error.remedy}", file=sys.stderr)
        raise typer.Exit(2) from None
    return found


def _playbook_faults(text: str, file: Path) -> list[str]:
    return [
        f":{fault.line}: {f'{fault.field}: ' if fault.field else ''}{fault.what}"
        for fault in model.faults(text, file.name, file.parent, SPECS)
    ]


def _cacao_faults(text: str) -> list[str]:
    try:
        document = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        return [f":{line}: it is no JSON"]
    return [f": {fault}" for fault in cacao_lint.faults(document)]


def _action(spec: ActionSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": spec.title,
        "system": spec.system,
        "impact": spec.impact.value,
        "reversible": spec.reversible,
        "permissions": list(spec.permissions),
        "permissions_also": list(spec.permissions_also),
        "roles": list(spec.roles),
        "countermeasure": spec.countermeasure,
        "d3fend": list(spec.d3fend),
        "attack": list(spec.attack),
    }


def _document(found: LoadedPlaybook) -> dict[str, Any]:
    playbook = found.playbook
    return {
        "id": playbook.id,
        "name": playbook.name,
        "aim": playbook.aim.value,
        "countermeasure": playbook.countermeasure,
        "version": playbook.version,
        "description": playbook.description,
        "hash": found.hash,
        "parameters": dict(playbook.parameters),
        "stages": [
            {
                "stage": stage,
                "steps": [_step(step, found) for step in steps],
            }
            for stage, steps in _stages(found)
        ],
        "on_request": [part.playbook.id for _, part in found.asked_for],
    }


def _step(step: PlaybookStep, found: LoadedPlaybook) -> dict[str, Any]:
    scope = found.scopes.get(step.id)
    part = {"part": scope.part} if scope else {}
    return {"id": step.id, "action": step.action, "undo": step.undo, **part, **_more(step)}


def _stages(found: LoadedPlaybook) -> list[tuple[str, list[PlaybookStep]]]:
    stages: dict[str, list[PlaybookStep]] = {}
    for step in found.playbook.steps:
        stages.setdefault(step.stage, []).append(step)
    for entry, part in found.asked_for:
        for step in part.playbook.steps:
            stages.setdefault(entry.stage or step.stage, []).append(renamed(step, entry))
    return list(stages.items())


def _what(step: PlaybookStep) -> str:
    if step.restore:
        return f"undo, of earlier runs: {SPECS[step.restore].title}"
    return f"undo {step.undo}" if step.undo else SPECS[step.action or ""].title


def _more(step: PlaybookStep) -> dict[str, Any]:
    said = {
        "restore": step.restore,
        "when": step.when,
        "after": list(step.after),
        "needs": list(step.needs),
        "with": step.parameters | step.compute,
        "delay_minutes": step.delay_minutes,
        "approval": step.approval,
    }
    return {name: value for name, value in said.items() if value}


def _calls_of(found: LoadedPlaybook) -> cacao.Calls:
    undone = {step.id: step for step in found.playbook.steps}

    def calls(step: PlaybookStep, spec: ActionSpec) -> Sequence[PlannedCall]:
        nobody = _NOBODY.get(spec.system, "nobody")
        target = Target("example", spec.system, nobody, "nobody")
        base = undone[step.undo] if step.undo else step
        try:
            action = shown(spec.name, base.parameters)
        except ValidationError:
            return ()  # what it aims at is computed from the alert
        puts_back = step.undo or step.restore
        planned = action.preview_undo(target) if puts_back else action.preview(target)
        variable, spelled = cacao.person_variable(spec.system), quote(nobody, safe="")
        return [
            PlannedCall(call.method, call.path.replace(spelled, variable), call.body, call.why)
            for call in planned
        ]

    return calls
