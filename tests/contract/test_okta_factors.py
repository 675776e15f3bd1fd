"""Removing the factors a thief enrolled, and never more protection than is put in its place."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from okta_practice import (
    BRIEF,
    NORA,
    Recorder,
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
from connectors.action import Outcome
from connectors.okta.factors import RemoveFactors
from simulator import faults
from simulator.clock import okta_time
from simulator.okta_state import Factor, OktaUser, Status
from simulator.people import okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

VICTIM = okta_user_id("nora.lind")
MINUTE = 60.0


@pytest.fixture
def nora(sim: Simulator) -> OktaUser:
    user = sim.tenant.okta_user(VICTIM)
    assert user is not None
    return user


@pytest.fixture
def since(sim: Simulator) -> str:
    return okta_time(sim.tenant.now() - 10 * MINUTE)


def kinds(user: OktaUser) -> list[str]:
    return sorted(factor.factor_type for factor in user.factors)


async def test_the_thiefs_phone_is_gone_also_as_a_way_to_recover(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client, journal)
        aim = target(VICTIM, since=since)
        before = await action.observe(aim)
        receipt = await action.apply(aim, before)
        proof = await action.verify(aim, before, receipt, BRIEF)

    assert (before.satisfied, before.verdict) == (False, None)
    assert len(before.snapshot["factors"]) == 3
    assert len(before.snapshot["remove"]) == 1
    assert "5555550199" not in repr(before)
    assert kinds(nora) == ["push", "token:software:totp"]
    assert nora.recovery_phones == []
    assert (proof.outcome, proof.observed) == (Outcome.VERIFIED, "1 of 1 are gone")
    assert "enrolment policy" in proof.reason
    (call,) = journal.intents
    assert call.path.endswith("/factors/{factor}?removeRecoveryEnrollment=true")


async def test_a_second_run_finds_nothing_to_do(sim: Simulator, nora: OktaUser, since: str) -> None:
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        aim = target(VICTIM, since=since)
        await action.apply(aim, await action.observe(aim))
        again = await action.observe(aim)
    assert (again.satisfied, again.snapshot["remove"]) == (True, [])
    assert kinds(nora) == ["push", "token:software:totp"]


@pytest.mark.parametrize(("margin", "goes"), [(15, True), (4, False)])
async def test_the_margin_decides_what_counts_as_since(
    sim: Simulator, nora: OktaUser, margin: int, goes: bool
) -> None:
    assert "sms" in kinds(nora)
    began = okta_time(sim.tenant.now())
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client, margin_minutes=margin)
        before = await action.observe(target(VICTIM, since=began))
    assert bool(before.snapshot["remove"]) is goes


async def test_after_a_crash_the_rest_is_removed(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    nora.factors += [
        Factor("webThief0000000001", "webauthn", sim.tenant.now(), {"authenticatorName": "Key"}),
        Factor("totpThief000000001", "token:software:totp", sim.tenant.now(), {}, "GOOGLE"),
    ]
    aim = target(VICTIM, since=since)
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        before = await action.observe(aim)
        sim.faults.add(
            faults.Fault(
                faults.drop(), system="okta", method="DELETE", path_regex="webThief", times=1
            )
        )
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(aim, before)
        assert kinds(nora) == ["push", "token:software:totp", "webauthn"]
        halfway = await action.verify(aim, before, None, BRIEF)
        receipt = await action.apply(aim, before)
        proof = await action.verify(aim, before, receipt, BRIEF)

    assert (halfway.outcome, halfway.observed) == (Outcome.FAILED, "2 of 3 are gone")
    assert [one.get("gone_before", False) for one in receipt.data["removed"]] == [True, False, True]
    assert proof.outcome is Outcome.VERIFIED
    assert kinds(nora) == ["push", "token:software:totp"]


async def test_one_factor_that_may_not_be_removed_keeps_no_other(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    nora.factors.insert(0, Factor("webThief0000000001", "webauthn", sim.tenant.now(), {}))
    sim.faults.add(
        faults.Fault(faults.forbid(), system="okta", method="DELETE", path_regex="webThief")
    )
    aim = target(VICTIM, since=since)
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        before = await action.observe(aim)
        with pytest.raises(errors.Forbidden):
            await action.apply(aim, before)
    assert kinds(nora) == ["push", "token:software:totp", "webauthn"]


async def test_old_okta_verify_factors_that_go_too_are_named(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    nora.factors = [f for f in nora.factors if f.factor_type == "token:software:totp"]
    nora.factors += [
        Factor("keyOld000000000001", "webauthn", sim.tenant.now() - 9e6, {}),
        Factor("pushThief000000001", "push", sim.tenant.now(), {"platform": "ANDROID"}),
    ]
    aim = target(VICTIM, since=since)
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        before = await action.observe(aim)
        receipt = await action.apply(aim, before)
        proof = await action.verify(aim, before, receipt, BRIEF)

    assert before.snapshot["remove"] == ["pushThief000000001"]
    assert len(before.snapshot["also_removed"]) == 1
    assert receipt.data["also_removed"] == before.snapshot["also_removed"]
    assert "1 other Okta Verify factors went with them" in proof.reason
    assert kinds(nora) == ["webauthn"]
    assert "old ones too" in action.preview(aim)[0].why


async def test_an_active_account_is_never_left_with_a_password_only(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client, scope="all")
        before = await action.observe(target(VICTIM))
        with pytest.raises(errors.Conflict):
            await action.apply(target(VICTIM), before)

    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "okta.suspend_user" in before.verdict.instructions
    assert len(nora.factors) == 3
    assert sim.requests.writes("okta") == []


@pytest.mark.parametrize("last", ["question", "inactive"])
async def test_a_question_or_an_unfinished_factor_is_no_protection(
    sim: Simulator, nora: OktaUser, since: str, last: str
) -> None:
    old = sim.tenant.now() - 9e6
    kept = Factor("ufqOld000000000001", "question", old, {})
    if last == "inactive":
        kept = Factor("keyOld000000000001", "webauthn", old, {}, status="PENDING_ACTIVATION")
    nora.factors = [f for f in nora.factors if f.factor_type == "sms"] + [kept]
    async with connected(sim.url) as client:
        before = await build(RemoveFactors, client).observe(target(VICTIM, since=since))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL


async def test_siblings_that_would_go_count_as_gone(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    nora.factors = [f for f in nora.factors if f.factor_type == "token:software:totp"]
    nora.factors.append(Factor("pushThief000000001", "push", sim.tenant.now(), {}))
    async with connected(sim.url) as client:
        before = await build(RemoveFactors, client).observe(target(VICTIM, since=since))
    assert before.verdict is not None


@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.RECOVERY])
async def test_an_account_that_cannot_sign_in_loses_all_of_them(
    sim: Simulator, nora: OktaUser, status: Status
) -> None:
    nora.status = status
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client, scope="all")
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert before.verdict is None
    assert nora.factors == []
    assert (proof.outcome, proof.observed) == (Outcome.VERIFIED, "3 of 3 are gone")


async def test_an_account_that_was_released_meanwhile_is_protected(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.status = Status.SUSPENDED
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client, scope="all")
        before = await action.observe(target(VICTIM))
        nora.status = Status.ACTIVE
        with pytest.raises(errors.Conflict, match="password only"):
            await action.apply(target(VICTIM), before)
    assert len(nora.factors) == 3


async def test_without_a_beginning_nothing_is_removed_by_guess(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        before = await build(RemoveFactors, client).observe(target(VICTIM))
    assert before.satisfied is False
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert len(nora.factors) == 3


async def test_a_deactivated_account_is_skipped(sim: Simulator, nora: OktaUser) -> None:
    nora.status = Status.DEPROVISIONED
    async with connected(sim.url) as client:
        before = await build(RemoveFactors, client, scope="all").observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.SKIPPED


async def test_a_204_that_did_nothing_is_found_out(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    sim.faults.add(faults.Fault(faults.ignore(), system="okta", method="DELETE"))
    aim = target(VICTIM, since=since)
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        before = await action.observe(aim)
        receipt = await action.apply(aim, before)
        proof = await action.verify(aim, before, receipt, BRIEF)
    assert (proof.outcome, proof.observed) == (Outcome.FAILED, "0 of 1 are gone")
    assert "sms" in kinds(nora)


async def test_an_answer_lost_after_the_removal_is_settled_by_reading(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    sim.faults.add(faults.Fault(faults.apply_then(504), system="okta", method="DELETE"))
    aim = target(VICTIM, since=since)
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        before = await action.observe(aim)
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(aim, before)
        proof = await action.verify(aim, before, None, BRIEF)
    assert proof.outcome is Outcome.VERIFIED
    assert "sms" not in kinds(nora)


async def test_a_factor_enrolled_meanwhile_is_not_taken_for_done(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    aim = target(VICTIM, since=since)
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        before = await action.observe(aim)
        receipt = await action.apply(aim, before)
        nora.factors.append(Factor("webThief0000000001", "webauthn", sim.tenant.now(), {}))
        proof = await action.verify(aim, before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert proof.observed == "1 of 1 are gone; enrolled meanwhile: webauthn"


async def test_a_list_that_cannot_be_read_back_proves_nothing(
    sim: Simulator, nora: OktaUser, since: str
) -> None:
    aim = target(VICTIM, since=since)
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        before = await action.observe(aim)
        receipt = await action.apply(aim, before)
        unread = faults.Fault(faults.status(503), system="okta", path_regex="/factors$")
        sim.faults.add(unread)
        proof = await action.verify(aim, before, receipt, BRIEF)
    assert proof.outcome is Outcome.UNKNOWN
    assert "sms" not in kinds(nora)


@pytest.mark.parametrize("status", [Status.LOCKED_OUT, Status.PASSWORD_EXPIRED])
async def test_an_account_that_opens_again_is_not_left_with_a_password_only(
    sim: Simulator, nora: OktaUser, status: Status
) -> None:
    nora.status = status
    async with connected(sim.url) as client:
        before = await build(RemoveFactors, client, scope="all").observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "password only" in before.verdict.reason
    assert sim.requests.writes("okta") == []


@pytest.mark.parametrize(
    "parameters", [{"scope": "some"}, {"margin_minutes": -1}, {"margin": 5}, {"scope": None}]
)
async def test_parameters_are_checked(sim: Simulator, parameters: dict[str, Any]) -> None:
    async with connected(sim.url) as client:
        with pytest.raises(ValidationError):
            build(RemoveFactors, client, **parameters)


async def test_the_preview_names_every_request(sim: Simulator, since: str) -> None:
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client)
        calls = action.preview(target(VICTIM, since=since))
        before = await action.observe(target(VICTIM, since=since))
        await action.apply(target(VICTIM, since=since), before)
    (sent,) = sim.requests.writes("okta")
    (gone,) = before.snapshot["remove"]
    assert sent.path in [call.path.replace("{factor}", gone) for call in calls]


async def test_one_odd_entry_hides_no_other() -> None:
    factors: list[Any] = [
        None,
        "text",
        {"id": "..", "factorType": "sms", "created": "2026-11-22T08:00:00.000Z"},
        {"id": "smart00000000000001", "factorType": "claims_provider", "created": "long ago"},
        {
            "id": "smsThief0000000001",
            "factorType": "sms",
            "provider": "OKTA",
            "status": "PENDING_ACTIVATION",
            "created": "2026-11-22T08:00:00.000Z",
            "profile": {"phoneNumber": "+1-555-415-1337"},
            "_links": {"resend": [{"href": "x"}]},
        },
        {
            "id": "keyOld000000000001",
            "factorType": "webauthn",
            "provider": "FIDO",
            "status": "ACTIVE",
            "created": "2025-01-01T00:00:00.000Z",
            "profile": ["odd"],
        },
    ]

    def respond(request: Seen) -> web.StreamResponse:
        if request.method == "DELETE":
            return web.Response(status=204)
        if request.path_qs.endswith("/factors"):
            return answer(factors)
        if "/factors/" in request.path_qs:
            return answer({"errorCode": "E0000007"}, 404)
        if request.path_qs.startswith("/api/v1/logs"):
            return answer([])
        return answer(user_json())

    aim = target(NORA, since="2026-11-22T08:10:00Z")
    async with scripted(respond) as (url, seen), connected(url) as client:
        action = build(RemoveFactors, client)
        before = await action.observe(aim)
        receipt = await action.apply(aim, before)
        proof = await action.verify(aim, before, receipt, BRIEF)

    assert before.snapshot["remove"] == ["smsThief0000000001"]
    assert before.snapshot["odd"] == 4
    assert "1337" not in repr(before)
    assert [request.path_qs for request in seen if request.method == "DELETE"] == [
        f"/api/v1/users/{NORA}/factors/smsThief0000000001?removeRecoveryEnrollment=true"
    ]
    assert proof.outcome is Outcome.VERIFIED
    assert "4 entries could not be read or dated and were left alone" in proof.reason
