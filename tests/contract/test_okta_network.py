"""Blocking a thief's addresses in a zone of our own, and in no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from okta_practice import BRIEF, NO_RETRY, Recorder, build, connected, target
from pydantic import ValidationError

from connectors import errors
from connectors.action import Action, Outcome
from connectors.door import RetryPolicy
from connectors.okta.network import BlockNetwork
from connectors.okta.zones import MARK
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
from simulator.okta_scene import HOME, OURS, THIEF
from simulator.okta_zones import put, shut_out
from simulator.people import okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

NORA = target(okta_user_id("nora.lind"))
NAME = "Rescind blocked"
V6 = "2001:db8:66::66"
BOTH = (THIEF.ip, V6)


@pytest.fixture
def sim(sim: Simulator) -> Simulator:
    nora = sim.tenant.okta_user(NORA.id)
    assert nora is not None
    sim.tenant.okta_event("user.session.clear", nora, transaction="ours")
    return sim


def ours(sim: Simulator) -> OktaObject | None:
    zones = sim.tenant.okta_zones.values()
    return next((zone for zone in zones if zone.body["name"] == NAME), None)


def entries(sim: Simulator) -> list[str]:
    zone = ours(sim)
    return [gateway["value"] for gateway in zone.body["gateways"]] if zone else []


def made(sim: Simulator, *values: str, **more: Any) -> OktaObject:
    """Our zone as an earlier run left it, with what else is in it."""
    gateways = [MARK, *({"type": "CIDR", "value": value} for value in values)]
    body = {"type": "IP", "name": NAME, "status": "ACTIVE", "usage": "BLOCKLIST", "proxies": None}
    return put(sim.tenant, {**body, "gateways": gateways, **more})


Act = Callable[[Action], Any]


async def acting(
    sim: Simulator, act: Act, policy: RetryPolicy = NO_RETRY, **parameters: Any
) -> Any:
    async with connected(sim.url, policy) as client:
        return await act(build(BlockNetwork, client, **{"ips": BOTH, **parameters}))


async def carried_out(action: Action) -> Any:
    before = await action.observe(NORA)
    receipt = await action.apply(NORA, before)
    return before, receipt, await action.verify(NORA, before, receipt, BRIEF)


async def observed(action: Action) -> Any:
    return await action.observe(NORA)


async def test_the_addresses_are_blocked_in_a_zone_of_our_own_and_given_back(
    sim: Simulator,
) -> None:
    others = {zone.id: dict(zone.body) for zone in sim.tenant.okta_zones.values()}

    async def whole(action: Action) -> Any:
        before, _, proof = await carried_out(action)
        blocked = [shut_out(sim.tenant, ip) for ip in (*BOTH, HOME.ip, OURS.ip)]
        await action.undo(NORA, before)
        return before, proof, blocked, await action.restored(NORA, before, BRIEF)

    before, proof, blocked, back = await acting(sim, whole)
    assert blocked == [True, True, False, False]
    assert (proof.outcome, back.outcome) == (Outcome.VERIFIED, Outcome.VERIFIED)
    assert before.snapshot["own"] == [OURS.ip]
    assert [open_.what for open_ in proof.exposure] == [
        "requests from the addresses", "what the thief does from another address",
    ]  # fmt: skip
    assert proof.exposure[0].until != "unknown"
    assert entries(sim) == [MARK["value"]]
    assert not shut_out(sim.tenant, THIEF.ip)
    assert {zone: sim.tenant.okta_zones[zone].body for zone in others} == others


async def test_what_others_put_into_our_zone_stays(sim: Simulator) -> None:
    zone = made(sim, "203.0.113.128/26", proxies=[{"type": "CIDR", "value": "203.0.113.9/32"}])
    zone.body["unknownToUs"] = {"kept": []}
    untouched = zone.to_json("")

    async def whole(action: Action) -> Any:
        before, _, _ = await carried_out(action)
        held = zone.body["gateways"]
        zone.body["gateways"] = [*held, {"type": "CIDR", "value": "203.0.113.250/32"}]
        await action.undo(NORA, before)

    await acting(sim, whole)
    after = zone.to_json("")
    assert after["gateways"].pop() == {"type": "CIDR", "value": "203.0.113.250/32"}
    assert {**after, "lastUpdated": ""} == {**untouched, "lastUpdated": ""}


async def test_only_what_is_missing_is_added_and_only_that_is_taken_out(sim: Simulator) -> None:
    made(sim, f"{THIEF.ip}/32")

    async def whole(action: Action) -> Any:
        before, _, proof = await carried_out(action)
        await action.undo(NORA, before)
        return before, proof

    before, proof = await acting(sim, whole)
    assert before.snapshot["already"] == {THIEF.ip: NAME}
    assert proof.outcome is Outcome.VERIFIED
    assert entries(sim) == [MARK["value"], f"{THIEF.ip}/32"]


async def test_a_second_run_changes_nothing_and_its_undo_neither(sim: Simulator) -> None:
    await acting(sim, carried_out)
    sim.requests.clear()

    async def again(action: Action) -> Any:
        before = await action.observe(NORA)
        await action.undo(NORA, before)
        return before, await action.restored(NORA, before, BRIEF)

    before, back = await acting(sim, again)
    assert (before.satisfied, back.outcome) == (True, Outcome.VERIFIED)
    assert sim.requests.writes("okta") == []
    assert shut_out(sim.tenant, V6)


@pytest.mark.parametrize(
    "parameters",
    [
        {"ips": ()},
        {"ips": (HOME.ip,)},
        {"ips": ("10.0.0.1", "nowhere", "203.0.113.0/8")},
        {"never_block": (f"{THIEF.ip}/28", V6)},
    ],
    ids=["none", "office", "odd", "settings"],
)
async def test_what_may_not_be_blocked_is_skipped_with_the_reason(
    sim: Simulator, parameters: dict[str, Any]
) -> None:
    verdict = (await acting(sim, observed, **parameters)).verdict
    assert verdict.outcome is Outcome.SKIPPED
    assert all(str(ip).split("/")[0] in verdict.reason for ip in parameters.get("ips", BOTH)[:1])
    assert sim.requests.writes("okta") == []


async def test_one_that_may_not_be_blocked_keeps_no_other_from_it(sim: Simulator) -> None:
    _, _, proof = await acting(sim, carried_out, ips=(THIEF.ip, HOME.ip))
    assert proof.outcome is Outcome.VERIFIED
    assert f"{HOME.ip} was not blocked: it is in zone Offices" in proof.reason
    assert shut_out(sim.tenant, THIEF.ip)
    assert not shut_out(sim.tenant, HOME.ip)


async def test_where_we_come_from_ourselves_is_not_blocked(sim: Simulator) -> None:
    sim.tenant.okta_zones.clear()
    seen = await acting(sim, observed, ips=(OURS.ip,))
    assert seen.verdict.outcome is Outcome.SKIPPED
    assert "Rescind itself" in seen.verdict.reason


@pytest.mark.parametrize("how", ["no trace", "forbidden", "no owner"])
async def test_where_that_is_not_known_people_decide_unless_they_said_it(
    sim: Simulator, how: str
) -> None:
    if how == "no trace":
        sim.tenant.okta_events.clear()
    else:
        path = "/api/v1/logs" if how == "forbidden" else "/users/me"
        sim.faults.add(Fault(forbid(), system="okta", path_regex=path))
    seen = await acting(sim, observed)
    assert seen.verdict.outcome is Outcome.MANUAL
    assert "never_block" in seen.verdict.instructions
    assert (await acting(sim, observed, never_block=(OURS.ip,))).verdict is None


@pytest.mark.parametrize(
    "change",
    [
        {"gateways": [{"type": "CIDR", "value": "203.0.113.128/26"}]},
        {"usage": "POLICY"},
        {"status": "INACTIVE"},
        {"gateways": [MARK] * 149},
    ],
    ids=["not ours", "for policies", "switched off", "full"],
)
async def test_a_zone_that_is_not_ours_to_change_is_left_to_people(
    sim: Simulator, change: dict[str, Any]
) -> None:
    zone = made(sim, **change)
    before = dict(zone.body)
    assert (await acting(sim, observed)).verdict.outcome is Outcome.MANUAL
    assert zone.body == before
    assert sim.requests.writes("okta") == []


async def test_a_zone_somebody_made_meanwhile_is_not_edited(sim: Simulator) -> None:
    async def whole(action: Action) -> Any:
        before = await action.observe(NORA)
        made(sim, gateways=[{"type": "CIDR", "value": "203.0.113.128/26"}])
        with pytest.raises(errors.Conflict):
            await action.apply(NORA, before)
        with pytest.raises(errors.Conflict):
            await action.undo(NORA, before)

    await acting(sim, whole)
    assert sim.requests.writes("okta") == []


async def test_our_zone_is_known_however_okta_spells_its_mark(sim: Simulator) -> None:
    made(sim, gateways=[{"type": "CIDR", "value": "192.0.2.0/32"}])
    _, _, proof = await acting(sim, carried_out)
    assert proof.outcome is Outcome.VERIFIED


async def test_more_addresses_than_a_zone_takes_are_left_to_people(sim: Simulator) -> None:
    many = tuple(f"203.0.113.{n}" for n in range(1, 151))
    seen = await acting(sim, observed, ips=many)
    assert seen.verdict.outcome is Outcome.MANUAL
    assert "150 gateways" in seen.verdict.reason


async def test_what_is_not_seen_after_writing_is_written_again(sim: Simulator) -> None:
    made(sim)
    sim.faults.add(Fault(ignore(), system="okta", method="PUT", times=1))
    _, receipt, proof = await acting(sim, carried_out)
    assert (receipt.data["turn"], proof.outcome) == (2, Outcome.VERIFIED)


async def test_steps_at_the_same_time_do_not_undo_each_other(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        steps = [build(BlockNetwork, client, ips=(f"203.0.113.{n}",)) for n in range(100, 105)]
        proofs = await asyncio.gather(*(carried_out(step) for step in steps))
    assert {proof.outcome for _, _, proof in proofs} == {Outcome.VERIFIED}
    assert len(entries(sim)) == 6


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    ("effect", "settled"),
    [
        (apply_then(504), Outcome.VERIFIED),
        (apply_then_drop(), Outcome.VERIFIED),
        (drop(), Outcome.FAILED),
        (status(500), Outcome.FAILED),
    ],
)
async def test_a_lost_answer_is_settled_by_reading_and_no_second_zone_is_made(
    sim: Simulator, exists: bool, effect: Effect, settled: Outcome
) -> None:
    if exists:
        made(sim)
    zones = len(sim.tenant.okta_zones)
    sim.faults.add(Fault(effect, system="okta", method="PUT" if exists else "POST", times=1))

    async def whole(action: Action) -> Any:
        before = await action.observe(NORA)
        with pytest.raises(errors.UnknownOutcome):
            await action.apply(NORA, before)
        first = await action.verify(NORA, before, None, BRIEF)
        await action.apply(NORA, before)
        return first, await action.verify(NORA, before, None, BRIEF)

    first, after = await acting(sim, whole)
    assert (first.outcome, after.outcome) == (settled, Outcome.VERIFIED)
    assert len(sim.tenant.okta_zones) == zones + (not exists)
    assert len(entries(sim)) == 3


@pytest.mark.parametrize("undoing", [True, False])
async def test_a_success_that_did_nothing_ends_as_failed(sim: Simulator, undoing: bool) -> None:
    made(sim)

    async def whole(action: Action) -> Any:
        fault = Fault(ignore(), system="okta", method="PUT")
        if not undoing:
            sim.faults.add(fault)
        before, _, proof = await carried_out(action)
        if not undoing:
            return proof
        sim.faults.add(fault)
        await action.undo(NORA, before)
        return await action.restored(NORA, before, BRIEF)

    assert (await acting(sim, whole)).outcome is Outcome.FAILED


async def test_throttled_once_it_works(sim: Simulator) -> None:
    sim.faults.add(Fault(throttle(0), system="okta", method="POST", times=1))
    _, _, proof = await acting(sim, carried_out, RetryPolicy(attempts=2))
    assert proof.outcome is Outcome.VERIFIED


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_not_allowed_is_told(sim: Simulator, method: str) -> None:
    sim.faults.add(Fault(forbid(), system="okta", method=method, path_regex="/zones"))
    with pytest.raises(errors.Forbidden):
        await acting(sim, carried_out)


async def test_a_read_that_lags_behind_is_waited_for(sim: Simulator) -> None:
    made(sim)
    sim.tenant.read_lag_s = 0.15
    _, _, proof = await acting(sim, carried_out)
    assert proof.outcome is Outcome.VERIFIED
    assert len(entries(sim)) == 3


async def test_zones_on_many_pages_are_all_seen(sim: Simulator) -> None:
    sim.tenant.page_size = 1
    made(sim, f"{THIEF.ip}/32", f"{V6}/128")
    assert (await acting(sim, observed)).satisfied is True


async def test_our_zone_taken_away_is_an_undo_done(sim: Simulator) -> None:
    async def whole(action: Action) -> Any:
        before, _, _ = await carried_out(action)
        zone = ours(sim)
        assert zone is not None
        del sim.tenant.okta_zones[zone.id]
        await action.undo(NORA, before)
        return await action.restored(NORA, before, BRIEF)

    assert (await acting(sim, whole)).outcome is Outcome.VERIFIED


async def test_the_preview_names_the_addresses_and_all_that_is_sent(sim: Simulator) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        action = build(BlockNetwork, client, journal, ips=BOTH)
        planned = [*action.preview(NORA), *action.preview_undo(NORA)]
        before, _, _ = await carried_out(action)
        await action.undo(NORA, before)
    assert {(call.method, call.path) for call in journal.intents} <= {
        (call.method, call.path) for call in planned
    }
    assert all(ip in call.body for ip in BOTH for call in planned)
    assert len(journal.intents) == 2


async def test_parameters_that_mean_nothing_are_refused(sim: Simulator) -> None:
    for wrong in ({"never_block": ("nowhere",)}, {"zone_name": ""}, {"zone_name": "n" * 129}):
        with pytest.raises(ValidationError):
            await acting(sim, observed, **wrong)
