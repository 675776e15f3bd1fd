"""What every action on a mailbox keeps, whatever happens on the way; then what is special to each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors import errors
from connectors.action import Action, Outcome, Target
from simulator import exchange_story as story
from simulator.exchange_state import Mailbox, MailRule, MobileDevice, Permission
from simulator.faults import Effect, Fault, apply_then, apply_then_drop, forbid, ignore, throttle

if TYPE_CHECKING:
    from exchange_practice import Practice

pytest_plugins = ("exchange_practice",)


@dataclass(frozen=True)
class Case:
    """An action, what it sends, and what of the mailbox it is about."""

    name: str
    sends: tuple[str, ...]
    state: Callable[[Mailbox], Any]
    after: Any
    undoes: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)


def _forwarding(box: Mailbox) -> Any:
    return box.forwarding_smtp, box.forwarding_address, box.deliver_too


def _rules(box: Mailbox) -> Any:
    return {rule.id: rule.enabled for rule in box.rules}


def _access(box: Mailbox) -> Any:
    return (
        sorted(p.who for p in box.full_access),
        sorted(p.who for p in box.send_as),
        sorted(box.send_on_behalf),
        sorted(p.who for p in box.folders),
    )


SELF = "NT AUTHORITY\\SELF"
CASES = (
    Case("remove_forwarding", ("Set-Mailbox",), _forwarding, (None, None, False), ("Set-Mailbox",)),
    Case(
        "disable_hidden_rules",
        ("Disable-InboxRule",),
        _rules,
        {"1000": True, story.OWN_RULE: True, story.THIEFS_RULE: False},
        ("Enable-InboxRule",),
    ),
    Case(
        "remove_delegates",
        (
            "Remove-MailboxPermission",
            "Remove-RecipientPermission",
            "Set-Mailbox",
            "Remove-MailboxFolderPermission",
        ),
        _access,
        (
            sorted([SELF, story.COLLEAGUE]),
            [SELF],
            [story.COLLEAGUE],
            ["Anonymous", "Default"],
        ),
        (
            "Add-MailboxPermission",
            "Add-RecipientPermission",
            "Set-Mailbox",
            "Add-MailboxFolderPermission",
        ),
        {"trustees": [story.ACCOMPLICE.upper()]},
    ),
    Case(
        "remove_mobile_devices",
        ("Remove-MobileDevice",),
        lambda box: [device.id for device in box.devices],
        [story.OLD_DEVICE],
    ),
)
each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
each_undoable = pytest.mark.parametrize(
    "case", [case for case in CASES if case.undoes], ids=[c.name for c in CASES if c.undoes]
)


def built(mailbox: Practice, case: Case) -> tuple[Action, Target]:
    return mailbox.action(case.name, **case.parameters), mailbox.target()


def spoil(mailbox: Practice, effect: Effect, **more: Any) -> None:
    mailbox.sim.faults.add(Fault(effect, system="exchange", **more))


@each_case
async def test_it_is_done_seen_and_nothing_else_is_touched(mailbox: Practice, case: Case) -> None:
    other = mailbox.box("user07")
    before_other = repr(other)
    action, target = built(mailbox, case)
    _, receipt, proof = await mailbox.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    assert case.state(mailbox.box()) == case.after
    assert tuple(mailbox.writes) == case.sends
    assert repr(other) == before_other
    assert mailbox.journal.kinds == ["intent", "result"] * len(case.sends)
    assert "simulated-graph-token" not in json.dumps(receipt.data) + str(mailbox.journal.lines)


@each_case
async def test_a_second_time_there_is_nothing_to_do(mailbox: Practice, case: Case) -> None:
    action, target = built(mailbox, case)
    await mailbox.run(action, target)
    assert (await action.observe(target)).satisfied is True
    assert tuple(mailbox.writes) == case.sends


@each_case
async def test_after_a_crash_it_is_safe_to_go_on_with_the_first_sight(
    mailbox: Practice, case: Case
) -> None:
    action, target = built(mailbox, case)
    before = await action.observe(target)
    await action.apply(target, before)
    await action.apply(target, before)
    proof = await action.verify(target, before, None, mailbox.short)
    assert proof.outcome is Outcome.VERIFIED
    assert tuple(mailbox.writes) == case.sends


@each_undoable
async def test_undoing_gives_back_what_was_there(mailbox: Practice, case: Case) -> None:
    was = case.state(mailbox.box())
    action, target = built(mailbox, case)
    before, _, _ = await mailbox.run(action, target)
    await action.undo(target, before)
    proof = await action.restored(target, before, mailbox.short)
    assert proof.outcome is Outcome.VERIFIED
    assert case.state(mailbox.box()) == was
    assert tuple(mailbox.writes) == (*case.sends, *case.undoes)
    # again: nothing is sent twice
    await action.undo(target, before)
    assert tuple(mailbox.writes) == (*case.sends, *case.undoes)


@each_undoable
async def test_undoing_that_did_not_happen_is_not_taken_for_done(
    mailbox: Practice, case: Case
) -> None:
    action, target = built(mailbox, case)
    before, _, _ = await mailbox.run(action, target)
    proof = await action.restored(target, before, mailbox.short)
    assert proof.outcome is Outcome.FAILED


@each_case
async def test_what_is_previewed_is_what_is_sent(mailbox: Practice, case: Case) -> None:
    action, target = built(mailbox, case)
    planned = [json.loads(call.body)["CmdletName"] for call in action.preview(target)]
    await mailbox.run(action, target)
    assert planned == mailbox.writes
    assert mailbox.journal.lines[0][1].path == action.preview(target)[0].path


@each_case
async def test_without_a_mailbox_it_is_skipped(mailbox: Practice, case: Case) -> None:
    mailbox.sim.tenant.person("nora.lind").entra.has_mailbox = False
    action, target = built(mailbox, case)
    verdict = (await action.observe(target)).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.SKIPPED
    assert mailbox.writes == []


@each_case
async def test_a_missing_role_is_named(mailbox: Practice, case: Case) -> None:
    mailbox.sim.tenant.exchange.refused = set(case.sends)
    action, target = built(mailbox, case)
    before = await action.observe(target)
    with pytest.raises(errors.Forbidden) as caught:
        await action.apply(target, before)
    assert "Exchange.ManageAsApp" in caught.value.remedy
    assert "Exchange Recipient Administrator" in caught.value.remedy
    assert caught.value.code == "CommandNotFoundException"


@each_case
async def test_a_refused_reading_is_no_pass(mailbox: Practice, case: Case) -> None:
    spoil(mailbox, forbid())
    action, target = built(mailbox, case)
    with pytest.raises(errors.Forbidden):
        await action.observe(target)


async def _looks_before_change(mailbox: Practice, case: Case) -> int:
    """How many requests ``apply`` sends before its first change."""
    action, target = built(mailbox, case)
    before = await action.observe(target)
    kept = mailbox.sim.tenant.exchange.refused
    mailbox.sim.tenant.exchange.refused = set(case.sends)
    sent = len(mailbox.sim.requests.all("exchange"))
    with pytest.raises(errors.Forbidden):
        await action.apply(target, before)
    mailbox.sim.tenant.exchange.refused = kept
    entries = mailbox.sim.requests.all("exchange")[sent:]
    mailbox.sim.requests.clear()
    mailbox.journal.lines.clear()
    return next(n for n, entry in enumerate(entries) if entry.write)


@each_case
async def test_throttled_it_goes_on_when_it_may(mailbox: Practice, case: Case) -> None:
    looks = await _looks_before_change(mailbox, case)
    action, target = built(mailbox, case)
    before = await action.observe(target)
    spoil(mailbox, throttle(0.01), skip=looks, times=1)
    receipt = await action.apply(target, before)
    mailbox.sim.faults.clear()
    proof = await action.verify(target, before, receipt, mailbox.short)
    assert proof.outcome is Outcome.VERIFIED
    assert tuple(mailbox.writes) == (case.sends[0], *case.sends)


@each_case
async def test_a_success_that_did_nothing_ends_as_failed(mailbox: Practice, case: Case) -> None:
    was = case.state(mailbox.box())
    action, target = built(mailbox, case)
    before = await action.observe(target)
    spoil(mailbox, ignore())
    receipt = await action.apply(target, before)
    mailbox.sim.faults.clear()
    proof = await action.verify(target, before, receipt, mailbox.short)
    assert proof.outcome is Outcome.FAILED
    assert case.state(mailbox.box()) == was


@each_case
@pytest.mark.parametrize("effect", [apply_then(504), apply_then_drop()], ids=["504", "dropped"])
async def test_a_lost_answer_is_read_and_the_change_not_repeated(
    mailbox: Practice, case: Case, effect: Effect
) -> None:
    looks = await _looks_before_change(mailbox, case)
    action, target = built(mailbox, case)
    before = await action.observe(target)
    spoil(mailbox, effect, skip=looks, times=1)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    proof = await action.verify(target, before, None, mailbox.short)
    assert proof.outcome is Outcome.VERIFIED
    assert tuple(mailbox.writes) == case.sends


# --- forwarding ---------------------------------------------------------------------------------


async def test_forwarding_is_noted_in_full_first(mailbox: Practice) -> None:
    before, _, _ = await mailbox.run(mailbox.action("remove_forwarding"), mailbox.target())
    assert before.snapshot["mailbox"]["ForwardingSmtpAddress"] == f"smtp:{story.OUTSIDE}"
    assert before.snapshot["leads_to"]["ForwardingSmtpAddress"] == story.OUTSIDE


async def test_forwarding_inside_stays_unless_all_is_told(mailbox: Practice) -> None:
    mailbox.box().forwarding_smtp = "smtp:user07@contoso.com"
    target = mailbox.target()
    assert (await mailbox.action("remove_forwarding").observe(target)).satisfied is True
    await mailbox.run(mailbox.action("remove_forwarding", scope="all"), target)
    assert mailbox.box().forwarding_smtp is None


async def test_a_contact_of_the_directory_may_lead_outside(mailbox: Practice) -> None:
    box = mailbox.box()
    box.forwarding_smtp, box.forwarding_address = None, story.CONTACT
    before, _, proof = await mailbox.run(mailbox.action("remove_forwarding"), mailbox.target())
    assert before.snapshot["leads_to"]["ForwardingAddress"] == story.OUTSIDE
    assert proof.outcome is Outcome.VERIFIED
    assert box.forwarding_address is None


async def test_forwarding_to_a_colleague_stays_beside_the_thiefs(mailbox: Practice) -> None:
    box = mailbox.box()
    box.forwarding_address = mailbox.sim.tenant.person("user07").entra.upn
    await mailbox.run(mailbox.action("remove_forwarding"), mailbox.target())
    assert (box.forwarding_smtp, box.forwarding_address) == (None, "user07@contoso.com")
    assert box.deliver_too is True


async def test_an_address_nobody_knows_counts_as_outside(mailbox: Practice) -> None:
    box = mailbox.box()
    box.forwarding_smtp, box.forwarding_address = None, "somebody who is gone"
    assert (await mailbox.action("remove_forwarding").observe(mailbox.target())).satisfied is False


async def test_forwarding_set_meanwhile_is_not_taken_for_done(mailbox: Practice) -> None:
    action, target = mailbox.action("remove_forwarding"), mailbox.target()
    before = await action.observe(target)
    mailbox.box().forwarding_smtp = "smtp:another@example.net"
    receipt = await action.apply(target, before)
    assert mailbox.writes == [], "what was not seen is not changed unseen"
    proof = await action.verify(target, before, receipt, mailbox.short)
    assert proof.outcome is Outcome.FAILED
    assert "another@example.net" in proof.observed


async def test_undoing_leaves_what_was_set_since(mailbox: Practice) -> None:
    action, target = mailbox.action("remove_forwarding"), mailbox.target()
    before, _, _ = await mailbox.run(action, target)
    mailbox.box().forwarding_smtp = "smtp:petra@contoso.com"
    await action.undo(target, before)
    assert mailbox.box().forwarding_smtp == "smtp:petra@contoso.com"


async def test_domains_of_ours_are_no_outside(mailbox: Practice) -> None:
    known = mailbox.action("remove_forwarding", own_domains=["Example.com"])
    assert (await known.observe(mailbox.target())).satisfied is True


async def test_without_the_accepted_domains_the_check_is_stricter(mailbox: Practice) -> None:
    mailbox.sim.tenant.exchange.refused = {"Get-AcceptedDomain"}
    seen = await mailbox.action("remove_forwarding").observe(mailbox.target())
    assert seen.snapshot["own_domains"] == ["contoso.com"]


# --- hidden rules -------------------------------------------------------------------------------


async def test_exchanges_own_hidden_rules_stay(mailbox: Practice) -> None:
    mailbox.box().rules.append(
        MailRule("1003", "Microsoft.Exchange.OOF.AllExternalSenders.Global", hidden=True)
    )
    await mailbox.run(mailbox.action("disable_hidden_rules"), mailbox.target())
    assert _rules(mailbox.box())["1003"] is True


async def test_a_name_of_exchanges_own_hides_no_redirection(mailbox: Practice) -> None:
    mailbox.box().rules.append(
        MailRule(
            "2002",
            "Junk E-mail Rule",
            hidden=True,
            properties={"ForwardTo": ['"x" [SMTP:x@example.com]']},
        )
    )
    await mailbox.run(mailbox.action("disable_hidden_rules"), mailbox.target())
    assert _rules(mailbox.box())["2002"] is False


async def test_a_hidden_rule_of_no_known_purpose_is_disabled(mailbox: Practice) -> None:
    mailbox.box().rules.append(MailRule("2003", "Tidy", hidden=True))
    before, _, _ = await mailbox.run(mailbox.action("disable_hidden_rules"), mailbox.target())
    told = {item["id"]: item["reasons"] for item in before.snapshot["suspicious"]}
    assert told["2003"] == ["is hidden, and not one of Exchange's own"]
    assert "redirects to collector@example.com" in told[story.THIEFS_RULE]


async def test_a_rule_that_does_not_budge_is_told_with_what_removes_it(mailbox: Practice) -> None:
    action, target = mailbox.action("disable_hidden_rules"), mailbox.target()
    before = await action.observe(target)
    proof = await action.verify(target, before, None, mailbox.short)
    assert proof.outcome is Outcome.FAILED
    assert "MFCMAPI" in proof.reason


async def test_a_hidden_rule_added_meanwhile_is_not_taken_for_done(mailbox: Practice) -> None:
    action, target = mailbox.action("disable_hidden_rules"), mailbox.target()
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    mailbox.box().rules.append(MailRule("2004", "x", hidden=True))
    proof = await action.verify(target, before, receipt, mailbox.short)
    assert proof.outcome is Outcome.FAILED


async def test_one_odd_rule_does_not_keep_the_others_enabled(mailbox: Practice) -> None:
    mailbox.box().rules.append(MailRule("2005", "y", hidden=True))
    looks = await _looks_before_change(mailbox, CASES[1])
    action, target = mailbox.action("disable_hidden_rules"), mailbox.target()
    before = await action.observe(target)
    spoil(mailbox, forbid(), skip=looks, times=1)
    receipt = await action.apply(target, before)
    told = {item["id"]: item.get("error") for item in receipt.data["rules"]}
    assert told == {story.THIEFS_RULE: "Forbidden", "2005": None}
    assert _rules(mailbox.box())["2005"] is False


# --- delegates ----------------------------------------------------------------------------------


async def test_without_a_name_nothing_is_taken_and_everything_is_shown(mailbox: Practice) -> None:
    was = _access(mailbox.box())
    action, target = mailbox.action("remove_delegates"), mailbox.target()
    assert action.preview(target) == ()
    verdict = (await action.observe(target)).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    box = target.id
    assert verdict.instructions.splitlines() == [
        f"Remove-MailboxPermission -Identity '{box}' -User 'user07@contoso.com' -AccessRights "
        "'FullAccess' -Confirm",
        f"Remove-MailboxPermission -Identity '{box}' -User 'user11@contoso.com' -AccessRights "
        "'FullAccess' -Confirm",
        f"Remove-RecipientPermission -Identity '{box}' -Trustee 'user11@contoso.com' "
        "-AccessRights 'SendAs' -Confirm",
        f"Set-Mailbox -Identity '{box}' -GrantSendOnBehalfTo @{{Remove='user07@contoso.com'}}",
        f"Set-Mailbox -Identity '{box}' -GrantSendOnBehalfTo @{{Remove='user11@contoso.com'}}",
        f"Remove-MailboxFolderPermission -Identity '{box}:LgAAAACCalendar=' -User "
        "'user11@contoso.com' -Confirm",
    ]
    assert (mailbox.writes, _access(mailbox.box())) == ([], was)


async def test_a_mailbox_of_its_owner_alone_needs_nobody(mailbox: Practice) -> None:
    seen = await mailbox.action("remove_delegates").observe(mailbox.target("user01"))
    assert (seen.satisfied, seen.verdict) == (True, None)


async def test_what_everybody_may_see_too_much_of_is_shown(mailbox: Practice) -> None:
    mailbox.box("user01").folders.append(Permission("Default", ["Reviewer"], "Inbox"))
    seen = await mailbox.action("remove_delegates").observe(mailbox.target("user01"))
    assert seen.verdict is not None
    assert "-User 'Default' -AccessRights 'None'" in seen.verdict.instructions
    assert seen.verdict.instructions.startswith("Set-MailboxFolderPermission")


async def test_a_name_with_a_quote_stays_a_name(mailbox: Practice) -> None:
    mailbox.box("user01").full_access.append(Permission("o'; Stop-Computer; '", ["FullAccess"]))
    seen = await mailbox.action("remove_delegates").observe(mailbox.target("user01"))
    assert seen.verdict is not None
    assert "-User 'o''; Stop-Computer; '''" in seen.verdict.instructions


async def test_one_list_s_display_name_is_another_s_sign_in_name(mailbox: Practice) -> None:
    box = mailbox.box()
    box.send_on_behalf = ["User11 Contoso", "User07 Contoso", "nobody any more"]
    by_id = mailbox.sim.tenant.person("user11").entra.id
    action = mailbox.action("remove_delegates", trustees=[by_id])
    _, _, proof = await mailbox.run(action, mailbox.target())
    assert proof.outcome is Outcome.VERIFIED
    assert box.send_on_behalf == ["User07 Contoso", "nobody any more"]
    assert _access(box)[0] == sorted([SELF, story.COLLEAGUE])


# --- mobile devices -----------------------------------------------------------------------------


async def test_when_the_theft_began_decides(mailbox: Practice) -> None:
    target = mailbox.target(stolen=timedelta(0))
    strict = mailbox.action("remove_mobile_devices", margin_minutes=0)
    assert (await strict.observe(target)).satisfied is True
    everything = mailbox.action("remove_mobile_devices", scope="all")
    await mailbox.run(everything, target)
    assert mailbox.box().devices == []


async def test_without_a_beginning_people_choose(mailbox: Practice) -> None:
    whole = mailbox.target()
    target = Target("contoso", "exchange", whole.id, whole.name)
    verdict = (await mailbox.action("remove_mobile_devices").observe(target)).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert "Get-MobileDevice -Mailbox 'nora.lind@contoso.com'" in verdict.instructions


async def test_a_device_without_a_date_is_left_to_a_person(mailbox: Practice) -> None:
    mailbox.box().devices.append(MobileDevice("d3", "it's old", None))
    action, target = mailbox.action("remove_mobile_devices"), mailbox.target()
    _, _, proof = await mailbox.run(action, target)
    assert proof.outcome is Outcome.MANUAL
    assert [item.what for item in proof.exposure] == ["the device it's old"]
    assert [device.id for device in mailbox.box().devices] == [story.OLD_DEVICE, "d3"]


async def test_a_device_that_pairs_again_is_not_taken_for_gone(mailbox: Practice) -> None:
    action, target = mailbox.action("remove_mobile_devices"), mailbox.target()
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    mailbox.box().devices.append(MobileDevice("d4", "again", mailbox.sim.tenant.now()))
    proof = await action.verify(target, before, receipt, mailbox.short)
    assert proof.outcome is Outcome.FAILED


# --- transport rules ----------------------------------------------------------------------------


async def test_a_rule_for_everybody_is_reported_and_never_changed(mailbox: Practice) -> None:
    action, target = mailbox.action("review_transport_rules"), mailbox.target()
    assert action.preview(target) == ()
    seen = await action.observe(target)
    assert seen.verdict is not None
    assert seen.verdict.outcome is Outcome.MANUAL
    assert "second administrator" in seen.verdict.reason
    assert "Disable-TransportRule -Identity 'Compliance copy'" in seen.verdict.instructions
    assert story.OLD_TRANSPORT not in seen.verdict.instructions
    assert {item["name"] for item in seen.snapshot["outside"]} == {
        story.OLD_TRANSPORT,
        story.THIEFS_TRANSPORT,
    }
    assert mailbox.writes == []


async def test_older_rules_are_named_and_are_no_find(mailbox: Practice) -> None:
    mailbox.sim.tenant.exchange.transport_rules.pop()
    verdict = (await mailbox.action("review_transport_rules").observe(mailbox.target())).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.OBSERVED
    assert story.OLD_TRANSPORT in verdict.reason


async def test_a_disabled_rule_and_one_that_stays_inside_are_none(mailbox: Practice) -> None:
    old, new = mailbox.sim.tenant.exchange.transport_rules
    old.properties, new.state = {"CopyTo": ["audit@contoso.com"]}, "Disabled"
    seen = await mailbox.action("review_transport_rules").observe(mailbox.target())
    assert seen.snapshot["outside"] == []


async def test_a_rule_that_routes_by_a_connector_is_one(mailbox: Practice) -> None:
    new = mailbox.sim.tenant.exchange.transport_rules[1]
    new.properties = {"RouteMessageOutboundConnector": "to-collector"}
    seen = await mailbox.action("review_transport_rules").observe(mailbox.target())
    assert seen.verdict is not None
    assert "routes through to-collector" in seen.verdict.reason


async def test_a_refused_look_names_the_role(mailbox: Practice) -> None:
    mailbox.sim.tenant.exchange.refused = {"Get-TransportRule"}
    with pytest.raises(errors.Forbidden) as caught:
        await mailbox.action("review_transport_rules").observe(mailbox.target())
    assert "Global Reader" in caught.value.remedy
