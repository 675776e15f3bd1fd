"""What will not work for an account as it was found stands in the plan, with what would instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from planning import ENTRA, OKTA, load, show, step_of

from config.settings import Mode
from connectors.action import Target
from playbooks import planner
from playbooks.guardrails import Policy
from playbooks.plan import Plan
from playbooks.planner import Situation
from tasks import messages
from tasks.systems import SPECS, shown

SUSPENDED = replace(OKTA, facts={"status": "SUSPENDED"})
GUEST = replace(ENTRA, facts={"guest": True})


def _foresee(name: str, parameters: Any, target: Target) -> tuple[str, str] | None:
    verdict = shown(name, parameters).foresee(target)
    return (verdict.reason, verdict.instructions) if verdict else None


def _plan(text: str, *accounts: Any, **situated: Any) -> Plan:
    situation = Situation("contoso", accounts, **situated)
    return planner.make(load(text), situation, Policy(Mode.AUTO), SPECS, show, foresee=_foresee)


RESET = "steps:\n  - {id: reset, stage: reset, action: okta.reset_password}"


def test_it_stands_with_the_step() -> None:
    step = step_of(_plan(RESET, SUSPENDED), "reset")
    assert step.foreseen
    assert "while the account is suspended" in step.foreseen[0]
    assert step.document()["foreseen"] == step.foreseen[0]
    assert step_of(_plan(RESET, OKTA), "reset").document()["foreseen"] == ""


def test_a_status_says_nothing_of_what_comes_after_another_one() -> None:
    text = (
        "steps:\n  - {id: open, stage: reopen, action: okta.unsuspend_user}\n"
        "  - {id: reset, stage: reset, action: okta.reset_password, needs: [open]}"
    )
    assert step_of(_plan(text, SUSPENDED), "reset").foreseen is None


def test_whoever_is_asked_reads_it() -> None:
    text = "steps:\n  - {id: reset, stage: reset, action: entra.reset_password}"
    document = _plan(text, GUEST).document()
    _, body = messages.approval_requested(_Settings(), "run-0000000000000", "ask", 0, document, "")
    assert "WILL NOT WORK: The account is a guest" in body


class _Settings:
    class web:  # noqa: N801 - as the settings spell it
        console_url = "http://127.0.0.1:8480"
