"""Issuing a Temporary Access Pass: one pass, whose code goes into the hand-over and nowhere else."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import ValidationError

from connectors import errors
from connectors.action import Action, Observation, Outcome, Receipt, Target
from simulator import entra_pass
from simulator.entra_state import AccessPass, EntraUser
from simulator.faults import Fault, apply_then, forbid, ignore, throttle
from simulator.people import LINE_APP

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

NAME = "entra.issue_temporary_access_pass"
METHODS = "entra.remove_auth_methods"
POLICY = "authenticationMethodConfigurations"


def issue(practice: Practice, **parameters: object) -> Action:
    return practice.action(NAME, **parameters)


def account(practice: Practice, name: str = "nora.lind") -> EntraUser:
    user = practice.person(name).entra
    assert user is not None
    return user


def listed(practice: Practice, name: str = "nora.lind") -> list[AccessPass]:
    return [m for m in account(practice, name).methods if isinstance(m, AccessPass)]


def give(practice: Practice, code: str, age_s: float = 600.0, **more: object) -> AccessPass:
    """A pass that somebody else has made."""
    began = time.time() - age_s
    kind = "temporaryAccessPass"
    one = AccessPass(f"id-of-{code}", kind, began, code=code, start=began, **more)  # type: ignore[arg-type]
    account(practice).methods.append(one)
    return one


def code_of(receipt: Receipt) -> str:
    assert receipt.handover is not None
    return receipt.handover.secret.get_secret_value()


def signs_in(practice: Practice, code: str, name: str = "nora.lind") -> bool:
    answer = httpx.post(
        f"{practice.sim.url}/contoso.com/oauth2/v2.0/authorize",
        data={"login": account(practice, name).upn, "accesspass": code},
        timeout=60,
        trust_env=False,
    )
    return answer.status_code == 302 and "ESTSAUTH" in answer.headers["set-cookie"]


def redeemed(practice: Practice, token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": ""}
    url = f"{practice.sim.url}/contoso.com/oauth2/v2.0/token"
    return httpx.post(url, data=form, timeout=60, trust_env=False)


def told(practice: Practice, path: str) -> str:
    url = f"{practice.sim.url}/v1.0/users/{account(practice).id}/authentication/{path}"
    headers = {"Authorization": "Bearer simulated-graph-token"}
    return httpx.get(url, headers=headers, timeout=60, trust_env=False).text


async def test_the_pass_signs_in_once_and_its_code_is_handed_over_only(practice: Practice) -> None:
    older = [m.id for m in account(practice).methods]
    before, receipt, proof = await practice.run(issue(practice), practice.target())
    assert proof.outcome is Outcome.VERIFIED
    (made,) = listed(practice)
    assert receipt.handover is not None
    assert receipt.handover.kind == "temporary_access_pass"
    until = datetime.fromisoformat(receipt.handover.until)
    assert abs(until.timestamp() - made.end) < 2
    assert (made.once, made.lifetime_min) == (True, 60)
    code = code_of(receipt)
    said = json.dumps([asdict(before), receipt.data, asdict(proof)]) + repr(receipt)
    said += repr(practice.journal.lines) + repr(practice.sim.requests.all())
    assert code not in said
    assert signs_in(practice, code)
    assert not signs_in(practice, code), "once"
    assert [m.id for m in account(practice).methods if m.id != made.id] == older
    (left,) = proof.exposure
    assert left.until == receipt.handover.until


async def test_a_pass_that_has_been_used_by_now_is_verified(practice: Practice) -> None:
    action, target = issue(practice), practice.target()
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    assert signs_in(practice, code_of(receipt))
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.VERIFIED
    assert "used" in proof.reason


async def test_what_the_pass_has_signed_in_ends_with_it(practice: Practice) -> None:
    _, receipt, _ = await practice.run(issue(practice, usable_once=False), practice.target())
    assert signs_in(practice, code_of(receipt))
    assert signs_in(practice, code_of(receipt)), "more than once"
    grant = account(practice).refresh_tokens[-1]
    assert redeemed(practice, grant.value).json()["expires_in"] <= 3600
    practice.sim.tenant.advance(3700)
    assert redeemed(practice, grant.value).status_code == 400
    assert not signs_in(practice, code_of(receipt))


async def test_a_pass_that_is_there_is_deleted_first_and_that_is_said(practice: Practice) -> None:
    thiefs = give(practice, "thiefs-code")
    before, receipt, proof = await practice.run(issue(practice), practice.target())
    assert "deleted first" in before.snapshot["notice"]
    assert proof.outcome is Outcome.VERIFIED
    assert [line.partition(" ")[0] for line in practice.writes] == ["DELETE", "POST"]
    assert [each["pass"] for each in receipt.data["replaced"]] == [thiefs.id]
    assert not signs_in(practice, "thiefs-code")
    assert signs_in(practice, code_of(receipt))


async def test_a_pass_that_is_to_be_kept_is_kept(practice: Practice) -> None:
    give(practice, "another-code")
    before = await issue(practice, replace_existing=False).observe(practice.target())
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.SKIPPED
    assert "replace_existing" in before.verdict.reason
    assert signs_in(practice, "another-code")
    assert practice.writes == []


async def test_one_that_was_made_meanwhile_is_kept_too(practice: Practice) -> None:
    action, target = issue(practice, replace_existing=False), practice.target()
    before = await action.observe(target)
    give(practice, "another-code", 0.0, lifetime_min=120)
    with pytest.raises(errors.Conflict):
        await action.apply(target, before)
    assert signs_in(practice, "another-code")


async def test_one_that_has_run_out_hinders_nothing(practice: Practice) -> None:
    give(practice, "old-code", 7200.0)
    action = issue(practice, replace_existing=False)
    _, receipt, proof = await practice.run(action, practice.target())
    assert proof.outcome is Outcome.VERIFIED
    assert signs_in(practice, code_of(receipt))
    assert len(listed(practice)) == 1


async def test_a_lost_answer_loses_the_code_so_another_pass_is_made(practice: Practice) -> None:
    practice.sim.faults.add(Fault(apply_then(504), method="POST", times=1))
    action, target = issue(practice, replace_existing=False), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    (lost,) = listed(practice)
    proof = await action.verify(target, before, None, practice.short)
    assert proof.outcome is Outcome.FAILED
    assert "lost with the answer" in proof.reason
    receipt = await action.apply(target, before)
    assert (await action.verify(target, before, receipt, practice.short)).outcome is (
        Outcome.VERIFIED
    )
    assert len(listed(practice)) == 1
    assert not signs_in(practice, lost.code)
    assert signs_in(practice, code_of(receipt))


async def test_a_success_that_made_nothing_ends_as_failed(practice: Practice) -> None:
    practice.sim.faults.add(Fault(ignore(), method="POST"))
    _, _, proof = await practice.run(issue(practice), practice.target())
    assert proof.outcome is Outcome.FAILED
    assert listed(practice) == []


async def test_a_replica_that_lags_is_waited_for(practice: Practice) -> None:
    practice.sim.tenant.read_lag_s = 0.15
    _, _, proof = await practice.run(issue(practice), practice.target())
    assert proof.outcome is Outcome.VERIFIED


async def test_throttled_then_it_works(practice: Practice) -> None:
    practice.sim.faults.add(Fault(throttle(0.0), method="POST", times=1))
    _, receipt, proof = await practice.run(issue(practice), practice.target())
    assert proof.outcome is Outcome.VERIFIED
    assert signs_in(practice, code_of(receipt))


async def test_a_missing_permission_is_named(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="temporaryAccessPassMethods"))
    with pytest.raises(errors.Forbidden) as caught:
        await issue(practice).observe(practice.target())
    assert "UserAuthMethod-TAP" in caught.value.remedy


async def test_an_administrator_needs_the_privileged_role(practice: Practice) -> None:
    action, target = issue(practice), practice.target("quentin.admin")
    before = await action.observe(target)
    with pytest.raises(errors.Forbidden) as caught:
        await action.apply(target, before)
    assert "Privileged Authentication Administrator" in caught.value.remedy
    practice.sim.tenant.app_roles.add("Privileged Authentication Administrator")
    receipt = await action.apply(target, before)
    assert signs_in(practice, code_of(receipt), "quentin.admin")


async def test_nobody_is_not_found(practice: Practice) -> None:
    nobody = Target("contoso", "entra", "00000000-0000-4000-8000-000000000000", "nobody")
    with pytest.raises(errors.NotFound):
        await issue(practice).observe(nobody)


@pytest.mark.parametrize(
    ("setting", "parameters", "says"),
    [
        ({"enabled": False}, {}, "policy for them is off"),
        ({}, {"lifetime_minutes": 30}, "60 to 480 minutes, not of 30"),
        ({}, {"lifetime_minutes": 1440}, "60 to 480 minutes, not of 1440"),
        ({"once_only": True}, {"usable_once": False}, "used once"),
    ],
)
async def test_a_policy_that_forbids_it_is_a_person_s_matter_and_nothing_is_deleted(
    practice: Practice, setting: dict[str, bool], parameters: dict[str, object], says: str
) -> None:
    give(practice, "another-code")
    for name, value in setting.items():
        setattr(practice.sim.tenant.pass_policy, name, value)
    verdict = (await issue(practice, **parameters).observe(practice.target())).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert says in verdict.reason
    assert "Temporary Access Pass" in verdict.instructions
    assert practice.writes == []


async def test_a_policy_that_cannot_be_read_is_told_of_when_graph_refuses(
    practice: Practice,
) -> None:
    practice.sim.tenant.pass_policy.enabled = False
    practice.sim.faults.add(Fault(forbid(), path_regex=POLICY))
    action, target = issue(practice), practice.target()
    before = await action.observe(target)
    assert (before.verdict, before.snapshot["policy"]) == (None, None)
    with pytest.raises(errors.Conflict) as caught:
        await action.apply(target, before)
    assert "no Temporary Access Pass for this account" in str(caught.value)
    assert "Policies > Temporary Access Pass" in caught.value.remedy


async def test_a_person_the_policy_leaves_out_is_refused_with_what_to_look_at(
    practice: Practice,
) -> None:
    practice.sim.tenant.pass_policy.excluded.add(account(practice).id)
    action, target = issue(practice), practice.target()
    give(practice, "another-code")
    before = await action.observe(target)
    with pytest.raises(errors.Conflict) as caught:
        await action.apply(target, before)
    assert "the earlier pass is deleted already" in str(caught.value)
    assert "the person among its users" in caught.value.remedy
    assert listed(practice) == []


async def test_a_pass_that_the_policy_makes_useless_is_no_success(practice: Practice) -> None:
    action, target = issue(practice), practice.target()
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    practice.sim.tenant.pass_policy.excluded.add(account(practice).id)
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.FAILED
    assert "policy keeps the person from using it" in proof.reason


async def test_a_guest_gets_hers_at_home(practice: Practice) -> None:
    verdict = (await issue(practice).observe(practice.target("sam.partner"))).verdict
    assert verdict is not None
    assert (verdict.outcome, practice.writes) == (Outcome.SKIPPED, [])
    assert "home tenant" in verdict.reason


async def test_a_blocked_account_gets_none(practice: Practice) -> None:
    account(practice).account_enabled = False
    verdict = (await issue(practice).observe(practice.target())).verdict
    assert verdict is not None
    assert (verdict.outcome, practice.writes) == (Outcome.SKIPPED, [])
    assert "of no use" in verdict.reason


async def test_a_synced_account_gets_one(practice: Practice) -> None:
    _, receipt, proof = await practice.run(issue(practice), practice.target("rosa.sync"))
    assert proof.outcome is Outcome.VERIFIED
    assert signs_in(practice, code_of(receipt), "rosa.sync")


async def test_an_answer_without_a_code_is_finished_by_a_person(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra_pass.secrets, "token_urlsafe", lambda _: "")
    _, receipt, proof = await practice.run(issue(practice), practice.target())
    assert receipt.handover is None
    assert proof.outcome is Outcome.MANUAL
    assert "add another" in proof.reason


async def _issued(practice: Practice) -> tuple[Action, Target, Observation]:
    action, target = issue(practice), practice.target()
    before, _, _ = await practice.run(action, target)
    return action, target, before


async def test_undo_deletes_the_pass_of_the_step(practice: Practice) -> None:
    older = [m.id for m in account(practice).methods]
    action, target, before = await _issued(practice)
    await action.undo(target, before)
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.VERIFIED
    assert [m.id for m in account(practice).methods] == older
    again = await action.undo(target, before)
    assert again.data["changed"] is False


async def test_undo_leaves_a_pass_that_somebody_made_afterwards(practice: Practice) -> None:
    action, target, before = await _issued(practice)
    user = account(practice)
    user.methods = [m for m in user.methods if not isinstance(m, AccessPass)]
    give(practice, "another-code", 0.0, lifetime_min=120)
    await action.undo(target, before)
    assert signs_in(practice, "another-code")
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.VERIFIED


async def test_undo_that_did_nothing_is_no_success(practice: Practice) -> None:
    action, target, before = await _issued(practice)
    practice.sim.faults.add(Fault(ignore(), method="DELETE"))
    await action.undo(target, before)
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.FAILED


@pytest.mark.parametrize("minutes", [9, 43201])
def test_lifetimes_no_policy_can_allow_are_refused(practice: Practice, minutes: int) -> None:
    with pytest.raises(ValidationError):
        issue(practice, lifetime_minutes=minutes)


def test_the_plan_shows_what_is_sent(practice: Practice) -> None:
    deleted, posted = issue(practice).preview(practice.target())
    assert (deleted.method, posted.method) == ("DELETE", "POST")
    assert json.loads(posted.body) == {"lifetimeInMinutes": 60, "isUsableOnce": True}
    assert [c.method for c in issue(practice, replace_existing=False).preview(practice.target())] \
        == ["POST"]  # fmt: skip


async def test_the_code_is_not_in_what_the_practice_tenant_tells_later(practice: Practice) -> None:
    _, receipt, _ = await practice.run(issue(practice), practice.target())
    for path in ("methods", "temporaryAccessPassMethods"):
        shown = told(practice, path)
        assert code_of(receipt) not in shown
        assert re.search(r'"temporaryAccessPass": ?null', shown)


async def test_removing_the_thief_s_methods_spares_a_pass_of_our_own(practice: Practice) -> None:
    practice.sim.tenant.calling_app_id = LINE_APP.app_id
    ours = practice.signed_in_as(LINE_APP.app_id)
    target = practice.target(stolen=timedelta(minutes=40))
    try:
        action = ours.action(NAME, {}, practice.journal)
        _, receipt, _ = await practice.run(action, target)
        for scope in ("recent", "all"):
            await practice.run(ours.action(METHODS, {"scope": scope}, practice.journal), target)
            assert len(listed(practice)) == 1
    finally:
        await ours.close()
    assert signs_in(practice, code_of(receipt))


async def test_removing_methods_takes_a_pass_that_another_has_made(practice: Practice) -> None:
    practice.sim.tenant.calling_app_id = "00000000-0000-4000-8000-00000000abcd"
    ours = practice.signed_in_as(LINE_APP.app_id)
    target = practice.target(stolen=timedelta(minutes=40))
    try:
        await practice.run(practice.action(NAME), target)
        await practice.run(ours.action(METHODS, {}, practice.journal), target)
    finally:
        await ours.close()
    assert listed(practice) == []


async def test_a_pass_is_no_factor_that_lets_the_last_one_go(practice: Practice) -> None:
    user = account(practice)
    user.methods = [m for m in user.methods if m.kind in ("password", "softwareOath")]
    await practice.run(issue(practice), practice.target())
    before = await practice.action(METHODS, scope="all").observe(practice.target())
    assert "softwareOath" in {item["kind"] for item in before.snapshot["left"]}
