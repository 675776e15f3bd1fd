"""Reading the settings for a command: whole and right, or nothing starts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from config.load import load
from config.problems import Problem, SettingsError
from config.settings import Settings
from detectors import registry
from playbooks import model
from playbooks.errors import PlaybookError, UnknownPlaybook

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The settings file; else RESCIND_CONFIG, else ./rescind.toml."
    ),
]


def loaded(config: Path | None = None) -> Settings:
    """Return the settings; where something is wrong, say what on stderr and exit with 2."""
    try:
        return load(config, checks=CHECKS).settings
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error


def _playbooks(settings: Settings) -> list[Problem]:
    problems = []
    for name, source in settings.sources.items():
        try:
            model.load(source.playbook, settings.playbooks.folder)
        except (PlaybookError, UnknownPlaybook) as error:
            what = f"the playbook {source.playbook!r} cannot be used: {error}. {error.remedy}"
            problems.append(Problem(("sources", name, "playbook"), what))
    return problems


#: What the rooms above ``config/`` know about settings being right.
CHECKS = (registry.problems, _playbooks)
