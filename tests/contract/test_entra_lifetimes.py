"""Shortening an app's access tokens, and giving back what it had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from connectors import errors
from connectors.action import Action, Outcome
from simulator.faults import Fault, apply_then, ignore, status
from simulator.people import LINE_APP
from simulator.tenant import LifetimePolicy

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

PRIOR = "7b4f8f1e-2f4a-4d8e-9a53-8f0f6cf0a001"


def shorten(practice: Practice, **parameters: object) -> Action:
    return practice.action(
        "entra.shorten_token_lifetime", **{"app_id": LINE_APP.app_id, **parameters}
    )


def give_prior(practice: Practice) -> None:
    text = '{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"02:00:00"}}'
    practice.sim.tenant.policies[PRIOR] = LifetimePolicy(PRIOR, "Long", [text], 7200.0)
    practice.sim.tenant.applications[0].application_policies.append(PRIOR)


def lifetime(practice: Practice) -> float:
    user = practice.person().entra
    return practice.sim.tenant.access_token_lifetime(user, LINE_APP.app_id)


async def test_tokens_are_short_and_everybody_is_told_what_is_not_reached(
    practice: Practice,
) -> None:
    _, _, proof = await practice.run(shorten(practice), practice.target())
    assert proof.outcome is Outcome.VERIFIED
    assert lifetime(practice) == 600
    (policy,) = practice.sim.tenant.policies.values()
    assert policy.organization_default is False
    told = " ".join(exposure.what for exposure in proof.exposure)
    assert "refresh tokens" in told
    assert "continuous access evaluation" in told


async def test_undo_gives_back_the_policy_the_app_had(practice: Practice) -> None:
    give_prior(practice)
    action, target = shorten(practice, access_token_minutes=90), practice.target()
    before, _, proof = await practice.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    assert lifetime(practice) == 5400

    await action.undo(target, before)

    assert (await action.restored(target, before, practice.short)).outcome is Outcome.VERIFIED
    assert practice.sim.tenant.applications[0].application_policies == [PRIOR]
    assert list(practice.sim.tenant.policies) == [PRIOR]


async def test_undo_twice_does_no_harm(practice: Practice) -> None:
    give_prior(practice)
    action, target = shorten(practice), practice.target()
    before, _, _ = await practice.run(action, target)
    await action.undo(target, before)
    await action.undo(target, before)
    assert practice.sim.tenant.applications[0].application_policies == [PRIOR]


async def test_a_second_run_finds_it_short_and_its_undo_leaves_it(practice: Practice) -> None:
    target = practice.target()
    await practice.run(shorten(practice), target)
    writes = len(practice.writes)
    action = shorten(practice, access_token_minutes=20)
    again = await action.observe(target)
    assert again.satisfied is True
    await action.undo(target, again)
    assert len(practice.writes) == writes
    assert lifetime(practice) == 600


async def test_shorter_than_another_run_asked_is_not_nested(practice: Practice) -> None:
    target = practice.target()
    await practice.run(shorten(practice, access_token_minutes=60), target)
    verdict = (await shorten(practice, access_token_minutes=10).observe(target)).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.SKIPPED


@pytest.mark.parametrize(("method", "path"), [("POST", r"\$ref"), ("DELETE", r"\$ref")])
async def test_a_crash_in_the_middle_makes_no_second_policy(
    practice: Practice, method: str, path: str
) -> None:
    give_prior(practice)
    practice.sim.faults.add(Fault(status(500), method=method, path_regex=path, times=1))
    action, target = shorten(practice), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)

    receipt = await action.apply(target, before)

    assert (
        await action.verify(target, before, receipt, practice.short)
    ).outcome is Outcome.VERIFIED
    assert len(practice.sim.tenant.policies) == 2
    await action.undo(target, before)
    assert practice.sim.tenant.applications[0].application_policies == [PRIOR]


async def test_a_policy_made_without_an_answer_is_found_again(practice: Practice) -> None:
    practice.sim.faults.add(Fault(apply_then(504), method="POST", path_regex="Policies$", times=1))
    action, target = shorten(practice), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    await action.apply(target, before)
    assert len(practice.sim.tenant.policies) == 1
    assert lifetime(practice) == 600


async def test_a_policy_somebody_assigned_meanwhile_is_not_taken_away(practice: Practice) -> None:
    action, target = shorten(practice), practice.target()
    before = await action.observe(target)
    give_prior(practice)
    policies = len(practice.sim.tenant.policies)
    with pytest.raises(errors.Conflict):
        await action.apply(target, before)
    assert practice.sim.tenant.applications[0].application_policies == [PRIOR]
    assert len(practice.sim.tenant.policies) == policies, "none of ours is left lying about"


async def test_a_success_that_assigned_nothing_ends_as_failed(practice: Practice) -> None:
    practice.sim.faults.add(Fault(ignore(), method="POST", path_regex=r"\$ref"))
    _, _, proof = await practice.run(shorten(practice), practice.target())
    assert proof.outcome is Outcome.FAILED


async def test_an_app_nobody_knows_is_skipped(practice: Practice) -> None:
    action = shorten(practice, app_id="00000000-0000-4000-8000-000000000000")
    verdict = (await action.observe(practice.target())).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    "parameters",
    [{"app_id": "expenses"}, {"access_token_minutes": 9}, {"access_token_minutes": 1441}],
)
async def test_parameters_entra_would_refuse_are_refused_before(
    practice: Practice, parameters: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        shorten(practice, **parameters)
