"""Explaining how long tokens and sessions last: what holds, why, and what is not known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connectors import errors
from connectors.action import Observation, Outcome
from simulator.access_policies import AccessPolicy
from simulator.faults import Fault, forbid, status, throttle
from simulator.people import LINE_APP
from simulator.records import Group
from simulator.tenant import LifetimePolicy

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

NAME = "entra.explain_token_lifetimes"
OURS = {"app_id": LINE_APP.app_id}
OLD = {
    "Version": 1,
    "MaxInactiveTime": "14.00:00:00",
    "MaxAgeSingleFactor": "90.00:00:00",
    "MaxAgeMultiFactor": "90.00:00:00",
    "MaxAgeSessionSingleFactor": "until-revoked",
    "MaxAgeSessionMultiFactor": "until-revoked",
}


async def explain(practice: Practice, name: str = "nora.lind", **parameters: object) -> Observation:
    before = await practice.action(NAME, **parameters).observe(practice.target(name))
    assert before.verdict is not None
    assert practice.writes == []
    return before


def row(before: Observation, what: str) -> dict[str, Any]:
    return next(each for each in before.snapshot["rows"] if each["what"] == what)


def give(practice: Practice, name: str, *, default: bool = False, **settings: object) -> str:
    """A token lifetime policy of the tenant."""
    text = json.dumps({"TokenLifetimePolicy": {"Version": 1, **settings}})
    policy_id = f"id-of-{name}"
    practice.sim.tenant.policies[policy_id] = LifetimePolicy(policy_id, name, [text], None, default)
    return policy_id


def ask(
    practice: Practice,
    name: str,
    *,
    users: dict[str, Any] = {"includeUsers": ["All"]},  # noqa: B006 - only read
    apps: dict[str, Any] = {"includeApplications": ["All"]},  # noqa: B006
    state: str = "enabled",
    conditions: dict[str, Any] = {},  # noqa: B006
    **session: Any,
) -> None:
    """A Conditional Access policy of the tenant with these session controls."""
    conditions = {"clientAppTypes": ["all"], "users": users, "applications": apps, **conditions}
    made = AccessPolicy(f"id-of-{name}", name, state, conditions, None, session)
    practice.sim.tenant.access_policies[made.id] = made


def frequency(value: int, kind: str) -> dict[str, Any]:
    return {"isEnabled": True, "type": kind, "value": value, "frequencyInterval": "timeBased",
            "authenticationType": "primaryAndSecondaryAuthentication"}  # fmt: skip


async def test_without_any_policy_the_defaults_hold(practice: Practice) -> None:
    before = await explain(practice, **OURS)
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.OBSERVED
    lives = {each["what"]: each["lives"] for each in before.snapshot["rows"]}
    assert lives == {
        "access token": "60 to 90 minutes",
        "access token with CAE": "up to 28 hours",
        "ID and SAML token": "1 hour",
        "refresh token": "until revoked",
        "inactivity": "90 days",
        "session cookie": "24 hours unused; 90 days where the person chose to stay signed in",
        "sign-in again": "not asked",
    }
    assert before.snapshot["unknown"] == []
    assert "nora.lind@contoso.com in Contoso Expenses" in before.verdict.reason
    assert len(before.verdict.reason) < 400


async def test_the_step_changes_nothing_and_says_so(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target()
    before = await explain(practice)
    receipt = await action.apply(target, before)
    assert receipt.data["sent"] is False
    assert action.preview(target) == ()


@pytest.mark.parametrize("place", ["application_policies", "service_principal_policies"])
async def test_the_app_s_policy_sets_its_access_tokens(practice: Practice, place: str) -> None:
    short = give(practice, "Short", AccessTokenLifetime="00:10:00")
    getattr(practice.sim.tenant.applications[0], place).append(short)
    before = await explain(practice, **OURS)
    assert row(before, "access token")["lives"] == "10 minutes"
    assert "Short" in row(before, "access token")["why"]
    assert row(before, "ID and SAML token")["lives"] == "10 minutes"
    assert row(before, "access token with CAE")["lives"] == "up to 28 hours"


async def test_the_organization_s_default_wins_over_the_app_s_own(practice: Practice) -> None:
    app = practice.sim.tenant.applications[0]
    app.application_policies.append(give(practice, "Short", AccessTokenLifetime="00:10:00"))
    give(practice, "Day", default=True, AccessTokenLifetime="1.00:00:00")
    before = await explain(practice, **OURS)
    assert row(before, "access token")["lives"] == "1 day"
    assert "Day" in row(before, "access token")["why"]


async def test_two_policies_that_differ_are_not_guessed_between(practice: Practice) -> None:
    app = practice.sim.tenant.applications[0]
    app.application_policies.append(give(practice, "Short", AccessTokenLifetime="00:10:00"))
    app.service_principal_policies.append(give(practice, "Long", AccessTokenLifetime="02:00:00"))
    before = await explain(practice, **OURS)
    told = row(before, "access token")
    assert (told["lives"], told["known"]) == ("10 minutes or 2 hours", False)
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.UNVERIFIABLE


async def test_without_an_app_the_policies_apps_may_have_are_named(practice: Practice) -> None:
    give(practice, "Short", AccessTokenLifetime="00:10:00")
    told = row(await explain(practice), "access token")
    assert told["lives"] == "60 to 90 minutes"
    assert '10 minutes (policy "Short")' in told["why"]


async def test_old_settings_are_told_with_what_they_meant_and_mean(practice: Practice) -> None:
    give(practice, "Legacy", default=True, **OLD)
    before = await explain(practice, **OURS)
    told = {each["setting"]: each for each in before.snapshot["retired"]}
    assert set(told) == set(OLD) - {"Version"}
    assert told["MaxInactiveTime"]["value"] == "14.00:00:00"
    assert "not used for so long" in told["MaxInactiveTime"]["meant"]
    assert all("no effect since 2021-01-30" in each["today"] for each in told.values())
    assert row(before, "refresh token")["lives"] == "until revoked"
    assert row(before, "access token")["lives"] == "60 to 90 minutes"
    assert before.verdict is not None
    assert '5 old settings in "Legacy" have no effect' in before.verdict.reason


async def test_a_default_without_an_access_lifetime_leaves_the_app_s_in_doubt(
    practice: Practice,
) -> None:
    give(practice, "Legacy", default=True, **OLD)
    app = practice.sim.tenant.applications[0]
    app.application_policies.append(give(practice, "Short", AccessTokenLifetime="00:10:00"))
    told = row(await explain(practice, **OURS), "access token")
    assert (told["lives"], told["known"]) == ("10 minutes or 60 to 90 minutes", False)


async def test_the_older_defaults_can_be_written_back_and_what_carries_them_is_given(
    practice: Practice,
) -> None:
    older = (await explain(practice)).snapshot["older_defaults"]
    (text,) = older["policy"]["definition"]
    assert json.loads(text) == {"TokenLifetimePolicy": OLD}
    assert older["policy"]["isOrganizationDefault"] is True
    assert "no effect" in older["effect"]
    carried = older["conditional_access"]["sessionControls"]["signInFrequency"]
    assert (carried["value"], carried["type"]) == (90, "days")
    # What is given is what explains itself: enabled, it is the sign-in frequency that holds.
    given = older["conditional_access"]
    practice.sim.tenant.access_policies["older"] = AccessPolicy(
        "older", "Older", "enabled", given["conditions"], None, given["sessionControls"]
    )
    assert row(await explain(practice), "sign-in again")["lives"] == "after 90 days"


async def test_a_sign_in_frequency_is_the_strictest_that_holds(practice: Practice) -> None:
    ask(practice, "Weekly", signInFrequency=frequency(7, "days"))
    ask(practice, "Four hours", signInFrequency=frequency(4, "hours"))
    ask(practice, "Hourly on phones", signInFrequency=frequency(1, "hours"),
        conditions={"platforms": {"includePlatforms": ["iOS"], "excludePlatforms": []}})  # fmt: skip
    ask(practice, "Tried out", state="enabledForReportingButNotEnforced",
        signInFrequency=frequency(1, "hours"))  # fmt: skip
    ask(practice, "Off", state="disabled", signInFrequency=frequency(1, "hours"))
    before = await explain(practice, **OURS)
    told = row(before, "sign-in again")
    assert (told["lives"], told["known"]) == ("after 4 hours", True)
    assert '"Four hours"' in told["why"]
    assert 'after 1 hour "Hourly on phones" (depending on platforms)' in told["why"]
    enforced = {each["policy"]: each["enforced"] for each in before.snapshot["conditional_access"]}
    assert enforced["Tried out"] is False
    assert "Off" not in enforced
    assert "asks again" in row(before, "refresh token")["why"]


async def test_every_time_is_the_strictest(practice: Practice) -> None:
    ask(practice, "Hour", signInFrequency=frequency(1, "hours"))
    always = {"isEnabled": True, "frequencyInterval": "everyTime", "type": None, "value": None,
              "authenticationType": "secondaryAuthentication"}  # fmt: skip
    ask(practice, "Always", signInFrequency=always)
    told = row(await explain(practice), "sign-in again")
    assert told["lives"] == "every time"
    assert "second factor only" in told["why"]


async def test_browser_sessions_are_as_a_policy_says(practice: Practice) -> None:
    ask(practice, "Keep", persistentBrowser={"isEnabled": True, "mode": "always"})
    assert row(await explain(practice), "session cookie")["lives"] == "90 days unused"
    ask(practice, "Forget", persistentBrowser={"isEnabled": True, "mode": "never"})
    told = row(await explain(practice), "session cookie")
    assert told["lives"].startswith("until the browser closes")


async def test_continuous_access_evaluation_can_be_turned_off(practice: Practice) -> None:
    ask(practice, "No CAE", continuousAccessEvaluation={"mode": "disabled"})
    told = row(await explain(practice), "access token with CAE")
    assert told["lives"] == "none"
    assert "No CAE" in told["why"]


async def test_an_administrator_s_role_is_met(practice: Practice) -> None:
    told = row(await explain(practice, "quentin.admin"), "sign-in again")
    assert told["lives"] == "after 12 hours"
    assert row(await explain(practice), "sign-in again")["lives"] == "not asked"


async def test_groups_in_groups_count_and_exclusion_wins(practice: Practice) -> None:
    user, groups = practice.person().entra, practice.sim.tenant.groups
    inner, outer, spared = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
    assert user is not None
    groups[inner] = Group(inner, "Inner", members=[user.id])
    groups[outer] = Group(outer, "Outer", members=[inner])
    groups[spared] = Group(spared, "Spared", members=[user.id])
    ask(practice, "Outer", users={"includeGroups": [outer]}, signInFrequency=frequency(2, "hours"))
    ask(practice, "Not her", users={"includeUsers": ["All"], "excludeGroups": [spared]},
        signInFrequency=frequency(1, "hours"))  # fmt: skip
    assert row(await explain(practice), "sign-in again")["lives"] == "after 2 hours"


async def test_apps_are_met_by_id_by_suite_and_by_none(practice: Practice) -> None:
    ask(practice, "Office", apps={"includeApplications": ["Office365"]},
        signInFrequency=frequency(1, "hours"))  # fmt: skip
    ask(practice, "This app", apps={"includeApplications": [LINE_APP.app_id]},
        signInFrequency=frequency(3, "hours"))  # fmt: skip
    ask(practice, "Others", signInFrequency=frequency(2, "hours"),
        apps={"includeApplications": ["All"], "excludeApplications": [LINE_APP.app_id]})  # fmt: skip
    told = row(await explain(practice, **OURS), "sign-in again")
    assert (told["lives"], told["known"]) == ("after 3 hours", True)
    anywhere = row(await explain(practice), "sign-in again")
    assert anywhere["lives"] == "not asked"
    assert 'after 2 hours "Others" (depending on all apps but some)' in anywhere["why"]
    assert '"This app" (depending on certain apps only)' in anywhere["why"]


async def test_a_single_page_app_has_a_day(practice: Practice) -> None:
    practice.sim.tenant.applications[0].single_page = True
    before = await explain(practice, **OURS)
    assert row(before, "refresh token")["lives"] == "24 hours"
    assert row(before, "inactivity")["lives"] == "24 hours"


async def test_a_guest_has_no_continuous_access_evaluation(practice: Practice) -> None:
    before = await explain(practice, "sam.partner")
    assert row(before, "access token with CAE")["lives"] == "none"
    ask(practice, "Guests", users={"includeUsers": ["GuestsOrExternalUsers"]},
        signInFrequency=frequency(1, "hours"))  # fmt: skip
    assert row(await explain(practice, "sam.partner"), "sign-in again")["lives"] == "after 1 hour"
    assert row(await explain(practice), "sign-in again")["lives"] == "not asked"


async def test_policies_that_cannot_be_read_leave_exactly_that_unknown(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="/policies/tokenLifetimePolicies"))
    before = await explain(practice)
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.UNVERIFIABLE
    unknown = {each["what"] for each in before.snapshot["rows"] if not each["known"]}
    assert unknown == {"access token", "ID and SAML token"}
    assert "Policy.Read.All" in before.snapshot["unknown"][0]["remedy"]


async def test_conditional_access_that_cannot_be_read_leaves_its_part_unknown(
    practice: Practice,
) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="conditionalAccess"))
    before = await explain(practice)
    unknown = {each["what"] for each in before.snapshot["rows"] if not each["known"]}
    assert unknown == {"access token with CAE", "session cookie", "sign-in again"}
    assert row(before, "access token")["known"] is True


async def test_a_beta_that_does_not_answer_leaves_one_row_unknown(practice: Practice) -> None:
    practice.sim.faults.add(Fault(status(503), path_regex="^/beta"))
    before = await explain(practice)
    unknown = [each["what"] for each in before.snapshot["rows"] if not each["known"]]
    assert unknown == ["access token with CAE"]


async def test_memberships_that_cannot_be_read_leave_group_policies_unknown(
    practice: Practice,
) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="transitiveMemberOf"))
    before = await explain(practice)
    told = row(before, "sign-in again")
    assert (told["lives"], told["known"]) == ("not asked", False)
    assert "unknown which groups, roles" in told["why"]
    assert before.verdict is not None
    assert "sign-in again" in before.verdict.reason.partition("unknown:")[2]
    # A policy for everybody needs no membership to be told of.
    ask(practice, "All", signInFrequency=frequency(1, "hours"))
    told = row(await explain(practice), "sign-in again")
    assert (told["lives"], told["known"]) == ("after 1 hour", True)


async def test_an_app_nobody_knows_is_said_to_be_unknown(practice: Practice) -> None:
    before = await explain(practice, app_id="00000000-0000-4000-8000-00000000dead")
    assert {each["what"] for each in before.snapshot["unknown"]} == {"the app"}


async def test_nothing_readable_is_a_missing_permission(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="olicies"))
    with pytest.raises(errors.Forbidden) as caught:
        await practice.action(NAME).observe(practice.target())
    assert "Policy.Read.All" in caught.value.remedy


async def test_throttled_then_it_works(practice: Practice) -> None:
    practice.sim.faults.add(Fault(throttle(0.0), path_regex="tokenLifetimePolicies", times=1))
    assert row(await explain(practice), "access token")["known"] is True
