"""What every action on a thief's footholds in the directory has to hold: consents, apps, keys, devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors import errors
from connectors.action import Action, Observation, Outcome, Target
from connectors.door import Call, CallResult
from simulator.faults import Fault, apply_then, apply_then_drop, forbid, ignore, throttle
from simulator.footholds import (
    ARCHIVER,
    OLD_CERTIFICATE,
    OLD_DEVICE,
    OLD_FEDERATION,
    OLD_SECRET,
    REPORTS,
    THIEFS_CERTIFICATE,
    THIEFS_DEVICE,
    THIEFS_FEDERATION,
    THIEFS_SECRET,
)
from simulator.people import LINE_APP

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

#: Long enough ago for the audit log, which arrives late, to reach back to it.
EARLIER = timedelta(minutes=40)


def app(practice: Practice, like: Any) -> Any:
    return next(a for a in practice.sim.tenant.applications if a.app_id == like.app_id)


def consented(practice: Practice) -> set[str]:
    user = practice.person().entra
    grants = {f"grant {c.client_id}: {c.scope}" for c in user.consents}
    return grants | {f"role {r.resource_id} {r.app_role_id}" for r in user.role_assignments}


def enabled_apps(practice: Practice) -> set[str]:
    apps = practice.sim.tenant.applications
    return {a.service_principal_id for a in apps if a.account_enabled}


def keys(practice: Practice) -> set[str]:
    held = app(practice, REPORTS).keys
    names = {s.key_id for s in held.secrets} | {c.key_id for c in held.certificates}
    return names | {f.id for f in held.federations}


def enabled_devices(practice: Practice) -> set[str]:
    return {d.id for d in practice.person().entra.devices if d.account_enabled}


_ARCHIVER, _EXPENSES = ARCHIVER.service_principal_id, LINE_APP.service_principal_id
_ROLE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Case:
    """An action, how its things are counted, and which of them are the thief's."""

    name: str
    things: Callable[[Practice], set[str]]
    thiefs: frozenset[str]
    owners: frozenset[str]
    changes: int


CASES = (
    Case(
        "entra.revoke_consents",
        consented,
        frozenset(
            {
                f"grant {_ARCHIVER}: Mail.ReadWrite Mail.Send offline_access",
                f"role {_ARCHIVER} {_ROLE}",
            }
        ),
        frozenset({f"grant {_EXPENSES}: User.Read", f"role {_EXPENSES} {_ROLE}"}),
        2,
    ),
    Case(
        "entra.disable_service_principal",
        enabled_apps,
        frozenset({_ARCHIVER}),
        frozenset({_EXPENSES, REPORTS.service_principal_id}),
        1,
    ),
    Case(
        "entra.remove_app_credentials",
        keys,
        frozenset({THIEFS_SECRET, THIEFS_CERTIFICATE, THIEFS_FEDERATION}),
        frozenset({OLD_SECRET, OLD_CERTIFICATE, OLD_FEDERATION}),
        3,
    ),
    Case(
        "entra.disable_devices",
        enabled_devices,
        frozenset({THIEFS_DEVICE}),
        frozenset({OLD_DEVICE}),
        1,
    ),
)
every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
reversible = pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.name != "entra.remove_app_credentials"],
    ids=lambda case: case.name,
)


def aim(practice: Practice) -> Target:
    return practice.target(stolen=EARLIER)


@every
async def test_the_thiefs_goes_and_the_older_stays(practice: Practice, case: Case) -> None:
    assert case.thiefs <= case.things(practice)
    before, _, proof = await practice.run(practice.action(case.name), aim(practice))
    assert proof.outcome is Outcome.VERIFIED, proof
    assert case.things(practice) & (case.thiefs | case.owners) == case.owners
    assert before.satisfied is False
    assert before.snapshot["left"] == []
    assert len(practice.writes) == case.changes
    assert practice.journal.kinds == ["intent", "result"] * case.changes


@every
async def test_nothing_secret_is_kept(practice: Practice, case: Case) -> None:
    before, receipt, proof = await practice.run(practice.action(case.name), aim(practice))
    kept = f"{before.snapshot} {receipt.data} {proof} {practice.journal.lines}"
    assert "Xy7" not in kept, "how a secret begins"
    assert "hint" not in kept
    assert "secretText" not in kept


@every
async def test_a_second_run_sends_nothing(practice: Practice, case: Case) -> None:
    await practice.run(practice.action(case.name), aim(practice))
    again = await practice.action(case.name).observe(aim(practice))
    assert again.verdict is None
    assert again.satisfied in (True, None)
    receipt = await practice.action(case.name).apply(aim(practice), again)
    proof = await practice.action(case.name).verify(aim(practice), again, receipt, practice.short)
    assert proof.outcome is Outcome.VERIFIED
    assert len(practice.writes) == case.changes


@every
async def test_a_person_without_any_is_left_alone(practice: Practice, case: Case) -> None:
    target = practice.target("user01", stolen=EARLIER)
    before = await practice.action(case.name).observe(target)
    assert before.verdict is None
    assert before.satisfied in (True, None)
    await practice.action(case.name).apply(target, before)
    assert practice.writes == []


@every
async def test_a_person_who_is_not_there_is_no_success(practice: Practice, case: Case) -> None:
    nobody = Target("contoso", "entra", "00000000-0000-4000-8000-000000000000", "nobody")
    with pytest.raises(errors.NotFound):
        await practice.action(case.name).observe(nobody)


@every
async def test_what_goes_by_itself_meanwhile_counts_as_gone(practice: Practice, case: Case) -> None:
    practice.sim.tenant.read_lag_s = 30
    action, target = practice.action(case.name), aim(practice)
    before = await action.observe(target)
    await action.apply(target, before)
    # The lists still show what is gone: a second removal meets a 404, or a 400 for a secret.
    await action.apply(target, before)
    practice.sim.tenant.read_lag_s = 0
    proof = await action.verify(target, before, None, practice.short)
    assert proof.outcome is Outcome.VERIFIED
    assert case.things(practice) & (case.thiefs | case.owners) == case.owners


@every
async def test_without_a_start_of_the_theft_a_person_decides(
    practice: Practice, case: Case
) -> None:
    target = aim(practice)
    no_start = Target(target.tenant, "entra", target.id, target.name)
    verdict = (await practice.action(case.name).observe(no_start)).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert verdict.instructions
    assert practice.writes == []


@every
async def test_a_missing_permission_is_named(practice: Practice, case: Case) -> None:
    action, target = practice.action(case.name), aim(practice)
    before = await action.observe(target)
    for method in ("POST", "PATCH", "DELETE"):
        practice.sim.faults.add(Fault(forbid(), method=method))
    with pytest.raises(errors.Forbidden) as caught:
        await action.apply(target, before)
    assert action.spec.permissions[0] in caught.value.remedy
    assert case.thiefs <= case.things(practice)


@every
async def test_a_throttled_change_is_sent_again(practice: Practice, case: Case) -> None:
    for method in ("POST", "PATCH", "DELETE"):
        practice.sim.faults.add(Fault(throttle(None), method=method, times=1))
    _, _, proof = await practice.run(practice.action(case.name), aim(practice))
    assert proof.outcome is Outcome.VERIFIED


@every
async def test_a_success_that_did_nothing_ends_as_failed(practice: Practice, case: Case) -> None:
    for method in ("POST", "PATCH", "DELETE"):
        practice.sim.faults.add(Fault(ignore(), method=method))
    _, _, proof = await practice.run(practice.action(case.name), aim(practice))
    assert proof.outcome is Outcome.FAILED
    assert proof.exposure == ()


@every
@pytest.mark.parametrize("effect", [apply_then(504), apply_then_drop()], ids=["504", "drop"])
async def test_a_lost_answer_is_settled_by_reading(
    practice: Practice, case: Case, effect: Any
) -> None:
    for method in ("POST", "PATCH", "DELETE"):
        practice.sim.faults.add(Fault(effect, method=method))
    action, target = practice.action(case.name), aim(practice)
    before = await action.observe(target)
    with pytest.raises(errors.UnknownOutcome):
        await action.apply(target, before)
    proof = await practice.action(case.name).verify(target, before, None, practice.short)
    assert proof.outcome is Outcome.VERIFIED
    assert len(practice.writes) == case.changes


@dataclass
class Dying:
    """A process that is killed at its ``left``-th record: before a change is sent, or right after."""

    left: int

    async def intent(self, call: Call) -> str:
        self._live()
        return call.path

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:  # noqa: ARG002
        self._live()

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise errors.LeaseLost


def dying(practice: Practice, name: str, at: int) -> Action:
    return practice.system.action(name, {}, Dying(at))


@every
async def test_killed_anywhere_it_goes_on_from_the_first_observation(
    practice: Practice, case: Case
) -> None:
    for at in range(2 * case.changes):
        practice.sim.reset()
        target = aim(practice)
        before = await practice.action(case.name).observe(target)
        with pytest.raises(errors.LeaseLost):
            await dying(practice, case.name, at).apply(target, before)
        action = practice.action(case.name)
        receipt = await action.apply(target, before)
        proof = await action.verify(target, before, receipt, practice.short)
        assert proof.outcome is Outcome.VERIFIED, (at, proof)
        assert case.things(practice) & (case.thiefs | case.owners) == case.owners
        assert len(practice.writes) == case.changes, at


async def _done(practice: Practice, case: Case) -> tuple[Action, Target, Observation]:
    action, target = practice.action(case.name), aim(practice)
    before, _, proof = await practice.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    return action, target, before


@reversible
async def test_undo_gives_back_exactly_what_was_there(practice: Practice, case: Case) -> None:
    first = case.things(practice)
    action, target, before = await _done(practice, case)
    await action.undo(target, before)
    proof = await action.restored(target, before, practice.short)
    assert proof.outcome is Outcome.VERIFIED
    assert case.things(practice) == first
    sent = len(practice.writes)
    await action.undo(target, before)
    assert len(practice.writes) == sent


@reversible
async def test_an_undo_killed_anywhere_goes_on(practice: Practice, case: Case) -> None:
    first = case.things(practice)
    for at in range(2 * case.changes):
        practice.sim.reset()
        action, target, before = await _done(practice, case)
        with pytest.raises(errors.LeaseLost):
            await dying(practice, case.name, at).undo(target, before)
        await action.undo(target, before)
        proof = await action.restored(target, before, practice.short)
        assert proof.outcome is Outcome.VERIFIED
        assert case.things(practice) == first


@reversible
async def test_an_undo_that_did_nothing_is_not_called_restored(
    practice: Practice, case: Case
) -> None:
    action, target, before = await _done(practice, case)
    for method in ("POST", "PATCH"):
        practice.sim.faults.add(Fault(ignore(), method=method))
    await action.undo(target, before)
    proof = await action.restored(target, before, practice.short)
    assert proof.outcome is Outcome.FAILED


async def test_what_cannot_be_undone_says_so(practice: Practice) -> None:
    action = practice.action("entra.remove_app_credentials")
    assert action.spec.reversible is False


@every
async def test_lists_are_read_to_their_end(practice: Practice, case: Case) -> None:
    practice.sim.tenant.page_size = 1
    _, _, proof = await practice.run(practice.action(case.name), aim(practice))
    assert proof.outcome is Outcome.VERIFIED
    assert not case.thiefs & case.things(practice)


@every
async def test_the_plan_shows_every_change_that_is_sent(practice: Practice, case: Case) -> None:
    action, target = practice.action(case.name), aim(practice)
    shown = {(call.method, call.path.count("/")) for call in action.preview(target)}
    await practice.run(action, target)
    sent = {
        (entry.method, entry.path.removeprefix("/v1.0").count("/"))
        for entry in practice.sim.requests.writes("entra")
    }
    assert sent <= shown
