"""Reading the settings for a command: whole and right, or nothing starts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from config.load import Check, load
from config.problems import SettingsError
from config.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The settings file; else RESCIND_CONFIG, else ./rescind.toml."
    ),
]


def loaded(config: Path | None = None, checks: Sequence[Check] = ()) -> Settings:
    """Return the settings; where something is wrong, say what on stderr and exit with 2.

    ``checks`` are those of ``cli.checks``, for a command that starts or plans something; the others
    do without, because loading what checks takes longer than they do.
    """
    try:
        return load(config, checks=checks).settings
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
