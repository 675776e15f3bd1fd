"""Disabling the account and resetting its password."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from connectors import errors
from connectors.action import Observation, Outcome
from simulator.faults import Fault, apply_then, drop, ignore

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)


async def test_a_disabled_account_is_seen_disabled_and_can_be_put_back(practice: Practice) -> None:
    action, target = practice.action("entra.disable_user"), practice.target()
    before, _, proof = await practice.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    assert practice.person().entra.account_enabled is False

    await action.undo(target, before)
    restored = await action.restored(target, before, practice.short)
    assert restored.outcome is Outcome.VERIFIED
    assert practice.person().entra.account_enabled is True


async def test_an_account_disabled_before_is_left_and_stays_disabled_by_undo(
    practice: Practice,
) -> None:
    practice.person().entra.account_enabled = False
    action, target = practice.action("entra.disable_user"), practice.target()
    before = await action.observe(target)
    assert before.satisfied is True

    receipt = await action.undo(target, before)

    assert receipt.data["changed"] is False
    assert practice.writes == []
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.VERIFIED


async def test_a_second_run_finds_the_account_disabled(practice: Practice) -> None:
    target = practice.target()
    await practice.run(practice.action("entra.disable_user"), target)
    again = await practice.action("entra.disable_user").observe(target)
    assert again.satisfied is True
    assert len(practice.writes) == 1


async def test_a_success_that_disabled_nobody_ends_as_failed(practice: Practice) -> None:
    practice.sim.faults.add(Fault(ignore(), method="PATCH"))
    _, _, proof = await practice.run(practice.action("entra.disable_user"), practice.target())
    assert proof.outcome is Outcome.FAILED


async def test_a_disable_without_an_answer_is_read_not_repeated(practice: Practice) -> None:
    practice.sim.faults.add(Fault(apply_then(504), method="PATCH"))
    action, target = practice.action("entra.disable_user"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    assert (await action.verify(target, before, None, practice.short)).outcome is Outcome.VERIFIED
    assert len(practice.writes) == 1


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("entra.disable_user", "Disable-ADAccount"),
        ("entra.reset_password", "Set-ADAccountPassword -Reset"),
    ],
)
async def test_a_synced_account_is_for_a_person_with_the_exact_line(
    practice: Practice, name: str, command: str
) -> None:
    verdict = (await practice.action(name).observe(practice.target("rosa.sync"))).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    line = f"Get-ADUser -LDAPFilter '(userPrincipalName=rosa.sync@contoso.com)' | {command}"
    assert line in verdict.instructions
    assert practice.writes == []


@pytest.mark.parametrize("name", ["entra.disable_user", "entra.reset_password"])
async def test_an_account_that_became_synced_meanwhile_is_out_of_reach(
    practice: Practice, name: str
) -> None:
    action, target = practice.action(name), practice.target()
    before = await action.observe(target)
    practice.person().entra.synced = True
    with pytest.raises(errors.OutOfReach):
        await action.apply(target, before)


@pytest.mark.parametrize("name", ["entra.disable_user", "entra.reset_password"])
async def test_an_administrator_needs_a_role_and_the_remedy_names_it(
    practice: Practice, name: str
) -> None:
    action, target = practice.action(name), practice.target("quentin.admin")
    before = await action.observe(target)
    with pytest.raises(errors.Forbidden) as caught:
        await action.apply(target, before)
    assert "Privileged Authentication Administrator" in caught.value.remedy


async def test_a_reset_password_is_seen_reset_and_kept_nowhere(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.entra import password  # noqa: PLC0415 - the module is what is watched

    made: list[str] = []

    def watched() -> str:
        made.append(original())
        return made[-1]

    original = password.unguessable
    monkeypatch.setattr(password, "unguessable", watched)
    old = practice.person().entra.refresh_tokens[0]
    action, target = practice.action("entra.reset_password"), practice.target()

    before, receipt, proof = await practice.run(action, target)

    assert proof.outcome is Outcome.VERIFIED
    user = practice.person().entra
    assert user.refusal(old, practice.sim.tenant.now()) is not None
    kept = json.dumps([before.snapshot, receipt.data]) + repr(proof) + repr(practice.journal.lines)
    assert len(made) == 1
    assert made[0] not in kept
    shown = practice.sim.requests.writes("entra")[0].body["passwordProfile"]
    assert shown["forceChangePasswordNextSignIn"] is True
    assert shown["forceChangePasswordNextSignInWithMfa"] is True


async def test_a_reset_that_did_nothing_ends_as_failed(practice: Practice) -> None:
    practice.sim.faults.add(Fault(ignore(), method="PATCH"))
    _, _, proof = await practice.run(practice.action("entra.reset_password"), practice.target())
    assert proof.outcome is Outcome.FAILED


async def test_a_reset_without_an_answer_is_read_and_its_error_holds_no_password(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.entra import password  # noqa: PLC0415 - the module is what is watched

    monkeypatch.setattr(password, "unguessable", lambda: "Tell-nobody-1234567890")
    practice.sim.faults.add(Fault(apply_then(504), method="PATCH"))
    action, target = practice.action("entra.reset_password"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome) as caught:
        await action.apply(target, before)
    error: BaseException | None = caught.value
    while error is not None:
        assert "Tell-nobody" not in repr(error) + str(error) + repr(vars(error))
        error = error.__cause__ or error.__context__
    proof = await action.verify(target, before, None, practice.short)
    assert proof.outcome is Outcome.UNVERIFIABLE, "it may have been anybody's"
    assert "by whom" in proof.reason


async def test_a_password_the_thief_changed_is_not_taken_for_ours(practice: Practice) -> None:
    practice.sim.faults.add(Fault(drop(), method="PATCH", times=1))
    action, target = practice.action("entra.reset_password"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    untouched = await action.verify(target, before, None, practice.short)
    practice.person().entra.password_changed = practice.sim.tenant.now()
    lost = await action.verify(target, before, None, practice.short)
    receipt = await action.apply(target, before)
    proof = await action.verify(target, before, receipt, practice.short)
    assert untouched.outcome is Outcome.FAILED
    assert lost.outcome is Outcome.UNVERIFIABLE
    assert proof.outcome is Outcome.VERIFIED


async def test_a_guests_password_lives_elsewhere(practice: Practice) -> None:
    observed: Observation = await practice.action("entra.reset_password").observe(
        practice.target("sam.partner")
    )
    assert observed.verdict is not None
    assert observed.verdict.outcome is Outcome.SKIPPED
