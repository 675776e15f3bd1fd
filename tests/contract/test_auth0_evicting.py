"""What is special to one action in Auth0: whose, since when, and what stays open."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from auth0_practice import BRIEF, VICTIM, build, connected, target

from connectors import errors
from connectors.action import Outcome, Target
from connectors.auth0.authenticators import RemoveAuthenticators
from connectors.auth0.blocking import BlockUser
from connectors.auth0.grants import RevokeGrants
from connectors.auth0.refresh_tokens import RevokeRefreshTokens
from connectors.auth0.sessions import RevokeSessions
from connectors.clock import spell
from simulator import faults
from simulator.auth0_people import DESKTOP, PORTAL, SYNC, auth0_user_id
from simulator.auth0_state import Auth0Method, Auth0User
from simulator.server import Simulator
from simulator.thief import Thief

pytest_plugins = ("practice_tenant",)


@pytest.fixture
def nora(sim: Simulator) -> Auth0User:
    user = sim.tenant.auth0_user(VICTIM)
    assert user is not None
    return user


def when(sim: Simulator, seconds_ago: float) -> str:
    return spell(datetime.fromtimestamp(sim.tenant.now() - seconds_ago, UTC))


def her(sim: Simulator, seconds_ago: float = 600) -> Target:
    return target(since=when(sim, seconds_ago))


# -- sessions and refresh tokens -------------------------------------------------------------


async def test_the_thief_is_out_of_auth0_once_sessions_and_tokens_are_revoked(
    sim: Simulator,
) -> None:
    loot = sim.steal("nora.lind", auth0=True)
    assert loot.auth0 is not None
    with Thief(sim.url, loot, 0.02) as thief:
        assert thief.wait_until_working()
        async with connected(sim.url) as client:
            for kind in (RevokeSessions, RevokeRefreshTokens):
                action = build(kind, client)
                before = await action.observe(her(sim))
                await action.apply(her(sim), before)
        assert not thief.wait_until_locked_out(0.3)  # he has Entra and Okta still
        out = thief.locked_out()
    assert out["auth0"] is not None
    assert out["entra"] is None


async def test_sessions_alone_leave_the_refresh_token_alive(
    sim: Simulator, nora: Auth0User
) -> None:
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
    assert (len(nora.sessions), len(nora.refresh_tokens)) == (0, 2)
    assert {each["ip"] for each in before.snapshot["sessions"]} == {"203.0.113.20"}


@pytest.mark.parametrize("kind", [RevokeSessions, RevokeRefreshTokens])
async def test_a_new_sign_in_is_no_failure_and_is_told(
    sim: Simulator, nora: Auth0User, kind: type[RevokeSessions]
) -> None:
    async with connected(sim.url) as client:
        action = build(kind, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        nora.sign_in(sim.tenant.now() + 5, DESKTOP)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
        unclear = await action.verify(her(sim), before, None, BRIEF)
    assert proof.outcome is Outcome.VERIFIED
    assert [e for e in proof.exposure if "signed in again" in e.why]
    # Without the answer's time it cannot be told from one of before.
    assert unclear.outcome is Outcome.UNVERIFIABLE


@pytest.mark.parametrize("kind", [RevokeSessions, RevokeRefreshTokens])
async def test_a_plan_without_the_feature_is_told_and_nothing_is_sent(
    sim: Simulator, kind: type[RevokeSessions]
) -> None:
    sim.tenant.auth0_plan = "essentials"
    async with connected(sim.url) as client:
        before = await build(kind, client).observe(her(sim))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.SKIPPED
    assert "plan" in before.verdict.reason
    assert "block the user" in before.verdict.reason
    assert sim.requests.writes("auth0") == []


@pytest.mark.parametrize("kind", [RevokeSessions, RevokeRefreshTokens])
@pytest.mark.parametrize("effect", [faults.forbid(), faults.status(503), faults.throttle(60)])
async def test_revoking_does_not_wait_for_a_list(
    sim: Simulator, nora: Auth0User, kind: type[RevokeSessions], effect: faults.Effect
) -> None:
    sim.faults.add(faults.Fault(effect, system="auth0", method="GET", times=1))
    async with connected(sim.url) as client:
        action = build(kind, client)
        before = await action.observe(her(sim))
        assert (before.satisfied, before.verdict) == (None, None)
        await action.apply(her(sim), before)
    assert not (nora.sessions if kind is RevokeSessions else nora.refresh_tokens)


async def test_single_tokens_are_revoked_only_if_they_are_the_persons(
    sim: Simulator, nora: Auth0User
) -> None:
    other = sim.tenant.auth0_user(auth0_user_id("user01"))
    assert other is not None
    hers, kept = nora.refresh_tokens
    ids = [hers.id, other.refresh_tokens[0].id]
    async with connected(sim.url) as client:
        action = build(RevokeRefreshTokens, client, token_ids=ids)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
        foreign = build(RevokeRefreshTokens, client, token_ids=ids[1:])
        assert (await foreign.observe(her(sim))).satisfied is True
        sim.faults.add(faults.Fault(faults.forbid(), system="auth0", method="GET"))
        with pytest.raises(errors.Forbidden):
            await foreign.observe(her(sim))
    assert proof.outcome is Outcome.VERIFIED
    assert nora.refresh_tokens == [kept]
    assert len(other.refresh_tokens) == 2
    (sent,) = sim.requests.writes("auth0")
    assert sent.body == {"ids": [hers.id]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": DESKTOP, "token_ids": ["rt_000000000001"]},
        {"client_id": "a b"},
        {"token_ids": ["../x"]},
        {"token_ids": ["rt_0000"] * 101},
        {"audience": "x"},
    ],
)
async def test_parameters_that_are_none_are_refused(
    sim: Simulator, wrong: dict[str, object]
) -> None:
    async with connected(sim.url) as client:
        with pytest.raises(ValueError, match="validation error"):
            build(RevokeRefreshTokens, client, **wrong)


async def test_what_nobody_can_take_back_is_told(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        for kind in (RevokeRefreshTokens, BlockUser, RevokeGrants):
            action = build(kind, client)
            before = await action.observe(her(sim))
            receipt = await action.apply(her(sim), before)
            proof = await action.verify(her(sim), before, receipt, BRIEF)
            (told,) = proof.exposure
            assert "access tokens" in told.what
            assert "30 days" in told.why


# -- consents --------------------------------------------------------------------------------


async def test_an_apps_grants_go_and_the_others_stay(sim: Simulator, nora: Auth0User) -> None:
    other = sim.tenant.auth0_user(auth0_user_id("user01"))
    assert other is not None
    async with connected(sim.url) as client:
        action = build(RevokeGrants, client, client_id=SYNC)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
    assert [grant.client_id for grant in nora.grants] == [PORTAL]
    assert len(other.grants) == 1
    assert [each["client_id"] for each in before.snapshot["grants"]] == [SYNC]


# -- authenticators --------------------------------------------------------------------------


def thiefs(nora: Auth0User) -> list[str]:
    return [method.kind for method in nora.methods if "thief" in method.id]


async def removed(sim: Simulator, **parameters: object) -> Outcome:
    async with connected(sim.url) as client:
        action = build(RemoveAuthenticators, client, **parameters)
        before = await action.observe(her(sim))
        if before.verdict is not None:
            return before.verdict.outcome
        receipt = await action.apply(her(sim), before)
        return (await action.verify(her(sim), before, receipt, BRIEF)).outcome


async def test_what_is_older_than_the_theft_stays(sim: Simulator, nora: Auth0User) -> None:
    assert await removed(sim) is Outcome.VERIFIED
    assert [method.kind for method in nora.methods] == ["password", "push", "totp"]


async def test_all_of_them_go_once_the_user_is_blocked_but_never_the_password(
    sim: Simulator, nora: Auth0User
) -> None:
    assert await removed(sim, scope="all") is Outcome.MANUAL
    assert sim.requests.writes("auth0") == []
    nora.blocked = True
    assert await removed(sim, scope="all") is Outcome.VERIFIED
    assert [method.kind for method in nora.methods] == ["password"]


async def test_a_password_is_not_left_alone_even_if_that_changed_meanwhile(
    sim: Simulator, nora: Auth0User
) -> None:
    nora.blocked = True
    async with connected(sim.url) as client:
        action = build(RemoveAuthenticators, client, scope="all")
        before = await action.observe(her(sim))
        nora.blocked = False
        with pytest.raises(errors.Conflict) as raised:
            await action.apply(her(sim), before)
    assert "auth0.block_user" in raised.value.remedy
    assert len(nora.methods) == 5


async def test_where_a_provider_keeps_the_password_no_method_has_to_stay(sim: Simulator) -> None:
    omar = sim.tenant.person("omar.reyes").auth0
    assert omar is not None
    omar.methods = [Auth0Method("totp|dev_0001", "totp", sim.tenant.now())]
    async with connected(sim.url) as client:
        action = build(RemoveAuthenticators, client)
        who = target(omar.id, since=when(sim, 60))
        before = await action.observe(who)
        await action.apply(who, before)
    assert omar.methods == []


async def test_without_a_beginning_nothing_is_removed_by_guess(
    sim: Simulator, nora: Auth0User
) -> None:
    async with connected(sim.url) as client:
        before = await build(RemoveAuthenticators, client).observe(target())
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "passkey passkey|dev_thief00000002" in before.verdict.instructions
    assert before.snapshot["remove"] == []
    assert len(thiefs(nora)) == 2


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (Auth0Method("totp|dev_undated", "totp", None), "its time is not known"),
        (Auth0Method("../../x", "totp", None), "its id is not one of Auth0's"),
    ],
)
async def test_what_cannot_be_dated_or_named_is_left_to_a_person(
    sim: Simulator, nora: Auth0User, odd: Auth0Method, why: str
) -> None:
    nora.methods.append(odd)
    async with connected(sim.url) as client:
        action = build(RemoveAuthenticators, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
        alone = await action.observe(her(sim))
    assert proof.outcome is Outcome.MANUAL
    assert why in proof.reason
    assert thiefs(nora) == []
    assert odd in nora.methods
    assert alone.verdict is not None
    assert alone.verdict.outcome is Outcome.MANUAL


async def test_one_that_would_take_an_older_one_along_is_left_to_a_person(
    sim: Simulator, nora: Auth0User
) -> None:
    linked = Auth0Method("phone|dev_linked", "phone", sim.tenant.now(), {}, "phone-1")
    nora.methods.append(linked)
    assert await removed(sim) is Outcome.MANUAL
    assert linked in nora.methods
    assert [method.kind for method in nora.methods[:3]] == ["password", "push", "totp"]


async def test_one_begun_before_and_completed_since_is_new(sim: Simulator, nora: Auth0User) -> None:
    late = {"enrolled_at": when(sim, 60)}
    nora.methods.append(Auth0Method("phone|dev_late0", "phone", sim.tenant.now() - 9999, late))
    assert await removed(sim) is Outcome.VERIFIED
    assert "phone|dev_late0" not in [method.id for method in nora.methods]


async def test_one_enrolled_meanwhile_is_no_success(sim: Simulator, nora: Auth0User) -> None:
    async with connected(sim.url) as client:
        action = build(RemoveAuthenticators, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        nora.methods.append(Auth0Method("email|dev_again", "email", sim.tenant.now()))
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert "enrolled meanwhile: email" in proof.observed


async def test_no_number_or_address_is_kept_of_a_method(sim: Simulator, nora: Auth0User) -> None:
    phone = {"phone_number": "+15555550123", "email": "private@example.com"}
    nora.methods.append(Auth0Method("phone|dev_phone", "phone", sim.tenant.now(), phone))
    async with connected(sim.url) as client:
        before = await build(RemoveAuthenticators, client).observe(her(sim))
    assert "5555550123" not in repr(before)
    assert "private@example.com" not in repr(before)
