"""Suspending an account on the practice tenant, and giving it back."""

from __future__ import annotations

import pytest
from okta_practice import (
    BRIEF,
    NORA,
    Recorder,
    answer,
    build,
    connected,
    scripted,
    target,
    user_json,
)

from connectors import errors
from connectors.action import Observation, Outcome
from connectors.okta.account import SuspendUser, UnsuspendUser
from simulator import faults
from simulator.okta_state import OktaUser, Status
from simulator.people import okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

VICTIM = okta_user_id("nora.lind")


@pytest.fixture
def nora(sim: Simulator) -> OktaUser:
    user = sim.tenant.okta_user(VICTIM)
    assert user is not None
    return user


def on_write(sim: Simulator, effect: faults.Effect) -> None:
    sim.faults.add(faults.Fault(effect, system="okta", method="POST"))


async def test_the_account_is_suspended_and_given_back(sim: Simulator, nora: OktaUser) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(SuspendUser, client, journal)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
        assert nora.status is Status.SUSPENDED
        await action.undo(target(VICTIM), before)
        restored = await action.restored(target(VICTIM), before, BRIEF)

    assert (before.satisfied, before.verdict) == (False, None)
    assert before.snapshot["status"] == "ACTIVE"
    assert (proof.outcome, proof.observed) == (Outcome.VERIFIED, "SUSPENDED")
    assert nora.status is Status.ACTIVE
    assert (restored.outcome, restored.observed) == (Outcome.VERIFIED, "ACTIVE")
    assert [call.path.rpartition("/")[2] for call in journal.intents] == ["suspend", "unsuspend"]


async def test_a_suspended_account_is_left_alone(sim: Simulator, nora: OktaUser) -> None:
    nora.status = Status.SUSPENDED
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        before = await action.observe(target(VICTIM))
        await action.undo(target(VICTIM), before)
        restored = await action.restored(target(VICTIM), before, BRIEF)

    assert (before.satisfied, before.verdict) == (True, None)
    assert nora.status is Status.SUSPENDED
    assert restored.outcome is Outcome.VERIFIED
    assert sim.requests.writes("okta") == []


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.RECOVERY, "reset is pending"),
        (Status.DEPROVISIONED, "deactivated"),
        (Status.STAGED, "not activated"),
        (Status.PROVISIONED, "first password"),
    ],
)
async def test_an_account_nobody_can_sign_in_to_is_closed_already_and_the_reason_says_how(
    sim: Simulator, nora: OktaUser, status: Status, word: str
) -> None:
    nora.status = status
    async with connected(sim.url) as client:
        before = await build(SuspendUser, client).observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.ALREADY
    assert word in before.verdict.reason
    assert status.value in before.verdict.reason


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.PASSWORD_EXPIRED, "whoever knows the old password can change it"),
        (Status.LOCKED_OUT, "unlocks it by itself"),
    ],
)
async def test_a_status_that_does_not_keep_the_thief_out_is_for_a_person(
    sim: Simulator, nora: OktaUser, status: Status, word: str
) -> None:
    nora.status = status
    async with connected(sim.url) as client:
        before = await build(SuspendUser, client).observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert word in before.verdict.reason
    assert "Reset the password" in before.verdict.instructions
    assert ("Unlock" in before.verdict.instructions) == (status is Status.LOCKED_OUT)
    assert sim.requests.writes("okta") == []


async def test_after_a_crash_the_same_step_goes_on(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        before = await action.observe(target(VICTIM))
        await action.apply(target(VICTIM), before)
        again = await build(SuspendUser, client).apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, again, BRIEF)
    assert again.data["sent"] is False
    assert proof.outcome is Outcome.VERIFIED
    assert nora.status is Status.SUSPENDED


async def test_a_status_that_changed_meanwhile_is_a_conflict_that_names_it(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        before = await action.observe(target(VICTIM))
        nora.status = Status.LOCKED_OUT
        with pytest.raises(errors.Conflict, match="LOCKED_OUT") as raised:
            await action.apply(target(VICTIM), before)
    assert (raised.value.status, raised.value.code) == (400, "E0000001")
    assert raised.value.request_id


async def test_an_answer_that_did_nothing_is_found_out(sim: Simulator, nora: OktaUser) -> None:
    on_write(sim, faults.ignore())
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert (proof.outcome, proof.observed) == (Outcome.FAILED, "ACTIVE")
    assert nora.status is Status.ACTIVE


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (faults.apply_then(504), Outcome.VERIFIED),
        (faults.apply_then_drop(), Outcome.VERIFIED),
        (faults.drop(), Outcome.FAILED),
        (faults.empty(502), Outcome.FAILED),
        (faults.status(502), Outcome.FAILED),
    ],
)
async def test_a_lost_answer_is_settled_by_reading(
    sim: Simulator, nora: OktaUser, effect: faults.Effect, outcome: Outcome
) -> None:
    on_write(sim, effect)
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        before = await action.observe(target(VICTIM))
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, None, BRIEF)
    assert proof.outcome is outcome
    assert (nora.status is Status.SUSPENDED) == (outcome is Outcome.VERIFIED)


async def test_an_undo_that_did_nothing_is_found_out(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        before = await action.observe(target(VICTIM))
        await action.apply(target(VICTIM), before)
        on_write(sim, faults.ignore())
        await action.undo(target(VICTIM), before)
        restored = await action.restored(target(VICTIM), before, BRIEF)
    assert (restored.outcome, restored.observed) == (Outcome.FAILED, "SUSPENDED")
    assert nora.status is Status.SUSPENDED


async def test_what_was_seen_before_reading_failed_is_no_answer(
    sim: Simulator, nora: OktaUser
) -> None:
    on_write(sim, faults.ignore())
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        # The first look shows ACTIVE; whether it became SUSPENDED since is not known.
        sim.faults.add(faults.Fault(faults.status(503), system="okta", method="GET", skip=1))
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert (proof.outcome, proof.observed) == (Outcome.UNKNOWN, "nothing could be read")
    assert nora.status is Status.ACTIVE


async def test_a_read_that_lags_behind_is_waited_for(sim: Simulator, nora: OktaUser) -> None:
    sim.tenant.read_lag_s = 0.15
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert proof.outcome is Outcome.VERIFIED
    assert nora.status is Status.SUSPENDED


async def test_a_synced_account_can_be_suspended() -> None:
    synced = user_json(credentials={"provider": {"type": "ACTIVE_DIRECTORY"}})
    async with scripted(lambda _: answer(synced)) as (url, _), connected(url) as client:
        before = await build(SuspendUser, client).observe(target(NORA))
    assert (before.satisfied, before.verdict) == (False, None)


async def test_another_account_in_the_answer_is_noticed() -> None:
    other = user_json("00uSomebodyElse00001")
    async with scripted(lambda _: answer(other)) as (url, _), connected(url) as client:
        with pytest.raises(errors.Invalid):
            await build(SuspendUser, client).observe(target(NORA))


async def test_somebody_unknown_is_not_found(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        with pytest.raises(errors.NotFound):
            await build(SuspendUser, client).observe(target(NORA))


async def test_the_preview_is_what_is_sent(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        action = build(SuspendUser, client)
        (call,) = action.preview(target(VICTIM))
        await action.apply(target(VICTIM), Observation({}))
    (sent,) = sim.requests.writes("okta")
    assert (call.method, call.path) == (sent.method, sent.path)


@pytest.mark.parametrize(
    "status", [Status.RECOVERY, Status.PASSWORD_EXPIRED, Status.LOCKED_OUT, Status.DEPROVISIONED]
)
async def test_where_there_is_no_suspension_there_is_none_to_lift(
    sim: Simulator, nora: OktaUser, status: Status
) -> None:
    nora.status = status
    async with connected(sim.url) as client:
        before = await build(UnsuspendUser, client).observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.SKIPPED
    assert status.value in before.verdict.reason
    assert sim.requests.writes("okta") == []


async def test_what_became_of_the_account_after_it_was_given_back_is_left_alone(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.status = Status.SUSPENDED
    async with connected(sim.url) as client:
        action = build(UnsuspendUser, client)
        before = await action.observe(target(VICTIM))
        await action.apply(target(VICTIM), before)
        nora.status = Status.RECOVERY
        with pytest.raises(errors.Conflict, match="RECOVERY"):
            await action.undo(target(VICTIM), before)
    assert nora.status is Status.RECOVERY
