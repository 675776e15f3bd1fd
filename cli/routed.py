"""How a routing decision looks in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.terminal import console, counted, indented, narrow, print_table

_STYLES = {"auto": "bold red", "approve": "bold yellow", "observe": "cyan", "ignore": "dim"}
_MEANS = {
    "auto": "at once what costs a sign-in; what disrupts waits for a person",
    "approve": "everything waits for a person",
    "observe": "a plan is made and shown, nothing is changed",
    "ignore": "nobody is contained; the alert is kept",
}
#: Why a rule did not take it: the sign before it, and how it looks.
_SIGNS = {"false": ("no", ""), "unknown": ("?", "yellow"), "behind": ("behind", "dim")}


_SUPPOSE = (
    "Nobody is looked up here, so nothing is known of the person: see what follows for --person "
    "administrator or --person ordinary."
)


def show(document: Mapping[str, Any], *, explain: bool, supposed: bool) -> None:
    """Print what follows each alert of a file; ``supposed``: who the person is was said."""
    out, alerts = console(), document["alerts"]
    about = f"  {document['kind']}, {counted(len(alerts), 'alert')}" if alerts else "  no alert"
    out.print(Text.assemble((document["file"], "bold"), (about, "dim")))
    if document.get("why"):
        indented(document["why"], style="")
    for alert, more in _folded(alerts):
        out.print()
        _show(alert, explain=explain)
        if more:
            indented(f"and {more:,} more like it")
    if not supposed and any("person." in line for alert in alerts for line in _unjudged(alert)):
        out.print()
        out.print(_SUPPOSE, style="dim")


def _folded(alerts: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int]]:
    """Put what no rule is asked about together where the same is said of it, with how many more."""
    first: dict[tuple[Any, ...], int] = {}
    found: list[tuple[Mapping[str, Any], int]] = []
    for alert in alerts:
        said = (alert.get("title"), alert["outcome"], alert.get("why"))
        if "rule" not in alert and said in first:
            place = first[said]
            found[place] = (found[place][0], found[place][1] + 1)
            continue
        first.setdefault(said, len(found))
        found.append((alert, 0))
    return found


def _unjudged(alert: Mapping[str, Any]) -> list[str]:
    return [*alert.get("waits", ()), *alert.get("notes", ())]


def _show(alert: Mapping[str, Any], *, explain: bool) -> None:
    out = console()
    out.print(Text(alert.get("title") or "not understood", style="bold"))
    if "title" in alert:
        who = ", ".join(alert["victims"][:3]) or "nobody"
        more = len(alert["victims"]) - 3
        if more > 0:
            who += f" and {more} more"
        indented(f"{who}; {alert['signal']}, severity {alert['severity']}")
    if "rule" not in alert:
        words = {"ignored": "ignored", "quarantined": "set aside, people are told"}
        out.print(Text.assemble("  -> ", (words[alert["outcome"]], "bold")))
        indented(alert["why"], style="")
        return
    mode = alert["mode"]
    what = "ignored" if mode == "ignore" else f"{alert['playbook']}, {mode}"
    took = ("  by rule ", (alert["rule"], "bold"))
    out.print(Text.assemble("  -> ", (what, _STYLES[mode]), *took))
    indented(_MEANS[mode])
    indented(alert["reason"], style="")
    for name, value in alert["parameters"].items():
        told = str(value).lower() if isinstance(value, bool) else value
        indented(f"parameter {name} = {told}", style="")
    for line in alert["waits"]:
        indented(f"But {line}.", style="yellow")
    for line in alert["notes"]:
        indented(f"Note: {line}.", style="yellow")
    if explain:
        _others(alert["others"])


def _others(others: list[dict[str, Any]]) -> None:
    if not others:
        return
    out = console()
    out.print(Text("    all other rules, in their order", style="dim"))
    if narrow():
        for each in others:
            sign, style = _SIGNS[each["because"]]
            out.print(Text(f"    {sign:<7} {each['rule']}  ({each['would']})", style=style))
            for line in each["why"]:
                indented(line, by=12)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in ("took it", "rule", "would", "why"):
        table.add_column(name, no_wrap=name in ("took it", "rule"))
    for each in others:
        sign, style = _SIGNS[each["because"]]
        row = (f"    {sign}", each["rule"], each["would"], "\n".join(each["why"]))
        table.add_row(*(Text(cell) for cell in row), style=style)
    print_table(table)
