"""Factors that Okta's list hides from us: the log tells of them, and they are not taken for gone."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from okta_practice import BRIEF, Recorder, build, connected, target

from connectors.action import Observation, Outcome, Proof
from connectors.okta.factors import RemoveFactors
from simulator import faults
from simulator.clock import okta_time
from simulator.okta_scene import THIEF
from simulator.okta_state import Factor, OktaUser, Status
from simulator.people import okta_user_id
from simulator.server import Simulator

VICTIM = okta_user_id("nora.lind")
MINUTE = 60.0


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.reset()
    return running


@pytest.fixture
def nora(sim: Simulator) -> OktaUser:
    user = sim.tenant.okta_user(VICTIM)
    assert user is not None
    return user


def enrol(sim: Simulator, user: OktaUser, factor: Factor, *, named: bool = True) -> Factor:
    """Enrol a factor of the thief's, from his own machine, as the log tells it."""
    user.factors.append(factor)
    sim.tenant.okta_event(
        "user.mfa.factor.activate", user, by=user, at=factor.created, transaction=factor.id,
        enrolment=factor if named else None, scene=THIEF,
    )  # fmt: skip
    return factor


def key(sim: Simulator, minutes_ago: float = 3.0) -> Factor:
    at = sim.tenant.now() - minutes_ago * MINUTE
    return Factor("fwfThiefsKey00000001", "webauthn", at, {"authenticatorName": "Key"})


def hide(sim: Simulator, *kinds: str) -> None:
    """Let the enrolment policy not allow these, as seen from where we are."""
    sim.tenant.okta_unlisted_factors = list(kinds)


async def carried_out(
    sim: Simulator, journal: Recorder | None = None, **parameters: object
) -> tuple[Observation, Proof | None]:
    aim = target(VICTIM, since=okta_time(sim.tenant.now() - 10 * MINUTE))
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client, journal, **parameters)
        before = await action.observe(aim)
        if before.verdict is not None or before.satisfied:
            return before, None
        receipt = await action.apply(aim, before)
        return before, await action.verify(aim, before, receipt, BRIEF)


async def test_what_the_list_hides_and_the_log_names_is_removed_too(
    sim: Simulator, nora: OktaUser
) -> None:
    hidden = enrol(sim, nora, key(sim))
    hide(sim, "webauthn")
    before, proof = await carried_out(sim)
    assert proof is not None
    assert len(before.snapshot["remove"]) == 2
    assert hidden not in nora.factors
    assert (proof.outcome, proof.observed) == (Outcome.VERIFIED, "2 of 2 are gone")


async def test_a_hidden_phone_stops_being_a_way_to_recover(sim: Simulator, nora: OktaUser) -> None:
    hide(sim, "sms")
    journal = Recorder()
    _, proof = await carried_out(sim, journal)
    assert proof is not None
    assert proof.outcome is Outcome.VERIFIED
    assert nora.recovery_phones == []
    assert [call.path.partition("?")[2] for call in journal.intents] == [
        "removeRecoveryEnrollment=true"
    ]


async def test_what_the_log_tells_of_and_nobody_shows_is_left_to_a_person(
    sim: Simulator, nora: OktaUser
) -> None:
    enrol(sim, nora, key(sim), named=False)
    hide(sim, "webauthn")
    _, proof = await carried_out(sim)
    assert proof is not None
    assert proof.outcome is Outcome.MANUAL
    assert "okta.reset_factors" in proof.reason
    assert [factor.factor_type for factor in nora.factors] == [
        "push", "token:software:totp", "webauthn",
    ]  # fmt: skip


@pytest.mark.parametrize("answer", [faults.forbid(), faults.status(400)])
async def test_an_id_that_okta_does_not_answer_keeps_no_listed_factor_from_going(
    sim: Simulator, nora: OktaUser, answer: faults.Effect
) -> None:
    hidden = enrol(sim, nora, key(sim))
    hide(sim, "webauthn")
    sim.faults.add(faults.Fault(answer, system="okta", method="GET", path_regex=hidden.id))
    before, proof = await carried_out(sim)
    assert proof is not None
    assert before.snapshot["unlisted"] == []
    assert "sms" not in [factor.factor_type for factor in nora.factors]
    assert proof.outcome is Outcome.MANUAL
    assert "okta.reset_factors" in proof.reason


async def test_where_nothing_else_is_to_be_removed_it_is_not_called_done_either(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.factors = [factor for factor in nora.factors if factor.factor_type != "sms"]
    sim.tenant.okta_events.clear()
    enrol(sim, nora, key(sim), named=False)
    hide(sim, "webauthn")
    before, _ = await carried_out(sim)
    assert before.satisfied is False
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "okta.reset_factors" in before.verdict.instructions
    assert sim.requests.writes("okta") == []


async def test_a_hidden_factor_of_before_the_theft_is_not_touched(
    sim: Simulator, nora: OktaUser
) -> None:
    old = enrol(sim, nora, key(sim, minutes_ago=9000))
    hide(sim, "webauthn")
    _, proof = await carried_out(sim)
    assert proof is not None
    assert proof.outcome is Outcome.VERIFIED
    assert old in nora.factors


async def test_one_that_was_taken_away_again_is_none(sim: Simulator, nora: OktaUser) -> None:
    gone = enrol(sim, nora, key(sim))
    nora.factors.remove(gone)
    sim.tenant.okta_event(
        "user.mfa.factor.deactivate", nora, by=nora, transaction="gone", enrolment=gone
    )
    before, proof = await carried_out(sim)
    assert proof is not None
    assert len(before.snapshot["remove"]) == 1
    assert proof.outcome is Outcome.VERIFIED


async def test_a_reset_of_all_of_them_leaves_none(sim: Simulator, nora: OktaUser) -> None:
    enrol(sim, nora, key(sim), named=False)
    nora.factors.clear()
    sim.tenant.okta_event("user.mfa.factor.reset_all", nora, transaction="all")
    before, _ = await carried_out(sim)
    assert before.satisfied is True


@pytest.mark.parametrize("enrolled", ["push", "webauthn"])
async def test_a_listed_factor_accounts_for_one_enrolment_without_an_id(
    sim: Simulator, nora: OktaUser, enrolled: str
) -> None:
    at = sim.tenant.now() - 3 * MINUTE
    enrol(sim, nora, Factor("opfThiefsOwn00000001", enrolled, at, {}), named=False)
    nora.status = Status.SUSPENDED
    _, proof = await carried_out(sim)
    assert proof is not None
    assert proof.outcome is Outcome.VERIFIED


async def test_one_listed_factor_does_not_account_for_two_enrolments(
    sim: Simulator, nora: OktaUser
) -> None:
    enrol(sim, nora, key(sim), named=False)
    hide(sim, "webauthn")
    _, proof = await carried_out(sim)
    assert proof is not None
    assert proof.outcome is Outcome.MANUAL


@pytest.mark.parametrize(
    ("listed", "outcome"), [(True, Outcome.UNVERIFIABLE), (False, Outcome.VERIFIED)]
)
async def test_without_the_log_what_is_done_is_not_called_verified(
    sim: Simulator, nora: OktaUser, listed: bool, outcome: Outcome
) -> None:
    if not listed:
        nora.factors = [factor for factor in nora.factors if factor.factor_type != "sms"]
    sim.faults.add(faults.Fault(faults.forbid(), system="okta", path_regex="/api/v1/logs"))
    before, proof = await carried_out(sim)
    assert proof is not None
    assert proof.outcome is outcome  # the latter of nothing sent, which ends a step as `already`
    assert before.satisfied is (False if listed else None)
    assert "okta.logs.read" in proof.reason
    assert "sms" not in [factor.factor_type for factor in nora.factors]


async def test_what_somebody_else_has_removed_meanwhile_was_no_change_of_ours(
    sim: Simulator, nora: OktaUser
) -> None:
    sim.faults.add(faults.Fault(faults.forbid(), system="okta", path_regex="/api/v1/logs"))
    aim = target(VICTIM, since=okta_time(sim.tenant.now() - 10 * MINUTE))
    async with connected(sim.url) as client:
        action = build(RemoveFactors, client, None)
        before = await action.observe(aim)
        nora.factors = [factor for factor in nora.factors if factor.factor_type != "sms"]
        proof = await action.verify(aim, before, await action.apply(aim, before), BRIEF)
    # `unverifiable` says that we have done it; of what was refused it would end the step as failed
    assert proof.outcome is Outcome.VERIFIED
    assert "okta.logs.read" in proof.reason


async def test_a_log_whose_next_page_is_elsewhere_keeps_no_listed_factor_from_going(
    sim: Simulator, nora: OktaUser
) -> None:
    elsewhere = faults.foreign_next_link("https://elsewhere.example.com/api/v1/logs?after=1")
    sim.faults.add(faults.Fault(elsewhere, system="okta", path_regex="/api/v1/logs"))
    _, proof = await carried_out(sim)
    assert proof is not None
    assert proof.outcome is Outcome.UNVERIFIABLE
    assert "sms" not in [factor.factor_type for factor in nora.factors]


async def test_a_hidden_factor_is_the_last_protection_of_nobody_who_can_sign_in(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.factors = []
    sim.tenant.okta_events.clear()
    hidden = enrol(sim, nora, key(sim))
    hide(sim, "webauthn")
    before, _ = await carried_out(sim)
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "password only" in before.verdict.reason
    assert nora.factors == [hidden]


def test_the_practice_tenant_hides_what_its_policy_does_not_allow_from_here(
    sim: Simulator, nora: OktaUser
) -> None:
    client = httpx.Client(
        base_url=sim.url, headers={"Authorization": "SSWS simulated-okta-token"}, trust_env=False
    )
    path = f"/api/v1/users/{VICTIM}/factors"
    (sms,) = [factor for factor in nora.factors if factor.factor_type == "sms"]
    told = client.post("/_sim/settings", json={"okta_unlisted_factors": ["sms"]})
    assert told.status_code < 300
    assert [each["factorType"] for each in client.get(path).json()] == [
        "push", "token:software:totp",
    ]  # fmt: skip
    assert client.get(f"{path}/{sms.id}").json()["factorType"] == "sms"
    client.close()
