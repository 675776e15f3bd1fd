"""What the traces and watches of a run have found, in the terminal."""

from __future__ import annotations

from rich.text import Text

from cli.terminal import console, indented
from connectors.evidence import Happened, Story


def print_story(story: Story) -> None:
    """Print the findings of each system, and one timeline of them all, oldest first."""
    out = console()
    if not story:
        out.print("No step of this run has read a log yet.")
        return
    for finding in story.findings:
        out.print(Text(finding.heading[:1].upper() + finding.heading[1:], style="bold"))
        for line in finding.lines:
            indented(line, style="")
    if story.timeline:
        out.print(Text("\nTimeline (UTC)", style="bold"))
    for happened in story.timeline:
        style = "bold red" if happened.mark else ""
        out.print(Text(_line(happened), style=style))


def _line(happened: Happened) -> str:
    parts = (happened.what, happened.who, happened.where, happened.app)
    mark = f"  [{happened.mark}]" if happened.mark else ""
    told = ", ".join(part for part in parts if part)
    return f"{happened.at}  {happened.system:<6}  {told}{mark}"
