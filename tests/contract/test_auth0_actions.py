"""What holds for every action in Auth0, on the practice tenant: the same cells for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from auth0_practice import BRIEF, VICTIM, Recorder, build, connected, target

from connectors import errors
from connectors.action import Action, Outcome, Patience, Target
from connectors.auth0.authenticators import RemoveAuthenticators
from connectors.auth0.blocking import BlockUser, UnblockUser
from connectors.auth0.grants import RevokeGrants
from connectors.auth0.refresh_tokens import RevokeRefreshTokens
from connectors.auth0.sessions import RevokeSessions
from connectors.clock import spell
from connectors.door import RetryPolicy
from simulator import faults
from simulator.auth0_people import DESKTOP, SYNC, auth0_user_id
from simulator.auth0_state import Auth0User
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

NOBODY = auth0_user_id("nobody")
PATIENT = Patience(total_s=2.0, first_s=0.01, step_s=0.05)


@dataclass(frozen=True)
class Case:
    kind: Callable[..., Action]
    done: Callable[[Auth0User], bool]
    do: Callable[[Auth0User], None]
    parameters: dict[str, Any] = field(default_factory=dict)
    #: What the state has to be so that there is something to do.
    first: Callable[[Auth0User], None] = lambda _: None
    method: str = "DELETE"
    #: What an empty list does not excuse from sending.
    always: bool = False


def _block(user: Auth0User) -> None:
    user.blocked = True


def _unblock(user: Auth0User) -> None:
    user.blocked = False


def _without_thiefs(user: Auth0User) -> None:
    user.methods = [method for method in user.methods if "thief" not in method.id]


def _thiefs_grants_gone(user: Auth0User) -> None:
    user.grants = [grant for grant in user.grants if grant.client_id != SYNC]


def _only_rotating(user: Auth0User) -> None:
    user.refresh_tokens = [t for t in user.refresh_tokens if t.client_id != DESKTOP]


CASES = {
    "sessions": Case(
        RevokeSessions,
        lambda user: not user.sessions,
        lambda user: user.sessions.clear(),
        always=True,
    ),
    "refresh tokens": Case(
        RevokeRefreshTokens,
        lambda user: not user.refresh_tokens,
        lambda user: user.refresh_tokens.clear(),
        always=True,
    ),
    "an app's refresh tokens": Case(
        RevokeRefreshTokens,
        lambda user: [t.client_id == DESKTOP for t in user.refresh_tokens] == [False],
        _only_rotating,
        {"client_id": DESKTOP},
        method="POST",
        always=True,
    ),
    "grants": Case(RevokeGrants, lambda user: not user.grants, lambda user: user.grants.clear()),
    "an app's grants": Case(
        RevokeGrants,
        lambda user: [g.client_id == SYNC for g in user.grants] == [False],
        _thiefs_grants_gone,
        {"client_id": SYNC},
    ),
    "block": Case(BlockUser, lambda user: user.blocked is True, _block, method="PATCH"),
    "unblock": Case(
        UnblockUser, lambda user: user.blocked is False, _unblock, first=_block, method="PATCH"
    ),
    "authenticators": Case(
        RemoveAuthenticators,
        lambda user: [m.kind for m in user.methods] == ["password", "push", "totp"],
        _without_thiefs,
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def nora(sim: Simulator, case: Case) -> Auth0User:
    user = sim.tenant.auth0_user(VICTIM)
    assert user is not None
    case.first(user)
    return user


def her(sim: Simulator, user_id: str = VICTIM) -> Target:
    """The theft began ten minutes ago by the tenant's clock."""
    return target(user_id, since=_ago(sim, 600))


def _ago(sim: Simulator, seconds: float) -> str:
    return spell(datetime.fromtimestamp(sim.tenant.now() - seconds, UTC))


def on_write(sim: Simulator, case: Case, effect: faults.Effect, **more: Any) -> None:
    sim.faults.add(faults.Fault(effect, system="auth0", method=case.method, **more))


async def test_it_is_done_and_seen_and_the_preview_says_what_is_sent(
    sim: Simulator, nora: Auth0User, case: Case
) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(case.kind, client, journal, **case.parameters)
        planned = action.preview(her(sim))
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)

    assert (before.satisfied, before.verdict) == (False, None)
    assert proof.outcome is Outcome.VERIFIED
    assert case.done(nora)
    assert receipt.data["sent"] is True
    sent = sim.requests.writes("auth0")
    (call,) = planned
    assert {entry.method for entry in sent} == {call.method}
    pattern = call.path.replace("{method}", "").replace("{grant}", "")
    assert all(entry.path.startswith(pattern) for entry in sent)
    # The log says whom a change was about, wherever its id travelled.
    assert all(VICTIM in intent.params.values() for intent in journal.intents)


async def test_what_is_so_already_is_left_alone_or_made_sure_of(
    sim: Simulator, nora: Auth0User, case: Case
) -> None:
    case.do(nora)
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        assert (before.satisfied, before.verdict) == (None if case.always else True, None)
        assert sim.requests.writes("auth0") == []
        if case.always:
            receipt = await action.apply(her(sim), before)
            proof = await action.verify(her(sim), before, receipt, BRIEF)
            assert proof.outcome is Outcome.VERIFIED


async def test_nobody_of_this_id_is_no_success(sim: Simulator, case: Case) -> None:
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        if case.kind is RevokeGrants:  # Auth0 lists by a question, which finds nothing
            assert (await action.observe(her(sim, NOBODY))).satisfied is True
            return
        with pytest.raises(errors.NotFound):
            await action.observe(her(sim, NOBODY))


@pytest.mark.parametrize("wrong", ["me", "..", "auth0|../x", "nora.lind@contoso.com"])
async def test_a_malformed_id_is_refused_and_nothing_is_sent(
    sim: Simulator, case: Case, wrong: str
) -> None:
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        with pytest.raises(errors.Refused):
            await action.observe(target(wrong))
    assert sim.requests.all() == []


async def test_a_missing_scope_is_named(sim: Simulator, nora: Auth0User, case: Case) -> None:
    on_write(sim, case, faults.forbid())
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        with pytest.raises(errors.Forbidden) as raised:
            await action.apply(her(sim), before)
    assert all(scope in raised.value.remedy for scope in action.spec.permissions)
    assert not case.done(nora)


async def test_a_throttled_change_goes_on(sim: Simulator, nora: Auth0User, case: Case) -> None:
    on_write(sim, case, faults.throttle(0), times=1)
    async with connected(sim.url, RetryPolicy(attempts=3)) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert proof.outcome is Outcome.VERIFIED
    assert case.done(nora)


async def test_an_answer_that_did_nothing_is_found_out(
    sim: Simulator, nora: Auth0User, case: Case
) -> None:
    on_write(sim, case, faults.ignore())
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert not case.done(nora)


@pytest.mark.parametrize(
    ("effect", "done"),
    [(faults.apply_then_drop(), True), (faults.apply_then(504), True), (faults.drop(), False)],
)
async def test_a_lost_answer_is_settled_by_reading(
    sim: Simulator, nora: Auth0User, case: Case, effect: faults.Effect, done: bool
) -> None:
    on_write(sim, case, effect)
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, None, BRIEF)
    assert proof.outcome is (Outcome.VERIFIED if done else Outcome.FAILED)
    assert case.done(nora) is done


@pytest.mark.parametrize("skip", range(3))
async def test_killed_anywhere_the_same_step_goes_on_from_what_was_seen_first(
    sim: Simulator, nora: Auth0User, case: Case, skip: int
) -> None:
    on_write(sim, case, faults.drop(), skip=skip)
    async with connected(sim.url) as client:
        before = await build(case.kind, client, **case.parameters).observe(her(sim))
        try:
            await build(case.kind, client, **case.parameters).apply(her(sim), before)
        except errors.UnknownOutcome:
            assert skip < 2
        sim.faults.clear()
        receipt = await build(case.kind, client, **case.parameters).apply(her(sim), before)
        again = build(case.kind, client, **case.parameters)
        proof = await again.verify(her(sim), before, receipt, BRIEF)
    assert proof.outcome is Outcome.VERIFIED
    assert case.done(nora)


async def test_readers_that_lag_behind_are_waited_for(
    sim: Simulator, nora: Auth0User, case: Case
) -> None:
    sim.tenant.read_lag_s = 0.15
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, PATIENT)
    assert proof.outcome is Outcome.VERIFIED
    assert case.done(nora)


async def test_what_cannot_be_read_now_is_unknown_and_what_never_can_unverifiable(
    sim: Simulator, nora: Auth0User, case: Case
) -> None:
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        outcomes = []
        for effect in (faults.status(503), faults.forbid()):
            sim.faults.clear()
            sim.faults.add(faults.Fault(effect, system="auth0", method="GET"))
            outcomes.append((await action.verify(her(sim), before, receipt, BRIEF)).outcome)
    assert outcomes == [Outcome.UNKNOWN, Outcome.UNVERIFIABLE]
    assert case.done(nora)


async def test_no_credential_stands_in_what_is_kept(
    sim: Simulator, nora: Auth0User, case: Case
) -> None:
    secrets = [session.cookie for session in nora.sessions]
    secrets += [session.id for session in nora.sessions]
    secrets += [token.value for token in nora.refresh_tokens]
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        planned = action.preview(her(sim))
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    kept = repr([planned, before, receipt, proof])
    assert not [secret for secret in secrets if secret in kept]


# -- undoing ---------------------------------------------------------------------------------

UNDOABLE = [pytest.param(CASES["block"], id="block")]


@pytest.mark.parametrize("case", UNDOABLE)
async def test_the_block_is_put_back_as_it_was(sim: Simulator, nora: Auth0User, case: Case) -> None:
    was = nora.blocked is True
    async with connected(sim.url) as client:
        action = build(case.kind, client)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
        (call,) = action.preview_undo(her(sim))
        sim.requests.clear()
        await action.undo(her(sim), before)
        await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
    assert (nora.blocked is True) is was
    assert restored.outcome is Outcome.VERIFIED
    sent = sim.requests.writes("auth0")
    assert {(entry.method, entry.path) for entry in sent} == {(call.method, call.path)}


@pytest.mark.parametrize("case", UNDOABLE)
async def test_what_was_so_before_is_not_undone(
    sim: Simulator, nora: Auth0User, case: Case
) -> None:
    case.do(nora)
    async with connected(sim.url) as client:
        action = build(case.kind, client)
        before = await action.observe(her(sim))
        await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
    assert restored.outcome is Outcome.VERIFIED
    assert sim.requests.writes("auth0") == []


@pytest.mark.parametrize("case", UNDOABLE)
async def test_an_undo_that_did_nothing_is_found_out(
    sim: Simulator, nora: Auth0User, case: Case
) -> None:
    async with connected(sim.url) as client:
        action = build(case.kind, client)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
        on_write(sim, case, faults.ignore())
        await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
    assert restored.outcome is Outcome.FAILED
    assert case.done(nora)
