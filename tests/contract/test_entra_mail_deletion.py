"""Deleting inbox rules: only what is suspicious and disabled already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.action import Outcome
from simulator.entra_state import InboxRule

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

NAME = "entra.delete_inbox_rules"
NEWS, THIEF = "AQAAAJ5newsA=", "AQAAAJ5thief/+A=="


def _rules(practice: Practice) -> dict[str, InboxRule]:
    return {rule.id: rule for rule in practice.person().entra.rules}


async def test_what_was_disabled_is_deleted_and_noted_in_full(practice: Practice) -> None:
    await practice.run(practice.action("entra.disable_inbox_rules"), practice.target())
    before, _, proof = await practice.run(practice.action(NAME), practice.target())
    assert proof.outcome is Outcome.VERIFIED
    assert set(_rules(practice)) == {NEWS}
    kept = next(rule for rule in before.snapshot["rules"] if rule["id"] == THIEF)
    assert kept["actions"]["forwardTo"][0]["emailAddress"]["address"] == "collector@example.com"


async def test_a_harmless_rule_is_not_deleted_because_it_is_disabled(practice: Practice) -> None:
    _rules(practice)[NEWS].enabled = _rules(practice)[THIEF].enabled = False
    await practice.run(practice.action(NAME), practice.target())
    assert set(_rules(practice)) == {NEWS}


async def test_an_enabled_rule_is_to_be_disabled_first(practice: Practice) -> None:
    verdict = (await practice.action(NAME).observe(practice.target())).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert "entra.disable_inbox_rules comes first" in verdict.reason
    assert "Disable-InboxRule" in verdict.instructions


async def test_a_rule_enabled_again_meanwhile_is_not_deleted_and_that_is_told(
    practice: Practice,
) -> None:
    _rules(practice)[THIEF].enabled = False
    action, target = practice.action(NAME), practice.target()
    before = await action.observe(target)
    _rules(practice)[THIEF].enabled = True
    receipt = await action.apply(target, before)
    proof = await action.verify(target, before, receipt, practice.short)
    assert THIEF in _rules(practice)
    assert proof.outcome is Outcome.FAILED


async def test_only_the_rules_that_are_named(practice: Practice) -> None:
    _rules(practice)[THIEF].enabled = False
    other = practice.action(NAME, rule_ids=["AQAAAJ5otherA="])
    assert (await other.observe(practice.target())).satisfied is True
    await practice.run(practice.action(NAME, rule_ids=[THIEF]), practice.target())
    assert set(_rules(practice)) == {NEWS}


async def test_a_read_only_rule_is_for_a_person(practice: Practice) -> None:
    rule = _rules(practice)[THIEF]
    rule.enabled, rule.read_only = False, True
    verdict = (await practice.action(NAME).observe(practice.target())).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert "Remove-InboxRule -Mailbox 'nora.lind@contoso.com' -Identity" in verdict.instructions


async def test_without_a_mailbox_there_is_nothing_to_do(practice: Practice) -> None:
    practice.person().entra.has_mailbox = False
    verdict = (await practice.action(NAME).observe(practice.target())).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.SKIPPED
