"""How things look in a terminal: colours where there is one, plain text in a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ledger.chain import rfc3339

_STYLES = {
    "verified": "bold green",
    "contained": "bold green",
    "accepted": "green",
    "already": "green",
    "unverifiable": "yellow",
    "skipped": "dim",
    "observed": "dim",
    "denied": "yellow",
    "manual": "bold yellow",
    "partial": "bold yellow",
    "unknown": "bold magenta",
    "failed": "bold red",
}


#: In a pipe nothing is wrapped, so that ids and commands stay whole; tables get this many columns.
_PIPE_COLUMNS = 200
#: A table of runs or alerts needs this many; with less, each is told in a block of its own.
_TABLE_COLUMNS = 140


@cache
def console() -> Console:
    """Return the terminal, or the pipe: as wide as COLUMNS says, where it says something."""
    piped = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    return Console(
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=piped,
        width=_PIPE_COLUMNS if piped else None,
    )


def narrow() -> bool:
    """Tell whether there is too little room for a table of runs or alerts."""
    return console().width < _TABLE_COLUMNS


def print_table(table: Table) -> None:
    """Print a table within the console's width, in a pipe, too."""
    console().print(table, soft_wrap=False)


def indented(text: str, *, by: int = 4, style: str = "dim") -> None:
    """Print a text with every line indented; what has to be wrapped keeps the indentation."""
    out = console()
    styled = Text(text, style=style)
    room = max(20, out.width - by)
    for line in styled.split("\n") if out.soft_wrap else styled.wrap(out, room):
        out.print(Text(" " * by) + line)


def unbroken(text: str) -> None:
    """Print a line that is to be copied: a link, a command. No line break is put into it."""
    console().print(text, soft_wrap=True)


def counted(number: int, thing: str) -> str:
    """Return ``1 run``, ``2 runs``."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def when(milliseconds: int | None) -> str:
    """Return a time as people read it, UTC, or a dash."""
    return rfc3339(milliseconds)[:19].replace("T", " ") if milliseconds is not None else "-"


def said_of(pause: Mapping[str, Any]) -> str:
    """Return by whom changes are paused, since when and why."""
    why = f": {pause['reason']}" if pause["reason"] else ""
    return f"by {pause['by']} since {when(pause['at'])}Z{why}"


def word(outcome: str) -> Text:
    """Return an outcome or status, coloured by its first word; the words always say it."""
    return Text(outcome, style=_STYLES.get(outcome.partition(",")[0], ""))
