"""What holds for every further action in Okta, on the practice tenant: the same cells for each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from okta_practice import BRIEF, Recorder, build, connected, target

from connectors import errors
from connectors.action import Action, Outcome, Patience, Target
from connectors.clock import spell
from connectors.door import RetryPolicy
from connectors.okta.account import UnsuspendUser
from connectors.okta.api_tokens import RevokeApiTokens
from connectors.okta.client_tokens import RevokeClientTokens
from connectors.okta.consents import RevokeGrants
from connectors.okta.devices import SuspendDevices
from connectors.okta.expiry import ExpirePassword
from connectors.okta.factor_reset import ResetFactors
from connectors.okta.quarantine import QuarantineGroup
from connectors.okta.risk import RaiseRisk
from connectors.okta.universal_logout import UniversalLogout
from simulator import faults
from simulator.okta_belongings import Risk
from simulator.okta_people import QUARANTINE
from simulator.okta_state import OktaUser, Status
from simulator.people import LINE_APP, MAIL_CLIENT, okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

VICTIM = okta_user_id("nora.lind")
NOBODY = okta_user_id("nobody")
PATIENT = Patience(total_s=2.0, first_s=0.01, step_s=0.05)


@dataclass(frozen=True)
class Case:
    kind: Callable[..., Action]
    #: Whether the account is as the action wants it.
    done: Callable[[OktaUser], bool]
    #: Makes it so.
    do: Callable[[OktaUser], None]
    parameters: dict[str, Any] = field(default_factory=dict)
    #: What the state has to be so that there is something to do.
    first: Callable[[OktaUser], None] = lambda _: None
    method: str = "DELETE"
    #: What an empty list does not excuse from sending.
    always: bool = False


def _logged_out(user: OktaUser) -> bool:
    held = (user.sessions, user.refresh_tokens, user.api_tokens)
    return not any(held) and user.risk.level == "LOW"


def _log_out(user: OktaUser) -> None:
    user.sessions.clear()
    user.refresh_tokens.clear()


def _one_app(user: OktaUser) -> None:
    user.refresh_tokens = [t for t in user.refresh_tokens if t.client_id != MAIL_CLIENT]


def _no_thiefs_token(user: OktaUser) -> None:
    user.api_tokens = [token for token in user.api_tokens if token.name != "backup"]


def _becomes(status: Status) -> Callable[[OktaUser], None]:
    def move(user: OktaUser) -> None:
        user.status = status

    return move


def _is(status: Status) -> Callable[[OktaUser], bool]:
    return lambda user: user.status is status


def _thiefs_device_off(user: OktaUser) -> None:
    for device in user.devices:
        if device.name == "android-x86":
            device.status = "SUSPENDED"


def _suspicious(user: OktaUser) -> None:
    user.risk = Risk("MEDIUM", "a session seems to be hijacked")


def _high(user: OktaUser) -> None:
    user.risk = Risk("HIGH", "detection")


CASES = {
    "universal logout": Case(UniversalLogout, _logged_out, _log_out, method="POST", always=True),
    "grants": Case(RevokeGrants, lambda user: not user.grants, lambda user: user.grants.clear()),
    "apps' tokens": Case(
        RevokeClientTokens,
        lambda user: not user.refresh_tokens,
        lambda user: user.refresh_tokens.clear(),
    ),
    "an app's tokens": Case(
        RevokeClientTokens,
        lambda user: [t.client_id for t in user.refresh_tokens] == [LINE_APP.okta_client_id],
        _one_app,
        {"client_id": MAIL_CLIENT},
        always=True,
    ),
    "API tokens": Case(
        RevokeApiTokens,
        lambda user: [token.name for token in user.api_tokens] == ["Monthly report"],
        _no_thiefs_token,
    ),
    "unsuspend": Case(
        UnsuspendUser,
        _is(Status.ACTIVE),
        _becomes(Status.ACTIVE),
        first=_becomes(Status.SUSPENDED),
        method="POST",
    ),
    "expire the password": Case(
        ExpirePassword,
        _is(Status.PASSWORD_EXPIRED),
        _becomes(Status.PASSWORD_EXPIRED),
        method="POST",
    ),
    "reset factors": Case(
        ResetFactors,
        lambda user: not user.factors,
        lambda user: user.factors.clear(),
        first=_becomes(Status.SUSPENDED),
        method="POST",
        always=True,
    ),
    "devices": Case(
        SuspendDevices,
        lambda user: [device.status for device in user.devices] == ["ACTIVE", "SUSPENDED"],
        _thiefs_device_off,
        method="POST",
    ),
    "risk": Case(
        RaiseRisk, lambda user: user.risk.level == "HIGH", _high, first=_suspicious, method="PUT"
    ),
    "quarantine": Case(
        QuarantineGroup,
        lambda user: QUARANTINE.id in user.groups,
        lambda user: user.groups.append(QUARANTINE.id),
        {"group_id": QUARANTINE.id},
        method="PUT",
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def nora(sim: Simulator, case: Case) -> OktaUser:
    user = sim.tenant.okta_user(VICTIM)
    assert user is not None
    case.first(user)
    return user


def her(sim: Simulator, user_id: str = VICTIM) -> Target:
    """The theft began ten minutes ago by the tenant's clock."""
    ago = datetime.fromtimestamp(sim.tenant.now() - 600, UTC)
    return target(user_id, since=spell(ago))


def on_write(sim: Simulator, case: Case, effect: faults.Effect, **more: Any) -> None:
    sim.faults.add(faults.Fault(effect, system="okta", method=case.method, **more))


async def test_it_is_done_and_seen_and_the_preview_says_what_is_sent(
    sim: Simulator, nora: OktaUser, case: Case
) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(case.kind, client, journal, **case.parameters)
        planned = action.preview(her(sim))
        before = await action.observe(her(sim))
        assert not case.done(nora)
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)

    assert (before.satisfied, before.verdict) in ((False, None), (None, None))
    assert proof.outcome is Outcome.VERIFIED
    assert case.done(nora)
    assert receipt.data["sent"] is True
    sent = sim.requests.writes("okta")
    (call,) = planned
    assert sent
    assert {entry.method for entry in sent} == {call.method}
    pattern = call.path.partition("{")[0]
    assert all(entry.path.startswith(pattern) for entry in sent)
    # The log says whom a change was about, wherever the id travelled.
    assert all(VICTIM in intent.params.values() for intent in journal.intents)


async def test_what_is_so_already_is_left_alone_or_made_sure_of(
    sim: Simulator, nora: OktaUser, case: Case
) -> None:
    case.do(nora)
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        assert (before.satisfied, before.verdict) == (None if case.always else True, None)
        assert sim.requests.writes("okta") == []
        if case.always:
            receipt = await action.apply(her(sim), before)
            proof = await action.verify(her(sim), before, receipt, BRIEF)
            assert proof.outcome in (Outcome.ACCEPTED, Outcome.VERIFIED)


async def test_nobody_of_this_id_is_no_success(sim: Simulator, case: Case) -> None:
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        with pytest.raises(errors.NotFound):
            await action.observe(her(sim, NOBODY))


@pytest.mark.parametrize("wrong", ["me", "..", "00u../../users/me/xxx", "nora.lind@contoso.com"])
async def test_a_malformed_id_is_refused_and_nothing_is_sent(
    sim: Simulator, nora: OktaUser, case: Case, wrong: str
) -> None:
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        sim.requests.clear()
        with pytest.raises(errors.Refused):
            await action.observe(target(wrong, since=her(sim).since))
        assert sim.requests.all() == []
        with pytest.raises(errors.Refused):
            await action.apply(target(wrong, since=her(sim).since), before)
    assert sim.requests.all() == []
    assert not case.done(nora)


async def test_what_is_forbidden_is_told_and_not_done(
    sim: Simulator, nora: OktaUser, case: Case
) -> None:
    on_write(sim, case, faults.forbid())
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        with pytest.raises(errors.Forbidden) as raised:
            await action.apply(her(sim), before)
    assert raised.value.remedy
    assert not case.done(nora)


async def test_a_throttled_change_goes_on(sim: Simulator, nora: OktaUser, case: Case) -> None:
    on_write(sim, case, faults.throttle(0), times=1)
    async with connected(sim.url, RetryPolicy(attempts=3)) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert proof.outcome is Outcome.VERIFIED
    assert case.done(nora)


async def test_an_answer_that_did_nothing_is_found_out(
    sim: Simulator, nora: OktaUser, case: Case
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
    sim: Simulator, nora: OktaUser, case: Case, effect: faults.Effect, done: bool
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


@pytest.mark.parametrize("effect", [faults.drop(), faults.apply_then_drop()])
@pytest.mark.parametrize("skip", range(3))
async def test_killed_anywhere_the_same_step_goes_on_from_what_was_seen_first(
    sim: Simulator, nora: OktaUser, case: Case, effect: faults.Effect, skip: int
) -> None:
    on_write(sim, case, effect, skip=skip, times=1)
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
    sim: Simulator, nora: OktaUser, case: Case
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
    sim: Simulator, nora: OktaUser, case: Case
) -> None:
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        outcomes = []
        for effect in (faults.status(503), faults.forbid()):
            sim.faults.clear()
            sim.faults.add(faults.Fault(effect, system="okta", method="GET"))
            outcomes.append((await action.verify(her(sim), before, receipt, BRIEF)).outcome)
    assert outcomes == [Outcome.UNKNOWN, Outcome.UNVERIFIABLE]
    assert case.done(nora)


async def test_no_credential_stands_in_what_is_kept(
    sim: Simulator, nora: OktaUser, case: Case
) -> None:
    secrets = [session.sid for session in nora.sessions]
    secrets += [session.id for session in nora.sessions]
    secrets += [token.value for token in nora.refresh_tokens]
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        planned = action.preview(her(sim))
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    kept = repr([planned, before, receipt, proof])
    assert secrets
    assert not [secret for secret in secrets if secret in kept]


# -- undoing -----------------------------------------------------------------------------------

UNDOABLE = [
    pytest.param(CASES[name], id=name) for name in ("unsuspend", "devices", "risk", "quarantine")
]


def state(user: OktaUser) -> object:
    return copy.deepcopy((user.status, user.devices, user.risk, user.groups))


@pytest.mark.parametrize("case", UNDOABLE)
async def test_it_is_put_back_exactly_as_it_was(sim: Simulator, nora: OktaUser, case: Case) -> None:
    was = state(nora)
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
        assert state(nora) != was
        (call,) = action.preview_undo(her(sim))
        sim.requests.clear()
        await action.undo(her(sim), before)
        await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
    assert state(nora) == was
    assert restored.outcome is Outcome.VERIFIED
    sent = sim.requests.writes("okta")
    assert {entry.method for entry in sent} == {call.method}
    assert all(entry.path.startswith(call.path.partition("{")[0]) for entry in sent)


@pytest.mark.parametrize("case", UNDOABLE)
async def test_what_was_so_before_is_not_undone(sim: Simulator, nora: OktaUser, case: Case) -> None:
    case.do(nora)
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
    assert case.done(nora)
    assert sim.requests.writes("okta") == []
    assert restored.outcome is Outcome.VERIFIED


@pytest.mark.parametrize("case", UNDOABLE)
@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (faults.ignore(), Outcome.FAILED),
        (faults.drop(), Outcome.FAILED),
        (faults.apply_then_drop(), Outcome.VERIFIED),
    ],
)
async def test_an_undo_without_effect_or_answer_is_settled_by_reading(
    sim: Simulator, nora: OktaUser, case: Case, effect: faults.Effect, outcome: Outcome
) -> None:
    async with connected(sim.url) as client:
        action = build(case.kind, client, **case.parameters)
        before = await action.observe(her(sim))
        await action.apply(her(sim), before)
        method = "DELETE" if case.kind is QuarantineGroup else case.method
        sim.faults.add(faults.Fault(effect, system="okta", method=method))
        if effect.kind == "ignore":
            await action.undo(her(sim), before)
        else:
            with pytest.raises(errors.UnknownOutcome):
                await action.undo(her(sim), before)
        restored = await action.restored(her(sim), before, BRIEF)
        assert restored.outcome is outcome
        assert case.done(nora) is (outcome is Outcome.FAILED)
        sim.faults.clear()
        await action.undo(her(sim), before)
        assert (await action.restored(her(sim), before, BRIEF)).outcome is Outcome.VERIFIED
    assert not case.done(nora)
