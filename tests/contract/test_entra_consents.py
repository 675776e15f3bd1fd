"""Revoking consents: which are recent, which are left to a person, and what is given back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.action import Outcome
from simulator import footholds
from simulator.entra_belongings import Consent, RoleAssignment
from simulator.entra_state import EntraUser
from simulator.faults import Fault, forbid, ignore
from simulator.footholds import ARCHIVER, GRAPH, MINUTE
from simulator.people import LINE_APP

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

NAME = "entra.revoke_consents"
EARLIER = timedelta(minutes=40)
_ARCHIVER, _EXPENSES = ARCHIVER.service_principal_id, LINE_APP.service_principal_id
_GRAPH = GRAPH.service_principal_id


def nora(practice: Practice) -> EntraUser:
    user = practice.person().entra
    assert user is not None
    return user


def scopes(practice: Practice) -> dict[str, str]:
    return {consent.client_id: consent.scope for consent in nora(practice).consents}


def forget(practice: Practice, activity: str) -> None:
    tenant = practice.sim.tenant
    tenant.audits = [a for a in tenant.audits if a["activityDisplayName"] != activity]


async def test_what_a_group_of_the_persons_may_use_is_not_hers_to_lose(practice: Practice) -> None:
    groups = RoleAssignment(
        "of-a-group", _GRAPH, "Sales", _ARCHIVER, "Archiver", practice.sim.tenant.now(),
        principal_type="Group",
    )  # fmt: skip
    nora(practice).role_assignments.append(groups)
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert groups in nora(practice).role_assignments


def widen(practice: Practice, before: str, after: str, now: str | None = None) -> Consent:
    """Let an older consent of the person's be widened since the theft; ``now`` is its scope today."""
    tenant, user = practice.sim.tenant, nora(practice)
    older = next(c for c in user.consents if c.client_id == _EXPENSES)
    older.scope = now or after
    expenses, graph = tenant.applications[:2]
    footholds.log_grant(
        tenant, user, expenses, graph, (before, after), at=tenant.now() - 3 * MINUTE
    )
    return older


async def test_an_older_consent_that_was_widened_gets_its_scope_of_before_back(
    practice: Practice,
) -> None:
    older = widen(practice, "User.Read Calendars.Read", " User.Read  Mail.Read Calendars.Read ")
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before, _, proof = await practice.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    assert scopes(practice) == {_EXPENSES: "User.Read Calendars.Read"}
    assert f"PATCH /v1.0/oauth2PermissionGrants/{older.id}" in practice.writes
    assert "1 narrowed" in proof.expected
    older.scope += " Files.Read"  # by somebody else, since
    await action.undo(target, before)
    assert scopes(practice)[_EXPENSES].split() == [
        "User.Read", "Calendars.Read", "Files.Read", "Mail.Read",
    ]  # fmt: skip
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.VERIFIED
    practice.sim.requests.clear()
    await action.undo(target, before)
    assert practice.writes == []


async def test_a_consent_widened_twice_loses_both_and_nothing_else(practice: Practice) -> None:
    tenant, user = practice.sim.tenant, nora(practice)
    widen(practice, "User.Read", "User.Read Mail.Read", "User.Read Mail.Read Files.Read")
    expenses, graph = tenant.applications[:2]
    again = ("User.Read Mail.Read", "User.Read Mail.Read Files.Read")
    footholds.log_grant(tenant, user, expenses, graph, again, at=tenant.now() - 2 * MINUTE)
    await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert scopes(practice) == {_EXPENSES: "User.Read"}


async def test_a_consent_that_was_narrowed_since_is_left_as_it_is(practice: Practice) -> None:
    widen(practice, "User.Read", "User.Read Mail.Read", "User.Read")
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert not [line for line in practice.writes if line.startswith("PATCH")]


async def test_a_consent_that_holds_nothing_but_what_was_added_is_taken_away(
    practice: Practice,
) -> None:
    older = widen(practice, "User.Read", "User.Read Mail.Read", "Mail.Read")
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before, _, proof = await practice.run(action, target)
    assert proof.outcome is Outcome.VERIFIED
    assert f"DELETE /v1.0/oauth2PermissionGrants/{older.id}" in practice.writes
    assert _EXPENSES not in scopes(practice)
    await action.undo(target, before)
    assert scopes(practice)[_EXPENSES] == "Mail.Read"


async def test_a_scope_the_log_does_not_account_for_is_left_with_the_line_that_narrows_it(
    practice: Practice,
) -> None:
    older = widen(
        practice, "User.Read", "User.Read Mail.Read", "User.Read Mail.Read Directory.Read.All"
    )
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.MANUAL
    assert scopes(practice) == {_EXPENSES: "User.Read Mail.Read Directory.Read.All"}
    assert "the audit log does not tell all that was added" in proof.reason
    line = f"-Method PATCH -Uri '/v1.0/oauth2PermissionGrants/{older.id}' -Body"
    assert f'{line} \'{{"scope": "User.Read"}}\'' in proof.reason
    assert any(exposure.what.endswith(_EXPENSES) for exposure in proof.exposure)


async def test_a_success_that_narrowed_nothing_ends_as_failed(practice: Practice) -> None:
    widen(practice, "User.Read", "User.Read Mail.Read")
    practice.sim.faults.add(Fault(ignore(), method="PATCH", path_regex="oauth2PermissionGrants"))
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.FAILED
    assert "still too wide: " in proof.observed


async def test_a_consent_widened_while_it_is_acted_is_not_taken_for_done(
    practice: Practice,
) -> None:
    older = widen(practice, "User.Read", "User.Read Mail.Read")
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    older.scope += " Files.ReadWrite"
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.FAILED
    assert f"given meanwhile to {_EXPENSES}" in proof.observed


async def test_a_narrowed_grant_that_is_gone_is_not_called_restored(practice: Practice) -> None:
    older = widen(practice, "User.Read", "User.Read Mail.Read")
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before, _, _ = await practice.run(action, target)
    nora(practice).consents.remove(older)
    await action.undo(target, before)
    assert _EXPENSES not in scopes(practice)
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.FAILED


@pytest.mark.parametrize("by_the_person", [True, False])
async def test_a_consent_for_everybody_is_reported_and_never_removed(
    practice: Practice, by_the_person: bool
) -> None:
    tenant = practice.sim.tenant
    graph, archiver = tenant.applications[1:3]
    wide = Consent(_ARCHIVER, _GRAPH, "Mail.Read")
    tenant.tenant_wide_consents += [wide, Consent(_EXPENSES, _GRAPH, "User.Read")]
    if by_the_person:
        at = tenant.now() - 3 * MINUTE
        scope = (None, wide.scope)
        footholds.log_grant(tenant, nora(practice), archiver, graph, scope, at=at, everybody=True)
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.MANUAL
    assert wide in tenant.tenant_wide_consents
    assert f"-Method DELETE -Uri '/v1.0/oauth2PermissionGrants/{wide.id}'" in proof.reason
    assert "for everybody in the tenant" in proof.reason
    assert ("given by the person" in proof.reason) is by_the_person
    assert _EXPENSES not in proof.reason, "older, and another app's"


async def test_a_consent_for_everybody_makes_the_persons_own_no_younger(
    practice: Practice,
) -> None:
    tenant, user = practice.sim.tenant, nora(practice)
    expenses, graph = tenant.applications[:2]
    scope, at = (None, "User.Read"), tenant.now() - 3 * MINUTE
    footholds.log_grant(tenant, user, expenses, graph, scope, at=at, everybody=True)
    await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert list(scopes(practice)) == [_EXPENSES]


async def test_a_consent_that_names_the_resource_as_granted_before_is_older(
    practice: Practice,
) -> None:
    tenant, user = practice.sim.tenant, nora(practice)
    told = f"[[Id: x, ResourceId: {_GRAPH}, Scope: User.Read]]"
    tenant.audit(
        "Consent to application",
        footholds.Affected(_EXPENSES, LINE_APP.display_name, "ServicePrincipal"),
        by_user=user,
        changes={"ConsentAction.Permissions": (None, f"{told} => {told}; ")},
    )
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.MANUAL
    assert list(scopes(practice)) == [_EXPENSES]
    assert "older than the theft, and widened" in proof.reason


async def test_a_theft_from_before_the_log_leaves_grants_to_a_person(practice: Practice) -> None:
    first = scopes(practice)
    _, _, proof = await practice.run(
        practice.action(NAME), practice.target(stolen=timedelta(days=8))
    )
    assert proof.outcome is Outcome.MANUAL
    assert scopes(practice) == first


async def test_an_administrators_consent_for_everybody_alone_is_found(practice: Practice) -> None:
    tenant, user = practice.sim.tenant, nora(practice)
    user.consents.clear()
    user.role_assignments.clear()
    tenant.audits.clear()
    graph, archiver = tenant.applications[1:3]
    wide = Consent(_ARCHIVER, _GRAPH, "Mail.Read")
    tenant.tenant_wide_consents.append(wide)
    scope, at = (None, wide.scope), tenant.now() - 3 * MINUTE
    footholds.log_grant(tenant, user, archiver, graph, scope, at=at, everybody=True)
    verdict = (await practice.action(NAME).observe(practice.target(stolen=EARLIER))).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert wide.id in verdict.instructions


async def test_without_the_audit_log_grants_are_left_and_dated_roles_go(
    practice: Practice,
) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="auditLogs"))
    before = scopes(practice)
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.MANUAL
    assert scopes(practice) == before
    assert [r.resource_id for r in nora(practice).role_assignments] == [_EXPENSES]
    assert proof.reason.count("Invoke-MgGraphRequest -Method DELETE") == 2


async def test_a_theft_the_log_has_not_heard_of_leaves_grants_to_a_person(
    practice: Practice,
) -> None:
    practice.sim.tenant.audit_lag_s = 10 * 60
    target = practice.target(stolen=timedelta(minutes=8))
    _, _, proof = await practice.run(practice.action(NAME), target)
    assert proof.outcome is Outcome.MANUAL
    assert len(scopes(practice)) == 2
    assert "look again after" in proof.reason


async def test_the_minutes_the_log_cannot_tell_of_are_named(practice: Practice) -> None:
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert any(
        exposure.what.startswith("consents that were added after") for exposure in proof.exposure
    )
    assert any("access tokens that the apps hold" in exposure.what for exposure in proof.exposure)


@pytest.mark.parametrize("missing", ["Add delegated permission grant", "Consent to application"])
async def test_either_entry_of_the_log_dates_a_grant(practice: Practice, missing: str) -> None:
    forget(practice, missing)
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert list(scopes(practice)) == [_EXPENSES]


async def test_an_entry_that_says_not_what_was_before_leaves_the_grant(practice: Practice) -> None:
    forget(practice, "Add delegated permission grant")
    for audit in practice.sim.tenant.audits:
        audit["targetResources"][0]["modifiedProperties"] = []
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.MANUAL
    assert _ARCHIVER in scopes(practice)
    assert "not whether there was one before" in proof.reason


async def test_a_role_without_a_date_is_dated_by_the_log(practice: Practice) -> None:
    tenant, user = practice.sim.tenant, nora(practice)
    for role in user.role_assignments:
        role.created = None
    archiver = tenant.applications[2]
    tenant.audit(
        "Add app role assignment grant to user",
        footholds.Affected(_ARCHIVER, archiver.display_name, "ServicePrincipal"),
        by_user=user,
        at=tenant.now() - 4 * MINUTE,
    )
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert [r.resource_id for r in user.role_assignments] == [_EXPENSES]


async def test_scope_all_takes_older_ones_too_even_without_a_start(practice: Practice) -> None:
    first = scopes(practice)
    target = practice.target(stolen=EARLIER)
    whenever = type(target)(target.tenant, "entra", target.id, target.name)
    action = practice.action(NAME, scope="all")
    before, _, proof = await practice.run(action, whenever)
    assert proof.outcome is Outcome.VERIFIED
    assert scopes(practice) == {}
    await action.undo(whenever, before)
    assert scopes(practice) == first


async def test_a_consent_given_meanwhile_is_not_taken_for_done(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    nora(practice).consents.append(Consent(_ARCHIVER, _EXPENSES, "all", target.id))
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.FAILED
    assert _ARCHIVER in proof.observed


async def test_undo_leaves_what_somebody_gave_meanwhile(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before, _, _ = await practice.run(action, target)
    nora(practice).consents.append(Consent(_ARCHIVER, _GRAPH, "User.Read", target.id))
    await action.undo(target, before)
    assert scopes(practice)[_ARCHIVER] == "User.Read"
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.VERIFIED


async def test_undo_for_an_app_that_is_gone_is_not_called_restored(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before, _, _ = await practice.run(action, target)
    tenant = practice.sim.tenant
    tenant.applications = [a for a in tenant.applications if a.app_id != ARCHIVER.app_id]
    receipt = await action.undo(target, before)
    assert {item["error"] for item in receipt.data["consents"]} == {"Invalid"}
    assert (await action.restored(target, before, practice.short)).outcome is Outcome.FAILED
