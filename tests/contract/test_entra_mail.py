"""Disabling suspicious inbox rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connectors import errors
from connectors.action import Outcome
from simulator.entra_state import InboxRule
from simulator.faults import Fault, apply_then, forbid, ignore, status, throttle

if TYPE_CHECKING:
    from entra_tenant import Practice

    from connectors.action import Action, Observation

pytest_plugins = ("entra_tenant",)

THIEF = "AQAAAJ5thief/+A=="


def add_rule(practice: Practice, name: str, **actions: object) -> InboxRule:
    user = practice.person().entra
    rule = InboxRule(f"AQAAAJ5{name}A=", name, len(user.rules) + 1, actions=dict(actions))
    user.rules.append(rule)
    return rule


async def test_the_thiefs_rule_is_disabled_and_the_newsletters_stay(practice: Practice) -> None:
    action, target = practice.action("entra.disable_inbox_rules"), practice.target()
    before, receipt, proof = await practice.run(action, target)

    assert proof.outcome is Outcome.VERIFIED
    enabled = {rule.id: rule.enabled for rule in practice.person().entra.rules}
    assert enabled == {"AQAAAJ5newsA=": True, THIEF: False}
    (told,) = receipt.data["rules"]
    assert told["id"] == THIEF
    assert "forwards to collector@example.com" in told["reasons"]
    kept = next(rule for rule in before.snapshot["rules"] if rule["id"] == THIEF)
    assert kept["actions"]["forwardTo"][0]["emailAddress"]["address"] == "collector@example.com"


async def test_the_proof_says_what_graph_does_not_show(practice: Practice) -> None:
    action = practice.action("entra.disable_inbox_rules")
    _, _, proof = await practice.run(action, practice.target())
    told = " ".join(exposure.why for exposure in proof.exposure)
    assert "Get-InboxRule -Mailbox 'nora.lind@contoso.com' -IncludeHidden" in told
    assert "ForwardingSmtpAddress" in told


async def test_undo_enables_what_was_enabled_and_nothing_else(practice: Practice) -> None:
    user = practice.person().entra
    user.rules[0].enabled = False
    action, target = practice.action("entra.disable_inbox_rules"), practice.target()
    before, _, _ = await practice.run(action, target)
    await action.undo(target, before)
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.VERIFIED
    assert [rule.enabled for rule in user.rules] == [False, True]


async def test_a_second_run_finds_nothing_to_do(practice: Practice) -> None:
    target = practice.target()
    await practice.run(practice.action("entra.disable_inbox_rules"), target)
    again = await practice.action("entra.disable_inbox_rules").observe(target)
    assert again.satisfied is True
    assert len(practice.writes) == 1


async def test_a_run_continues_after_a_crash_with_what_remains(practice: Practice) -> None:
    second = add_rule(practice, "Z", forwardTo=[{"emailAddress": {"address": "z@example.com"}}])
    practice.sim.faults.add(Fault(throttle(60), method="PATCH", skip=1, times=1))
    action, target = practice.action("entra.disable_inbox_rules"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.Throttled):
        await action.apply(target, before)
    assert second.enabled is True
    practice.system.client._door.limits._closed_until.clear()

    receipt = await action.apply(target, before)

    assert [item["id"] for item in receipt.data["rules"]] == [second.id]
    assert (
        await action.verify(target, before, receipt, practice.short)
    ).outcome is Outcome.VERIFIED
    assert len(practice.writes) == 3


async def test_one_odd_rule_does_not_keep_the_others_enabled(practice: Practice) -> None:
    odd = add_rule(practice, "odd", forwardTo=[{"emailAddress": {"address": "z@example.com"}}])
    practice.sim.faults.add(Fault(status(409), method="PATCH", path_regex=odd.id))
    action, target = practice.action("entra.disable_inbox_rules"), practice.target()
    _, receipt, proof = await practice.run(action, target)
    assert practice.person().entra.rule(THIEF).enabled is False
    errors_told = {item["id"]: item.get("error") for item in receipt.data["rules"]}
    assert errors_told == {THIEF: None, odd.id: "Conflict"}
    assert proof.outcome is Outcome.FAILED


async def test_a_read_only_rule_is_for_a_person_with_the_exact_line(practice: Practice) -> None:
    rule = practice.person().entra.rule(THIEF)
    rule.read_only, rule.display_name = True, "it's \u2018fine\u2019"
    action, target = practice.action("entra.disable_inbox_rules"), practice.target()
    verdict = (await action.observe(target)).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert verdict.instructions == (
        "Disable-InboxRule -Mailbox 'nora.lind@contoso.com' -Identity 'it''s \u2018\u2018fine\u2019\u2019'"
    )


async def test_a_read_only_rule_beside_another_leaves_work_for_a_person(practice: Practice) -> None:
    add_rule(practice, "fixed", delete=True).read_only = True
    action = practice.action("entra.disable_inbox_rules")
    _, _, proof = await practice.run(action, practice.target())
    assert practice.person().entra.rule(THIEF).enabled is False
    assert proof.outcome is Outcome.MANUAL
    assert "Disable-InboxRule" in proof.reason


async def test_a_rule_added_meanwhile_is_not_taken_for_done(practice: Practice) -> None:
    action, target = practice.action("entra.disable_inbox_rules"), practice.target()
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    add_rule(practice, "..", permanentDelete=True)
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.FAILED


async def test_own_domains_may_be_forwarded_to(practice: Practice) -> None:
    user = practice.person().entra
    user.rules = []
    add_rule(practice, "Cover", forwardTo=[{"emailAddress": {"address": "petra@fabrikam.com"}}])
    target = practice.target()
    strict = await practice.action("entra.disable_inbox_rules").observe(target)
    assert strict.satisfied is False
    known = practice.action("entra.disable_inbox_rules", own_domains=["Fabrikam.com"])
    assert (await known.observe(target)).satisfied is True


async def test_without_a_mailbox_it_is_skipped(practice: Practice) -> None:
    practice.person().entra.has_mailbox = False
    observed = await practice.action("entra.disable_inbox_rules").observe(practice.target())
    assert observed.verdict is not None
    assert observed.verdict.outcome is Outcome.SKIPPED


async def test_a_success_that_disabled_nothing_ends_as_failed(practice: Practice) -> None:
    practice.sim.faults.add(Fault(ignore(), method="PATCH"))
    action = practice.action("entra.disable_inbox_rules")
    _, _, proof = await practice.run(action, practice.target())
    assert proof.outcome is Outcome.FAILED


async def test_a_rule_without_an_answer_is_read_not_repeated(practice: Practice) -> None:
    practice.sim.faults.add(Fault(apply_then(504), method="PATCH"))
    action, target = practice.action("entra.disable_inbox_rules"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    assert (await action.verify(target, before, None, practice.short)).outcome is Outcome.VERIFIED
    assert len(practice.writes) == 1


async def test_rules_on_later_pages_are_found(practice: Practice) -> None:
    practice.sim.tenant.page_size = 1
    observed = await practice.action("entra.disable_inbox_rules").observe(practice.target())
    assert [item["id"] for item in observed.snapshot["suspicious"]] == [THIEF]


async def _both(practice: Practice) -> tuple[Action, Observation, Action, Observation]:
    """The thief's rule is disabled, then deleted."""
    disabling, target = practice.action("entra.disable_inbox_rules"), practice.target()
    first, _, _ = await practice.run(disabling, target)
    deleting = practice.action("entra.delete_inbox_rules")
    second, _, proof = await practice.run(deleting, target)
    assert proof.outcome is Outcome.VERIFIED
    return disabling, first, deleting, second


def _seen(practice: Practice) -> list[tuple[object, ...]]:
    """Every rule of the inbox but for its id."""
    rules = practice.person().entra.rules
    return sorted((r.sequence, r.display_name, r.enabled, str(r.actions)) for r in rules)


async def test_undo_enables_what_was_written_back_under_a_new_id(practice: Practice) -> None:
    was, target = _seen(practice), practice.target()
    disabling, first, deleting, second = await _both(practice)
    await deleting.undo(target, second)
    sent = len(practice.writes)
    receipt = await disabling.undo(target, first)
    proof = await disabling.restored(target, first, practice.short)
    (told,) = receipt.data["rules"]
    assert told["id"] != THIEF
    assert _seen(practice) == was
    assert (proof.outcome, f"{THIEF} is {told['id']} now" in proof.reason) == (
        Outcome.VERIFIED, True,
    )  # fmt: skip
    assert (await disabling.undo(target, first)).data["rules"] == []
    assert len(practice.writes) == sent + 1


async def test_a_rule_that_is_gone_is_not_said_to_be_enabled_again(practice: Practice) -> None:
    target = practice.target()
    disabling, first, _, _ = await _both(practice)
    sent = len(practice.writes)
    await disabling.undo(target, first)
    proof = await disabling.restored(target, first, practice.short)
    assert proof.outcome is Outcome.MANUAL
    assert "neither there nor written back: '.'" in proof.reason
    assert len(practice.writes) == sent


async def test_a_new_rule_that_is_another_is_not_enabled_in_its_place(practice: Practice) -> None:
    target = practice.target()
    disabling, first, _, _ = await _both(practice)
    other = add_rule(practice, "X", forwardTo=[{"emailAddress": {"address": "x@example.com"}}])
    other.enabled = False
    await disabling.undo(target, first)
    proof = await disabling.restored(target, first, practice.short)
    assert (proof.outcome, other.enabled) == (Outcome.MANUAL, False)


async def test_two_rules_that_are_the_same_are_both_enabled_again(practice: Practice) -> None:
    thiefs = next(r for r in practice.person().entra.rules if r.id == THIEF)
    practice.person().entra.rules.append(replace(thiefs, id="AQAAAJ5twinA="))
    was, target = _seen(practice), practice.target()
    disabling, first, deleting, second = await _both(practice)
    await deleting.undo(target, second)
    practice.sim.faults.add(Fault(forbid(), method="PATCH", skip=1, times=1))
    refused = await disabling.undo(target, first)
    assert [rule.get("error") for rule in refused.data["rules"]] == [None, "Forbidden"]
    half = await disabling.restored(target, first, practice.short)
    await disabling.undo(target, first)
    proof = await disabling.restored(target, first, practice.short)
    assert (half.outcome, proof.outcome) == (Outcome.FAILED, Outcome.VERIFIED)
    assert _seen(practice) == was


async def test_enabling_what_was_written_back_without_effect_ends_as_failed(
    practice: Practice,
) -> None:
    target = practice.target()
    disabling, first, deleting, second = await _both(practice)
    await deleting.undo(target, second)
    practice.sim.faults.add(Fault(ignore(), method="PATCH"))
    await disabling.undo(target, first)
    proof = await disabling.restored(target, first, practice.short)
    assert (proof.outcome, "1 of 1" in proof.observed) == (Outcome.FAILED, True)
