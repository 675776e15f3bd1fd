"""Playbooks: every fault names its line; plans keep the order rules whatever the playbook says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from planning import plan_of

from config.settings import Guardrails, Mode, ProtectedPerson
from connectors.action import Impact, PlannedCall, Target
from connectors.system import Account
from playbooks import guardrails, model, planner
from playbooks.errors import PlaybookError, UnknownPlaybook
from playbooks.guardrails import Policy
from playbooks.plan import Plan, PlannedStep
from playbooks.planner import Situation
from tasks.systems import SPECS

ENTRA = Account("contoso", "entra", "6f9d5c1e-0d5a-4c7e-9c53-0a3f6b2f7d11", "ada@contoso.com")
ENTRA_OTHER = Account(
    "contoso", "entra", "0a1b2c3d-0d5a-4c7e-9c53-0a3f6b2f7d12", "grace@contoso.com"
)
OKTA = Account("contoso", "okta", "00u1a2b3c4D5e6F7g8h9", "ada@contoso.com")
HEAD = """\
id: mine
name: Mine
countermeasure: CM0080
version: "1"
description: a test
"""


def _show(name: str, _: Mapping[str, Any], target: Target, __: bool) -> tuple[PlannedCall, ...]:
    return (PlannedCall("POST", f"/{target.id}/{name}"),)


def _plan(
    text: str | None = None,
    *,
    accounts: tuple[Account, ...] = (ENTRA, OKTA),
    policy: Policy | None = None,
    alert: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> Plan:
    loaded = model.load("cm0080") if text is None else model.parse(HEAD + text, "mine.yaml")
    situation = Situation("contoso", accounts, domains=("contoso.com",), alert=alert)
    return planner.make(loaded, situation, policy or Policy(Mode.AUTO), SPECS, _show, parameters)


def _step(plan: Plan, node: str) -> PlannedStep:
    return next(step for step in plan.steps if step.node == node)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps:\n  - id: a\n    stage: x\n    action: [", "line 9"),
        (
            "steps:\n  - id: a\n    stage: x\n    action: entra.revoke_sessions\n    wenn: x",
            "line 10",
        ),
        ("steps:\n  - id: A B\n    stage: x\n    action: b.c", "line 7, steps.0.id"),
        ("steps: []", "line 6, steps"),
        ("steps:\n  - id: a\n    stage: x", "one of action, undo and restore"),
        (
            "steps:\n  - id: a\n    stage: x\n    action: b.c\n    after: [z]",
            "line 10, steps.0.after.0: 'z' is no step of this playbook",
        ),
        (
            "steps:\n  - {id: a, stage: x, action: b.c, after: [b]}\n"
            "  - {id: b, stage: x, action: b.c}",
            "'b' is a later step",
        ),
        (
            "steps:\n  - {id: a, stage: x, action: b.c}\n  - {id: a, stage: x, action: b.c}",
            "line 8, steps.1.id: step id 'a' is used twice",
        ),
        ("steps:\n  - {id: a, stage: x, action: b.c, when: '1 +'}", "not a CEL expression"),
        ("steps:\n  - {id: a, stage: x, action: b.c, when: 'alrt.x'}", "unknown name alrt"),
        ("steps:\n  - {id: a, stage: x, undo: b}", "'b' is no earlier step"),
    ],
)
def test_a_fault_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(PlaybookError) as caught:
        model.parse(HEAD + text, "mine.yaml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("mine.yaml: ")


def test_an_expression_may_bind_names_of_its_own() -> None:
    model.parse(
        HEAD
        + "steps:\n  - {id: a, stage: x, action: b.c, when: \"alert.ips.exists(ip, ip != '')\"}",
        "mine.yaml",
    )


@pytest.mark.parametrize("name", ["nothing", "../cm0080", "CM0080", ""])
def test_a_playbook_that_does_not_exist_is_said_so(name: str, tmp_path: Path) -> None:
    for file in ("own.yaml", "No.yaml", "notes.txt"):
        (tmp_path / file).touch()
    with pytest.raises(UnknownPlaybook) as caught:
        model.load(name, tmp_path)
    assert (
        str(caught.value)
        == f"there is no playbook {name!r}; known are cm0071, cm0077, cm0080, cm0082, own, reissue"
    )


def test_an_action_that_does_not_exist_is_named_with_its_line_and_the_nearest() -> None:
    steps = """\
steps:
  - id: a
    stage: x
    action: entra.revoke_session
  - {id: b, stage: x, undo: a}
  - {id: c, stage: x, action: printer.reboot}
  - {id: d, stage: x, action: okta.suspend_user}
"""
    with pytest.raises(PlaybookError) as caught:
        model.check_actions(model.parse(HEAD + steps, "mine.yaml"), SPECS)
    first, second = str(caught.value).splitlines()
    assert first == (
        "mine.yaml: line 9, steps.0.action: there is no action 'entra.revoke_session';"
        " did you mean entra.revoke_sessions?"
    )
    assert second.startswith("mine.yaml: line 11, steps.2.action: there is no action 'printer")
    assert "okta.suspend_user" in second


def test_the_shipped_playbook_names_actions_there_are() -> None:
    model.check_actions(model.load("cm0080"), SPECS)


def test_the_shipped_playbook_plans_for_both_systems() -> None:
    plan = _plan()
    assert {step.spec.system for step in plan.steps} == {"entra", "okta"}
    at_once = {step.node for step in plan.steps if not step.skipped and not step.approval}
    reads = {step.node for step in plan.steps if step.spec.impact is Impact.NONE}
    assert at_once - reads == {
        "entra-revoke", "okta-revoke", "entra-revoke-again", "okta-revoke-again",
    }  # fmt: skip
    assert _step(plan, "okta-reset-password").skipped
    assert _step(plan, "entra-inbox-rules").parameters["own_domains"] == ["contoso.com"]


def test_okta_is_suspended_or_reset_never_both() -> None:
    plan = _plan(okta_containment="reset")
    assert _step(plan, "okta-suspend").skipped
    assert not _step(plan, "okta-reset-password").skipped
    assert "okta-reset-password" in _step(plan, "okta-factors").needs


def test_lifetimes_are_shortened_only_where_asked_and_put_back_later() -> None:
    app = "feedd7aa-a505-512e-b6c2-466f3e174c69"
    plan = _plan(alert={"app_ids": [app]}, shorten_to_minutes=10, restore_after_minutes=30)
    shorten, restore = _step(plan, "entra-shorten-lifetime"), _step(plan, "entra-restore-lifetime")
    assert shorten.parameters == {"app_id": app, "access_token_minutes": 10}
    assert restore.undoes == "entra-shorten-lifetime"
    assert restore.delay_s == 1800
    assert not restore.approval
    assert _step(_plan(shorten_to_minutes=10), "entra-shorten-lifetime").skipped


def test_mfa_is_never_touched_before_the_password_is_closed() -> None:
    alone = _plan("steps:\n  - {id: factors, stage: clean, action: okta.remove_factors}")
    assert "CM0071" in _step(alone, "factors").skipped
    late = _plan(
        "steps:\n"
        "  - {id: reset, stage: reset, action: entra.reset_password}\n"
        "  - {id: methods, stage: clean, action: entra.remove_auth_methods}"
    )
    assert _step(late, "methods").needs == ("reset",)
    assert any("CM0071" in note for note in late.notes)


def test_sessions_are_revoked_again_after_the_account_was_changed() -> None:
    plan = _plan("steps:\n  - {id: disable, stage: contain, action: entra.disable_user}")
    added = _step(plan, "entra-revoke-after-change")
    assert added.after == ("disable",)
    assert not any(step.node == "entra-revoke-after-change" for step in _plan().steps)


def test_a_step_whose_need_is_left_out_is_left_out_too() -> None:
    plan = _plan(
        "steps:\n"
        "  - {id: disable, stage: contain, action: entra.disable_user, when: 'false'}\n"
        "  - {id: rules, stage: clean, action: entra.disable_inbox_rules, needs: [disable]}"
    )
    assert "disable" in _step(plan, "rules").skipped


def test_a_wait_is_passed_on_through_a_step_that_is_left_out() -> None:
    plan = _plan(
        "steps:\n"
        "  - {id: revoke, stage: revoke, action: entra.revoke_sessions}\n"
        "  - {id: disable, stage: contain, action: entra.disable_user, when: 'false', after: [revoke]}\n"
        "  - {id: rules, stage: clean, action: entra.disable_inbox_rules, after: [disable]}"
    )
    assert _step(plan, "rules").after == ("revoke",)


def test_a_condition_that_cannot_be_evaluated_is_shown_not_guessed() -> None:
    plan = _plan(
        "steps:\n"
        "  - {id: revoke, stage: revoke, action: entra.revoke_sessions, when: 'alert.nothing.here'}"
    )
    assert "could not be evaluated" in _step(plan, "revoke").skipped


def test_a_missing_account_is_a_note_and_no_step() -> None:
    situation = Situation("contoso", (ENTRA,), absent=("okta",), unreached=())
    plan = planner.make(model.load("cm0080"), situation, Policy(Mode.AUTO), SPECS, _show)
    assert {step.spec.system for step in plan.steps} == {"entra"}
    assert [note for note in plan.notes if "okta" in note] == [
        "okta: no account of this person there"
    ]


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.APPROVE])
def test_modes_hold_everything_back(mode: Mode) -> None:
    plan = _plan(policy=Policy(mode))
    live = [
        step
        for step in plan.steps
        if not step.skipped and not (mode is Mode.OBSERVE and step.spec.impact is Impact.NONE)
    ]
    assert all(step.approval for step in live)
    assert bool(live) == (mode is Mode.APPROVE)
    assert any(step.calls for step in plan.steps), "the calls are shown in any mode"


def test_mode_observe_reads_at_once_and_asks_nobody() -> None:
    text = (
        "steps:\n"
        "  - {id: revoke, stage: s, action: okta.revoke_sessions}\n"
        "  - {id: trace, stage: s, action: okta.trace_source, after: [revoke]}\n"
        "  - {id: asked, stage: s, action: okta.trace_source, approval: true}\n"
        "  - {id: watch, stage: s, action: okta.watch, delay_minutes: 15}\n"
    )
    plan = plan_of(text, mode=Mode.OBSERVE)
    assert {step.node for step in plan.steps if not step.skipped} == {"trace"}
    assert not any(step.approval for step in plan.steps)


def test_the_hash_is_of_everything_that_is_shown() -> None:
    first, same = _plan().document(), _plan().document()
    assert first["hash"] == same["hash"]
    assert _plan(okta_containment="reset").document()["hash"] != first["hash"]
    assert _plan(accounts=(ENTRA,)).document()["hash"] != first["hash"]


def test_guardrails_say_why() -> None:
    limits = Guardrails(
        protected=(ProtectedPerson(id=ENTRA.id.upper(), reason="break glass"),), people_per_hour=3
    )
    assert guardrails.decide(Mode.AUTO, (OKTA,), 2, limits) == Policy(Mode.AUTO)
    assert guardrails.decide(Mode.AUTO, (ENTRA, OKTA), 0, limits).reasons == (
        "protected: break glass",
    )
    crowded = guardrails.decide(Mode.AUTO, (OKTA,), 3, limits)
    assert crowded.mode is Mode.APPROVE
    assert "3 people within the hour" in crowded.reasons[0]
    assert guardrails.decide(Mode.OBSERVE, (ENTRA,), 9, limits) == Policy(Mode.OBSERVE)


@pytest.mark.parametrize("system", ["okta", "entra"])
def test_who_may_be_protected_where_nobody_could_look_is_left_to_people(system: str) -> None:
    of = {"okta": OKTA, "entra": ENTRA}
    there, away = of[system], of[({*of} - {system}).pop()]
    limits = Guardrails(protected=(ProtectedPerson(id=there.id, reason="runs the plant"),))
    unsure = guardrails.decide(Mode.AUTO, (away,), 0, limits, unreached=(system,))
    assert unsure.mode is Mode.APPROVE
    (reason,) = unsure.reasons
    assert reason.startswith(f"{system} did not say who this is there")
    assert "runs the plant" not in reason
    assert guardrails.decide(Mode.AUTO, (away,), 0, limits) == Policy(Mode.AUTO)


def test_a_system_nobody_is_protected_in_is_not_waited_for() -> None:
    limits = Guardrails(protected=(ProtectedPerson(id=ENTRA.id, reason="break glass"),))
    for_okta = guardrails.decide(Mode.AUTO, (ENTRA_OTHER,), 0, limits, unreached=("okta",))
    assert for_okta == Policy(Mode.AUTO)
    for_auth0 = guardrails.decide(Mode.AUTO, (ENTRA_OTHER,), 0, limits, unreached=("auth0",))
    assert for_auth0 == Policy(Mode.AUTO)
    assert guardrails.decide(Mode.AUTO, (OKTA,), 0, Guardrails(), unreached=("entra",)) == Policy(
        Mode.AUTO
    )
    # a system whose ids nobody here knows by their look: any id may be one of its own
    assert guardrails.decide(Mode.AUTO, (OKTA,), 0, limits, ("ping",)).mode is Mode.APPROVE


def test_who_is_known_to_be_protected_is_said_so_and_no_more() -> None:
    limits = Guardrails(protected=(
        ProtectedPerson(id=ENTRA.id, reason="break glass"),
        ProtectedPerson(id=OKTA.id, reason="runs the plant"),
    ))  # fmt: skip
    decided = guardrails.decide(Mode.AUTO, (ENTRA,), 0, limits, unreached=("okta",))
    assert decided == Policy(Mode.APPROVE, ("protected: break glass",))
    assert guardrails.decide(
        Mode.OBSERVE, (ENTRA_OTHER,), 0, limits, unreached=("okta",)
    ) == Policy(Mode.OBSERVE)
