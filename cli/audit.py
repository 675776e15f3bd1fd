"""``rescind audit``: verify the log, or hand it out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from cli.opened import opened, whoami
from cli.settings import ConfigOption
from cli.terminal import counted
from ledger.export import export
from ledger.verify import Finding, Report, verify
from ledger.verify_database import verify_database
from ledger.written import is_digest, leaf_hash, lines_of

app = typer.Typer(
    help="Verify or export the audit log.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

_EXIT = {"verified": 0, "broken": 1, "incomplete": 3}
_ALIEN = (
    "{} is no audit log: not one of its lines is a record. Expected is a file as"
    " `rescind audit export -o FILE` writes it: one JSON object a line in UTF-8, not packed, not"
    " formatted, not converted. (In Windows PowerShell, > converts: use -o.)"
)
_CUT = (
    "the end is missing: every whole export ends with audit.exported, and this one was cut off"
    " before it, or added to after it"
)
_COLOUR = {"verified": "green", "broken": "red", "incomplete": "yellow"}


def _head(text: str | None) -> str | None:
    head = text.strip().lower() if text is not None else None
    if head is not None and not is_digest(head):
        raise typer.BadParameter("a head is sha256: and 64 hex digits, as it was printed")
    return head


@app.command(
    "verify",
    epilog="Exit codes: 0 verified; 1 broken: changed, cut or telling what cannot have happened;"
    " 2 could not be checked, or no audit log; 3 incomplete: nothing is wrong, and the end of the"
    " export is missing, or an intent's outcome is open.",
)
def verify_log(
    file: Annotated[
        typer.FileBinaryRead | None,
        typer.Argument(help="An exported log, - for standard input; else the database's own."),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            callback=_head,
            help="A head you kept, as verify and export print it: its record must be in the log.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Check every record and the story they tell together. A file needs no settings."""
    if file is not None:
        report = _of_file(file, head)
    else:
        with opened(config) as service:
            report = verify_database(service.database, kept=head)
    if as_json:
        print(json.dumps({"verdict": report.verdict} | asdict(report), indent=2))
    else:
        _tell(report)
    raise typer.Exit(_EXIT[report.verdict])


@app.command("export")
def export_log(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new file; else standard output.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write the log as it was hashed, one JSON record a line. That it was exported is recorded."""
    with opened(config) as service, _target(output) as file:
        actor = {"type": "human", "sub": whoami()}
        count, head = _write(export(service.database, service.audit, actor), file)
    print(f"{count} records exported; the last one's hash is\n{head}", file=sys.stderr)


def _of_file(file: BinaryIO, head: str | None) -> Report:
    try:
        report = verify(lines_of(file), exported=True, kept=head)
    except OSError as error:
        raise typer.BadParameter(f"{file.name} cannot be read: {error.strerror}") from error
    if report.alien:
        raise typer.BadParameter(_ALIEN.format(file.name))
    return report


def _tell(report: Report) -> None:
    typer.secho(_verdict(report), fg=_COLOUR[report.verdict], bold=True)
    for finding in report.findings[1:10]:
        print(f"  then {_named(finding)}: {finding.why}")
    if report.problems > 10:
        print(f"  and {report.problems - 10} more; --json lists the first 50")
    if report.problems and report.cut:
        print(f"  {_CUT}")
    for text in report.warnings:
        print(f"  warning: {text}")
    for intent in report.intents_open:
        print(f"  open intent {intent}")
    if report.runs_open:
        print(f"  not finished: {counted(len(report.runs_open), 'run')}")
        for run in report.runs_open[:10]:
            print(f"    run {run}")
        if len(report.runs_open) > 10:
            print(f"    and {len(report.runs_open) - 10} more")
    if report.kept is not None:
        print(f"  the head you kept is the hash of record {report.kept}")
    if report.head:
        records = counted(report.records, "record")
        print(f"  log {report.log or 'without a name'}, {records}, the last one's hash is")
        print(f"  {report.head}")


def _verdict(report: Report) -> str:
    verdict, bad = report.verdict.upper(), report.first_bad
    if bad is not None:
        at = "" if bad.what == "kept" else f" at {_named(bad)}"
        return f"{verdict}{at}: {bad.why}"
    records = counted(report.records, "record")
    missing = [_CUT] if report.cut else []
    if report.intents_open:
        number = counted(len(report.intents_open), "intent")
        missing.append(f"{number} without a known outcome")
    if not missing:
        return f"{verdict} {records}"
    return f"{verdict} {records}: nothing is wrong, but {'; '.join(missing)}"


def _named(finding: Finding) -> str:
    if finding.what == "rows" and finding.id is None:  # of which there is no record
        return "the tables"
    return f"record {finding.seq}" + (f" ({finding.id})" if finding.id else "")


def _write(lines: Iterable[bytes], file: BinaryIO) -> tuple[int, str]:
    count, last = 0, b""
    for line in lines:
        file.write(line)
        count, last = count + 1, line
    file.flush()
    return count, leaf_hash(last.removesuffix(b"\n"))


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    """Open what to write to. A file gets its name at the end, so that none is half an export."""
    if output is None:
        yield sys.stdout.buffer
        return
    if output.exists():
        raise typer.BadParameter(f"{output} exists already; an export overwrites nothing")
    part = output.with_name(f".{output.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            os.fsync(file.fileno())
        part.rename(output)
    finally:
        part.unlink(missing_ok=True)
