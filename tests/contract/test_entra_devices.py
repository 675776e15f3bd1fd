"""Disabling devices: which are recent, which are mastered elsewhere, and what is given back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.action import Outcome
from simulator.entra_belongings import Device
from simulator.faults import Fault, forbid
from simulator.footholds import MINUTE, OLD_DEVICE, THIEFS_DEVICE, Affected

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

NAME = "entra.disable_devices"
EARLIER = timedelta(minutes=40)


def device(practice: Practice, device_id: str = THIEFS_DEVICE) -> Device:
    return next(d for d in practice.person().entra.devices if d.id == device_id)


async def test_a_device_only_used_by_the_person_counts_too(practice: Practice) -> None:
    device(practice).owner = False
    # Names are the thief's to choose: two devices may bear the same.
    device(practice).display_name = device(practice, OLD_DEVICE).display_name
    _, _, proof = await practice.run(practice.action(NAME), practice.target())
    assert proof.outcome is Outcome.VERIFIED
    assert not device(practice).account_enabled


async def test_with_a_date_on_every_device_nothing_is_left_open(practice: Practice) -> None:
    _, _, proof = await practice.run(practice.action(NAME), practice.target())
    assert proof.exposure == ()
    assert (await practice.action(NAME).observe(practice.target())).satisfied is True
    assert not any("auditLogs" in e.path for e in practice.sim.requests.all("entra"))


async def test_a_device_mastered_on_premises_is_for_a_person(practice: Practice) -> None:
    device(practice).synced = True
    verdict = (await practice.action(NAME).observe(practice.target())).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    line = f"Get-ADComputer -Identity '{device(practice).device_id}' | Disable-ADAccount"
    assert line in verdict.instructions


@pytest.mark.parametrize("logged", [True, False])
async def test_a_device_without_a_date_is_dated_by_the_log(
    practice: Practice, logged: bool
) -> None:
    tenant, undated = practice.sim.tenant, device(practice)
    undated.registered = None
    tenant.audits = [a for a in tenant.audits if a["activityDisplayName"] != "Register device"]
    if logged:
        where = Affected(undated.id, undated.display_name, "Device")
        tenant.audit("Add registered owner to device", where, at=tenant.now() - 5 * MINUTE)
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert undated.account_enabled is not logged
    blind = [e for e in proof.exposure if e.what.startswith("devices without a date")]
    assert bool(blind) is not logged


async def test_without_the_log_a_device_without_a_date_is_left(practice: Practice) -> None:
    device(practice).registered = None
    practice.sim.faults.add(Fault(forbid(), path_regex="auditLogs"))
    verdict = (await practice.action(NAME).observe(practice.target(stolen=EARLIER))).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert f"-Method PATCH -Uri '/v1.0/devices/{THIEFS_DEVICE}'" in verdict.instructions


async def test_scope_all_takes_older_ones_and_undo_leaves_off_what_was_off(
    practice: Practice,
) -> None:
    device(practice).account_enabled = False
    action, target = practice.action(NAME, scope="all"), practice.target()
    before, _, proof = await practice.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    assert not device(practice, OLD_DEVICE).account_enabled
    await action.undo(target, before)
    assert device(practice, OLD_DEVICE).account_enabled
    assert not device(practice).account_enabled


async def test_a_device_registered_meanwhile_is_not_taken_for_done(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target()
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    late = Device("00000000-0000-4000-8000-00000000000a", "x", "LATE", practice.sim.tenant.now())
    practice.person().entra.devices.append(late)
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.FAILED
    assert "LATE" in proof.observed


async def test_a_device_is_never_deleted(practice: Practice) -> None:
    await practice.run(practice.action(NAME, scope="all"), practice.target())
    assert {entry.method for entry in practice.sim.requests.writes("entra")} == {"PATCH"}
