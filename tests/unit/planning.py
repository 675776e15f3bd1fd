"""Plans of little playbooks, for the tests of the planner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.settings import Mode
from connectors.action import PlannedCall, Target
from connectors.system import Account
from playbooks import model, planner
from playbooks.guardrails import Policy
from playbooks.plan import Plan, PlannedStep
from playbooks.planner import Situation
from tasks.systems import SPECS

ENTRA = Account("contoso", "entra", "6f9d5c1e-0d5a-4c7e-9c53-0a3f6b2f7d11", "ada@contoso.com")
OKTA = Account("contoso", "okta", "00u1a2b3c4D5e6F7g8h9", "ada@contoso.com")
HEAD = """\
id: mine
name: Mine
countermeasure: CM0080
version: "1"
description: a test
"""


def show(name: str, _: Mapping[str, Any], target: Target, undo: bool) -> tuple[PlannedCall, ...]:
    """Stand in for the connectors: one call that names whom it is aimed at."""
    return (PlannedCall("DELETE" if undo else "POST", f"/{target.id}/{name}"),)


def load(text: str, folder: Path | None = None) -> model.LoadedPlaybook:
    return model.parse(HEAD + text, "mine.yaml", folder)


def plan_of(
    text: str | None = None,
    *,
    accounts: tuple[Account, ...] = (ENTRA, OKTA),
    mode: Mode = Mode.AUTO,
    alert: Mapping[str, Any] | None = None,
    since: str | None = None,
    folder: Path | None = None,
    situated: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> Plan:
    """Plan ``text``, or cm0080, for a person with these accounts."""
    loaded = model.load("cm0080") if text is None else load(text, folder)
    situation = Situation("contoso", accounts, ("contoso.com",), alert, since, **(situated or {}))
    return planner.make(loaded, situation, Policy(mode), SPECS, show, parameters)


def step_of(plan: Plan, node: str) -> PlannedStep:
    return next(step for step in plan.steps if step.node == node)


def live(plan: Plan) -> set[str]:
    return {step.node for step in plan.steps if not step.skipped}
