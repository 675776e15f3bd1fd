"""Forgetting the browsers in which a person passes without her second factor."""

from __future__ import annotations

import pytest
from auth0_practice import BRIEF, VICTIM, Recorder, build, connected, target

from connectors import errors
from connectors.action import Impact, Outcome
from connectors.auth0.browsers import ForgetBrowsers
from connectors.door import RetryPolicy
from simulator.auth0_people import auth0_user_id
from simulator.auth0_state import Auth0User
from simulator.faults import Fault, apply_then_drop, forbid, ignore, status, throttle
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

FORGET = "invalidate-remember-browser"


@pytest.fixture
def nora(sim: Simulator) -> Auth0User:
    user = sim.tenant.auth0_user(VICTIM)
    assert user is not None
    return user


async def test_the_browsers_are_forgotten_and_nothing_else(sim: Simulator, nora: Auth0User) -> None:
    kept = len(nora.methods), len(nora.sessions), len(nora.refresh_tokens)
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(ForgetBrowsers, client, journal)
        before = await action.observe(target())
        assert (before.satisfied, before.verdict) == (None, None)
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)
    # Auth0 lists no remembered browsers: its word is all there is, and that is said.
    assert (proof.outcome, receipt.data["sent"]) == (Outcome.ACCEPTED, True)
    assert "lists no remembered browsers" in proof.reason
    assert nora.remembered_browsers == 0
    assert (len(nora.methods), len(nora.sessions), len(nora.refresh_tokens)) == kept
    other = sim.tenant.auth0_user(auth0_user_id("petra.novak"))
    assert other is not None
    assert other.remembered_browsers == 1
    (planned,) = action.preview(target())
    (sent,) = journal.intents
    assert sent.path.replace("{user}", VICTIM.replace("|", "%7C")) == planned.path
    assert (action.spec.impact, action.spec.reversible) == (Impact.LOW, False)


async def test_again_is_harmless(sim: Simulator, nora: Auth0User) -> None:
    async with connected(sim.url) as client:
        action = build(ForgetBrowsers, client)
        for _ in range(2):
            before = await action.observe(target())
            receipt = await action.apply(target(), before)
            proof = await action.verify(target(), before, receipt, BRIEF)
            assert (proof.outcome, nora.remembered_browsers) == (Outcome.ACCEPTED, 0)


async def test_somebody_who_is_not_there_is_not_found(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        action = build(ForgetBrowsers, client)
        with pytest.raises(errors.NotFound):
            await action.observe(target("auth0|nobody"))
        with pytest.raises(errors.Refused):
            await action.observe(target("auth0|.."))


async def test_it_does_not_wait_for_a_reading(sim: Simulator, nora: Auth0User) -> None:
    sim.faults.add(Fault(status(503), system="auth0", method="GET"))
    async with connected(sim.url) as client:
        action = build(ForgetBrowsers, client)
        await action.apply(target(), await action.observe(target()))
    assert nora.remembered_browsers == 0


async def test_a_missing_permission_is_named(sim: Simulator, nora: Auth0User) -> None:
    sim.faults.add(Fault(forbid(), system="auth0", path_regex=FORGET))
    async with connected(sim.url) as client:
        action = build(ForgetBrowsers, client)
        with pytest.raises(errors.Forbidden) as raised:
            await action.apply(target(), await action.observe(target()))
    assert "update:users" in raised.value.remedy
    assert nora.remembered_browsers == 1


async def test_throttled_once_it_works(sim: Simulator, nora: Auth0User) -> None:
    sim.faults.add(Fault(throttle(0), system="auth0", path_regex=FORGET, times=1))
    async with connected(sim.url, RetryPolicy(attempts=2)) as client:
        action = build(ForgetBrowsers, client)
        await action.apply(target(), await action.observe(target()))
    assert nora.remembered_browsers == 0


async def test_a_lie_is_never_called_verified(sim: Simulator, nora: Auth0User) -> None:
    sim.faults.add(Fault(ignore(), system="auth0", path_regex=FORGET))
    async with connected(sim.url) as client:
        action = build(ForgetBrowsers, client)
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)
    assert (proof.outcome, nora.remembered_browsers) == (Outcome.ACCEPTED, 1)


async def test_a_lost_answer_cannot_be_told_from_none(sim: Simulator) -> None:
    sim.faults.add(Fault(apply_then_drop(), system="auth0", path_regex=FORGET, times=1))
    async with connected(sim.url) as client:
        action = build(ForgetBrowsers, client)
        before = await action.observe(target())
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(target(), before)
        proof = await action.verify(target(), before, None, BRIEF)
    assert proof.outcome is Outcome.UNVERIFIABLE
