"""Shortening what a policy rule gives out, and giving the rule back as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from okta_practice import BRIEF, NO_RETRY, Recorder, build, connected, target
from pydantic import ValidationError

from connectors import errors
from connectors.action import Action, Outcome
from connectors.door import RetryPolicy
from connectors.okta.session_lifetime import ShortenSessionLifetime
from connectors.okta.shortening import ShorteningAction
from connectors.okta.token_lifetime import ShortenTokenLifetime
from simulator import okta_policies as org
from simulator.faults import (
    Effect,
    Fault,
    apply_then,
    apply_then_drop,
    drop,
    forbid,
    ignore,
    status,
    throttle,
)
from simulator.okta_objects import OktaObject
from simulator.people import okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

NORA = target(okta_user_id("nora.lind"))


@dataclass(frozen=True)
class Case:
    """One of the two actions on its rule."""

    kind: type[ShorteningAction]
    rule: str
    parameters: dict[str, Any]
    was: dict[str, int]
    short: dict[str, int]
    place: tuple[str, ...]

    def held(self, rule: OktaObject) -> dict[str, Any]:
        found: dict[str, Any] = rule.body
        for key in self.place:
            found = found[key]
        return found


SESSION = Case(
    ShortenSessionLifetime,
    org.SESSION_RULE,
    {"policy_id": org.SESSION_POLICY, "rule_id": org.SESSION_RULE},
    {"maxSessionLifetimeMinutes": 0, "maxSessionIdleMinutes": 720},
    {"maxSessionLifetimeMinutes": 60, "maxSessionIdleMinutes": 15},
    ("actions", "signon", "session"),
)
TOKEN = Case(
    ShortenTokenLifetime,
    org.ACCESS_RULE,
    {
        "authorization_server_id": org.SERVER,
        "policy_id": org.ACCESS_POLICY,
        "rule_id": org.ACCESS_RULE,
        "refresh_token_minutes": 60,
    },
    {"accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0},
    {"accessTokenLifetimeMinutes": 10, "refreshTokenLifetimeMinutes": 60},
    ("actions", "token"),
)
BOTH = pytest.mark.parametrize("case", [SESSION, TOKEN], ids=["session", "token"])


def on_put(sim: Simulator, effect: Effect, times: int | None = None) -> None:
    sim.faults.add(Fault(effect, system="okta", method="PUT", path_regex="/rules/", times=times))


Act = Callable[[Action], Any]


async def acting(
    sim: Simulator, case: Case, act: Act, policy: RetryPolicy = NO_RETRY, **parameters: Any
) -> Any:
    async with connected(sim.url, policy) as client:
        return await act(build(case.kind, client, **{**case.parameters, **parameters}))


async def carried_out(action: Action) -> Any:
    before = await action.observe(NORA)
    receipt = await action.apply(NORA, before)
    return before, receipt, await action.verify(NORA, before, receipt, BRIEF)


@BOTH
async def test_the_minutes_are_lowered_and_nothing_else_and_given_back(
    sim: Simulator, case: Case
) -> None:
    rule = sim.tenant.okta_rules[case.rule]
    untouched = rule.to_json("")

    async def whole(action: Action) -> Any:
        before, _, proof = await carried_out(action)
        lowered = dict(case.held(rule))
        await action.undo(NORA, before)
        return before, proof, lowered, await action.restored(NORA, before, BRIEF)

    before, proof, lowered, back = await acting(sim, case, whole)

    assert lowered == {**case.held(rule), **case.short}
    assert before.satisfied is False
    assert before.snapshot["was"] == case.was
    assert "in the groups 00g" in proof.reason
    assert (proof.outcome, back.outcome) == (Outcome.VERIFIED, Outcome.VERIFIED)
    assert any("before" in open_.what for open_ in proof.exposure)
    after = rule.to_json("")
    assert {**after, "lastUpdated": ""} == {**untouched, "lastUpdated": ""}
    assert len(sim.requests.writes("okta")) == 2


async def test_what_the_sdk_does_not_know_survives(sim: Simulator) -> None:
    await acting(sim, SESSION, carried_out)
    body = sim.tenant.okta_rules[org.SESSION_RULE].body
    assert body["conditions"]["riskScore"] == {"level": "ANY"}
    assert body["conditions"]["people"] == {"users": {"exclude": []}}


@BOTH
async def test_the_preview_is_what_is_sent(sim: Simulator, case: Case) -> None:
    async def whole(action: Action) -> Any:
        before, _, _ = await carried_out(action)
        await action.undo(NORA, before)
        return [*action.preview(NORA), *action.preview_undo(NORA)]

    planned = await acting(sim, case, whole)
    sent = [(entry.method, entry.path) for entry in sim.requests.writes("okta")]
    assert [(call.method, call.path) for call in planned] == sent


@BOTH
async def test_a_second_run_changes_nothing_and_its_undo_neither(
    sim: Simulator, case: Case
) -> None:
    await acting(sim, case, carried_out)
    sim.requests.clear()

    async def again(action: Action) -> Any:
        before = await action.observe(NORA)
        await action.undo(NORA, before)
        return before, await action.restored(NORA, before, BRIEF)

    before, back = await acting(sim, case, again)
    assert before.satisfied is True
    assert back.outcome is Outcome.VERIFIED
    assert sim.requests.writes("okta") == []


@BOTH
@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (apply_then(504), Outcome.VERIFIED),
        (apply_then_drop(), Outcome.VERIFIED),
        (drop(), Outcome.FAILED),
        (status(500), Outcome.FAILED),
    ],
)
async def test_a_lost_answer_is_settled_by_reading_and_sent_again_without_harm(
    sim: Simulator, case: Case, effect: Effect, outcome: Outcome
) -> None:
    on_put(sim, effect, times=1)

    async def whole(action: Action) -> Any:
        before = await action.observe(NORA)
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(NORA, before)
        settled = await action.verify(NORA, before, None, BRIEF)
        await action.apply(NORA, before)
        after = await action.verify(NORA, before, None, BRIEF)
        await action.undo(NORA, before)
        return settled, after

    settled, after = await acting(sim, case, whole)
    assert (settled.outcome, after.outcome) == (outcome, Outcome.VERIFIED)
    held = case.held(sim.tenant.okta_rules[case.rule])
    assert {name: held[name] for name in case.was} == case.was


@BOTH
async def test_a_success_that_did_nothing_ends_as_failed(sim: Simulator, case: Case) -> None:
    on_put(sim, ignore())
    _, _, proof = await acting(sim, case, carried_out)
    assert proof.outcome is Outcome.FAILED


@BOTH
async def test_throttled_once_it_works(sim: Simulator, case: Case) -> None:
    on_put(sim, throttle(0), times=1)
    _, _, proof = await acting(sim, case, carried_out, RetryPolicy(attempts=2))
    assert proof.outcome is Outcome.VERIFIED


@BOTH
async def test_what_is_not_allowed_is_told(sim: Simulator, case: Case) -> None:
    on_put(sim, forbid())
    with pytest.raises(errors.Forbidden):
        await acting(sim, case, carried_out)


@BOTH
async def test_a_value_somebody_set_meanwhile_is_hers(sim: Simulator, case: Case) -> None:
    held, name = case.held(sim.tenant.okta_rules[case.rule]), next(iter(case.was))

    async def hers_first(action: Action) -> Any:
        before = await action.observe(NORA)
        held[name] = 900
        with pytest.raises(errors.Conflict):
            await action.apply(NORA, before)

    await acting(sim, case, hers_first)
    assert held[name] == 900

    async def hers_later(action: Action) -> Any:
        before, _, _ = await carried_out(action)
        case.held(sim.tenant.okta_rules[case.rule])[name] = 33
        await action.undo(NORA, before)
        return await action.restored(NORA, before, BRIEF)

    back = await acting(sim, case, hers_later)
    other = next(each for each in case.was if each != name)
    now = case.held(sim.tenant.okta_rules[case.rule])
    assert (now[name], now[other]) == (33, case.was[other])
    assert back.outcome is Outcome.VERIFIED
    assert f"left alone: {name} 33" in back.reason


@BOTH
async def test_an_undo_that_did_nothing_is_seen(sim: Simulator, case: Case) -> None:
    async def whole(action: Action) -> Any:
        before, _, _ = await carried_out(action)
        on_put(sim, ignore())
        await action.undo(NORA, before)
        return await action.restored(NORA, before, BRIEF)

    assert (await acting(sim, case, whole)).outcome is Outcome.FAILED


@BOTH
async def test_a_rule_that_is_not_there_is_skipped_and_undone_without_harm(
    sim: Simulator, case: Case
) -> None:
    async def whole(action: Action) -> Any:
        before, _, _ = await carried_out(action)
        del sim.tenant.okta_rules[case.rule]
        await action.undo(NORA, before)
        return await action.restored(NORA, before, BRIEF), await action.observe(NORA)

    back, observed = await acting(sim, case, whole)
    assert back.outcome is Outcome.VERIFIED
    assert observed.verdict.outcome is Outcome.SKIPPED


async def test_the_rule_of_the_quarantine_group_is_found(sim: Simulator) -> None:
    by_group = {"policy_id": None, "rule_id": None, "group_id": org.QUARANTINE_GROUP}
    _, _, proof = await acting(sim, SESSION, carried_out, **by_group)
    assert proof.outcome is Outcome.VERIFIED
    assert org.QUARANTINE_GROUP in proof.reason
    held = SESSION.held(sim.tenant.okta_rules[org.QUARANTINE_RULE])
    assert held["maxSessionLifetimeMinutes"] == 60
    staff = SESSION.held(sim.tenant.okta_rules[org.SESSION_RULE])
    assert staff["maxSessionLifetimeMinutes"] == 0


async def observed(action: Action) -> Any:
    return (await action.observe(NORA)).verdict


@pytest.mark.parametrize(
    ("parameters", "outcome"),
    [
        ({"policy_id": org.DEFAULT_POLICY, "rule_id": org.DEFAULT_RULE}, Outcome.MANUAL),
        ({"rule_id": org.DENY_RULE}, Outcome.SKIPPED),
        ({"rule_id": org.QUARANTINE_RULE}, Outcome.SKIPPED),
        ({"policy_id": org.ACCESS_POLICY, "rule_id": org.ACCESS_RULE}, Outcome.SKIPPED),
        ({"policy_id": None, "rule_id": None, "group_id": org.EVERYONE[:-1] + "0"}, Outcome.MANUAL),
    ],
    ids=["default", "deny", "another policy's", "another kind", "no such group"],
)
async def test_a_session_rule_that_is_not_meant_is_left_alone(
    sim: Simulator, parameters: dict[str, Any], outcome: Outcome
) -> None:
    verdict = await acting(sim, SESSION, observed, **parameters)
    assert verdict.outcome is outcome
    assert sim.requests.writes("okta") == []


async def test_the_default_rule_is_shortened_where_that_is_said(sim: Simulator) -> None:
    named = {"policy_id": org.DEFAULT_POLICY, "rule_id": org.DEFAULT_RULE, "allow_default": True}
    _, _, proof = await acting(sim, SESSION, carried_out, **named)
    assert proof.outcome is Outcome.VERIFIED
    assert sim.tenant.okta_rules[org.DEFAULT_RULE].system


async def test_the_organizations_own_server_is_skipped_with_the_reason(sim: Simulator) -> None:
    verdict = await acting(sim, TOKEN, observed, authorization_server_id="org")
    assert verdict.outcome is Outcome.SKIPPED
    assert "60 minutes" in verdict.reason
    assert sim.requests.all("okta") == []


async def test_a_rule_switched_off_is_skipped(sim: Simulator) -> None:
    sim.tenant.okta_rules[org.ACCESS_RULE].body["status"] = "INACTIVE"
    assert (await acting(sim, TOKEN, observed)).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("case", "wrong"),
    [
        (SESSION, {"rule_id": None}),
        (SESSION, {"group_id": org.QUARANTINE_GROUP}),
        (SESSION, {"idle_minutes": 61}),
        (TOKEN, {"access_token_minutes": 4}),
        (TOKEN, {"access_token_minutes": 1441}),
        (TOKEN, {"refresh_token_minutes": 9}),
        (TOKEN, {"refresh_window_minutes": 9}),
        (TOKEN, {"authorization_server_id": "../users"}),
    ],
)
async def test_parameters_okta_would_refuse_are_refused_before(
    sim: Simulator, case: Case, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        await acting(sim, case, observed, **wrong)


@pytest.mark.parametrize("wrong", ["..", "a/b", ""])
async def test_an_id_never_leads_elsewhere(sim: Simulator, wrong: str) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(
            ShortenSessionLifetime, client, journal, policy_id=wrong, rule_id=org.SESSION_RULE
        )
        with pytest.raises(errors.Refused):
            await action.observe(NORA)
    assert (journal.intents, sim.requests.all()) == ([], [])
