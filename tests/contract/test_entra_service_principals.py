"""Switching off apps: which are the thief's, whom else it concerns, and which are never touched."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from connectors.action import Outcome
from simulator import footholds
from simulator.entra_belongings import Consent
from simulator.faults import Fault, forbid
from simulator.footholds import ARCHIVER, GRAPH, MINUTE
from simulator.people import LINE_APP
from simulator.records import Application

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

NAME = "entra.disable_service_principal"
EARLIER = timedelta(minutes=40)
_ARCHIVER, _EXPENSES = ARCHIVER.service_principal_id, LINE_APP.service_principal_id


def app(practice: Practice, principal: str) -> Application:
    found = practice.sim.tenant.applications
    return next(a for a in found if a.service_principal_id == principal)


async def test_an_app_is_found_after_its_consents_were_revoked(practice: Practice) -> None:
    target = practice.target(stolen=EARLIER)
    await practice.run(practice.action("entra.revoke_consents"), target)
    _, _, proof = await practice.run(practice.action(NAME), target)
    assert proof.outcome is Outcome.VERIFIED
    assert not app(practice, _ARCHIVER).account_enabled
    assert proof.reason == "Disabled for all its users: Mailbox Archiver (used by nobody else)."
    assert any("access tokens that the apps hold" in e.what for e in proof.exposure)


async def test_an_app_that_somebody_deletes_meanwhile_is_not_said_to_be_disabled(
    practice: Practice,
) -> None:
    target, action = practice.target(stolen=EARLIER), practice.action(NAME)
    before = await action.observe(target)
    practice.sim.tenant.applications.remove(app(practice, _ARCHIVER))
    receipt = await action.apply(target, before)
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.VERIFIED
    assert (proof.observed, proof.reason) == (
        "enabled: none; gone: Mailbox Archiver",
        "Not there any more: Mailbox Archiver.",
    )


@pytest.mark.parametrize("wide", [True, False])
async def test_an_app_that_others_use_is_left_unless_the_playbook_says_so(
    practice: Practice, wide: bool
) -> None:
    tenant, target = practice.sim.tenant, practice.target(stolen=EARLIER)
    other = practice.person("user01").entra
    shared = Consent(_ARCHIVER, GRAPH.service_principal_id, "User.Read", None if wide else other.id)
    (tenant.tenant_wide_consents if wide else other.consents).append(shared)
    verdict = (await practice.action(NAME).observe(target)).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    used_by = "everybody in the tenant" if wide else "1 other"
    assert f"it is used by {used_by}, too" in verdict.instructions
    assert f"-Uri '/v1.0/servicePrincipals/{_ARCHIVER}'" in verdict.instructions
    assert practice.writes == []

    _, _, proof = await practice.run(practice.action(NAME, shared="disable"), target)
    assert proof.outcome is Outcome.VERIFIED
    assert f"used by {used_by}" in proof.reason


async def test_a_consent_for_everybody_that_is_the_thiefs_own_spares_no_app(
    practice: Practice,
) -> None:
    tenant, user = practice.sim.tenant, practice.person().entra
    tenant.tenant_wide_consents.append(Consent(_ARCHIVER, GRAPH.service_principal_id, "Mail.Read"))
    graph, archiver = tenant.applications[1:3]
    at, scope = tenant.now() - 3 * MINUTE, (None, "Mail.Read")
    footholds.log_grant(tenant, user, archiver, graph, scope, at=at, everybody=True)
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert not archiver.account_enabled


async def test_an_app_the_person_used_before_is_left_to_a_person(practice: Practice) -> None:
    tenant, user = practice.sim.tenant, practice.person().entra
    expenses, _, archiver = tenant.applications[:3]
    at = tenant.now() - 3 * MINUTE
    footholds.consent(tenant, user, expenses, archiver, "all", at=at)
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.MANUAL
    assert "before the theft" in proof.reason
    assert (expenses.account_enabled, archiver.account_enabled) == (True, False)


async def test_without_the_audit_log_a_person_decides(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="auditLogs"))
    verdict = (await practice.action(NAME).observe(practice.target(stolen=EARLIER))).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert practice.writes == []


async def test_named_apps_need_no_log_and_no_start(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="auditLogs"))
    target = practice.target()
    whenever = type(target)(target.tenant, "entra", target.id, target.name)
    action = practice.action(NAME, service_principals=[_EXPENSES.upper()])
    before, _, proof = await practice.run(action, whenever)
    assert proof.outcome is Outcome.VERIFIED
    assert not app(practice, _EXPENSES).account_enabled
    assert app(practice, _ARCHIVER).account_enabled
    await action.undo(whenever, before)
    assert app(practice, _EXPENSES).account_enabled


async def test_an_app_that_was_off_before_is_already_so_and_stays_off(practice: Practice) -> None:
    app(practice, _EXPENSES).account_enabled = False
    action = practice.action(NAME, service_principals=[_EXPENSES])
    before = await action.observe(practice.target())
    assert before.satisfied is True
    await action.undo(practice.target(), before)
    assert not app(practice, _EXPENSES).account_enabled


@pytest.mark.parametrize(
    ("principal", "why"),
    [
        (GRAPH.service_principal_id, "an app of Microsoft's own"),
        ("00000000-0000-4000-8000-000000000000", "not in the tenant"),
    ],
)
async def test_what_is_never_touched_is_skipped_with_the_reason(
    practice: Practice, principal: str, why: str
) -> None:
    action = practice.action(NAME, service_principals=[principal])
    verdict = (await action.observe(practice.target())).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.SKIPPED
    assert why in verdict.reason


async def test_our_own_application_is_never_switched_off(practice: Practice) -> None:
    system = practice.signed_in_as(ARCHIVER.app_id.upper())
    action = system.action(NAME, {}, practice.journal)
    verdict = (await action.observe(practice.target(stolen=EARLIER))).verdict
    await system.close()
    assert verdict is not None
    assert verdict.outcome is Outcome.SKIPPED
    assert "Rescind's own application" in verdict.reason


async def test_an_app_deleted_meanwhile_is_gone(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    practice.sim.tenant.applications.remove(app(practice, _ARCHIVER))
    receipt = await action.apply(target, before)
    assert receipt.data == {"servicePrincipals": []}
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.VERIFIED


async def test_a_name_is_no_id(practice: Practice) -> None:
    with pytest.raises(ValidationError):
        practice.action(NAME, service_principals=["Mailbox Archiver"])
