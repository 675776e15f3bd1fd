"""A tenant's logs, read at its vendors into files that a hunt then reads."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.checks import CHECKS
from cli.logs import configure_logging
from cli.settings import loaded
from config.settings import Settings
from tasks import pulling
from tasks.pulling import Pulled
from tasks.systems import Systems


@contextmanager
def pulled(
    tenant: str, since: datetime, until: datetime, keep: Path | None, config: Path | None
) -> Iterator[Path]:
    """Give a folder with the tenant's logs; without ``keep`` it is gone when the context ends.

    What could not be read is said on stderr. Where nothing could be, the command ends with status 2.
    """
    settings = loaded(config, CHECKS)
    if tenant not in settings.tenants:
        known = ", ".join(settings.tenants) or "none yet"
        _refuse(f"--tenant {tenant}: there is no such tenant", f"One of those in tenants: {known}.")
    configure_logging(libraries=logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="rescind-pull-") as temporary:
        folder = keep or Path(temporary)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            _refuse(f"--keep {folder}: {error.strerror}")
        found = _pull(settings, tenant, since, until, folder)
        _tell(found)
        if not any(each.entries for each in found):
            _refuse("nothing could be read, or nothing happened, in that time")
        yield folder


def _pull(
    settings: Settings, tenant: str, since: datetime, until: datetime, folder: Path
) -> list[Pulled]:
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task("asking", total=None)

        def told(name: str, count: int) -> None:
            progress.update(task, description=f"reading {name}: {count:,} entries")

        async def work() -> list[Pulled]:
            systems = Systems(pulling.patient(settings))
            try:
                return await pulling.pull(systems, tenant, since, until, folder, told)
            finally:
                await systems.close()

        return asyncio.run(work())


def _tell(found: Sequence[Pulled]) -> None:
    for each in found:
        if each.failure:
            _say(f"{each.name}: not read to its end: {each.failure}")
            _say(f"  To do: {each.remedy}")
        elif not each.entries:
            _say(f"{each.name}: nothing happened in that time")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _refuse(*why: str) -> NoReturn:
    print("rescind: " + "\n".join(why), file=sys.stderr)
    raise typer.Exit(2)
