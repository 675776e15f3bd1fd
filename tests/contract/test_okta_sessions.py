"""Ending sessions and revoking tokens on the practice tenant, and what is believed afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from okta_practice import BRIEF, NORA, Recorder, Seen, answer, build, connected, scripted, target

from connectors import errors
from connectors.action import Observation, Outcome, Proof, Receipt
from connectors.okta.client import OktaClient
from connectors.okta.sessions import RevokeSessions
from simulator import faults
from simulator.okta_state import OktaUser
from simulator.people import LINE_APP, MAIL_CLIENT, okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

VICTIM = okta_user_id("nora.lind")


@pytest.fixture
def nora(sim: Simulator) -> OktaUser:
    user = sim.tenant.okta_user(VICTIM)
    assert user is not None
    return user


def on_revoke(sim: Simulator, effect: faults.Effect) -> None:
    sim.faults.add(faults.Fault(effect, system="okta", method="DELETE", path_regex="/sessions$"))


async def run(client: OktaClient, journal: Recorder | None = None) -> tuple[Observation, Proof]:
    action = build(RevokeSessions, client, journal)
    before = await action.observe(target(VICTIM))
    receipt = await action.apply(target(VICTIM), before)
    return before, await action.verify(target(VICTIM), before, receipt, BRIEF)


async def test_sessions_tokens_and_devices_are_gone_and_it_is_seen(
    sim: Simulator, nora: OktaUser
) -> None:
    held = {token.id for token in nora.refresh_tokens}
    journal = Recorder()
    async with connected(sim.url) as client:
        before, proof = await run(client, journal)

    assert (nora.sessions, nora.refresh_tokens, nora.remembered_devices) == ([], [], [])
    assert nora.grants != []
    assert before.satisfied is None
    assert {token["id"] for token in before.snapshot["tokens"]} == held
    assert {client["id"] for client in before.snapshot["clients"]} == {
        LINE_APP.okta_client_id,
        MAIL_CLIENT,
    }
    assert before.snapshot["tokens"][0]["scopes"] == ["openid", "profile", "offline_access"]
    assert "sim-okta-rt" not in repr(before)
    assert proof.outcome is Outcome.VERIFIED
    assert proof.observed == "0 old, 0 undatable, 0 new refresh tokens"
    assert [call.path for call in journal.intents] == [
        "/api/v1/users/{user}/sessions?oauthTokens=true&forgetDevices=true"
    ]


async def test_what_stays_usable_is_told_with_its_end(sim: Simulator, nora: OktaUser) -> None:
    assert nora.refresh_tokens
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)

    answered = datetime.fromisoformat(receipt.data["date"])
    own, custom, apps = proof.exposure
    assert datetime.fromisoformat(own.until) == answered + timedelta(minutes=60)
    assert datetime.fromisoformat(custom.until) == answered + timedelta(hours=24)
    assert apps.until == "unknown"


async def test_a_second_run_does_no_harm_and_claims_no_more_than_it_saw(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        await run(client)
        _, proof = await run(client)
    assert proof.outcome is Outcome.ACCEPTED
    assert "no app held a refresh token before" in proof.reason
    assert nora.refresh_tokens == []


async def test_a_204_that_did_nothing_is_found_out(sim: Simulator, nora: OktaUser) -> None:
    on_revoke(sim, faults.ignore())
    async with connected(sim.url) as client:
        _, proof = await run(client)

    assert len(nora.refresh_tokens) == 2
    assert proof.outcome is Outcome.FAILED
    assert MAIL_CLIENT in proof.reason
    assert sum("not revoked" in open_.why for open_ in proof.exposure) == 2


async def test_a_read_that_lags_behind_is_waited_for(sim: Simulator, nora: OktaUser) -> None:
    assert nora.refresh_tokens
    sim.tenant.read_lag_s = 0.15
    async with connected(sim.url) as client:
        _, proof = await run(client)
    assert proof.outcome is Outcome.VERIFIED


@pytest.mark.parametrize("effect", [faults.apply_then(504), faults.apply_then_drop()])
async def test_a_lost_answer_is_settled_by_reading(
    sim: Simulator, nora: OktaUser, effect: faults.Effect
) -> None:
    on_revoke(sim, effect)
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, None, BRIEF)

    assert nora.refresh_tokens == []
    assert proof.outcome is Outcome.VERIFIED


@pytest.mark.parametrize("effect", [faults.drop(), faults.status(502), faults.empty(500)])
async def test_a_request_that_never_worked_is_seen_not_to_have(
    sim: Simulator, nora: OktaUser, effect: faults.Effect
) -> None:
    on_revoke(sim, effect)
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, None, BRIEF)

    assert len(nora.refresh_tokens) == 2
    assert proof.outcome is Outcome.FAILED


async def test_without_an_answer_and_without_tokens_nothing_is_claimed(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.refresh_tokens.clear()
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        proof = await action.verify(target(VICTIM), before, None, BRIEF)
    assert proof.outcome is Outcome.UNVERIFIABLE


async def test_a_later_sign_in_is_reported_and_is_no_failure(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        with sim.tenant.lock:
            token = nora.issue_token(sim.tenant.now() + 5, MAIL_CLIENT)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)

    assert proof.outcome is Outcome.VERIFIED
    (fresh,) = (open_ for open_ in proof.exposure if token.id in open_.what)
    assert "somebody signed in again" in fresh.why
    assert fresh.until != "unknown"


async def test_a_token_taken_between_looking_and_revoking_counts_as_old(
    sim: Simulator, nora: OktaUser
) -> None:
    on_revoke(sim, faults.ignore())
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        nora.refresh_tokens.clear()
        before = await action.observe(target(VICTIM))
        nora.issue_token(sim.tenant.now() - 3, MAIL_CLIENT)
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED


async def test_a_token_of_the_same_second_is_not_guessed_about(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        second = datetime.fromisoformat(receipt.data["date"]).timestamp()
        nora.issue_token(second + 0.5, MAIL_CLIENT)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert proof.outcome is Outcome.UNVERIFIABLE


@pytest.mark.parametrize(
    "effect", [faults.forbid(), faults.status(503), faults.throttle(40), faults.empty(502)]
)
async def test_revoking_does_not_wait_for_a_list_that_cannot_be_read(
    sim: Simulator, nora: OktaUser, effect: faults.Effect
) -> None:
    sim.faults.add(faults.Fault(effect, system="okta", path_regex="/clients$", times=1))
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)

    assert before.snapshot["tokens"] is None
    assert before.snapshot["problem"]
    assert nora.refresh_tokens == []
    async with connected(sim.url) as client:
        after = await build(RevokeSessions, client).verify(target(VICTIM), before, receipt, BRIEF)
    assert after.outcome is Outcome.ACCEPTED
    assert "could not be read" in after.reason


async def test_revoking_does_not_wait_for_a_list_that_is_slow(
    sim: Simulator, nora: OktaUser
) -> None:
    sim.faults.add(faults.Fault(faults.delay(30), system="okta", path_regex="/clients$", times=1))
    began = time.monotonic()
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        await action.apply(target(VICTIM), before)
    assert time.monotonic() - began < 20
    assert before.snapshot["problem"]
    assert nora.refresh_tokens == []


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [(faults.status(503), Outcome.UNKNOWN), (faults.forbid(), Outcome.UNVERIFIABLE)],
)
async def test_not_being_able_to_read_back_is_said(
    sim: Simulator, nora: OktaUser, effect: faults.Effect, outcome: Outcome
) -> None:
    assert nora.refresh_tokens
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        sim.faults.add(faults.Fault(effect, system="okta", method="GET"))
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert (proof.outcome, proof.observed) == (outcome, "nothing could be read")


async def test_many_tokens_on_many_pages_are_all_seen(sim: Simulator, nora: OktaUser) -> None:
    sim.tenant.page_size = 2
    for _ in range(5):
        nora.issue_token(sim.tenant.now() - 60, MAIL_CLIENT)
    async with connected(sim.url) as client:
        before, proof = await run(client)
    assert len(before.snapshot["tokens"]) == 7
    assert proof.outcome is Outcome.VERIFIED


async def test_the_preview_is_what_is_sent(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        (call,) = build(RevokeSessions, client).preview(target(VICTIM))
        await run(client)
    (sent,) = sim.requests.writes("okta")
    assert (call.method, call.path) == (sent.method, sent.path)


@pytest.mark.parametrize("wrong", ["me", "nora.lind@contoso.com", "..", ""])
async def test_nobody_else_is_signed_out(sim: Simulator, wrong: str) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(RevokeSessions, client, journal)
        with pytest.raises(errors.Refused):
            await action.observe(target(wrong))
        with pytest.raises(errors.Refused):
            await action.apply(target(wrong), Observation({}))
    assert (sim.requests.all(), journal.intents) == ([], [])


Lists = Callable[[Seen], web.StreamResponse]


def org(clients: object, tokens: object) -> Lists:
    def respond(request: Seen) -> web.StreamResponse:
        if request.method == "DELETE":
            return web.Response(status=204)
        return answer(tokens if "/tokens" in request.path_qs else clients)

    return respond


async def test_consent_without_a_token_is_no_survivor() -> None:
    consented = org([{"client_id": "0oaConsent0000000001", "client_name": "Mail"}], [])
    async with scripted(consented) as (url, _), connected(url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(NORA))
        receipt = await action.apply(target(NORA), before)
        proof = await action.verify(target(NORA), before, receipt, BRIEF)
    assert proof.outcome is Outcome.ACCEPTED


async def test_odd_entries_hide_no_others_and_no_time_is_no_proof() -> None:
    odd = [
        None,
        7,
        {"id": "oar1", "created": "yesterday", "scopes": "openid"},
        {"status": "REVOKED"},
    ]
    clients = [
        {"client_id": None},
        "x",
        {"client_id": "a b"},
        {"client_id": "0oaOne00000000000001"},
    ]
    async with scripted(org(clients, odd)) as (url, _), connected(url) as client:
        action = build(RevokeSessions, client)
        before = await action.observe(target(NORA))
        late = await action.verify(
            target(NORA), Observation({"tokens": []}), Receipt({"date": None}), BRIEF
        )
    assert [token["id"] for token in before.snapshot["tokens"]] == ["oar1"]
    assert before.snapshot["unread"] == ["a b"]
    assert late.outcome is Outcome.UNVERIFIABLE
