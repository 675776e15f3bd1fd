"""What waits for what: nothing for ever, nothing for what will not come, and undoing for its step."""

from __future__ import annotations

from typing import Any

import pytest
from planning import ENTRA, OKTA, live, load, plan_of, show, step_of

from config.settings import Mode
from connectors.system import Account
from ledger import story_facts
from playbooks import model, order, planner
from playbooks.draft import Draft
from playbooks.errors import PlaybookError
from playbooks.guardrails import Policy
from playbooks.model import LoadedPlaybook, Playbook, PlaybookStep
from playbooks.planner import Situation
from tasks.systems import SPECS

RESET_LAST = """\
steps:
  - {id: revoke, stage: revoke, action: entra.revoke_sessions}
  - {id: methods, stage: clean, action: entra.remove_auth_methods, after: [revoke]}
  - {id: note, stage: clean, action: entra.disable_inbox_rules, after: [methods]}
  - {id: reset, stage: reset, action: entra.reset_password, after: [note]}
"""


def test_steps_that_would_wait_for_each_other_for_ever_are_refused_when_the_file_is_read() -> None:
    with pytest.raises(PlaybookError) as caught:
        load(RESET_LAST)
    (said,) = str(caught.value).splitlines()
    assert said.startswith("mine.yaml: line 8, steps.1: ")
    assert "methods -> reset -> note -> methods" in said
    assert "CM0071" in said


def test_auth0_has_its_own_ways_to_close_and_to_revoke() -> None:
    drafts = [
        Draft("methods", "clean", "auth0.remove_authenticators", "auth0"),
        Draft("block", "contain", "auth0.block_user", "auth0"),
    ]
    enforced, notes = order.enforce(drafts)
    by_node = {draft.node: draft for draft in enforced}
    assert by_node["methods"].needs == ("block",)
    assert by_node["auth0-revoke-after-change"].action == "auth0.revoke_sessions"
    assert by_node["auth0-revoke-after-change"].after == ("block",)
    assert len(notes) == 2


def test_a_reset_in_auth0_leaves_mfa_alone_and_has_sessions_revoked_after_it() -> None:
    drafts = [
        Draft("reset", "reset", "auth0.reset_password", "auth0"),
        Draft("methods", "clean", "auth0.remove_authenticators", "auth0", needs=("reset",)),
    ]
    enforced, _ = order.enforce(drafts)
    by_node = {draft.node: draft for draft in enforced}
    assert "CM0071" in by_node["methods"].skipped
    assert by_node["auth0-revoke-after-change"].after == ("reset",)


def test_the_audit_log_is_read_by_the_same_list_of_what_closes_an_account() -> None:
    told = {name for name in SPECS if story_facts.Step("s", "n", name, "", False).closes}
    assert told == order.CLOSES_ACCOUNT


def test_a_second_reset_after_the_removal_is_no_circle() -> None:
    plan = plan_of("""\
steps:
  - {id: methods, stage: clean, action: entra.remove_auth_methods}
  - {id: first, stage: reset, action: entra.reset_password}
  - {id: second, stage: reset, action: entra.reset_password, after: [methods]}
""")
    assert step_of(plan, "methods").needs == ("first",)
    assert not step_of(plan, "second").skipped


def test_what_closes_the_password_too_late_in_this_plan_alone_leaves_the_removal_out() -> None:
    text = """\
parameters: {early: true}
steps:
  - {id: reset, stage: reset, action: okta.reset_password, when: parameters.early}
  - {id: factors, stage: clean, action: okta.remove_factors, after: [reset]}
  - {id: suspend, stage: contain, action: okta.suspend_user, when: "!parameters.early", after: [factors]}
"""
    assert step_of(plan_of(text), "factors").needs == ("reset",)
    late = plan_of(text, early=False)
    assert "CM0071" in step_of(late, "factors").skipped
    assert "suspend" in step_of(late, "factors").skipped
    assert not step_of(late, "suspend").skipped


def test_a_circle_that_got_past_the_reader_is_refused_before_anything_is_stored() -> None:
    def step(name: str, **waits: Any) -> PlaybookStep:
        return PlaybookStep(id=name, stage="x", action="entra.revoke_sessions", **waits)

    playbook = Playbook(
        id="mine", name="Mine", countermeasure="CM0080", version="1", description="",
        steps=(step("alone"), step("a", after=("b",)), step("b", needs=("a",))),
    )  # fmt: skip
    with pytest.raises(PlaybookError, match="a -> b -> a"):
        planner.make(
            LoadedPlaybook(playbook, "", "mine.yaml"),
            Situation("contoso", (ENTRA,)), Policy(Mode.AUTO), SPECS, show,
        )  # fmt: skip


def test_an_undo_waits_for_its_step_whatever_else_it_waits_for() -> None:
    plan = plan_of("""\
steps:
  - {id: disable, stage: contain, action: entra.disable_user}
  - {id: enable, stage: reissue, undo: disable, delay_minutes: 60}
""")
    enable = step_of(plan, "enable")
    assert enable.after == ("disable",)
    assert enable.needs == ()
    assert enable.delay_s == 3600


def test_the_app_gets_its_lifetime_back_also_where_shortening_it_failed() -> None:
    app = "feedd7aa-a505-512e-b6c2-466f3e174c69"
    plan = plan_of(alert={"app_ids": [app]}, shorten_to_minutes=10)
    restore = step_of(plan, "entra-restore-lifetime")
    assert "entra-shorten-lifetime" in restore.after
    assert restore.needs == ()


def test_nothing_is_put_back_where_nothing_is_changed() -> None:
    plan = plan_of("""\
steps:
  - {id: reset, stage: reset, action: entra.reset_password, when: "false"}
  - {id: disable, stage: contain, action: entra.disable_user, needs: [reset]}
  - {id: enable, stage: reissue, undo: disable}
""")
    assert step_of(plan, "disable").skipped
    assert step_of(plan, "enable").skipped == "disable is left out: there is nothing to put back"


@pytest.mark.parametrize(
    ("undone", "said"),
    [
        ("revoke", "entra.revoke_sessions cannot be undone"),
        ("enable", "'enable' puts back a change itself"),
    ],
)
def test_what_cannot_be_put_back_is_refused_when_the_file_is_read(undone: str, said: str) -> None:
    text = f"""\
steps:
  - {{id: revoke, stage: revoke, action: entra.revoke_sessions}}
  - {{id: disable, stage: contain, action: entra.disable_user}}
  - {{id: enable, stage: reissue, undo: disable}}
  - {{id: again, stage: reissue, undo: {undone}}}
"""
    with pytest.raises(PlaybookError) as caught:
        model.check_actions(load(text), SPECS)
    assert said in str(caught.value)
    assert "line 10, steps.3.undo" in str(caught.value)


def test_an_undo_of_a_system_the_person_is_not_in_is_no_missing_action() -> None:
    plan = plan_of(accounts=(OKTA,))
    assert not [note for note in plan.notes if "no action" in note]


@pytest.mark.parametrize("containment", ["suspend", "reset"])
def test_factors_follow_whichever_containment_there_is(containment: str) -> None:
    chosen = {"suspend": "okta-suspend", "reset": "okta-reset-password"}[containment]
    assert step_of(plan_of(okta_containment=containment), "okta-factors").needs == (chosen,)


def test_one_success_is_enough_where_the_vendor_does_not_allow_both() -> None:
    plan = plan_of("""\
steps:
  - {id: suspend, stage: contain, action: okta.suspend_user}
  - {id: reset, stage: reset, action: okta.reset_password}
  - {id: factors, stage: clean, action: okta.remove_factors}
""")
    assert step_of(plan, "factors").needs == ("suspend",)
    # side by side either might win, and the other one's refusal would take the factors with it
    assert step_of(plan, "reset").after == ("suspend",)
    assert any("reset waits for suspend" in note for note in plan.notes)


def test_which_success_is_needed_is_the_author_s_to_say() -> None:
    plan = plan_of("""\
steps:
  - {id: reset, stage: reset, action: okta.reset_password}
  - {id: rules, stage: clean, action: okta.revoke_sessions, needs: [reset]}
  - {id: suspend, stage: contain, action: okta.suspend_user, after: [reset]}
  - {id: factors, stage: clean, action: okta.remove_factors, needs: [rules]}
""")
    assert step_of(plan, "factors").needs == ("rules",)
    assert not [note for note in plan.notes if "CM0071" in note]


def test_what_needs_what_needs_a_missing_step_is_left_out_too_whatever_the_distance() -> None:
    plan = plan_of(
        accounts=(ENTRA,),
        text="""\
steps:
  - {id: a, stage: contain, action: entra.disable_user, when: "false"}
  - {id: b, stage: clean, action: entra.disable_inbox_rules, needs: [a]}
  - {id: c, stage: reset, action: entra.reset_password, needs: [b]}
  - {id: d, stage: clean, action: entra.remove_auth_methods, after: [c]}
  - {id: e, stage: revoke, action: entra.revoke_sessions, after: [d]}
""",
    )
    assert live(plan) == {"e"}
    assert "success of b" in step_of(plan, "c").skipped
    assert "CM0071" in step_of(plan, "d").skipped
    assert step_of(plan, "e").after == ()
    assert not plan.notes, "nothing is revoked again after a change nobody makes"


def test_resetting_all_factors_waits_for_the_password_to_be_closed_and_goes_by_no_age() -> None:
    text = """\
steps:
  - {id: factors, stage: clean, action: okta.reset_factors}
  - {id: tokens, stage: clean, action: okta.revoke_api_tokens}
  - {id: devices, stage: clean, action: okta.suspend_devices, with: {scope: all}}
  - {id: suspend, stage: contain, action: okta.suspend_user}
"""
    plan = plan_of(text, since="2026-11-22T08:00:00.000Z")
    assert step_of(plan, "factors").needs == ("suspend",)
    (by_age,) = (note for note in plan.notes if "having begun" in note)
    assert by_age == "tokens: by the theft having begun at 2026-11-22T08:00:00.000Z"
    alone = plan_of(text.rpartition("  - {id: suspend")[0])
    assert "CM0071" in step_of(alone, "factors").skipped


def test_an_account_is_not_suspended_and_its_password_expired_at_the_same_time() -> None:
    plan = plan_of("""\
steps:
  - {id: suspend, stage: contain, action: okta.suspend_user}
  - {id: expire, stage: contain, action: okta.expire_password}
""")
    assert step_of(plan, "expire").after == ("suspend",)


QUARANTINE = "{id: shut-out, stage: contain, action: entra.quarantine_group, with: {group_id: GROUP}}".replace(
    "GROUP", "3f0c1a52-7c4b-4f1f-9d54-0f6ad2d9c011"
)


def test_sessions_are_ended_again_after_the_quarantine_group() -> None:
    plan = plan_of(f"""\
steps:
  - {{id: revoke, stage: revoke, action: entra.revoke_sessions}}
  - {QUARANTINE}
""")
    added = step_of(plan, "entra-revoke-after-change")
    assert added.after == ("shut-out",)
    assert any("entra-revoke-after-change" in note for note in plan.notes)


def test_a_revocation_that_follows_the_quarantine_group_is_enough() -> None:
    plan = plan_of(f"""\
steps:
  - {QUARANTINE}
  - {{id: again, stage: revoke-again, action: entra.revoke_sessions, after: [shut-out]}}
""")
    assert "entra-revoke-after-change" not in live(plan)
    assert step_of(plan, "again").after == ("shut-out",)


def test_putting_a_quarantine_back_needs_no_revocation() -> None:
    plan = plan_of(f"""\
steps:
  - {QUARANTINE}
  - {{id: again, stage: revoke-again, action: entra.revoke_sessions, after: [shut-out]}}
  - {{id: out, stage: reissue, undo: shut-out, delay_minutes: 60}}
""")
    assert live(plan) == {"shut-out", "again", "out"}


def test_a_quarantine_group_does_not_make_way_for_removing_mfa() -> None:
    plan = plan_of(f"""\
steps:
  - {QUARANTINE}
  - {{id: methods, stage: clean, action: entra.remove_auth_methods, after: [shut-out]}}
""")
    assert "CM0071" in (step_of(plan, "methods").skipped or "")


def test_nobody_is_watched_and_no_application_told_again_after_a_no() -> None:
    subject = Account("contoso", "signals", "entra:1", "ada@contoso.com")
    plan = plan_of(accounts=(ENTRA, OKTA, subject), alert={"ips": []})
    closing = {"entra-disable", "entra-reset-password"}
    assert set(step_of(plan, "entra-watch").follows) == closing
    assert set(step_of(plan, "signals-sessions-again").follows) == closing | {"okta-suspend"}
    assert step_of(plan, "signals-sessions").follows == ()
    assert step_of(plan, "signals-compromised").approval


TRACE_FIRST = """\
steps:
  - {id: look, stage: trace, action: entra.trace_source}
  - {id: look-okta, stage: trace, action: okta.trace_source, after: [look]}
  - {id: revoke, stage: revoke, action: entra.revoke_sessions, NEEDS: [look]}
  - {id: rules, stage: clean, action: entra.disable_inbox_rules, after: [look-okta, revoke]}
  - {id: disable, stage: contain, action: entra.disable_user, after: [rules]}
  - {id: again, stage: revoke, action: entra.revoke_sessions, after: [disable]}
  - {id: devices, stage: clean, action: entra.disable_devices, after: [again, look-okta]}
"""


@pytest.mark.parametrize("how", ["after", "needs"])
def test_containment_never_waits_for_a_trace_whatever_the_file_says(how: str) -> None:
    plan = plan_of(TRACE_FIRST.replace("NEEDS", how))
    waits = {step.node: {*step.after, *step.needs} for step in plan.steps}
    assert waits["revoke"] == set()
    assert waits["rules"] == {
        "revoke"
    }  # what a containing step waits for, does not wait for it either
    assert waits["disable"] == {"rules"}
    assert waits["devices"] == {"again", "look-okta"}
    assert waits["look-okta"] == {"look"}
    (note,) = [note for note in plan.notes if "trace" in note]
    assert note == "revoke, rules: not after look, look-okta; containment waits for no trace"


def test_what_a_needed_trace_needs_is_needed_without_it() -> None:
    plan = plan_of(
        """\
steps:
  - {id: reset, stage: reset, action: entra.reset_password}
  - {id: revoke, stage: revoke, action: entra.revoke_sessions}
  - {id: look, stage: trace, action: entra.trace_source, needs: [reset], after: [revoke]}
  - {id: look-again, stage: trace, action: entra.trace_source, needs: [look]}
  - {id: disable, stage: contain, action: entra.disable_user, needs: [look-again]}
"""
    )
    disable = step_of(plan, "disable")
    assert set(disable.needs) == {"reset"}
    assert set(disable.after) == {"revoke"}
