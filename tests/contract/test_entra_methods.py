"""Removing authentication methods added since the theft."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from connectors import errors
from connectors.action import Outcome, Target
from simulator.entra_state import AuthMethod, EntraUser
from simulator.faults import Fault, apply_then, forbid, ignore
from simulator.people import MOBILE_PHONE_ID

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

NAME = "entra.remove_auth_methods"


#: Long enough ago for the audit log, which arrives late, to reach back to it.
EARLIER = timedelta(minutes=40)


def kinds(user: EntraUser) -> list[str]:
    return sorted(method.kind for method in user.methods)


def add(practice: Practice, kind: str, age_s: float | None = 60.0, **details: object) -> AuthMethod:
    created = None if age_s is None else time.time() - age_s
    method = AuthMethod(f"id-of-{kind}", kind, created, dict(details))
    practice.person().entra.methods.append(method)
    return method


async def test_the_thiefs_method_goes_and_the_owners_stay(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before, receipt, proof = await practice.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    assert kinds(practice.person().entra) == ["microsoftAuthenticator", "password", "phone"]
    assert [item["kind"] for item in receipt.data["methods"]] == ["softwareOath"]
    assert before.snapshot["left"] == []


async def test_a_second_run_finds_nothing_to_do(practice: Practice) -> None:
    target = practice.target(stolen=EARLIER)
    await practice.run(practice.action(NAME), target)
    _, receipt, proof = await practice.run(practice.action(NAME), target)
    assert receipt.data["methods"] == []
    assert proof.outcome is Outcome.VERIFIED
    assert len(practice.writes) == 1


async def test_with_a_date_on_every_method_nothing_is_left_open(practice: Practice) -> None:
    user = practice.person().entra
    for method in user.methods:
        method.created = method.created or time.time() - 9e6
    target = practice.target(stolen=EARLIER)
    _, _, proof = await practice.run(practice.action(NAME), target)
    assert (proof.outcome, proof.exposure) == (Outcome.VERIFIED, ())
    assert (await practice.action(NAME).observe(target)).satisfied is True


async def test_a_theft_the_log_has_not_heard_of_leaves_undated_methods_to_a_person(
    practice: Practice,
) -> None:
    practice.sim.tenant.audit_lag_s = 5 * 60
    user = practice.person().entra
    user.methods = [m for m in user.methods if m.kind == "password"]
    phone = add(practice, "phone", None, phoneType="mobile")
    practice.sim.tenant.audit(
        "User registered security info", user, service="Authentication Methods", by_user=user
    )

    before = await practice.action(NAME).observe(practice.target(stolen=timedelta(minutes=3)))

    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert f"phoneMethods/{phone.id}" in before.verdict.instructions
    assert "look again after" in before.verdict.instructions


async def test_the_minutes_the_log_cannot_tell_of_are_named(practice: Practice) -> None:
    practice.sim.tenant.audit_lag_s = 5 * 60
    user = practice.person().entra
    user.methods = [m for m in user.methods if m.kind != "softwareOath"]
    practice.sim.tenant.audits.clear()
    target = practice.target(stolen=timedelta(hours=3))
    # The thief registers only now: no log knows of it yet.
    add(practice, "email", None, emailAddress="thief@example.com")

    before, _, proof = await practice.run(practice.action(NAME), target)

    assert before.satisfied is None, "not told by reading"
    assert practice.writes == []
    assert proof.outcome is Outcome.VERIFIED
    (blind,) = proof.exposure
    assert "without a date" in blind.what
    told_until = datetime.now(UTC) - timedelta(minutes=15)
    named = datetime.fromisoformat(blind.what.rpartition(" ")[2])
    assert abs(named - told_until) < timedelta(seconds=60)
    assert "look again after" in blind.why


async def test_a_method_without_a_date_is_dated_by_the_audit_log(practice: Practice) -> None:
    user = practice.person().entra
    user.methods = [m for m in user.methods if m.kind != "softwareOath"]
    email = add(practice, "email", None, emailAddress="thief@example.com")
    practice.sim.tenant.audit(
        "User registered security info",
        user,
        service="Authentication Methods",
        by_user=user,
        reason="User registered Email Address",
    )
    # The software token of the practice data is gone: its entry could mean the owner's app now.
    observed = await practice.action(NAME).observe(practice.target(stolen=EARLIER))
    chosen = {item["kind"] for item in observed.snapshot["remove"]}
    assert email.kind in chosen
    assert "phone" not in chosen


async def test_without_the_audit_log_undated_methods_are_left_for_a_person(
    practice: Practice,
) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="auditLogs"))
    _, _, proof = await practice.run(practice.action(NAME), practice.target())
    assert "softwareOath" not in kinds(practice.person().entra)
    assert proof.outcome is Outcome.MANUAL
    assert f"authentication/phoneMethods/{MOBILE_PHONE_ID}'" in proof.reason


async def test_without_a_start_of_the_theft_nothing_is_removed(practice: Practice) -> None:
    target = practice.target()
    no_start = Target(target.tenant, "entra", target.id, target.name)
    verdict = (await practice.action(NAME).observe(no_start)).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert practice.writes == []


async def test_the_default_method_goes_after_the_others(practice: Practice) -> None:
    user = practice.person().entra
    user.methods = [m for m in user.methods if m.kind == "password"]
    push = add(practice, "microsoftAuthenticator")
    for kind in ("fido2", "softwareOath"):
        add(practice, kind)
    user.default_method_id = push.id
    user.account_enabled = False
    action, target = practice.action(NAME), practice.target()
    _, receipt, proof = await practice.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    assert receipt.data["methods"][-1]["id"] == push.id
    assert kinds(user) == ["password"]
    assert all(entry.status == 204 for entry in practice.sim.requests.writes("entra"))


async def test_an_unknown_default_is_refused_once_and_removed_after_the_others(
    practice: Practice,
) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="userRegistrationDetails"))
    user = practice.person().entra
    user.methods = [m for m in user.methods if m.kind == "password"]
    push = add(practice, "microsoftAuthenticator")
    add(practice, "fido2")
    user.default_method_id, user.account_enabled = push.id, False
    _, _, proof = await practice.run(practice.action(NAME), practice.target())
    assert proof.outcome is Outcome.VERIFIED
    assert [entry.status for entry in practice.sim.requests.writes("entra")] == [400, 204, 204]


async def test_a_default_that_the_thief_set_is_moved_to_a_method_that_stays(
    practice: Practice,
) -> None:
    user = practice.person().entra
    user.default_method_id = next(m.id for m in user.methods if m.kind == "softwareOath")
    _, receipt, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert receipt.data["default_moved_to"] == "sms"
    assert user.default_method_id == MOBILE_PHONE_ID
    assert "softwareOath" not in kinds(user)


async def test_no_method_of_unknown_age_is_made_the_default(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="auditLogs"))
    user = practice.person().entra
    thiefs = next(m for m in user.methods if m.kind == "softwareOath")
    user.default_method_id = thiefs.id
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    with pytest.raises(errors.Conflict) as caught:
        await action.apply(target, before)
    assert "default" in str(caught.value)
    assert "admin center" in caught.value.remedy
    assert user.default_method_id == thiefs.id
    assert not any("signInPreferences" in write for write in practice.writes)


async def test_a_method_added_meanwhile_is_not_made_the_default(practice: Practice) -> None:
    user = practice.person().entra
    user.default_method_id = next(m.id for m in user.methods if m.kind == "softwareOath")
    user.methods = [m for m in user.methods if m.kind not in ("microsoftAuthenticator", "phone")]
    old = add(practice, "fido2", 9e6)
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    add(practice, "phone", None, phoneType="mobile")
    with pytest.raises(errors.Conflict):
        await action.apply(target, before)
    assert old in user.methods
    assert not any("signInPreferences" in write for write in practice.writes)


async def test_an_enabled_account_is_never_left_with_the_password_only(practice: Practice) -> None:
    user = practice.person().entra
    user.methods = [m for m in user.methods if m.kind == "password"]
    add(practice, "fido2")
    kept = add(practice, "microsoftAuthenticator")
    user.default_method_id = kept.id
    _, _, proof = await practice.run(practice.action(NAME), practice.target())
    assert kinds(user) == ["microsoftAuthenticator", "password"]
    assert proof.outcome is Outcome.MANUAL
    assert "nothing but the password would remain" in proof.reason


async def test_scope_all_removes_old_methods_too_but_keeps_one(practice: Practice) -> None:
    action = practice.action(NAME, scope="all")
    _, _, proof = await practice.run(action, practice.target())
    assert len(kinds(practice.person().entra)) == 2
    assert proof.outcome is Outcome.MANUAL


async def test_a_kind_nobody_knows_is_reported_not_touched(practice: Practice) -> None:
    add(practice, "hardwareOath")
    action, target = practice.action(NAME), practice.target()
    _, _, proof = await practice.run(action, target)
    assert "hardwareOath" in kinds(practice.person().entra)
    assert proof.outcome is Outcome.MANUAL
    assert any("hardwareOath" in exposure.what for exposure in proof.exposure)


async def test_a_method_added_meanwhile_is_not_taken_for_done(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    add(practice, "fido2")
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.FAILED


async def test_a_success_that_removed_nothing_ends_as_failed(practice: Practice) -> None:
    practice.sim.faults.add(Fault(ignore(), method="DELETE"))
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.FAILED


async def test_a_removal_without_an_answer_is_read_and_continues(practice: Practice) -> None:
    add(practice, "fido2")
    practice.sim.faults.add(Fault(apply_then(504), method="DELETE", times=1))
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    assert (await action.verify(target, before, None, practice.short)).outcome is Outcome.VERIFIED
    receipt = await action.apply(target, before)
    assert receipt.data["methods"] == []
    assert len(practice.writes) == 2


async def test_a_method_that_went_between_list_and_delete_counts_as_gone(
    practice: Practice,
) -> None:
    practice.sim.tenant.read_lag_s = 0.5
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    await action.apply(target, before)
    receipt = await action.apply(target, before)
    assert receipt.data["methods"][0]["gone"] is True
