"""A mailbox belongs to the Entra account: its steps are planned for it, and it holds no session."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planning import ENTRA, OKTA, live, plan_of, step_of

from config.settings import Guardrails, Mode, ProtectedPerson
from connectors.action import Outcome
from ledger import story_endings
from playbooks import guardrails, order
from playbooks.exposure import EndedStep, status_of, summarise
from playbooks.guardrails import Policy
from tasks.systems import SPECS

MAIL = """
steps:
  - {id: revoke, stage: revoke, action: entra.revoke_sessions}
  - {id: forwarding, stage: clean, action: exchange.remove_forwarding}
  - id: devices
    stage: clean
    action: exchange.remove_mobile_devices
    when: has(accounts.exchange)
"""
EXCHANGE = replace(ENTRA, system="exchange")


def test_where_nobody_was_looked_for_there_it_is_the_entra_account() -> None:
    plan = plan_of(MAIL, accounts=(ENTRA,))
    target = step_of(plan, "forwarding").target
    assert (target.system, target.id, target.name) == ("exchange", ENTRA.id, ENTRA.name)
    assert live(plan) == {"revoke", "forwarding"}
    assert plan.accounts == (ENTRA,)
    assert plan.notes == ()


def test_where_it_is_asked_an_expression_can_tell() -> None:
    plan = plan_of(MAIL, accounts=(ENTRA, EXCHANGE))
    assert live(plan) == {"revoke", "forwarding", "devices"}


def test_without_an_entra_account_there_is_no_mailbox() -> None:
    assert plan_of(MAIL, accounts=(OKTA,)).steps == ()


def test_a_playbook_that_leaves_the_mailbox_out_says_so_only_where_it_is_asked() -> None:
    text = "\nsteps:\n  - {id: revoke, stage: revoke, action: entra.revoke_sessions}\n"
    note = "exchange: this playbook has no step for the account there"
    assert note in plan_of(text, accounts=(ENTRA, EXCHANGE)).notes
    assert note not in plan_of(text, accounts=(ENTRA,)).notes


def test_when_the_theft_began_is_told_for_the_choice_of_phones() -> None:
    notes = plan_of(MAIL, accounts=(ENTRA, EXCHANGE), since="2026-11-22T08:00:00Z").notes
    assert notes == ("devices: by the theft having begun at 2026-11-22T08:00:00Z",)


def _ended(name: str, outcome: Outcome) -> EndedStep:
    return EndedStep(SPECS[name], outcome, "", None, planned=True)


@pytest.mark.parametrize(
    ("mail", "status"),
    [(Outcome.VERIFIED, "contained"), (Outcome.MANUAL, "partial"), (Outcome.SKIPPED, "contained")],
)
def test_a_containment_does_not_ask_for_sessions_of_a_mailbox(mail: Outcome, status: str) -> None:
    steps = [
        _ended("entra.revoke_sessions", Outcome.VERIFIED),
        _ended("exchange.remove_forwarding", mail),
    ]
    assert status_of("auto", steps, (), ("entra", "exchange")) == status
    told = summarise("auto", steps, ("exchange",), ("entra", "exchange"))
    assert all(item["what"] != "everything the thief holds there" for item in told)


def test_only_a_mailbox_cleaned_is_nobody_contained() -> None:
    steps = [_ended("exchange.remove_forwarding", Outcome.VERIFIED)]
    assert status_of("auto", steps, (), ("entra", "exchange")) == "failed"


def test_the_log_s_verifier_says_the_same() -> None:
    assert story_endings._WITHOUT_SESSIONS == order.WITHOUT_SESSIONS


def test_a_silent_mailbox_tells_no_more_of_protected_people_than_entra() -> None:
    limits = Guardrails(protected=(ProtectedPerson(id=OKTA.id, reason="runs the plant"),))
    silent = ("entra", "exchange")
    assert guardrails.decide(Mode.AUTO, (OKTA,), 0, Guardrails(), silent) == Policy(Mode.AUTO)
    other = replace(OKTA, id="00u9z8y7x6W5v4U3t2s1")
    assert guardrails.decide(Mode.AUTO, (other,), 0, limits, silent) == Policy(Mode.AUTO)
