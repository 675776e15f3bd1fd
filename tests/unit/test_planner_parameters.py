"""Parameters of playbooks: a value nobody meant is refused, and never quietly left unused."""

from __future__ import annotations

from typing import Any

import pytest
from planning import live, load, plan_of, step_of

from playbooks import model
from playbooks.errors import ParameterError, PlaybookError

STEPS = "\nsteps:\n  - {id: revoke, stage: revoke, action: entra.revoke_sessions}\n"


@pytest.mark.parametrize(
    ("given", "what", "right"),
    [
        ({"okta_containment": "Suspend"}, "'Suspend' is not allowed", "suspend or reset"),
        ({"okta_containment": True}, "not a str", "a str, as its default 'suspend'"),
        ({"entra_disable": "yes"}, "not a bool", "a bool, as its default True"),
        ({"shorten_to_minutes": 5}, "5 is not allowed", "0, or 10 to 1440"),
        ({"shorten_to_minutes": True}, "not a int", "a int, as its default 0"),
        ({"restore_after_minutes": -1}, "-1 is not allowed", "0 to 10080"),
        (
            {"okta_contaiment": "reset"},
            "no parameter of this playbook",
            ", ".join(model.load("cm0080").playbook.declared),
        ),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_would_be_right(
    given: dict[str, Any], what: str, right: str
) -> None:
    (fault,) = model.parameter_faults(model.load("cm0080"), given)
    assert (fault.name, fault.what, fault.right) == (*given, what, right)
    with pytest.raises(ParameterError) as caught:
        plan_of(**given)
    assert f"playbooks.parameters.cm0080.{fault.name}: {what}; right would be: {right}" in str(
        caught.value
    )
    assert "settings" in caught.value.remedy


@pytest.mark.parametrize(
    "given",
    [{}, {"okta_containment": "reset", "entra_disable": False}, {"shorten_to_minutes": 10},
     {"shorten_to_minutes": 1440, "restore_after_minutes": 0}, {"shorten_to_minutes": 0}],
)  # fmt: skip
def test_what_is_allowed_is_planned(given: dict[str, Any]) -> None:
    assert model.parameter_faults(model.load("cm0080"), given) == []
    assert "okta-revoke" in live(plan_of(**given))


def test_no_setting_leaves_okta_uncontained() -> None:
    for value in ("suspend", "reset"):
        planned = live(plan_of(okta_containment=value))
        assert len(planned & {"okta-suspend", "okta-reset-password"}) == 1


def test_a_parameter_without_limits_takes_whatever_has_its_type() -> None:
    loaded = load("parameters: {word: a, count: 1, flag: true}" + STEPS)
    assert dict(loaded.playbook.parameters) == {"word": "a", "count": 1, "flag": True}
    assert model.parameter_faults(loaded, {"word": "", "count": -7, "flag": False}) == []


def test_limits_may_be_open_at_one_end() -> None:
    loaded = load("parameters: {low: {default: 3, max: 5}, high: {default: 3, min: 2}}" + STEPS)
    said = [str(fault.right) for fault in model.parameter_faults(loaded, {"low": 6, "high": 1})]
    assert said == ["at most 5", "at least 2"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("x: {choices: [a]}", "line 6, parameters.x.default: Field required"),
        (
            "x: {default: b, choices: [a]}",
            "line 6, parameters.x.default: 'b' is not allowed; right",
        ),
        ("x: {default: a, choices: [a, 1]}", "parameters.x.choices.1: not a str"),
        ("x: {default: a, min: 1}", "parameters.x.min: only a whole number has a min"),
        ("x: {default: true, max: 1}", "parameters.x.max: only a whole number has a max"),
        ("x: {default: 3, min: 5, max: 1}", "parameters.x.min: 5 is more than max, 1"),
        ("x: {default: 3, minimum: 1}", "parameters.x.minimum: Extra inputs"),
        ("x: {default: 3, min: true}", "parameters.x.min: Input should be a valid integer"),
        ("x: [1]", "parameters.x: give text, a whole number, true or false"),
        ("x: 1.5", "parameters.x: give text, a whole number, true or false"),
    ],
)
def test_a_parameter_that_contradicts_itself_is_refused_when_the_file_is_read(
    parameters: str, said: str
) -> None:
    with pytest.raises(PlaybookError) as caught:
        load("parameters: {" + parameters + "}" + STEPS)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_condition_that_is_neither_true_nor_false_says_so_and_not_its_opposite() -> None:
    plan = plan_of("""\
steps:
  - id: revoke
    stage: revoke
    action: entra.revoke_sessions
    when: alert.severity
    otherwise: the alert is not severe
""")
    said = step_of(plan, "revoke").skipped
    assert said == "its condition is neither true nor false: alert.severity"


@pytest.mark.parametrize("when", ["1 / 0 == 1", "alert.nothing == 1", "alert.app_ids[0] == ''"])
def test_a_condition_that_fails_leaves_the_step_out_and_the_plan_whole(when: str) -> None:
    plan = plan_of(f"""\
steps:
  - {{id: revoke, stage: revoke, action: entra.revoke_sessions}}
  - {{id: disable, stage: contain, action: entra.disable_user, when: "{when}", otherwise: calm}}
""")
    assert "could not be evaluated" in step_of(plan, "disable").skipped
    assert live(plan) == {"revoke"}


@pytest.mark.parametrize("delay", ["alert.nothing", "1 / 0", "'soon'", "0 - 5", "true"])
def test_a_delay_that_makes_no_sense_leaves_the_step_out_and_says_so(delay: str) -> None:
    plan = plan_of(f"""\
steps:
  - {{id: revoke, stage: revoke, action: entra.revoke_sessions, delay_minutes: "{delay}"}}
""")
    assert step_of(plan, "revoke").skipped == f"its delay is no number of minutes: {delay}"


def test_a_negative_delay_is_refused_when_the_file_is_read() -> None:
    with pytest.raises(PlaybookError, match="delay_minutes"):
        load("steps:\n  - {id: a, stage: x, action: entra.revoke_sessions, delay_minutes: -1}")


@pytest.mark.parametrize("given", ["with: {hand_over: true}", "compute: {hand_over: 1 == 1}"])
def test_what_nobody_would_be_handed_is_not_made(given: str) -> None:
    plan = plan_of(
        f"steps:\n  - {{id: reset, stage: reset, action: okta.reset_password, {given}}}\n"
    )
    assert "nobody is named to hand it over" in step_of(plan, "reset").skipped
