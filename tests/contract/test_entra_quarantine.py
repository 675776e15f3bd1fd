"""The quarantine group: what a policy really blocks, and what is said where none does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from connectors import errors
from connectors.action import Outcome
from simulator.entra_access import QUARANTINE_POLICY
from simulator.faults import Fault, drop, forbid, throttle
from simulator.ids import guid
from simulator.people import QUARANTINE_GROUP

if TYPE_CHECKING:
    from entra_tenant import Practice

    from connectors.action import Action
    from simulator.access_policies import AccessPolicy

pytest_plugins = ("entra_tenant",)

NAME = "entra.quarantine_group"
POLICIES = "/identity/conditionalAccess/policies"
PLAIN = httpx.Client(timeout=60, trust_env=False)


def _action(practice: Practice) -> Action:
    return practice.action(NAME, group_id=QUARANTINE_GROUP)


def _policy(practice: Practice) -> AccessPolicy:
    return practice.sim.tenant.access_policies[QUARANTINE_POLICY]


def _members(practice: Practice) -> list[str]:
    return practice.sim.tenant.groups[QUARANTINE_GROUP].members


def _renewed(practice: Practice) -> tuple[int, list[int]]:
    """What the sign-in service answers to the thief who redeems what he stole."""
    user = practice.person().entra
    assert user is not None
    grant = user.refresh_tokens[0]
    answer = PLAIN.post(
        f"{practice.sim.url}/contoso.com/oauth2/v2.0/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": grant.value,
            "client_id": grant.client_id,
        },
    )
    return answer.status_code, answer.json().get("error_codes", [])


def _by_hand(practice: Practice, body: str) -> int:
    key = {"Authorization": "Bearer simulated-graph-token"}
    url = f"{practice.sim.url}/v1.0{POLICIES}"
    return PLAIN.post(url, content=body, headers=key).status_code


async def test_a_member_of_a_blocked_group_gets_no_token_any_more(practice: Practice) -> None:
    assert _renewed(practice)[0] == 200
    before, _, proof = await practice.run(_action(practice), practice.target())
    assert before.snapshot["blocking"]["extent"] == "wholly"
    assert proof.outcome is Outcome.VERIFIED
    assert "Block compromised users" in proof.reason
    assert _renewed(practice) == (400, [53003])
    await _action(practice).undo(practice.target(), before)
    assert _renewed(practice)[0] == 200


@pytest.mark.parametrize("state", ["enabledForReportingButNotEnforced", "disabled"])
async def test_a_policy_that_is_not_on_blocks_nobody_and_nothing_is_written(
    practice: Practice, state: str
) -> None:
    _policy(practice).state = state
    before = await _action(practice).observe(practice.target())
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "No enabled Conditional Access policy blocks the group" in before.verdict.reason
    assert (
        f"-Method PATCH -Uri '/v1.0{POLICIES}/{QUARANTINE_POLICY}'" in before.verdict.instructions
    )
    assert '\'{"state": "enabled"}\'' in before.verdict.instructions
    assert "entra.disable_user" in before.verdict.instructions
    assert practice.writes == []


async def test_what_a_person_is_told_to_send_makes_it_block(practice: Practice) -> None:
    del practice.sim.tenant.access_policies[QUARANTINE_POLICY]
    verdict = (await _action(practice).observe(practice.target())).verdict
    assert verdict is not None
    assert (verdict.outcome, "none names it" in verdict.reason) == (Outcome.MANUAL, True)
    line = next(x for x in verdict.instructions.splitlines() if "-Body" in x)
    assert f"-Method POST -Uri '/v1.0{POLICIES}'" in line
    body = line.partition("-Body ")[2].strip("'")
    assert _by_hand(practice, body) == 201
    _, _, proof = await practice.run(_action(practice), practice.target())
    assert proof.outcome is Outcome.VERIFIED
    assert _renewed(practice) == (400, [53003])


def _excluding(practice: Practice, **users: list[str]) -> None:
    _policy(practice).conditions["users"].update(users)


async def test_a_person_the_policy_leaves_out_is_not_blocked(practice: Practice) -> None:
    _excluding(practice, excludeUsers=[practice.target().id])
    verdict = (await _action(practice).observe(practice.target())).verdict
    assert verdict is not None
    assert (verdict.outcome, "excludes the account" in verdict.reason) == (Outcome.MANUAL, True)


async def test_another_group_of_hers_that_the_policy_leaves_out(practice: Practice) -> None:
    spared = guid("group", "dynamic")
    _excluding(practice, excludeGroups=[spared])
    _, _, proof = await practice.run(_action(practice), practice.target("user01"))
    assert proof.outcome is Outcome.VERIFIED
    practice.sim.tenant.groups[spared].members.append(practice.target().id)
    verdict = (await _action(practice).observe(practice.target())).verdict
    assert verdict is not None
    assert "excludes another group" in verdict.reason


async def test_a_block_in_part_is_made_and_is_no_success(practice: Practice) -> None:
    spared = guid("appId", "crm")
    _policy(practice).conditions["applications"]["excludeApplications"] = [spared]
    before, _, proof = await practice.run(_action(practice), practice.target())
    assert before.snapshot["blocking"]["extent"] == "in part"
    assert practice.target().id in _members(practice)
    assert proof.outcome is Outcome.MANUAL
    assert f"not the apps {spared}" in proof.reason
    assert any("no policy blocks it" in each.what for each in proof.exposure)
    again = (await _action(practice).observe(practice.target())).verdict
    assert again is not None
    assert again.outcome is Outcome.MANUAL


async def test_policies_that_may_not_be_read_leave_it_unverifiable(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex=POLICIES))
    before, _, proof = await practice.run(_action(practice), practice.target())
    assert before.snapshot["blocking"]["extent"] is None
    assert practice.target().id in _members(practice)
    assert proof.outcome is Outcome.UNVERIFIABLE
    assert "Policy.Read.All" in proof.reason
    again = (await _action(practice).observe(practice.target())).verdict
    assert again is not None
    assert (again.outcome, "a member already" in again.reason) == (Outcome.UNVERIFIABLE, True)


async def test_policies_that_cannot_be_read_now_are_read_later(practice: Practice) -> None:
    practice.sim.faults.add(Fault(drop(), path_regex=POLICIES))
    with pytest.raises(errors.Unavailable):
        await _action(practice).observe(practice.target())
    practice.sim.faults.clear()
    practice.sim.faults.add(Fault(throttle(0.01), path_regex=POLICIES, times=1))
    _, _, proof = await practice.run(_action(practice), practice.target())
    assert proof.outcome is Outcome.VERIFIED


async def test_a_policy_switched_off_meanwhile_is_seen(practice: Practice) -> None:
    action, target = _action(practice), practice.target()
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    _policy(practice).state = "enabledForReportingButNotEnforced"
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.MANUAL
    assert "only reports" in proof.reason


async def test_a_member_nothing_blocks_is_not_called_done(practice: Practice) -> None:
    _members(practice).append(practice.target().id)
    _policy(practice).state = "disabled"
    before = await _action(practice).observe(practice.target())
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL


@pytest.mark.parametrize(
    ("group", "why"),
    [
        (guid("group", "dynamic"), "follows a rule of its own"),
        (guid("group", "admins"), "may hold directory roles"),
        (guid("group", "gone"), "has no group"),
    ],
)
async def test_a_group_that_does_not_fit_is_for_a_person(
    practice: Practice, group: str, why: str
) -> None:
    policy = _policy(practice)
    policy.conditions["users"]["includeGroups"] = [group]
    before = await practice.action(NAME, group_id=group).observe(practice.target())
    assert before.verdict is not None
    assert (before.verdict.outcome, why in before.verdict.reason) == (Outcome.MANUAL, True)
    assert "group_id" in before.verdict.instructions
    assert practice.writes == []


async def test_others_of_the_group_and_other_policies_stay_as_they_were(practice: Practice) -> None:
    other = practice.target("user05").id
    _members(practice).append(other)
    policies: Any = {k: p.to_json() for k, p in practice.sim.tenant.access_policies.items()}
    before, _, _ = await practice.run(_action(practice), practice.target())
    await _action(practice).undo(practice.target(), before)
    assert _members(practice) == [other]
    now = {k: p.to_json() for k, p in practice.sim.tenant.access_policies.items()}
    assert now == policies
