"""A bar on stderr while logs are read and hunted through; nothing in a pipe."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_EVERY_S = 0.2


class Watch:
    """Shows the step that is on, and how far DuckDB says it is with it."""

    def __init__(self, progress: Progress) -> None:
        """Show in ``progress``, which is started."""
        self._progress = progress
        self._task = progress.add_task("looking for logs", total=100)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def ask(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Ask this connection from now on."""
        self._connection = connection

    def step(self, what: str) -> None:
        """Begin another step."""
        self._progress.update(self._task, description=what[:40], completed=0)

    def done(self) -> None:
        """Ask no more: the connection is about to be closed."""
        self._connection = None
        self._over.set()
        self._thread.join(timeout=2 * _EVERY_S)

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            connection = self._connection
            if connection is None:
                continue
            try:
                # below zero where it does not know
                far = max(0.0, connection.query_progress())
            except duckdb.Error:
                return  # closed, because reading or hunting failed: that is told elsewhere
            self._progress.update(self._task, completed=far)


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch for as long as the context lasts."""
    console = Console(stderr=True)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<40}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with progress:
        watch = Watch(progress)
        try:
            yield watch
        finally:
            watch.done()
