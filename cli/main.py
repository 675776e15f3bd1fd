"""The ``rescind`` command: each verb is a file of its own, loaded when it is needed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from connectors.errors import ConnectorError
from ledger.errors import LedgerError

#: Verb to module; the module's ``app`` (a group) or ``command`` (a function) does the work.
_VERBS = {
    "serve": "cli.serve",
    "web": "cli.web",
    "worker": "cli.worker",
    "migrate": "cli.migrate",
    "contain": "cli.contain",
    "undo": "cli.undo",
    "reissue": "cli.reissue",
    "runs": "cli.runs",
    "run": "cli.run",
    "alerts": "cli.alerts",
    "alert": "cli.alert",
    "detectors": "cli.detectors",
    "route": "cli.route",
    "hunt": "cli.hunt",
    "pause": "cli.pause",
    "resume": "cli.resume",
    "audit": "cli.audit",
    "users": "cli.users",
    "playbooks": "cli.playbooks",
    "coun7er": "cli.coun7er",
    "config": "cli.config",
    "explain": "cli.explain",
    "doctor": "cli.doctor",
    "simulator": "cli.simulator",
    "demo": "cli.demo",
}
_HELP = {
    "serve": "Run everything in one process, on SQLite.",
    "web": "Run the web server: hooks and console.",
    "worker": "Run a worker.",
    "migrate": "Bring the database's tables to this version.",
    "contain": "Evict whoever holds this person's tokens.",
    "undo": "Put back what a run has changed.",
    "reissue": "Give a contained account back to its person.",
    "runs": "List runs, the newest first.",
    "run": "Show one run: every step, its proof, what stays usable.",
    "alerts": "List alerts; show and replay what could not be acted on.",
    "alert": "Show one alert: whom it names, what became of it and why.",
    "detectors": "Which alerts are understood; read files; try a mapping.",
    "route": "Say which routing rule takes an alert, what follows, and why.",
    "hunt": "Hunt through days of logs for stolen tokens and sessions.",
    "pause": "Stop all changes.",
    "resume": "Let changes go on.",
    "audit": "Verify or export the audit log.",
    "users": "Who may sign in to the console.",
    "playbooks": "List, show, check and export playbooks; list the actions there are.",
    "coun7er": "Read and write CISA's eviction plans.",
    "config": "Show what is set, and where from.",
    "explain": "Tell how long a person's tokens and sessions last, and why.",
    "doctor": "Look whether everything a containment needs is there.",
    "simulator": "Serve a tenant to practise on.",
    "demo": "Watch a token thief being evicted: no tenant, no account, nothing to install.",
}


class _Verbs(TyperGroup):
    """Loads a verb's module only when that verb is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - click's signature
        return list(_VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        if cmd_name not in _VERBS:
            return None
        return _command(importlib.import_module(_VERBS[cmd_name]), cmd_name)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - click's signature
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            # typer has pydantic look at values, which sets this before the sentence
            error.message = error.message.removeprefix("Value error, ")
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_HELP.items()))


def _command(module: Any, name: str) -> Any:  # noqa: ANN401 - a module, a command of typer's click
    if hasattr(module, "app"):
        return typer.main.get_command(module.app)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, help=_HELP[name])(module.command)
    return typer.main.get_command(alone)


rescind = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"rescind {version('rescind')}")
        raise typer.Exit


@rescind.callback()
def about(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Evicts a token thief from Microsoft Entra ID, Okta and Auth0, and proves it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors that a person can mend are said without a traceback."""
    try:
        rescind(args=list(arguments) if arguments is not None else None, prog_name="rescind")
    except (ConnectorError, LedgerError) as error:
        said = str(error) or (type(error).__doc__ or "").strip()
        print(f"rescind: {said}\n{error.remedy}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
