"""``rescind config``: show the settings in effect and where each came from; check them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.checks import CHECKS
from cli.forewarned import missing
from cli.settings import ConfigOption
from cli.terminal import counted
from config.load import Check, Loaded, SettingsError, load
from config.problems import dotted
from config.show import Leaf, Shown

app = typer.Typer(
    help="The settings: what is in effect, and whether it fits together.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def show(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """Show every setting in effect, secrets masked, and where each came from."""
    found = _loaded(config).leaves
    if as_json:
        rows = [{"key": leaf.name, "value": leaf.value, "source": leaf.source} for leaf in found]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        Console().print(_table(found))
    else:
        _print_aligned(found)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Check the settings; every problem is listed, with its place and what would be right.

    What is no mistake and should be seen to is a warning, and no reason to fail.
    """
    loaded = _loaded(config, CHECKS)
    settings = loaded.settings
    places = [str(loaded.path or "no file"), *([str(loaded.secrets)] if loaded.secrets else [])]
    print(
        f"The settings fit together ({', '.join(places)}): "
        f"{counted(len(settings.sources), 'source')}, {counted(len(settings.tenants), 'tenant')}."
    )
    exposed = (f"{dotted(one.key)}: {one.what} ({one.right})" for one in loaded.warnings)
    for line in (*exposed, *missing(settings)):
        print(f"warning: {line}", file=sys.stderr)


def _loaded(path: Path | None, checks: Sequence[Check] = ()) -> Loaded:
    try:
        return load(path, checks=checks)
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


def _table(found: Sequence[Leaf]) -> Table:
    table = Table("Key", "Value", "From")
    for leaf in found:
        style = "dim" if leaf.source == "default" else ""
        cells = (leaf.name, _text(leaf.value), leaf.source)
        table.add_row(*(Text(cell, overflow="fold") for cell in cells), style=style)
    return table


def _print_aligned(found: Sequence[Leaf]) -> None:
    rows = [(leaf.name, _text(leaf.value), leaf.source) for leaf in found]
    # A long list must not push every source out of sight.
    key_width = max(len(key) for key, _, _ in rows)
    value_width = min(40, max(len(value) for _, value, _ in rows))
    for key, value, source in rows:
        print(f"{key:<{key_width}}  {value:<{value_width}}  {source}")


def _text(value: Shown) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
