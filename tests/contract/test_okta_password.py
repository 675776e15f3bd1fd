"""Resetting a password on the practice tenant; the link that sets a new one is seen by nobody."""

from __future__ import annotations

import logging

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

from connectors import errors
from connectors.action import Observation, Outcome
from connectors.okta.expiry import ExpirePassword
from connectors.okta.password import ResetPassword
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


async def test_the_password_is_dead_and_nobody_has_the_link(
    sim: Simulator, nora: OktaUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(ResetPassword, client, journal)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)

    assert (before.satisfied, before.verdict) == (False, None)
    assert nora.status is Status.RECOVERY
    assert nora.sessions == []
    assert (proof.outcome, proof.expected) == (Outcome.VERIFIED, "RECOVERY")
    (sent,) = sim.requests.writes("okta")
    assert sent.path.endswith("/reset_password?sendEmail=false&revokeSessions=true")
    for text in (repr(receipt), repr(proof), repr(journal), caplog.text):
        assert "signin/reset-password" not in text


async def test_a_pending_reset_is_left_alone(sim: Simulator, nora: OktaUser) -> None:
    nora.status = Status.RECOVERY
    async with connected(sim.url) as client:
        before = await build(ResetPassword, client).observe(target(VICTIM))
    assert (before.satisfied, before.verdict) == (True, None)


async def test_after_a_crash_no_second_link_is_made(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target(VICTIM))
        await action.apply(target(VICTIM), before)
        again = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, again, BRIEF)
    assert len(sim.requests.writes("okta")) == 1
    assert proof.outcome is Outcome.VERIFIED
    assert nora.status is Status.RECOVERY


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.SUSPENDED, "while the account is suspended"),
        (Status.DEPROVISIONED, "deactivated"),
        (Status.STAGED, "not activated"),
    ],
)
async def test_what_cannot_be_reset_is_skipped_with_the_reason(
    sim: Simulator, nora: OktaUser, status: Status, word: str
) -> None:
    nora.status = status
    async with connected(sim.url) as client:
        before = await build(ResetPassword, client).observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.SKIPPED
    assert word in before.verdict.reason


@pytest.mark.parametrize("provider", ["ACTIVE_DIRECTORY", "LDAP", "FEDERATION", "SOCIAL"])
@pytest.mark.parametrize("status", ["ACTIVE", "SUSPENDED", "RECOVERY"])
async def test_a_password_kept_elsewhere_is_reset_there_by_a_person(
    provider: str, status: str
) -> None:
    user = user_json(status=status, credentials={"provider": {"type": provider}})
    async with scripted(lambda _: answer(user)) as (url, seen), connected(url) as client:
        before = await build(ResetPassword, client).observe(target(NORA))

    assert before.satisfied is False
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert before.verdict.instructions
    shown = "Get-ADUser -LDAPFilter '(userPrincipalName=nora.lind@contoso.com)'"
    assert (shown in before.verdict.instructions) == (provider == "ACTIVE_DIRECTORY")
    assert len(seen) == 1


@pytest.mark.parametrize(
    "login", ["o'brien@contoso.com", "a)(uid=*@contoso.com", "$(calc)@x.example"]
)
async def test_an_odd_login_never_becomes_part_of_a_command(login: str) -> None:
    user = user_json(
        profile={"login": login}, credentials={"provider": {"type": "ACTIVE_DIRECTORY"}}
    )
    async with scripted(lambda _: answer(user)) as (url, _), connected(url) as client:
        before = await build(ResetPassword, client).observe(target(NORA))
    assert before.verdict is not None
    assert login not in before.verdict.instructions


async def test_an_answer_that_did_nothing_is_found_out(sim: Simulator, nora: OktaUser) -> None:
    on_write(sim, faults.ignore())
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert proof.observed.startswith("ACTIVE")
    assert nora.status is Status.ACTIVE


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (faults.apply_then(504), Outcome.VERIFIED),
        (faults.apply_then_drop(), Outcome.VERIFIED),
        (faults.drop(), Outcome.FAILED),
        (faults.empty(502), Outcome.FAILED),
    ],
)
async def test_a_lost_answer_is_settled_by_reading(
    sim: Simulator, nora: OktaUser, effect: faults.Effect, outcome: Outcome
) -> None:
    on_write(sim, effect)
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target(VICTIM))
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, None, BRIEF)
    assert proof.outcome is outcome
    assert len(sim.requests.writes("okta")) == 1
    assert (nora.status is Status.RECOVERY) == (outcome is Outcome.VERIFIED)


async def test_a_password_set_after_the_reset_shows_that_it_worked(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        nora.status, nora.password_changed = Status.ACTIVE, sim.tenant.now() + 5
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert proof.outcome is Outcome.VERIFIED
    assert "not with the link" in proof.reason


async def test_a_password_changed_before_the_answer_proves_nothing(
    sim: Simulator, nora: OktaUser
) -> None:
    on_write(sim, faults.ignore())
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target(VICTIM))
        nora.password_changed = sim.tenant.now() - 2
        receipt = await action.apply(target(VICTIM), before)
        lost = await action.verify(target(VICTIM), before, None, BRIEF)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert lost.outcome is Outcome.UNVERIFIABLE


async def test_the_preview_is_what_is_sent(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        (call,) = action.preview(target(VICTIM))
        await action.apply(target(VICTIM), Observation({}))
    (sent,) = sim.requests.writes("okta")
    assert (call.method, call.path) == (sent.method, sent.path)


# -- handing the link over ---------------------------------------------------------------------


@pytest.mark.parametrize("pending", [False, True])
async def test_the_link_leaves_only_to_be_handed_over(
    sim: Simulator, nora: OktaUser, caplog: pytest.LogCaptureFixture, pending: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    if pending:  # the containment's own reset: its link was thrown away
        nora.status = Status.RECOVERY
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(ResetPassword, client, journal, hand_over=True)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert (before.satisfied, before.verdict) == (False, None)
    assert receipt.handover is not None
    assert (receipt.handover.kind, receipt.handover.until) == ("reset_link", "unknown")
    link = receipt.handover.secret.get_secret_value()
    assert link.startswith(f"{sim.url}/signin/reset-password/")
    assert proof.outcome is Outcome.VERIFIED
    assert "handed over" in action.preview(target(VICTIM))[0].why
    for text in (repr(receipt), repr(proof), repr(journal), caplog.text):
        assert "signin/reset-password" not in text


async def test_unless_it_is_asked_for_no_link_leaves(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        receipt = await action.apply(target(VICTIM), await action.observe(target(VICTIM)))
    assert receipt.handover is None
    assert nora.status is Status.RECOVERY


async def test_a_link_lost_with_the_answer_is_made_anew(sim: Simulator, nora: OktaUser) -> None:
    sim.faults.add(faults.Fault(faults.apply_then_drop(), system="okta", method="POST", times=1))
    async with connected(sim.url) as client:
        action = build(ResetPassword, client, hand_over=True)
        before = await action.observe(target(VICTIM))
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(target(VICTIM), before)
        lost = await action.verify(target(VICTIM), before, None, BRIEF)
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert (lost.outcome, "link was lost" in lost.reason) == (Outcome.FAILED, True)
    assert receipt.handover is not None
    assert proof.outcome is Outcome.VERIFIED
    assert nora.status is Status.RECOVERY


@pytest.mark.parametrize("body", [{}, {"resetPasswordUrl": ""}, {"resetPasswordUrl": 7}, []])
async def test_an_answer_without_a_link_leaves_the_rest_to_a_person(body: object) -> None:
    def respond(request: Seen) -> web.StreamResponse:
        return answer(body if request.method == "POST" else user_json(status="RECOVERY"))

    async with scripted(respond) as (url, _), connected(url) as client:
        action = build(ResetPassword, client, hand_over=True)
        before = await action.observe(target(NORA))
        receipt = await action.apply(target(NORA), before)
        proof = await action.verify(target(NORA), before, receipt, BRIEF)
    assert receipt.handover is None
    assert proof.outcome is Outcome.MANUAL
    assert "Reset Password" in proof.reason


# -- expiring ----------------------------------------------------------------------------------


async def test_an_expired_password_is_not_called_dead(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(ExpirePassword, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert nora.status is Status.PASSWORD_EXPIRED
    assert nora.sessions
    assert proof.outcome is Outcome.VERIFIED
    assert "still opens the page" in proof.reason
    assert "sessions go on" in proof.exposure[0].why
    assert "still opens the page" in action.preview(target(VICTIM))[0].why


async def test_who_changed_it_with_the_old_one_is_for_a_person_to_ask(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(ExpirePassword, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        nora.status, nora.password_changed = Status.ACTIVE, sim.tenant.now() + 5
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
        lost = await action.verify(target(VICTIM), before, None, BRIEF)
    assert proof.outcome is Outcome.MANUAL
    assert "Ask the person" in proof.reason
    assert lost.outcome is Outcome.UNVERIFIABLE


@pytest.mark.parametrize(
    ("status", "outcome", "word"),
    [
        (Status.RECOVERY, Outcome.SKIPPED, "reset is pending"),
        (Status.SUSPENDED, Outcome.SKIPPED, "while the account is suspended"),
        (Status.DEPROVISIONED, Outcome.SKIPPED, "deactivated"),
        (Status.STAGED, Outcome.SKIPPED, "not activated"),
        (Status.LOCKED_OUT, Outcome.MANUAL, "may open it"),
    ],
)
async def test_what_expiring_would_weaken_or_cannot_reach_is_left(
    sim: Simulator, nora: OktaUser, status: Status, outcome: Outcome, word: str
) -> None:
    nora.status = status
    async with connected(sim.url) as client:
        before = await build(ExpirePassword, client).observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is outcome
    assert word in before.verdict.reason
    assert sim.requests.writes("okta") == []


async def test_a_reset_that_came_meanwhile_is_not_weakened(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(ExpirePassword, client)
        before = await action.observe(target(VICTIM))
        nora.status = Status.RECOVERY
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert receipt.data["sent"] is False
    assert nora.status is Status.RECOVERY
    assert proof.outcome is Outcome.VERIFIED


@pytest.mark.parametrize(
    ("provider", "by_hand"),
    [("ACTIVE_DIRECTORY", False), ("LDAP", True), ("FEDERATION", True), ("SOCIAL", True)],
)
async def test_only_active_directory_expires_a_password_through_okta(
    provider: str, by_hand: bool
) -> None:
    user = user_json(credentials={"provider": {"type": provider}})
    async with scripted(lambda _: answer(user)) as (url, _), connected(url) as client:
        before = await build(ExpirePassword, client).observe(target(NORA))
    assert (before.verdict is not None) is by_hand
    assert before.satisfied is False
