"""``rescind hunt``: questions over days of logs that no single alert answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli.hunting.alerting import send
from cli.hunting.progress import Watch, watching
from cli.hunting.pulling import pulled
from cli.hunting.telling import explain, tell, tell_list, tell_read
from cli.settings import ConfigOption
from cli.since import moment
from detectors.hunts.catalogue import Hunt, Tuning, hunt, hunts
from detectors.hunts.errors import HuntError, UnknownHunt
from detectors.hunts.finding import SEVERITIES, Finding
from detectors.hunts.hunting import Ground, Limits, hunting_ground
from detectors.hunts.sigma import hunt_by_rule


def command(  # noqa: PLR0913, PLR0917 - each is an option a person may give
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Which hunts; all where none is named."),
    ] = None,
    logs: Annotated[
        list[Path] | None,
        typer.Option(
            "--logs",
            metavar="PATH",
            help="A file or a folder: JSON, NDJSON, CSV, Parquet, each also gzip. Again for more.",
        ),
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option(
            help="Instead of --logs: read this tenant's logs at its vendors, from --since to --until."
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="--tenant: keep the logs there, to hunt again."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only what went on after this: 45m, 3h, 2d ago, or a time."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what began before this.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a finding.")] = False,
    alert: Annotated[
        bool,
        typer.Option(
            "--alert", help="Send what is medium or high into the intake, as an alert each."
        ),
    ] = False,
    source: Annotated[
        str | None, typer.Option(help="--alert: the source of kind hunt, where there are several.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="[HUNT.]NAME=VALUE", help="Tune; lists are separated by commas."
        ),
    ] = None,
    sigma: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A Sigma rule or correlation of yours, with the hunts that are named (pip install 'rescind[sigma]').",
        ),
    ] = None,
    severity: Annotated[
        str, typer.Option(help="Show only from this severity on: low, medium or high.")
    ] = "low",
    explain_name: Annotated[
        str | None,
        typer.Option(
            "--explain", metavar="NAME", help="Show a hunt's SQL, and the same in KQL and SPL."
        ),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the hunts.")] = False,
    memory: Annotated[
        str,
        typer.Option(help="How much memory may be taken; the rest goes to the temporary folder."),
    ] = Limits().memory,
    threads: Annotated[int | None, typer.Option(min=1, help="By default one a core.")] = None,
    config: ConfigOption = None,
) -> None:
    """Hunt through logs for stolen tokens and sessions.

    Exit status: 0 nothing found, or all of it sent with --alert; 1 something found; 2 no hunt was made.
    """
    try:
        if list_all:
            tell_list(tuple(hunts().values()))
            return
        if explain_name is not None:
            explain(hunt(explain_name))
            return
        if severity not in SEVERITIES:
            _refuse(f"--severity: one of {', '.join(SEVERITIES)}")
        now, tuning = datetime.now(UTC), _tuning(settings or [])
        begin, end = _time("--since", since, now), _time("--until", until, now)
        with ExitStack() as held:
            paths = list(logs or [])
            if tenant is not None:
                if begin is None:
                    _refuse("--tenant: say with --since from when its logs are to be read")
                paths.append(held.enter_context(pulled(tenant, begin, end or now, keep, config)))
            wanted = _wanted(names or [], paths, alone=sigma is None)
            found = _hunt(wanted, tuning, Limits(memory, threads), begin, end, quiet=as_json)
            if sigma is not None:
                found += hunt_by_rule(sigma, wanted.logs)
    except HuntError as error:
        _refuse(str(error), error.remedy)
    shown = [
        each for each in found if SEVERITIES.index(each.severity) >= SEVERITIES.index(severity)
    ]
    if as_json:
        for each in shown:
            print(json.dumps(each.document()))
    else:
        tell(shown, len(wanted.hunts) + (sigma is not None))
    if alert:
        send(found, source, config)
    elif shown:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Wanted:
    hunts: tuple[Hunt, ...]
    logs: list[Path] = field(default_factory=list)


def _wanted(names: Sequence[str], logs: Sequence[Path], *, alone: bool) -> _Wanted:
    """Sort names of hunts from paths: a shell writes ``--logs a.json b.json`` for ``--logs *.json``.

    Where none is named it is all of them, if they are ``alone``.
    """
    paths, chosen = list(logs), []
    for name in names:
        try:
            chosen.append(hunt(name))
        except UnknownHunt:
            if not logs or not Path(name).exists():
                raise
            paths.append(Path(name))
    if not paths:
        _refuse(
            "--logs: name a file or a folder of logs, or a tenant with --tenant",
            "`rescind hunt --list` lists the hunts.",
        )
    return _Wanted(tuple(chosen) or (tuple(hunts().values()) if alone else ()), paths)


def _tuning(settings: Sequence[str]) -> Tuning:
    pairs = {}
    for each in settings:
        key, equals, value = each.partition("=")
        if not equals:
            _refuse(f"--set {each}: write NAME=VALUE or HUNT.NAME=VALUE")
        pairs[key.strip()] = value.strip()
    return Tuning(pairs)


def _time(option: str, typed: str | None, now: datetime) -> datetime | None:
    if typed is None:
        return None
    try:
        return datetime.fromisoformat(moment(typed, now))
    except ValueError as error:
        _refuse(f"{option}: {error}")


def _hunt(
    wanted: _Wanted,
    tuning: Tuning,
    limits: Limits,
    since: datetime | None,
    until: datetime | None,
    *,
    quiet: bool,
) -> list[Finding]:
    if not wanted.hunts:
        return []
    with watching() as watch, _ground(wanted, tuning, limits, watch) as ground:
        found = []
        for each in wanted.hunts:
            watch.step(each.name)
            found += ground.go(each, since, until)
        watch.done()
        tell_read(ground.taken, ground.strange, quiet=quiet)
    return sorted(
        found, key=lambda each: (-SEVERITIES.index(each.severity), each.hunt, each.first_at)
    )


@contextmanager
def _ground(wanted: _Wanted, tuning: Tuning, limits: Limits, watch: Watch) -> Iterator[Ground]:
    told: Callable[[str], None] = watch.step
    with hunting_ground(wanted.logs, tuning, limits, told, watch.ask) as ground:
        try:
            yield ground
        finally:
            watch.done()


def _refuse(*why: str) -> NoReturn:
    print("rescind: " + "\n".join(each for each in why if each), file=sys.stderr)
    raise typer.Exit(2)
