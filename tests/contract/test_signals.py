"""Telling applications: what is sent, who takes it, what is made of every answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest
from aiohttp import web
from okta.models.security_event_token_request_jwt_body import SecurityEventTokenRequestJwtBody
from signals_practice import (
    BRIEF,
    ISSUER,
    MAIL,
    NO_RETRY,
    NORA_ENTRA,
    NORA_OKTA,
    Recorder,
    answer,
    build,
    connected,
    endpoint,
    private_key,
    receiver,
    scripted,
    settings,
    target,
    trust,
)

from config.signals import Signals
from connectors import errors
from connectors.action import Action, Observation, Outcome, Proof
from connectors.door import Call, RetryPolicy
from connectors.signals.client import SignalsClient
from connectors.signals.events import CredentialCompromise, SessionRevoked
from connectors.signals.log_out import GlobalTokenRevocation
from simulator import faults
from simulator.server import Simulator
from simulator.thief import Thief

pytest_plugins = ("practice_tenant",)

KINDS = {"token": SessionRevoked, "log_out": GlobalTokenRevocation}


@pytest.fixture
def sim(sim: Simulator) -> Simulator:
    trust(sim)
    return sim


def of(sim: Simulator, way: str) -> Signals:
    """Settings with the practice app as the only one that is told, in this ``way``."""
    if way == "token":
        return settings({"payroll": receiver(sim.url)})
    return settings(endpoints={"payroll": endpoint(sim.url)})


@asynccontextmanager
async def through(signals: Signals, policy: RetryPolicy = NO_RETRY) -> AsyncIterator[SignalsClient]:
    client = connected(signals, policy)
    try:
        yield client
    finally:
        await client.close()


async def whole(action: Action) -> tuple[Observation, Proof]:
    aim = target()
    before = await action.observe(aim)
    receipt = await action.apply(aim, before)
    return before, await action.verify(aim, before, receipt, BRIEF)


def signed_in(sim: Simulator) -> set[str]:
    return {session.key for session in sim.tenant.payroll.sessions}


@pytest.mark.parametrize("way", KINDS)
async def test_the_app_s_own_session_ends_and_the_thief_s_cookie_is_worth_nothing(
    sim: Simulator, way: str
) -> None:
    loot = sim.steal("nora.lind", payroll=True)
    sim.tenant.person("nora.lind").okta.sessions.clear()  # type: ignore[union-attr]
    with Thief(sim.url, type(loot)(loot.user, None, None, None, loot.payroll)) as thief:
        assert thief.wait_until_working()  # no directory ends this session
        journal = Recorder()
        async with through(of(sim, way)) as client:
            _, proof = await whole(build(KINDS[way], client, journal))
        assert thief.wait_until_locked_out()
    assert (proof.outcome, proof.observed) == (Outcome.ACCEPTED, "taken by payroll")
    assert [each.what for each in proof.exposure] == ["sessions that payroll kept by itself"]
    assert signed_in(sim) == {"omar.reyes", "user07"}
    (call,) = journal.intents
    assert (call.system, call.method, call.write) == ("signals", "POST", True)
    assert journal.results[0].error is None


async def test_all_tokens_of_a_run_name_it_and_no_other(sim: Simulator) -> None:
    aims = [replace(target(), run=run) for run in ("run-1", "run-1", "run-2")]
    async with through(of(sim, "token")) as client:
        for aim, kind in zip(
            aims, (SessionRevoked, CredentialCompromise, SessionRevoked), strict=True
        ):
            action = build(kind, client)
            before = await action.observe(aim)
            # one that goes out again after a crash says the same, whoever sends it
            await action.apply(target(), before)
    received = sim.tenant.payroll.received
    assert [claims["txn"] for claims in received] == ["run-1", "run-1", "run-2"]
    assert len({claims["jti"] for claims in received}) == 3


async def test_a_token_is_what_the_standards_say(sim: Simulator) -> None:
    async with through(of(sim, "token")) as client:
        before, _ = await whole(build(SessionRevoked, client))
        await whole(build(CredentialCompromise, client, credential_type="app"))
    session, compromise = sim.tenant.payroll.received
    assert session == {
        "iss": ISSUER,
        "jti": before.snapshot["tokens"]["payroll"],
        "iat": before.snapshot["iat"],
        "aud": "https://payroll.contoso.com",
        "sub_id": {"format": "email", "email": MAIL},
        "events": {
            "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {
                "initiating_entity": "admin",
                "event_timestamp": before.snapshot["iat"],
                "reason_admin": {"en": "Containment of a stolen token (CISA CM0080)"},
                "reason_user": {"en": "You were signed out for security reasons."},
            }
        },
    }
    ((uri, content),) = compromise["events"].items()
    assert uri == "https://schemas.openid.net/secevent/risc/event-type/credential-compromise"
    assert content["credential_type"] == "app"
    assert sim.tenant.payroll.watched == {"nora.lind"}
    with pytest.raises(ValueError, match="credential_type"):
        build(CredentialCompromise, client, credential_type="a guess")


@pytest.mark.parametrize(
    ("more", "subject"),
    [
        ({"complex": True}, {"format": "complex", "user": {"format": "email", "email": MAIL}}),
        ({"subject": "opaque", "subject_from": "entra_object_id"},
         {"format": "opaque", "id": NORA_ENTRA}),
        ({"subject": "iss_sub", "subject_from": "okta_user_id",
          "subject_issuer": "https://contoso.okta.com"},
         {"format": "iss_sub", "iss": "https://contoso.okta.com", "sub": NORA_OKTA}),
        ({"subject_from": "user_principal_name"}, {"format": "email", "email": MAIL}),
    ],
)  # fmt: skip
async def test_each_receiver_hears_of_her_by_the_name_it_knows(
    sim: Simulator, more: dict[str, Any], subject: dict[str, Any]
) -> None:
    async with through(settings({"payroll": receiver(sim.url, **more)})) as client:
        _, proof = await whole(build(SessionRevoked, client))
    assert proof.outcome is Outcome.ACCEPTED
    assert sim.tenant.payroll.received[0]["sub_id"] == subject
    assert "nora.lind" not in signed_in(sim)


async def test_okta_takes_the_token_in_its_own_form_and_logs_it(sim: Simulator) -> None:
    okta = {
        "url": f"{sim.url}/security/api/v1/security-events",
        "audience": "https://contoso.okta.com",
        "kind": "okta",
    }
    async with through(settings({"okta": okta})) as client:
        _, proof = await whole(build(SessionRevoked, client))
        unwanted = await build(CredentialCompromise, client).observe(target())
    assert proof.outcome is Outcome.ACCEPTED
    (claims,) = sim.tenant.okta_signals
    (content,) = claims["events"].values()
    assert content["subject"] == {"user": {"format": "email", "email": MAIL}}
    assert "sub_id" not in claims
    # Okta's own models take what was sent, and keep the subject
    body = SecurityEventTokenRequestJwtBody.from_dict(claims)
    assert body is not None
    kept = body.events.actual_instance if hasattr(body.events, "actual_instance") else body.events
    assert MAIL in str(kept.to_dict())
    event = sim.tenant.okta_events[-1]
    assert event["eventType"] == "security.events.provider.receive_event"
    assert unwanted.verdict is not None
    assert unwanted.verdict.outcome is Outcome.SKIPPED


async def test_a_repetition_after_a_crash_is_the_same_token_to_the_letter() -> None:
    bodies: list[str] = []

    async with scripted(lambda seen: bodies.append(seen.body) or answer({}, 202)) as (url, _):  # type: ignore[func-returns-value]
        signals = settings({"payroll": receiver(url)})
        async with through(signals) as first:
            aim, action = target(), build(SessionRevoked, first)
            before = await action.observe(aim)
            await action.apply(aim, before)
        kept = Observation(json.loads(json.dumps(before.snapshot)))
        async with through(signals) as second:  # another process, with what was committed
            await build(SessionRevoked, second).apply(aim, kept)
            other = await build(SessionRevoked, second).observe(aim)
    assert bodies[0] == bodies[1]
    assert other.snapshot["tokens"] != before.snapshot["tokens"]


async def test_a_receiver_takes_a_repeated_token_once(sim: Simulator) -> None:
    async with through(of(sim, "token")) as client:
        aim, action = target(), build(SessionRevoked, client)
        before = await action.observe(aim)
        await action.apply(aim, before)
        sim.tenant.payroll.sign_in("nora.lind", sim.tenant.now())
        await action.apply(aim, before)
    assert len(sim.tenant.payroll.received) == 1
    assert "nora.lind" in signed_in(sim)  # she has signed in since, and is left alone


@pytest.mark.parametrize("way", KINDS)
async def test_an_answer_lost_after_it_was_taken_is_told_again(sim: Simulator, way: str) -> None:
    sim.faults.add(faults.Fault(faults.apply_then_drop(), system="payroll", times=1))
    journal = Recorder()
    async with through(of(sim, way)) as client:
        aim, action = target(), build(KINDS[way], client, journal)
        before = await action.observe(aim)
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(aim, before)
        unread = await action.verify(aim, before, None, BRIEF)
        assert unread.outcome is Outcome.UNVERIFIABLE  # which sends it again
        receipt = await action.apply(aim, before)
        proof = await action.verify(aim, before, receipt, BRIEF)
    assert [each.error for each in journal.results] == ["UnknownOutcome", None]
    assert "nora.lind" not in signed_in(sim)
    # a log-out request that is repeated is no repeated bearer token, and finds her still known
    assert proof.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("way", KINDS)
@pytest.mark.parametrize("effect", [faults.throttle(1), faults.status(503), faults.drop()])
async def test_what_passes_is_tried_again(sim: Simulator, way: str, effect: faults.Effect) -> None:
    sim.faults.add(faults.Fault(effect, system="payroll", times=1))
    policy = RetryPolicy(attempts=3, first_wait_s=0.01, call_timeout_s=5)
    async with through(of(sim, way), policy) as client:
        aim, action = target(), build(KINDS[way], client)
        before = await action.observe(aim)
        if effect.kind == "drop":
            with pytest.raises(errors.UnknownOutcome):  # it may have been taken
                await action.apply(aim, before)
        receipt = await action.apply(aim, before)
        proof = await action.verify(aim, before, receipt, BRIEF)
    assert proof.outcome is Outcome.ACCEPTED
    assert "nora.lind" not in signed_in(sim)


@pytest.mark.parametrize("way", KINDS)
async def test_a_yes_that_was_a_lie_is_never_called_verified(sim: Simulator, way: str) -> None:
    sim.faults.add(faults.Fault(faults.ignore(), system="payroll"))
    async with through(of(sim, way)) as client:
        _, proof = await whole(build(KINDS[way], client))
    assert "nora.lind" in signed_in(sim)
    assert proof.outcome is Outcome.ACCEPTED
    assert "does not tell what it ends" in proof.exposure[0].why


@pytest.mark.parametrize("way", KINDS)
async def test_one_that_refuses_keeps_no_other_from_being_told(sim: Simulator, way: str) -> None:
    def refuse(_: Any) -> Any:
        return answer({"err": "invalid_audience", "description": f"secret of {MAIL}"}, 400)

    async with scripted(refuse) as (url, _):
        signals = (
            settings({"crm": receiver(url), "payroll": receiver(sim.url)})
            if way == "token"
            else settings(endpoints={"crm": endpoint(url), "payroll": endpoint(sim.url)})
        )
        async with through(signals) as client:
            before, proof = await whole(build(KINDS[way], client))
    assert "nora.lind" not in signed_in(sim)
    assert proof.outcome is Outcome.FAILED
    assert proof.observed == "taken by payroll; refused by crm (Invalid, 400, invalid_audience)"
    assert proof.reason == "Set audience of crm to what it calls itself."
    assert "secret" not in str((proof, before))


async def test_one_that_does_not_answer_keeps_no_other_from_being_told(sim: Simulator) -> None:
    gone = receiver("http://127.0.0.1:9")
    signals = settings({"crm": gone, "payroll": receiver(sim.url)})
    async with through(signals) as client:
        aim, action = target(), build(SessionRevoked, client)
        before = await action.observe(aim)
        with pytest.raises(errors.Unavailable, match="crm"):
            await action.apply(aim, before)
    assert "nora.lind" not in signed_in(sim)


@pytest.mark.parametrize(
    ("status", "body", "kind", "remedy"),
    [
        (400, {"err": "invalid_key"}, errors.Unauthenticated, "jwks.json"),
        (400, {"err": "invalid_issuer"}, errors.Unauthenticated, "signals.issuer"),
        (400, {"err": "invalid_audience"}, errors.Invalid, "audience"),
        (400, {"err": "authentication_failed"}, errors.Unauthenticated, "authorization"),
        (400, {"err": "access_denied"}, errors.Forbidden, "payroll"),
        (400, {"err": "invalid_request"}, errors.Invalid, "subject"),
        (400, {"err": "a new one"}, errors.Invalid, "payroll"),
        (401, {}, errors.Unauthenticated, "authorization"),
        (403, {}, errors.Forbidden, "payroll"),
        (404, {}, errors.NotFound, "url"),
        (302, {}, errors.Refused, "url"),
        (500, {}, errors.UnknownOutcome, ""),
    ],
)
async def test_each_refusal_says_what_to_do(
    status: int, body: dict[str, str], kind: type[errors.ConnectorError], remedy: str
) -> None:
    async with (
        scripted(lambda _: answer(body, status, Location="http://127.0.0.1:1/")) as (url, seen),
        through(settings({"payroll": receiver(url)})) as client,
    ):
        aim, action = target(), build(SessionRevoked, client)
        before = await action.observe(aim)
        if status == 404:  # nothing is there to know her
            proof = await action.verify(aim, before, await action.apply(aim, before), BRIEF)
            assert (proof.outcome, remedy in proof.reason) == (Outcome.FAILED, True)
            return
        with pytest.raises(kind) as raised:
            await action.apply(aim, before)
    assert remedy in raised.value.remedy
    assert len(seen) == 1


async def test_a_page_of_somebody_else_s_is_no_yes() -> None:
    async with (
        scripted(lambda _: web.Response(text="<html>", content_type="text/html")) as (url, _),
        through(settings({"payroll": receiver(url)})) as client,
    ):
        aim, action = target(), build(SessionRevoked, client)
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(aim, await action.observe(aim))


async def test_an_app_that_does_not_know_her_is_not_called_contained(sim: Simulator) -> None:
    nobody = {"email": "nobody@contoso.com"}
    async with through(of(sim, "log_out")) as client:
        aim, action = target(**nobody), build(GlobalTokenRevocation, client)
        before = await action.observe(aim)
        proof = await action.verify(aim, before, await action.apply(aim, before), BRIEF)
    assert (proof.outcome, proof.observed) == (Outcome.UNVERIFIABLE, "no such person at payroll")
    assert "by another name" in proof.reason
    assert signed_in(sim) == {"nora.lind", "omar.reyes", "user07"}


async def test_whom_we_cannot_name_to_an_app_is_said_and_nothing_is_sent(sim: Simulator) -> None:
    hr = receiver(sim.url, subject="opaque", subject_from="auth0_user_id")
    async with through(settings({"hr": hr, "payroll": receiver(sim.url)})) as client:
        before, proof = await whole(build(SessionRevoked, client))
        assert before.snapshot["untold"] == {"hr": "auth0_user_id"}
        assert proof.outcome is Outcome.ACCEPTED
        assert "hr was not told: no auth0_user_id of hers is known." in proof.reason
    async with through(settings({"hr": hr})) as client:
        alone = await build(SessionRevoked, client).observe(target())
    assert alone.verdict is not None
    assert (alone.verdict.outcome, "auth0_user_id" in alone.verdict.reason) == (
        Outcome.SKIPPED,
        True,
    )


async def test_where_nobody_is_to_be_told_the_step_says_so() -> None:
    async with through(settings()) as client:
        for kind in (SessionRevoked, CredentialCompromise, GlobalTokenRevocation):
            before = await build(kind, client).observe(target())
            assert before.verdict is not None
            assert before.verdict.outcome is Outcome.SKIPPED


async def test_a_receiver_gone_from_the_settings_is_refused_and_the_others_told(
    sim: Simulator,
) -> None:
    async with through(
        settings({"crm": receiver(sim.url), "payroll": receiver(sim.url)})
    ) as client:
        before = await build(SessionRevoked, client).observe(target())
    async with through(of(sim, "token")) as client:
        action = build(SessionRevoked, client)
        receipt = await action.apply(target(), before)
        proof = await action.verify(target(), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert "nora.lind" not in signed_in(sim)


async def test_a_strange_key_issuer_or_audience_is_refused_by_the_practice_app(
    sim: Simulator,
) -> None:
    mine, other = receiver(sim.url), settings(signing_key=private_key("another"))
    for signals, code in (
        (settings({"payroll": mine}, signing_key=private_key("another")), "invalid_key"),
        (settings({"payroll": mine}, issuer="https://elsewhere.example.com"), "invalid_issuer"),
        (settings({"payroll": {**mine, "audience": "https://x"}}), "invalid_audience"),
    ):
        async with through(signals) as client:
            with pytest.raises(errors.ConnectorError) as raised:
                await whole(build(SessionRevoked, client))
        assert raised.value.code == code
    # a key that has the right name and is another one
    trust(sim, settings(signing_key=private_key("another"), key_id="k1"))
    async with through(settings({"payroll": mine}, key_id="k1")) as client:
        with pytest.raises(errors.Unauthenticated):
            await whole(build(SessionRevoked, client))
    assert other.key_id is None
    assert signed_in(sim) == {"nora.lind", "omar.reyes", "user07"}


@pytest.mark.parametrize("way", KINDS)
async def test_a_set_authorization_is_sent_and_shown_nowhere(sim: Simulator, way: str) -> None:
    secret = "Bearer a-secret-of-the-receiver"
    trust(sim, authorization=secret)
    build_settings = {
        "token": lambda: settings({"payroll": receiver(sim.url, authorization=secret)}),
        "log_out": lambda: settings(endpoints={"payroll": endpoint(sim.url, authorization=secret)}),
    }
    journal = Recorder()
    async with through(build_settings[way]()) as client:
        action = build(KINDS[way], client, journal)
        before, proof = await whole(action)
        shown = action.preview(target())
    assert proof.outcome is Outcome.ACCEPTED
    assert "a-secret" not in repr((before, proof, journal, shown, client.settings))
    async with through(of(sim, way)) as client:
        if way == "token":
            with pytest.raises(errors.Unauthenticated):
                await whole(build(SessionRevoked, client))


async def test_a_log_out_request_is_signed_anew_each_time_for_this_address() -> None:
    async with scripted(lambda _: answer({}, 204)) as (url, seen):
        app = endpoint(url, member="subject", caller="rescind")
        async with through(settings(endpoints={"crm": app})) as client:
            await whole(build(GlobalTokenRevocation, client))
            await whole(build(GlobalTokenRevocation, client))
    tokens = [each.headers["Authorization"].removeprefix("Bearer ") for each in seen]
    first, second = (jwt.decode(each, options={"verify_signature": False}) for each in tokens)
    assert jwt.get_unverified_header(tokens[0])["typ"] == "global-token-revocation+jwt"
    assert (first["iss"], first["sub"], first["aud"]) == (
        ISSUER,
        "rescind",
        f"{url}/payroll/global-token-revocation",
    )
    assert first["exp"] - first["iat"] == 300
    assert first["jti"] != second["jti"]
    assert json.loads(seen[0].body) == {"subject": {"format": "email", "email": MAIL}}


@pytest.mark.parametrize("way", KINDS)
async def test_the_plan_shows_each_address_and_whom_it_is_about(sim: Simulator, way: str) -> None:
    journal = Recorder()
    async with through(of(sim, way)) as client:
        action = build(KINDS[way], client, journal)
        (shown,) = action.preview(target())
        assert action.preview(target(email="")) == ()
        await whole(action)
    assert (shown.method, shown.path) == (journal.intents[0].method, journal.intents[0].path)
    assert MAIL in shown.body
    assert (await _nothing_open(sim)).status_code == 401


async def _nothing_open(sim: Simulator) -> httpx.Response:
    async with httpx.AsyncClient(cookies={"payroll": "guess"}, timeout=60) as client:
        return await client.get(f"{sim.url}/payroll/me")


async def test_a_pause_or_a_lost_lease_stops_all_of_it(sim: Simulator) -> None:
    class Closed(Recorder):
        async def intent(self, call: Call) -> str:
            raise errors.Paused(call.path)

    async with through(of(sim, "token")) as client:
        action = build(SessionRevoked, client, Closed())
        with pytest.raises(errors.Paused):
            await whole(action)
    assert sim.requests.writes("payroll") == []
