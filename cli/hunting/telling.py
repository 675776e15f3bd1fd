"""Findings and hunts as people read them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from cli.terminal import console, counted, indented, narrow, print_table
from detectors.hunts.catalogue import Hunt
from detectors.hunts.finding import Finding
from detectors.hunts.ingest import Taken, resource

_STYLES = {"high": "bold red", "medium": "bold yellow", "low": "dim"}
#: So many rows of evidence are shown of each finding; ``--json`` has all.
_EVIDENCE = 3
#: So many findings that are only listed are shown.
_LOW = 20
_FILES = 5


def tell(found: Sequence[Finding], hunts: int) -> None:
    """Print a table of all findings, then each with its sentence, its causes and its evidence."""
    out = console()
    if not found:
        out.print(f"Nothing found by {counted(hunts, 'hunt')}.")
        return
    low = [each for each in found if each.severity == "low"]
    found = [each for each in found if each.severity != "low"] + low[:_LOW]
    if not narrow():
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("severity", "hunt", "who", "from (UTC)", "to (UTC)"):
            table.add_column(heading, no_wrap=True)
        table.add_column("from where", overflow="fold")
        for each in found:
            table.add_row(
                Text(each.severity, style=_STYLES[each.severity]), each.hunt, each.who,
                f"{each.first_at:%Y-%m-%d %H:%M:%S}", f"{each.last_at:%Y-%m-%d %H:%M:%S}", _addresses(each),
            )  # fmt: skip
        print_table(table)
        out.print()
    for each in found:
        _tell_one(each)
    if len(low) > _LOW:
        out.print(
            f"And {len(low) - _LOW} more that are only listed, low (--json has all).", style="dim"
        )


def _tell_one(finding: Finding) -> None:
    out = console()
    out.print(
        Text.assemble(
            (finding.severity, _STYLES[finding.severity]),
            "  ",
            (finding.title, "bold"),
            f"  {finding.who}",
        )
    )
    indented(finding.why, by=2, style="")
    for cause in finding.causes:
        verdict = "ruled out" if cause.ruled_out else "possible"
        indented(f"{cause.cause}: {verdict} ({cause.because})", by=4)
    for row in finding.evidence[:_EVIDENCE]:
        indented("  ".join(row[key] for key in row if key != "id"), by=4)
    if len(finding.evidence) > _EVIDENCE:
        more = counted(len(finding.evidence) - _EVIDENCE, "more row")
        indented(f"and {more} (--json)", by=4)


def _addresses(finding: Finding) -> str:
    shown = ", ".join(finding.ips[:2])
    more = len(finding.ips) - 2
    return f"{shown} and {more} more" if more > 0 else shown


def tell_read(taken: Taken, strange: Sequence[Path], *, quiet: bool) -> None:
    """Say on stderr what was read and what was not; ``quiet``: only what was not."""
    if not quiet:
        shapes = ", ".join(f"{count} {name}" for name, count in taken.rows.most_common() if count)
        _say(f"Read {counted(taken.total, 'row')}: {shapes}.")
    if taken.unknown:
        _say(f"{counted(taken.unknown, 'row')} of no known shape left out.")
    if taken.broken:
        _say(f"{counted(taken.broken, 'broken row')} left out.")
    for path, why in taken.unreadable[:_FILES]:
        _say(f"{path}: not read: {why}")
    if len(taken.unreadable) > _FILES:
        _say(f"and {len(taken.unreadable) - _FILES} more files that could not be read.")
    if strange:
        _say(
            f"{counted(len(strange), 'file')} left out because of the ending, {strange[0].name} among them."
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def tell_list(all_hunts: Sequence[Hunt]) -> None:
    """List the hunts with what they find."""
    for each in all_hunts:
        console().print(Text.assemble((each.name, "bold"), f"  {', '.join(each.attack)}"))
        indented(" ".join(each.finds.split()), by=2, style="")


def explain(hunt: Hunt) -> None:
    """Print a hunt: what it finds, its benign causes, its tunables, SQL, KQL and SPL."""
    out = console()
    out.print(Text.assemble((hunt.title, "bold"), f"  {hunt.name}  {', '.join(hunt.attack)}"))
    indented(" ".join(hunt.finds.split()), by=2, style="")
    out.print(
        "\nLogs it reads (`rescind doctor` tells whether a tenant delivers them)", style="bold"
    )
    for name, what in hunt.logs.items():
        indented(f"{name}: {what}", by=2, style="")
    out.print("\nBenign causes", style="bold")
    for cause, text in hunt.benign.items():
        indented(f"{cause}: {text}", by=2, style="")
    out.print("\nTunables (--set)", style="bold")
    for name, tunable in hunt.tunables.items():
        indented(f"{hunt.name}.{name} = {tunable.default}: {tunable.means}", by=2, style="")
    for name in hunt.shared:
        tunable = hunt.all_tunables[name]
        indented(f"{name} = {tunable.default}: {tunable.means}", by=2, style="")
    for title, text in (
        *(
            (f"SQL of the table it reads: {name}", resource(f"tables/{name}"))
            for name in hunt.reads
        ),
        ("SQL (DuckDB)", hunt.sql),
        ("KQL (Microsoft Sentinel, Defender)", hunt.in_dialect("kql")),
        ("SPL (Splunk)", hunt.in_dialect("spl")),
    ):
        out.print(f"\n{title}", style="bold")
        print(text.rstrip())
