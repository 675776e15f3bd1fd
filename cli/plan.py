"""A plan as it is shown in the terminal: every step and the exact calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from cli.report import print_notes
from cli.terminal import console, indented


def print_plan(plan: Mapping[str, Any]) -> None:
    """Print a plan: what would be sent, in order, and what would wait for people."""
    out = console()
    out.print(f"{plan['playbook_name']} ({plan['playbook']}), mode {plan['mode']}", style="bold")
    for account in plan["person"]:
        out.print(f"{account['system']}: {account['name']} ({account['id']})")
    print_notes(plan)
    stage = ""
    for step in plan["steps"]:
        if step["stage"] != stage:
            stage = step["stage"]
            out.print(f"\n{stage}", style="bold")
        out.print(
            Text.assemble(
                f"  {step['node']}: {step['title']} ",
                (f"({_cost(step)})", "dim"),
            )
        )
        if step["skipped"] and not step["calls"]:
            indented(f"left out: {step['skipped']}")
        if step.get("foreseen"):
            indented(f"will not work: {step['foreseen']}")
            if step.get("instead"):
                indented(f"instead: {step['instead']}")
        if step.get("lacks"):
            indented(f"will be refused: grant {', '.join(step['lacks'])}")
        for call in step["calls"]:
            indented(f"{call['method']} {call['path']} {call['body']}".rstrip(), style="")
    out.print("\nNothing was changed.")


def _cost(step: Mapping[str, Any]) -> str:
    if step["impact"] == "none":
        return "only reads"
    return f"impact {step['impact']}, {'can' if step['reversible'] else 'cannot'} be undone"
