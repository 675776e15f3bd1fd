"""Deleting inbox rules: only what is suspicious and disabled already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors import errors
from connectors.action import Outcome
from simulator.entra_state import InboxRule
from simulator.faults import Fault, apply_then, drop, forbid, ignore, status, throttle

if TYPE_CHECKING:
    from entra_tenant import Practice

    from connectors.action import Action, Observation

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


async def _deleted(practice: Practice) -> tuple[Action, Observation]:
    _rules(practice)[THIEF].enabled = False
    action = practice.action(NAME)
    before, _, proof = await practice.run(action, practice.target())
    assert proof.outcome is Outcome.VERIFIED
    return action, before


async def test_what_was_deleted_is_written_back_disabled_once(practice: Practice) -> None:
    was = dict(_rules(practice))
    action, before = await _deleted(practice)
    sent = len(practice.writes)
    receipt = await action.undo(practice.target(), before)
    (told,) = receipt.data["rules"]
    new = _rules(practice)[told["new_id"]]
    assert (told["id"], told["status"]) == (THIEF, 201)
    assert (new.display_name, new.enabled, new.actions) == (".", False, was[THIEF].actions)
    assert new.conditions["bodyOrSubjectContains"] == ["INVOICE", "PASSWORD", "PAYMENT"]
    assert _rules(practice)[NEWS] is was[NEWS]
    again = await action.undo(practice.target(), before)
    assert again.data["rules"] == [{"id": THIEF, "new_id": new.id}]
    assert len(practice.writes) == sent + 1
    proof = await action.restored(practice.target(), before, practice.short)
    assert proof.outcome is Outcome.VERIFIED
    assert f"{THIEF} is {new.id} now" in proof.reason
    assert "does not show" in proof.reason


async def test_what_was_written_back_is_found_by_the_next_look(practice: Practice) -> None:
    action, before = await _deleted(practice)
    await action.undo(practice.target(), before)
    seen = await practice.action(NAME).observe(practice.target())
    assert [item["name"] for item in seen.snapshot["delete"]] == ["."]


async def test_two_rules_that_are_the_same_come_back_as_two(practice: Practice) -> None:
    rules = practice.person().entra.rules
    thief = _rules(practice)[THIEF]
    rules.append(InboxRule("AQAAAJ5twin==", ".", 3, True, False, thief.conditions, thief.actions))
    rules[-1].enabled = False
    action, before = await _deleted(practice)
    assert len(before.snapshot["delete"]) == 2
    await action.undo(practice.target(), before)
    assert [rule.display_name for rule in rules] == ["Newsletters", ".", "."]
    assert (await action.restored(practice.target(), before, practice.short)).outcome is (
        Outcome.VERIFIED
    )
    rules.pop()
    proof = await action.restored(practice.target(), before, practice.short)
    assert proof.outcome is Outcome.FAILED


async def test_a_rule_the_thief_made_anew_is_not_taken_for_the_one_written_back(
    practice: Practice,
) -> None:
    thief = _rules(practice)[THIEF]
    action, before = await _deleted(practice)
    fresh = InboxRule("AQAAAJ5again=", ".", 2, True, False, thief.conditions, thief.actions)
    practice.person().entra.rules.append(fresh)
    proof = await action.restored(practice.target(), before, practice.short)
    assert proof.outcome is Outcome.FAILED
    await action.undo(practice.target(), before)
    assert sorted(r.enabled for r in _rules(practice).values() if r.display_name == ".") == [
        False,
        True,
    ]


async def test_a_rule_that_was_never_deleted_is_left_as_it_is(practice: Practice) -> None:
    _rules(practice)[THIEF].enabled = False
    action, target = practice.action(NAME), practice.target()
    before = await action.observe(target)
    await action.undo(target, before)
    assert practice.writes == []
    proof = await action.restored(target, before, practice.short)
    assert (proof.outcome, proof.reason) == (Outcome.VERIFIED, "")


async def test_a_lost_answer_to_writing_back_makes_no_second_rule(practice: Practice) -> None:
    action, before = await _deleted(practice)
    practice.sim.faults.add(Fault(apply_then(504), method="POST", times=1))
    with pytest.raises(errors.UnknownOutcome):
        await action.undo(practice.target(), before)
    assert (await action.restored(practice.target(), before, practice.short)).outcome is (
        Outcome.VERIFIED
    )
    await action.undo(practice.target(), before)
    assert len(_rules(practice)) == 2


async def test_what_never_arrived_is_written_back_the_second_time(practice: Practice) -> None:
    action, before = await _deleted(practice)
    practice.sim.faults.add(Fault(drop(), method="POST", times=1))
    with pytest.raises(errors.UnknownOutcome):
        await action.undo(practice.target(), before)
    await action.undo(practice.target(), before)
    assert (await action.restored(practice.target(), before, practice.short)).outcome is (
        Outcome.VERIFIED
    )


async def test_writing_back_that_has_no_effect_ends_as_failed(practice: Practice) -> None:
    action, before = await _deleted(practice)
    practice.sim.faults.add(Fault(ignore(), method="POST"))
    await action.undo(practice.target(), before)
    proof = await action.restored(practice.target(), before, practice.short)
    assert proof.outcome is Outcome.FAILED
    assert "'.'" in proof.observed


async def test_writing_back_without_the_right_or_throttled(practice: Practice) -> None:
    action, before = await _deleted(practice)
    practice.sim.faults.add(Fault(throttle(0.01), method="POST", times=1))
    practice.sim.faults.add(Fault(forbid(), method="POST", times=1))
    with pytest.raises(errors.Forbidden) as refused:
        await action.undo(practice.target(), before)
    assert "MailboxSettings.ReadWrite" in refused.value.remedy
    await action.undo(practice.target(), before)
    assert len(_rules(practice)) == 2


async def test_a_note_that_graph_refuses_ends_as_failed_with_what_it_was(
    practice: Practice,
) -> None:
    action, before = await _deleted(practice)
    practice.sim.faults.add(Fault(status(400), method="POST"))
    receipt = await action.undo(practice.target(), before)
    assert receipt.data["rules"][0]["error"] == "Invalid"
    proof = await action.restored(practice.target(), before, practice.short)
    assert (proof.outcome, "did not take" in proof.reason) == (Outcome.FAILED, True)


async def test_what_graph_cannot_write_back_is_told(practice: Practice) -> None:
    _rules(practice)[THIEF].actions["pinMessage"] = True
    action, before = await _deleted(practice)
    await action.undo(practice.target(), before)
    (back,) = [r for r in _rules(practice).values() if r.display_name == "."]
    assert "pinMessage" not in back.actions
    proof = await action.restored(practice.target(), before, practice.short)
    assert proof.outcome is Outcome.MANUAL
    assert "The rule '.' came back without actions.pinMessage" in proof.reason


async def test_a_rule_whose_action_graph_does_not_show_is_for_a_person(practice: Practice) -> None:
    _rules(practice)[THIEF].actions = {}
    action, before = await _deleted(practice)
    sent = len(practice.writes)
    receipt = await action.undo(practice.target(), before)
    assert receipt.data["rules"] == [{"id": THIEF, "by_hand": True}]
    assert len(practice.writes) == sent
    proof = await action.restored(practice.target(), before, practice.short)
    assert proof.outcome is Outcome.MANUAL
    assert "could not be written back" in proof.reason
