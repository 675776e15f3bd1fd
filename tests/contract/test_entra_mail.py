"""Disabling suspicious inbox rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors import errors
from connectors.action import Outcome
from simulator.entra_state import InboxRule
from simulator.faults import Fault, apply_then, ignore, status, throttle

if TYPE_CHECKING:
    from entra_tenant import Practice

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
