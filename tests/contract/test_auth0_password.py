"""Resetting a password in Auth0: the new one and the link that sets another are seen by nobody."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from auth0_practice import (
    BRIEF,
    VICTIM,
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
from connectors.action import Outcome, Patience
from connectors.auth0.password import ResetPassword
from connectors.clock import instant
from connectors.door import RetryPolicy
from simulator import faults
from simulator.auth0_people import auth0_user_id
from simulator.auth0_state import Auth0Ticket, Auth0User
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

PATIENT = Patience(total_s=2.0, first_s=0.01, step_s=0.05)
DATABASE = "Username-Password-Authentication"
TICKET = "tickets/password-change"


@pytest.fixture
def nora(sim: Simulator) -> Auth0User:
    user = sim.tenant.auth0_user(VICTIM)
    assert user is not None
    return user


def on_password(sim: Simulator, effect: faults.Effect, **more: Any) -> None:
    sim.faults.add(faults.Fault(effect, system="auth0", method="PATCH", **more))


def on_ticket(sim: Simulator, effect: faults.Effect, **more: Any) -> None:
    sim.faults.add(faults.Fault(effect, system="auth0", path_regex=TICKET, **more))


async def test_the_password_is_dead_and_so_are_links_that_were_mailed(
    sim: Simulator, nora: Auth0User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    nora.password_changed = sim.tenant.now() - 86400
    nora.ticket = Auth0Ticket("mailed to whoever reads the mail", sim.tenant.now() + 432_000)
    held, methods = list(nora.refresh_tokens), list(nora.methods)
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(ResetPassword, client, journal)
        planned = action.preview(target())
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)

    assert (before.satisfied, before.verdict) == (False, None)
    assert (proof.outcome, receipt.handover) == (Outcome.VERIFIED, None)
    assert len(nora.password) == 40
    assert nora.ticket.url != "mailed to whoever reads the mail"
    assert nora.ticket.expires <= sim.tenant.now() + 60
    assert (nora.sessions, nora.refresh_tokens, nora.methods) == ([], held, methods)
    assert "no refresh token" in proof.reason
    assert "read back: that the password was changed" in proof.reason
    assert "not read back: the ticket" in proof.reason
    assert "the link handed over works" not in proof.reason
    assert "last_password_reset" in proof.check
    assert "mail" in proof.exposure[0].what
    sent = sim.requests.writes("auth0")
    assert [(each.method, each.path) for each in sent] == [
        (call.method, call.path) for call in planned
    ]
    assert sent[1].body == json.loads(planned[1].body)
    assert all(VICTIM in intent.params.values() for intent in journal.intents)
    told = repr(sim.tenant.auth0_events)
    for text in (repr(receipt), repr(proof), repr(journal), repr(planned), caplog.text, told):
        assert nora.password not in text
        assert nora.ticket.url not in text


async def test_the_link_leaves_only_to_be_handed_over(
    sim: Simulator, nora: Auth0User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    nora.blocked = True
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(ResetPassword, client, journal, hand_over=True, link_minutes=90)
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)

    assert proof.outcome is Outcome.VERIFIED
    assert "the link handed over works rests on its answer alone" in proof.reason
    assert receipt.handover is not None
    assert nora.ticket is not None
    assert receipt.handover.kind == "reset_link"
    assert receipt.handover.secret.get_secret_value() == nora.ticket.url
    until = instant(receipt.handover.until)
    assert until is not None
    assert abs(until.timestamp() - nora.ticket.expires) < 2
    assert abs(nora.ticket.expires - sim.tenant.now() - 5400) < 5
    assert nora.blocked is True
    assert "handed over" in action.preview(target())[1].why
    asked = sim.requests.writes("auth0")[1].body
    assert asked == {
        "user_id": VICTIM,
        "ttl_sec": 5400,
        "mark_email_as_verified": False,
        "includeEmailInRedirect": False,
    }
    for text in (repr(receipt), repr(proof), repr(journal), caplog.text):
        assert "reset-verify" not in text


@pytest.mark.parametrize(
    ("key", "connection", "keeper"),
    [
        ("omar.reyes", "google-oauth2", "google-oauth2"),
        ("rosa.sync", "waad", "waad"),
        ("nora.lind", "email", "a code sent by email"),
    ],
)
async def test_a_password_kept_elsewhere_is_for_a_person(
    sim: Simulator, key: str, connection: str, keeper: str
) -> None:
    user_id = auth0_user_id(key, connection)
    user = sim.tenant.person(key).auth0
    assert user is not None
    user.id = user_id
    async with connected(sim.url) as client:
        before = await build(ResetPassword, client).observe(target(user_id))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert keeper in before.verdict.reason
    assert "before the account is opened" in before.verdict.instructions
    assert sim.requests.writes("auth0") == []


@pytest.mark.parametrize(
    "identities",
    [
        [],
        [{"provider": "auth0"}],
        [
            {"provider": "auth0", "connection": "Staff"},
            {"provider": "auth0", "connection": "Staff"},
        ],
    ],
)
async def test_what_cannot_be_named_is_not_guessed(identities: list[Any]) -> None:
    user = user_json(identities=identities)
    async with scripted(lambda _: answer(user)) as (url, _), connected(url) as client:
        before = await build(ResetPassword, client).observe(target())
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert "dashboard" in before.verdict.instructions


async def test_each_password_of_linked_identities_is_reset() -> None:
    linked = user_json(
        "google-oauth2|1084",
        identities=[
            {"provider": "google-oauth2", "connection": "google-oauth2", "user_id": "1084"},
            {"provider": "auth0", "connection": "Staff", "user_id": "65f0"},
            {"provider": "auth0", "connection": "Old", "user_id": "65f1"},
        ],
    )
    sent: list[Seen] = []

    def respond(request: Seen) -> web.StreamResponse:
        if request.method == "GET":
            changed = {"last_password_reset": "2026-11-22T08:00:01.000Z"} if sent else {}
            return answer({**linked, **changed})
        sent.append(request)
        link = {"ticket": "https://contoso.eu.auth0.com/u/reset-verify?ticket=abc"}
        return answer(link if TICKET in request.path_qs else linked)

    async with scripted(respond) as (url, _), connected(url) as client:
        aim = target("google-oauth2|1084")
        action = build(ResetPassword, client, hand_over=True)
        before = await action.observe(aim)
        receipt = await action.apply(aim, before)
        receipt.data["date"] = "2026-11-22T08:00:01.000Z"
        proof = await action.verify(aim, before, receipt, BRIEF)
    bodies = [json.loads(each.body) for each in sent]
    assert [body["connection"] for body in bodies[:2]] == ["Staff", "Old"]
    assert bodies[0]["password"] != bodies[1]["password"]
    assert bodies[2]["identity"] == {"user_id": "65f0", "provider": "auth0"}
    # one time for two passwords: it cannot be read which of them was changed
    assert proof.outcome is Outcome.ACCEPTED
    assert "each of the account's 2 passwords (Staff, Old)" in proof.reason
    assert "sign-in by google-oauth2" in [left.what for left in proof.exposure]


async def test_nobody_of_this_id_is_no_success(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        with pytest.raises(errors.NotFound):
            await build(ResetPassword, client).observe(target(auth0_user_id("nobody")))


@pytest.mark.parametrize("wrong", ["me", "..", "auth0|../x"])
async def test_a_malformed_id_is_refused_and_nothing_is_sent(sim: Simulator, wrong: str) -> None:
    async with connected(sim.url) as client:
        with pytest.raises(errors.Refused):
            await build(ResetPassword, client).observe(target(wrong))
    assert sim.requests.all() == []


@pytest.mark.parametrize("place", [on_password, on_ticket])
async def test_a_missing_scope_is_named(sim: Simulator, nora: Auth0User, place: Any) -> None:
    place(sim, faults.forbid())
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target())
        with pytest.raises(errors.Forbidden) as raised:
            await action.apply(target(), before)
    assert all(scope in raised.value.remedy for scope in action.spec.permissions)
    assert nora.ticket is None


@pytest.mark.parametrize("place", [on_password, on_ticket])
async def test_a_throttled_change_goes_on(sim: Simulator, nora: Auth0User, place: Any) -> None:
    place(sim, faults.throttle(0), times=1)
    async with connected(sim.url, RetryPolicy(attempts=3)) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)
    assert proof.outcome is Outcome.VERIFIED
    assert nora.ticket is not None


async def test_an_answer_that_did_nothing_is_found_out(sim: Simulator, nora: Auth0User) -> None:
    on_password(sim, faults.ignore())
    async with connected(sim.url) as client:
        action = build(ResetPassword, client, hand_over=True)
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)
    assert (proof.outcome, nora.password) == (Outcome.FAILED, "")


async def test_a_change_long_before_the_answer_proves_nothing(
    sim: Simulator, nora: Auth0User
) -> None:
    on_password(sim, faults.ignore())
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target())
        nora.password_changed = sim.tenant.now() - 30  # the thief's own
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED


async def test_a_password_set_after_the_reset_is_for_a_person_to_ask_about(
    sim: Simulator, nora: Auth0User
) -> None:
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        nora.password_changed = sim.tenant.now() + 60
        proof = await action.verify(target(), before, receipt, BRIEF)
    assert proof.outcome is Outcome.MANUAL
    assert "not by this step" in proof.reason


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (faults.apply_then(504), Outcome.UNVERIFIABLE),
        (faults.apply_then_drop(), Outcome.UNVERIFIABLE),
        (faults.drop(), Outcome.FAILED),
        (faults.empty(502), Outcome.FAILED),
    ],
)
async def test_a_lost_answer_is_never_taken_for_a_success(
    sim: Simulator, nora: Auth0User, effect: faults.Effect, outcome: Outcome
) -> None:
    on_password(sim, effect)
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target())
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(target(), before)
        proof = await action.verify(target(), before, None, BRIEF)
    assert proof.outcome is outcome
    assert bool(nora.password) is (outcome is Outcome.UNVERIFIABLE)


@pytest.mark.parametrize("place", [on_password, on_ticket])
@pytest.mark.parametrize("effect", [faults.apply_then_drop(), faults.drop()])
async def test_a_link_lost_with_its_answer_is_made_anew(
    sim: Simulator, nora: Auth0User, place: Any, effect: faults.Effect
) -> None:
    place(sim, effect, times=1)
    async with connected(sim.url) as client:
        action = build(ResetPassword, client, hand_over=True)
        before = await action.observe(target())
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(target(), before)
        lost = await action.verify(target(), before, None, BRIEF)
        receipt = await build(ResetPassword, client, hand_over=True).apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)
    assert lost.outcome in (Outcome.UNVERIFIABLE, Outcome.FAILED)
    assert proof.outcome is Outcome.VERIFIED
    assert receipt.handover is not None
    assert nora.ticket is not None
    assert receipt.handover.secret.get_secret_value() == nora.ticket.url


async def test_readers_that_lag_behind_are_waited_for(sim: Simulator) -> None:
    sim.tenant.read_lag_s = 0.15
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, PATIENT)
    assert proof.outcome is Outcome.VERIFIED


async def test_what_cannot_be_read_now_is_unknown_and_what_never_can_unverifiable(
    sim: Simulator,
) -> None:
    async with connected(sim.url) as client:
        action = build(ResetPassword, client)
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        outcomes = []
        for effect in (faults.status(503), faults.forbid()):
            sim.faults.clear()
            sim.faults.add(faults.Fault(effect, system="auth0", method="GET"))
            outcomes.append((await action.verify(target(), before, receipt, BRIEF)).outcome)
    assert outcomes == [Outcome.UNKNOWN, Outcome.UNVERIFIABLE]


@pytest.mark.parametrize("body", [{}, {"ticket": ""}, {"ticket": 7}, []])
async def test_an_answer_without_a_link_leaves_the_rest_to_a_person(body: object) -> None:
    user = user_json(identities=[{"provider": "auth0", "connection": DATABASE}])
    seen: list[Seen] = []

    def respond(request: Seen) -> web.StreamResponse:
        if TICKET in request.path_qs:
            return answer(body)
        seen.append(request)
        changed = {"last_password_reset": "2026-11-22T08:00:00.000Z"} if len(seen) > 2 else {}
        return answer({**user, **changed})

    async with scripted(respond) as (url, _), connected(url) as client:
        action = build(ResetPassword, client, hand_over=True)
        before = await action.observe(target())
        receipt = await action.apply(target(), before)
        receipt.data["date"] = "2026-11-22T08:00:00.000Z"
        proof = await action.verify(target(), before, receipt, BRIEF)
    assert receipt.handover is None
    assert proof.outcome is Outcome.MANUAL
    assert TICKET in proof.reason


@pytest.mark.parametrize(
    ("settings", "fault"),
    [({"hand_over": True, "link_minutes": 4}, "link_minutes"), ({"speed": 1}, "speed")],
)
def test_a_link_lives_long_enough_to_be_handed_over(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ResetPassword.spec.parameters.model_validate(settings)
    assert timedelta(minutes=ResetPassword.spec.parameters().link_minutes) == timedelta(days=1)
