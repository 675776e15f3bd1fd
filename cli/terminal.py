"""How things look in a terminal: colours where there is one, plain text in a pipe."""

from __future__ import annotations

from functools import cache

from rich.console import Console
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


@cache
def console() -> Console:
    """Return the terminal."""
    return Console(highlight=False, markup=False, emoji=False)


def when(milliseconds: int | None) -> str:
    """Return a time as people read it, UTC, or a dash."""
    return rfc3339(milliseconds)[:19].replace("T", " ") if milliseconds is not None else "-"


def word(outcome: str) -> Text:
    """Return an outcome or status, coloured; the word itself always says it."""
    return Text(outcome, style=_STYLES.get(outcome, ""))
