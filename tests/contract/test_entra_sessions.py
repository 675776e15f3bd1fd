"""Ending all sessions, against a tenant that behaves like Graph and misbehaves like a network."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from connectors import errors
from connectors.action import Action, Outcome, Patience
from connectors.system import Clue
from simulator.faults import (
    Effect,
    Fault,
    apply_then,
    apply_then_drop,
    delay,
    drop,
    forbid,
    ignore,
    status,
    throttle,
)

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

REVOKE = "revokeSignInSessions"
STAMP = "signInSessionsValidFromDateTime"


def fresh(practice: Practice) -> Action:
    """The action as another process has it, whose limits nobody has closed."""
    from entra_tenant import door_for, settings_for  # noqa: PLC0415 - a plugin, loaded by pytest

    system = type(practice.system)("contoso", settings_for(practice.sim.url), door_for())
    return system.action("entra.revoke_sessions", {}, practice.journal)


async def test_revoked_sessions_are_seen_to_be_revoked(practice: Practice) -> None:
    loot = practice.person().entra.refresh_tokens[0]
    action = practice.action("entra.revoke_sessions")

    _, receipt, proof = await practice.run(action, practice.target())

    assert proof.outcome is Outcome.VERIFIED
    assert receipt.data["status"] == 200
    assert receipt.data["request_id"] == practice.sim.requests.writes("entra")[0].request_id
    user = practice.person().entra
    assert user.refusal(loot, practice.sim.tenant.now()) is not None
    assert practice.journal.kinds == ["intent", "result"]


async def test_the_proof_says_what_stays_usable_and_until_when(practice: Practice) -> None:
    action = practice.action("entra.revoke_sessions")
    _, receipt, proof = await practice.run(action, practice.target())
    revoked = datetime.fromisoformat(receipt.data["answered_at"])
    until = [exposure.until for exposure in proof.exposure]
    assert until[-1] == "unknown"
    lives = [datetime.fromisoformat(text) - revoked for text in until[:-1]]
    wanted = [timedelta(minutes=90), timedelta(minutes=15), timedelta(hours=28)]
    assert all(
        abs(is_ - should) <= timedelta(seconds=6) for is_, should in zip(lives, wanted, strict=True)
    )


async def test_revoking_twice_within_one_second_is_proved_twice(practice: Practice) -> None:
    action, target = practice.action("entra.revoke_sessions"), practice.target()
    first = await practice.run(action, target)
    second = await practice.run(action, target)
    assert (first[2].outcome, second[2].outcome) == (Outcome.VERIFIED, Outcome.VERIFIED)


async def test_a_guest_is_skipped_and_nothing_is_sent(practice: Practice) -> None:
    target = practice.target("sam.partner")
    before = await practice.action("entra.revoke_sessions").observe(target)
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.SKIPPED
    assert "home tenant" in before.verdict.reason
    assert practice.writes == []


async def test_after_429_it_waits_as_asked_and_goes_on(practice: Practice) -> None:
    practice.sim.faults.add(Fault(throttle(2), path_regex=REVOKE, times=1))
    _, _, proof = await practice.run(practice.action("entra.revoke_sessions"), practice.target())

    assert proof.outcome is Outcome.VERIFIED
    first, second = practice.sim.requests.writes("entra")
    assert second.started_ms - first.started_ms >= 2000
    assert [result.status for result in practice.journal.results] == [429, 200]
    assert practice.journal.kinds == ["intent", "result"] * 2


async def test_a_success_that_did_nothing_ends_as_failed(practice: Practice) -> None:
    practice.sim.faults.add(Fault(ignore(), path_regex=REVOKE))
    _, receipt, proof = await practice.run(
        practice.action("entra.revoke_sessions"), practice.target()
    )
    assert receipt.data["status"] == 200
    assert proof.outcome is Outcome.FAILED


@pytest.mark.parametrize("effect", [status(503), throttle(60), throttle(4), delay(30), forbid()])
async def test_ending_sessions_waits_for_no_reading(practice: Practice, effect: Effect) -> None:
    account = (await practice.system.find([Clue("entra_object_id", practice.target().id)]))[0]
    target = replace(practice.target(), facts=account.facts)
    reading = practice.sim.faults.add(Fault(effect, method="GET"))
    action = practice.action("entra.revoke_sessions")
    began = time.monotonic()

    before = await action.observe(target)
    receipt = await action.apply(target, before)

    assert time.monotonic() - began < 20
    assert effect.kind != "throttle" or reading.hits == 1, "it is not waited for to be read again"
    assert before.verdict is None
    assert before.snapshot["problem"]
    assert before.snapshot[STAMP] == account.facts["sessions_valid_from"]
    practice.sim.faults.remove(reading.id)
    proof = await fresh(practice).verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.VERIFIED


async def test_a_guest_is_known_without_reading(practice: Practice) -> None:
    target = replace(practice.target("sam.partner"), facts={"guest": True})
    practice.sim.faults.add(Fault(status(503), method="GET"))
    before = await practice.action("entra.revoke_sessions").observe(target)
    assert before.verdict is not None
    assert before.verdict.outcome is Outcome.SKIPPED
    assert practice.writes == []


async def test_without_a_reading_and_without_an_answer_nothing_is_claimed(
    practice: Practice,
) -> None:
    target = replace(practice.target(), facts={"sessions_valid_from": "2026-01-01T00:00:00Z"})
    await practice.run(practice.action("entra.revoke_sessions"), target)
    reading = practice.sim.faults.add(Fault(status(503), method="GET"))
    again = practice.action("entra.revoke_sessions")
    before = await again.observe(target)
    practice.sim.faults.remove(reading.id)
    practice.sim.faults.add(Fault(drop(), path_regex=REVOKE))
    with pytest.raises(errors.UnknownOutcome):
        await again.apply(target, before)
    # The stamp did move since January: with the revocation before.
    proof = await again.verify(target, before, None, practice.short)
    assert proof.outcome is Outcome.UNVERIFIABLE


@pytest.mark.parametrize("effect", [apply_then(504), apply_then(500), apply_then_drop()])
async def test_an_applied_change_without_an_answer_is_unknown_then_read(
    practice: Practice, effect: object
) -> None:
    practice.sim.faults.add(Fault(effect, path_regex=REVOKE))
    action, target = practice.action("entra.revoke_sessions"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    assert len(practice.writes) == 1, "an unknown outcome is never sent again unseen"
    assert practice.journal.results[0].known is False
    proof = await action.verify(target, before, None, practice.short)
    assert proof.outcome is Outcome.VERIFIED


@pytest.mark.parametrize("effect", [drop(), status(502)])
async def test_a_lost_change_without_an_answer_is_unknown_then_failed(
    practice: Practice, effect: object
) -> None:
    practice.sim.faults.add(Fault(effect, path_regex=REVOKE))
    action, target = practice.action("entra.revoke_sessions"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    proof = await action.verify(target, before, None, practice.short)
    assert proof.outcome is Outcome.FAILED


async def test_a_slow_replica_is_waited_for(practice: Practice) -> None:
    practice.sim.tenant.read_lag_s = 0.6
    _, _, proof = await practice.run(
        practice.action("entra.revoke_sessions"),
        practice.target(),
        Patience(total_s=5, first_s=0.05, step_s=0.2),
    )
    assert proof.outcome is Outcome.VERIFIED


@pytest.mark.parametrize(
    ("effect", "outcome"), [(forbid(), Outcome.UNVERIFIABLE), (status(503), Outcome.UNKNOWN)]
)
async def test_what_cannot_be_read_back_says_whether_waiting_may_help(
    practice: Practice, effect: Effect, outcome: Outcome
) -> None:
    action, target = practice.action("entra.revoke_sessions"), practice.target()
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    practice.sim.faults.add(Fault(effect, method="GET"))
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is outcome


async def test_a_missing_permission_is_named(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), method="POST"))
    action, target = practice.action("entra.revoke_sessions"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.Forbidden) as caught:
        await action.apply(target, before)
    assert "User.RevokeSessions.All" in caught.value.remedy
    assert caught.value.code == "Authorization_RequestDenied"
    assert len(practice.writes) == 1


async def test_a_plan_shows_the_exact_request(practice: Practice) -> None:
    target = practice.target()
    (call,) = practice.action("entra.revoke_sessions").preview(target)
    assert (call.method, call.path) == ("POST", f"/users/{target.id}/{REVOKE}")
