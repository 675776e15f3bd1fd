"""What is special to closing an Okta account otherwise: devices, risk, a group, all factors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from okta_practice import (
    BRIEF,
    NORA,
    Seen,
    answer,
    build,
    connected,
    scripted,
    target,
    user_json,
)
from pydantic import ValidationError

from connectors import errors
from connectors.action import Outcome, Target
from connectors.clock import spell
from connectors.okta.devices import SuspendDevices
from connectors.okta.factor_reset import ResetFactors
from connectors.okta.quarantine import QuarantineGroup
from connectors.okta.risk import RaiseRisk
from connectors.okta.universal_logout import UniversalLogout
from simulator import faults
from simulator.okta_belongings import Device, Risk
from simulator.okta_people import EVERYONE, IMPORTED, QUARANTINE
from simulator.okta_state import Factor, OktaUser, Status
from simulator.people import okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

VICTIM = okta_user_id("nora.lind")


@pytest.fixture
def nora(sim: Simulator) -> OktaUser:
    user = sim.tenant.okta_user(VICTIM)
    assert user is not None
    return user


def her(sim: Simulator, seconds_ago: float = 600) -> Target:
    began = datetime.fromtimestamp(sim.tenant.now() - seconds_ago, UTC)
    return target(VICTIM, since=spell(began))


# -- devices -----------------------------------------------------------------------------------


async def test_an_old_device_linked_anew_is_not_taken_for_the_persons(
    sim: Simulator, nora: OktaUser
) -> None:
    old, thiefs = nora.devices
    old.linked = sim.tenant.now() - 60
    async with connected(sim.url) as client:
        before = await build(SuspendDevices, client).observe(her(sim))
    assert {item["id"] for item in before.snapshot["suspend"]} == {old.id, thiefs.id}


async def test_a_device_that_others_use_is_left_to_people(sim: Simulator, nora: OktaUser) -> None:
    other = sim.tenant.person("petra.novak").okta
    assert other is not None
    other.devices.append(replace(nora.devices[1], link_id="lnkOther"))
    async with connected(sim.url) as client:
        action = build(SuspendDevices, client)
        before = await action.observe(her(sim))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "android-x86 (others use it, too)" in before.verdict.instructions
    assert {device.status for device in nora.devices} == {"ACTIVE"}
    assert sim.requests.writes("okta") == []


async def test_a_device_that_works_no_more_has_nothing_to_be_suspended(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.devices[1].status = "DEACTIVATED"
    async with connected(sim.url) as client:
        before = await build(SuspendDevices, client, scope="all").observe(target(VICTIM))
    assert [item["name"] for item in before.snapshot["suspend"]] == ["Old laptop"]


async def test_what_somebody_has_deactivated_is_not_given_back(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(SuspendDevices, client)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
        nora.devices[1].status = "DEACTIVATED"
        receipt = await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
    assert receipt.data["sent"] is False
    assert nora.devices[1].status == "DEACTIVATED"
    assert restored.outcome is Outcome.VERIFIED


async def test_a_device_that_was_removed_meanwhile_is_done(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(SuspendDevices, client)
        before = await action.observe(her(sim))
        del nora.devices[1]
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert receipt.data["devices"][0]["gone"] is True
    assert proof.outcome is Outcome.VERIFIED


async def test_a_device_linked_meanwhile_is_not_taken_for_done(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(SuspendDevices, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        now = sim.tenant.now()
        nora.devices.append(Device("guoAnew00000000001", "lnkAnew", "again", "IOS", now, now))
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert proof.observed == "1 of 1 do not work; linked meanwhile: again"


async def test_without_a_beginning_no_device_is_chosen_by_guess(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        before = await build(SuspendDevices, client).observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL


async def test_an_odd_or_undated_device_hides_no_other_and_is_left_to_people() -> None:
    thiefs = {"id": "guoThief0000000001", "status": "ACTIVE", "created": "2026-11-22T09:00:00.000Z"}
    undated = {"id": "guoUndated00000001", "status": "ACTIVE", "profile": {"displayName": "Tablet"}}
    links: list[Any] = [None, {"device": {"id": ".."}}, {"device": undated}, {"device": thiefs}]

    def respond(request: Seen) -> web.StreamResponse:
        path = request.path_qs
        if request.method == "POST":
            thiefs["status"] = "SUSPENDED"
            return web.Response(status=204)
        if path.endswith("/users"):
            return answer([{"user": {"id": NORA}}])
        if "/devices/" in path:
            return answer(thiefs)
        return answer(links if path.endswith("/devices") else user_json())

    aim = target(NORA, since="2026-11-22T08:00:00.000Z")
    async with scripted(respond) as (url, seen), connected(url) as client:
        action = build(SuspendDevices, client)
        before = await action.observe(aim)
        receipt = await action.apply(aim, before)
        proof = await action.verify(aim, before, receipt, BRIEF)
    assert [request.path_qs for request in seen if request.method == "POST"] == [
        "/api/v1/devices/guoThief0000000001/lifecycle/suspend"
    ]
    assert proof.outcome is Outcome.MANUAL
    assert "Tablet" in proof.reason
    assert "2 entries that could not be read" in proof.reason


# -- risk --------------------------------------------------------------------------------------


async def test_a_level_that_cannot_be_set_is_restored_as_the_nearest(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(RaiseRisk, client)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
        await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
    assert before.snapshot["level"] == "NONE"
    assert nora.risk.level == "LOW"
    assert restored.outcome is Outcome.VERIFIED
    assert "NONE" in restored.reason


async def test_a_level_that_somebody_has_set_meanwhile_is_left_alone(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(RaiseRisk, client)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
        nora.risk = Risk("MEDIUM", "looked at")
        receipt = await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
    assert receipt.data["sent"] is False
    assert nora.risk == Risk("MEDIUM", "looked at")
    assert restored.outcome is Outcome.VERIFIED


async def test_that_universal_logout_has_lowered_it_again_is_said(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(RaiseRisk, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        logout = build(UniversalLogout, client)
        await logout.apply(her(sim), await logout.observe(her(sim)))
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert nora.risk.level == "LOW"
    assert proof.outcome is Outcome.FAILED
    assert "Universal Logout" in proof.reason


async def test_an_organization_without_the_feature_is_told(sim: Simulator) -> None:
    sim.faults.add(faults.Fault(faults.forbid(), system="okta", path_regex="/risk$"))
    async with connected(sim.url) as client:
        with pytest.raises(errors.Forbidden):
            await build(RaiseRisk, client).observe(her(sim))


# -- quarantine --------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [IMPORTED, EVERYONE])
async def test_a_group_whose_members_cannot_be_changed_is_refused(
    sim: Simulator, nora: OktaUser, group: Any
) -> None:
    nora.groups.clear()
    async with connected(sim.url) as client:
        before = await build(QuarantineGroup, client, group_id=group.id).observe(her(sim))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert group.kind in before.verdict.reason
    assert "group_id" in before.verdict.instructions
    assert sim.requests.writes("okta") == []


async def test_an_unknown_group_is_not_found(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        action = build(QuarantineGroup, client, group_id="00gNothere0000000001")
        with pytest.raises(errors.NotFound):
            await action.observe(her(sim))


@pytest.mark.parametrize("parameters", [{}, {"group_id": ".."}, {"group_id": "a/b"}, {"id": "x"}])
async def test_the_group_s_id_is_checked_before_anything_is_asked(
    sim: Simulator, parameters: dict[str, Any]
) -> None:
    async with connected(sim.url) as client:
        with pytest.raises(ValidationError):
            build(QuarantineGroup, client, **parameters)


async def test_a_deactivated_account_is_not_quarantined(sim: Simulator, nora: OktaUser) -> None:
    nora.status = Status.DEPROVISIONED
    async with connected(sim.url) as client:
        before = await build(QuarantineGroup, client, group_id=QUARANTINE.id).observe(her(sim))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.SKIPPED


async def test_other_groups_are_left_alone(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(QuarantineGroup, client, group_id=QUARANTINE.id)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
        await action.undo(her(sim), before)
    assert nora.groups == [EVERYONE.id, IMPORTED.id]


# -- all factors -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.PASSWORD_EXPIRED, Status.LOCKED_OUT])
async def test_factors_are_not_reset_while_the_password_opens_the_account(
    sim: Simulator, nora: OktaUser, status: Status
) -> None:
    nora.status = status
    async with connected(sim.url) as client:
        action = build(ResetFactors, client)
        before = await action.observe(her(sim))
        with pytest.raises(errors.Conflict) as raised:
            await action.apply(her(sim), before)
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "okta.suspend_user" in before.verdict.instructions
    assert raised.value.remedy == before.verdict.instructions
    assert len(nora.factors) == 3
    assert sim.requests.writes("okta") == []


async def test_a_pending_reset_has_killed_the_password_and_a_phone_is_told_of(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.status = Status.RECOVERY
    async with connected(sim.url) as client:
        action = build(ResetFactors, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert nora.factors == []
    assert (proof.outcome, proof.observed) == (Outcome.VERIFIED, "3 of 3 are gone")
    assert "recover the account" in proof.exposure[0].why
    assert "5555550199" not in repr(before)


async def test_a_password_kept_elsewhere_is_not_dead_by_okta_s_reset() -> None:
    user = user_json(status="RECOVERY", credentials={"provider": {"type": "ACTIVE_DIRECTORY"}})

    def respond(request: Seen) -> web.StreamResponse:
        return answer([] if request.path_qs.endswith("/factors") else user)

    async with scripted(respond) as (url, _), connected(url) as client:
        before = await build(ResetFactors, client).observe(target(NORA))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL


async def test_an_account_that_cannot_sign_in_yet_or_any_more_is_skipped(
    sim: Simulator, nora: OktaUser
) -> None:
    for status in (Status.STAGED, Status.PROVISIONED, Status.DEPROVISIONED):
        nora.status = status
        async with connected(sim.url) as client:
            before = await build(ResetFactors, client).observe(her(sim))
        assert before.verdict is not None
        assert before.verdict.outcome is Outcome.SKIPPED


async def test_a_factor_enrolled_meanwhile_is_not_taken_for_done(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.status = Status.SUSPENDED
    async with connected(sim.url) as client:
        action = build(ResetFactors, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        nora.factors.append(Factor("webThief0000000001", "webauthn", sim.tenant.now(), {}))
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert "enrolled meanwhile: webauthn" in proof.observed


async def test_where_there_was_nothing_to_see_disappear_nothing_is_claimed(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.status = Status.SUSPENDED
    nora.factors.clear()
    async with connected(sim.url) as client:
        action = build(ResetFactors, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        answered = await action.verify(her(sim), before, receipt, BRIEF)
        lost = await action.verify(her(sim), before, None, BRIEF)
    assert (answered.outcome, lost.outcome) == (Outcome.ACCEPTED, Outcome.UNVERIFIABLE)
    assert "others can exist" in answered.reason
