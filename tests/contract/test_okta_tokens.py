"""What is special to revoking in Okta: whose, since when, and what stays open."""

from __future__ import annotations

import json
from datetime import UTC, datetime
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
from connectors.action import Outcome, Target
from connectors.clock import spell
from connectors.okta.api_tokens import RevokeApiTokens
from connectors.okta.client_tokens import RevokeClientTokens
from connectors.okta.consents import RevokeGrants
from connectors.okta.universal_logout import UniversalLogout
from simulator import faults
from simulator.okta_belongings import ApiToken
from simulator.okta_people import THIEFS_APP
from simulator.okta_state import ConsentGrant, OktaUser
from simulator.people import MAIL_CLIENT, okta_user_id
from simulator.server import Simulator
from simulator.thief import Thief

pytest_plugins = ("practice_tenant",)

VICTIM = okta_user_id("nora.lind")


@pytest.fixture
def nora(sim: Simulator) -> OktaUser:
    return account(sim, "nora.lind")


def account(sim: Simulator, name: str) -> OktaUser:
    user = sim.tenant.person(name).okta
    assert user is not None
    return user


def her(sim: Simulator, seconds_ago: float = 600) -> Target:
    began = datetime.fromtimestamp(sim.tenant.now() - seconds_ago, UTC)
    return target(VICTIM, since=spell(began))


def names(user: OktaUser) -> list[str]:
    return [token.name for token in user.api_tokens]


# -- Universal Logout --------------------------------------------------------------------------


async def test_the_thief_is_out_of_okta_once_logged_out_everywhere(sim: Simulator) -> None:
    with Thief(sim.url, sim.steal("nora.lind"), 0.02) as thief:
        assert thief.wait_until_working()
        async with connected(sim.url) as client:
            action = build(UniversalLogout, client)
            await action.apply(her(sim), await action.observe(her(sim)))
        assert not thief.wait_until_locked_out(0.3)  # he has Entra still
        assert thief.locked_out()["okta"] is not None


async def test_the_person_is_named_by_her_id_alone_and_the_risk_is_said_to_be_reset(
    sim: Simulator, nora: OktaUser
) -> None:
    nora.risk.level = "HIGH"
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(UniversalLogout, client, journal)
        (planned,) = action.preview(her(sim))
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    (sent,) = sim.requests.writes("okta")
    body = {"sub_id": {"format": "opaque", "id": VICTIM}}
    assert (sent.path, sent.body) == ("/oauth2/v1/global-token-revocation", body)
    assert (planned.path, json.loads(planned.body)) == (sent.path, body)
    assert nora.risk.level == receipt.data["risk"] == "LOW"
    assert "LOW" in planned.why
    assert "LOW" in proof.reason
    assert any("Universal Logout" in open_.what for open_ in proof.exposure)


async def test_without_the_right_or_the_feature_it_is_said_what_to_grant(sim: Simulator) -> None:
    sim.faults.add(faults.Fault(faults.forbid(), system="okta", method="POST"))
    async with connected(sim.url) as client:
        action = build(UniversalLogout, client)
        before = await action.observe(her(sim))
        with pytest.raises(errors.Forbidden) as raised:
            await action.apply(her(sim), before)
    assert "okta.universalLogout.manage" in raised.value.remedy
    assert "Identity Threat Protection" in raised.value.remedy
    assert (raised.value.status, raised.value.code) == (403, "E0000006")


@pytest.mark.parametrize("effect", [faults.forbid(), faults.status(503), faults.throttle(60)])
async def test_logging_out_does_not_wait_for_a_list(
    sim: Simulator, nora: OktaUser, effect: faults.Effect
) -> None:
    sim.faults.add(faults.Fault(effect, system="okta", method="GET"))
    async with connected(sim.url) as client:
        action = build(UniversalLogout, client)
        before = await action.observe(her(sim))
        assert (before.satisfied, before.verdict) == (None, None)
        await action.apply(her(sim), before)
    assert nora.refresh_tokens == []


# -- consents ----------------------------------------------------------------------------------


async def test_what_is_allowed_anew_is_told_and_is_no_failure(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(RevokeGrants, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        nora.grants.append(ConsentGrant("oagAnew", THIEFS_APP, "openid", sim.tenant.now() + 5))
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert [grant["scope"] for grant in before.snapshot["grants"]] == ["okta.users.read.self"] * 2
    assert all(grant["created"] for grant in before.snapshot["grants"])
    assert proof.outcome is Outcome.VERIFIED
    assert proof.observed == "0 old, 1 new grants"
    assert THIEFS_APP in proof.reason


async def test_consents_are_no_tokens(sim: Simulator, nora: OktaUser) -> None:
    held = len(nora.refresh_tokens)
    async with connected(sim.url) as client:
        action = build(RevokeGrants, client)
        await action.apply(her(sim), await action.observe(her(sim)))
    assert len(nora.refresh_tokens) == held


# -- apps' refresh tokens ------------------------------------------------------------------------


async def test_a_new_sign_in_to_the_app_is_no_failure_and_is_told(
    sim: Simulator, nora: OktaUser
) -> None:
    async with connected(sim.url) as client:
        action = build(RevokeClientTokens, client, client_id=MAIL_CLIENT)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        nora.issue_token(sim.tenant.now() + 5, MAIL_CLIENT)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
        unclear = await action.verify(her(sim), before, None, BRIEF)
    assert len(nora.sessions) == 1
    assert proof.outcome is Outcome.VERIFIED
    assert [open_ for open_ in proof.exposure if "signed in again" in open_.why]
    # Without the answer's time it cannot be told from one of before.
    assert unclear.outcome is Outcome.UNVERIFIABLE


@pytest.mark.parametrize("client_id", ["..", "me", "a/b/c/d", ""])
async def test_an_app_s_id_is_checked_before_anything_is_asked(
    sim: Simulator, client_id: str
) -> None:
    async with connected(sim.url) as client:
        with pytest.raises(ValidationError):
            build(RevokeClientTokens, client, client_id=client_id)


async def test_one_app_that_may_not_be_revoked_keeps_no_other(
    sim: Simulator, nora: OktaUser
) -> None:
    first = nora.client_ids()[0]
    fault = faults.Fault(faults.forbid(), system="okta", method="DELETE", path_regex=first)
    sim.faults.add(fault)
    async with connected(sim.url) as client:
        action = build(RevokeClientTokens, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert nora.client_ids() == [first]
    assert proof.outcome is Outcome.FAILED


async def test_an_app_whose_id_looks_odd_is_left_to_people() -> None:
    clients = [{"client_id": "a b", "client_name": "Odd"}]

    def respond(request: Seen) -> web.StreamResponse:
        return answer(clients if request.path_qs.endswith("/clients") else [])

    async with scripted(respond) as (url, seen), connected(url) as client:
        action = build(RevokeClientTokens, client)
        before = await action.observe(target(NORA))
        receipt = await action.apply(target(NORA), before)
        proof = await action.verify(target(NORA), before, receipt, BRIEF)
    assert before.satisfied is False
    assert proof.outcome is Outcome.MANUAL
    assert "a b" in proof.reason
    assert {request.method for request in seen} == {"GET"}


# -- API tokens ----------------------------------------------------------------------------------


async def test_tokens_of_others_are_never_touched(sim: Simulator, nora: OktaUser) -> None:
    other = account(sim, "quentin.admin")
    other.api_tokens.append(ApiToken("00Tothers0000000001", "backup", sim.tenant.now()))
    async with connected(sim.url) as client:
        action = build(RevokeApiTokens, client, scope="all")
        before = await action.observe(target(VICTIM))
        receipt = await action.apply(target(VICTIM), before)
        proof = await action.verify(target(VICTIM), before, receipt, BRIEF)
    assert (names(nora), names(other)) == ([], ["Monthly report", "backup"])
    assert (proof.outcome, proof.observed) == (Outcome.VERIFIED, "2 of 2 are gone")


async def test_a_token_of_somebody_else_in_the_list_of_before_is_not_revoked(
    sim: Simulator, nora: OktaUser
) -> None:
    other = account(sim, "quentin.admin")
    async with connected(sim.url) as client:
        action = build(RevokeApiTokens, client, scope="all")
        before = await action.observe(target(VICTIM))
        other.api_tokens += nora.api_tokens
        nora.api_tokens = []
        receipt = await action.apply(target(VICTIM), before)
    assert receipt.data["sent"] is False
    assert len(other.api_tokens) == 3


@pytest.mark.parametrize(("margin", "goes"), [(15, True), (2, False)])
async def test_the_margin_decides_what_counts_as_since(
    sim: Simulator, nora: OktaUser, margin: int, goes: bool
) -> None:
    assert "backup" in names(nora)
    async with connected(sim.url) as client:
        action = build(RevokeApiTokens, client, margin_minutes=margin)
        before = await action.observe(her(sim, 0))
    assert bool(before.snapshot["remove"]) is goes


async def test_without_a_beginning_no_token_is_chosen_by_guess(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        before = await build(RevokeApiTokens, client).observe(target(VICTIM))
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.MANUAL
    assert before.satisfied is False


async def test_a_token_made_meanwhile_is_not_taken_for_done(sim: Simulator, nora: OktaUser) -> None:
    async with connected(sim.url) as client:
        action = build(RevokeApiTokens, client)
        before = await action.observe(her(sim))
        receipt = await action.apply(her(sim), before)
        nora.api_tokens.append(ApiToken("00Tanew00000000001", "again", sim.tenant.now()))
        proof = await action.verify(her(sim), before, receipt, BRIEF)
    assert proof.outcome is Outcome.FAILED
    assert proof.observed == "1 of 1 are gone; made meanwhile: again"


@pytest.mark.parametrize("thief", [True, False])
async def test_a_token_without_a_date_is_left_to_people(thief: bool) -> None:
    undated: dict[str, Any] = {"id": "00Tundated00000001", "name": "Old script", "userId": NORA}
    dated = {**undated, "id": "00Tdated0000000001", "created": "2026-11-22T09:00:00.000Z"}
    there = [undated, dated] if thief else [undated]

    def respond(request: Seen) -> web.StreamResponse:
        if request.method == "DELETE":
            there.remove(dated)
            return web.Response(status=204)
        return answer(list(there) if "/api-tokens" in request.path_qs else user_json())

    aim = target(NORA, since="2026-11-22T08:00:00.000Z")
    async with scripted(respond) as (url, seen), connected(url) as client:
        action = build(RevokeApiTokens, client)
        before = await action.observe(aim)
        if thief:
            receipt = await action.apply(aim, before)
            proof = await action.verify(aim, before, receipt, BRIEF)
            assert (proof.outcome, "Old script" in proof.reason) == (Outcome.MANUAL, True)
        else:
            assert before.verdict is not None
            assert before.verdict.outcome is Outcome.MANUAL
            assert "Old script" in before.verdict.instructions
    assert [request.method for request in seen].count("DELETE") == int(thief)
    assert there == [undated]
