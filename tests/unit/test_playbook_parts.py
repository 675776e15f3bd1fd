"""A playbook made of others: whole steps, in words of the one that takes them in."""

from __future__ import annotations

from pathlib import Path

import pytest
from planning import HEAD, load, plan_of, step_of

from playbooks import model
from playbooks.errors import PlaybookError
from playbooks.plan import Recipient
from playbooks.planner import LeftChange
from tasks.systems import SPECS

PART = """\
id: part
name: Part
countermeasure: CM0082
version: "1"
description: a part
aim: clean
parameters:
  minutes: {default: 30, min: 10, max: 60}
  noted: true
steps:
  - id: first
    stage: clean
    action: entra.disable_inbox_rules
    when: parameters.noted
    otherwise: it is off
  - id: second
    stage: clean
    action: entra.shorten_token_lifetime
    with: {app_id: 8c59ead7-d703-4a27-9e55-c96a0054c8d2}
    compute: {access_token_minutes: parameters.minutes}
    after: [first]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "part.yaml").write_text(PART)
    return tmp_path


def test_its_steps_are_planned_in_its_own_words(folder: Path) -> None:
    text = """\
parameters: {minutes: 5, short: 20}
steps:
  - id: revoke
    stage: revoke
    action: entra.revoke_sessions
  - part: part
    compute: {minutes: parameters.short}
    after: {first: [revoke]}
"""
    plan = plan_of(text, folder=folder)
    assert [step.node for step in plan.steps] == ["revoke", "first", "second"]
    assert step_of(plan, "first").after == ("revoke",)
    assert step_of(plan, "second").parameters["access_token_minutes"] == 20
    assert (
        step_of(plan_of(text, folder=folder, short=45), "second").parameters["access_token_minutes"]
        == 45
    )


def test_it_is_taken_in_where_its_condition_holds(folder: Path) -> None:
    text = """\
parameters: {take: true, inner: true}
steps:
  - part: part
    prefix: of-
    stage: other
    when: parameters.take
    otherwise: not wanted
    compute: {noted: parameters.inner}
"""
    plan = plan_of(text, folder=folder)
    assert [(step.node, step.stage, step.skipped) for step in plan.steps] == [
        ("of-first", "other", ""),
        ("of-second", "other", ""),
    ]
    assert step_of(plan, "of-second").after == ("of-first",)
    without = plan_of(text, folder=folder, take=False)
    assert {step.skipped for step in without.steps} == {"not wanted"}
    inner = plan_of(text, folder=folder, inner=False)
    assert step_of(inner, "of-first").skipped == "it is off"
    assert not step_of(inner, "of-second").skipped


def test_what_a_part_cannot_take_is_no_reason_to_fail(folder: Path) -> None:
    text = """\
parameters: {short: 20}
steps:
  - part: part
    compute: {minutes: parameters.short}
"""
    plan = plan_of(text, folder=folder, short=1000)
    assert "minutes of part: 1000 is not allowed" in step_of(plan, "second").skipped


def test_parts_have_parts(folder: Path) -> None:
    outer = (
        HEAD.replace("id: mine", "id: outer")
        + """\
parameters: {long: 40}
steps:
  - part: part
    compute: {minutes: parameters.long}
"""
    )
    (folder / "outer.yaml").write_text(outer)
    plan = plan_of("parameters: {most: 50}\nsteps:\n  - {part: outer, compute: {long: parameters.most}}", folder=folder)  # fmt: skip
    assert step_of(plan, "second").parameters["access_token_minutes"] == 50


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{part: nothing}", "line 7, steps.0.part: there is no playbook 'nothing'"),
        ("{part: mine}", "mine would be a part of itself"),
        ("{part: broken}", "broken has faults itself: line 6"),
        ("{part: part, with: {minutes: 5}}", "steps.0.with.minutes: 5 is not allowed"),
        ("{part: part, compute: {hours: '1'}}", "no parameter of part; it has: minutes, noted"),
        ("{part: part, after: {third: [a]}}", "part has no step 'third'"),
        ("{part: part, after: {first: [a]}}", "steps.0: first: 'a' is no step of this playbook"),
        ("{part: part, when: 'alrt.x'}", "steps.0.when: unknown name alrt"),
        ("{part: part, on_request: true}", "only what gives an account back is on_request"),
        ("{part: reissue}", "done on a person's word: say on_request"),
        ("{part: part, wenn: x}", "steps.0.wenn"),
        ("{part: part}\n  - {part: part}", "line 8, steps.1: first: step id 'first' is used twice"),
    ],
)
def test_a_fault_is_named_with_its_line(folder: Path, entry: str, said: str) -> None:
    (folder / "broken.yaml").write_text(HEAD.replace("mine", "broken") + "steps: []")
    with pytest.raises(PlaybookError) as caught:
        load(f"steps:\n  - {entry}", folder)
    assert said in str(caught.value)


def test_an_unknown_action_of_a_part_is_named_at_the_part(folder: Path) -> None:
    (folder / "part.yaml").write_text(PART.replace("entra.disable_inbox_rules", "entra.disable"))
    with pytest.raises(PlaybookError, match=r"line 7, steps\.0.*no action 'entra.disable'"):
        model.check_actions(load("steps:\n  - part: part", folder), SPECS)


def test_the_hash_is_another_when_a_part_is(folder: Path) -> None:
    text = "steps:\n  - part: part"
    before = load(text, folder).hash
    (folder / "part.yaml").write_text(PART + "# noted\n")
    assert load(text, folder).hash != before


def test_what_lives_for_a_while_is_put_back_by_itself() -> None:
    plan = plan_of(
        "parameters: {hours: 2}\n"
        "steps:\n"
        "  - id: quarantine\n"
        "    stage: contain\n"
        "    action: okta.quarantine_group\n"
        "    with: {group_id: 00g1a2b3c4D5e6F7g8h9}\n"
        "    ttl_minutes: parameters.hours * 60"
    )
    end = step_of(plan, "quarantine-end")
    assert (end.undoes, end.delay_s, end.after, end.approval) == (
        "quarantine", 7200, ("quarantine",), False,
    )  # fmt: skip


def test_what_cannot_be_undone_has_no_end() -> None:
    text = "steps:\n  - {id: a, stage: x, action: entra.revoke_sessions, ttl_minutes: 5}"
    with pytest.raises(PlaybookError, match=r"entra\.revoke_sessions cannot be undone"):
        model.check_actions(load(text), SPECS)


GROUP = {"group_id": "00g1a2b3c4D5e6F7g8h9"}


def test_what_earlier_runs_left_is_put_back_the_last_one_first() -> None:
    left = tuple(
        LeftChange(run, "quarantine", "okta.quarantine_group", "okta", GROUP)
        for run in ("run-1", "run-2")
    )
    text = """\
aim: reissue
steps:
  - {id: open, stage: reopen, action: okta.unsuspend_user}
  - {id: groups, stage: restore, restore: okta.quarantine_group, after: [open]}
  - {id: revoke, stage: revoke, action: okta.revoke_sessions, after: [groups]}
"""
    plan = plan_of(text, situated={"left": left})
    first, second = step_of(plan, "groups-1"), step_of(plan, "groups")
    assert (first.undoes_run, first.undoes, first.after) == ("run-2", "quarantine", ("open",))
    assert (second.undoes_run, second.after) == ("run-1", ("open", "groups-1"))
    assert [call.method for call in second.calls] == ["DELETE"]
    assert step_of(plan, "revoke").after == ("groups",)
    none = plan_of(text)
    assert step_of(none, "groups").skipped.startswith("no earlier run")
    assert step_of(none, "revoke").after == ("open",)


def test_who_is_shown_what_is_made_is_part_of_the_plan() -> None:
    text = "aim: reissue\nsteps:\n  - {id: a, stage: x, action: okta.reset_password, with: {hand_over: true}}"  # fmt: skip
    to = {"hand_over_to": Recipient("user-1", "harper")}
    plan, without = plan_of(text, situated=to), plan_of(text)
    assert not step_of(plan, "a").skipped
    assert "nobody is named" in step_of(without, "a").skipped
    assert plan.document()["hand_over_to"] == {"id": "user-1", "name": "harper"}
