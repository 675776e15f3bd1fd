"""Removing credentials added to apps: which are the thief's, and what Graph does not let us do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors import errors
from connectors.action import Outcome
from simulator.app_keys import Certificate, Secret
from simulator.faults import Fault, delay, forbid, status
from simulator.footholds import (
    OLD_CERTIFICATE,
    OLD_FEDERATION,
    OLD_SECRET,
    REPORTS,
    THIEFS_CERTIFICATE,
    THIEFS_FEDERATION,
    THIEFS_SECRET,
    Affected,
)
from simulator.people import LINE_APP
from simulator.records import Application

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

NAME = "entra.remove_app_credentials"
EARLIER = timedelta(minutes=40)


def reports(practice: Practice) -> Application:
    return next(a for a in practice.sim.tenant.applications if a.app_id == REPORTS.app_id)


def names(app: Application) -> set[str]:
    keys = app.keys
    held = {s.key_id for s in keys.secrets} | {c.key_id for c in keys.certificates}
    return held | {f.id for f in keys.federations}


EVERYTHING = {
    OLD_SECRET, OLD_CERTIFICATE, OLD_FEDERATION, THIEFS_SECRET, THIEFS_CERTIFICATE, THIEFS_FEDERATION,
}  # fmt: skip


async def test_a_removed_certificate_is_noted_with_its_public_bytes(practice: Practice) -> None:
    thiefs = next(c for c in reports(practice).keys.certificates if c.key_id == THIEFS_CERTIFICATE)
    before, _, _ = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    noted = [item["certificate"] for item in before.snapshot["remove"] if "certificate" in item]
    assert [(one["keyId"], one["key"]) for one in noted] == [(THIEFS_CERTIFICATE, thiefs.key)]
    others = next(c for c in reports(practice).keys.certificates if c.key_id == OLD_CERTIFICATE)
    assert others.key not in str(before.snapshot)


async def test_the_bytes_of_a_secret_key_are_kept_nowhere(practice: Practice) -> None:
    for certificate in reports(practice).keys.certificates:
        certificate.kind = "Symmetric"
    before, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert not any("certificate" in item for item in before.snapshot["remove"])


async def test_a_certificate_beside_one_that_cannot_be_read_is_left(practice: Practice) -> None:
    app = reports(practice)
    app.keys.certificates.append(
        Certificate("00000000-0000-4000-8000-00000000000a", "CN=saml", 0.0, "X509CertAndPassword",
                    "Sign", readable=False)
    )  # fmt: skip
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.MANUAL
    assert THIEFS_CERTIFICATE in names(app)
    assert THIEFS_SECRET not in names(app)
    line = f"Remove-AzADAppCredential -ObjectId '{app.id}' -KeyId '{THIEFS_CERTIFICATE}'"
    assert line in proof.reason


async def test_a_secret_on_a_service_principal_of_somebody_elses_is_found_by_the_log(
    practice: Practice,
) -> None:
    tenant, user = practice.sim.tenant, practice.person().entra
    app, key = tenant.applications[0], "00000000-0000-4000-8000-00000000000b"
    app.principal_keys.secrets += [
        Secret("00000000-0000-4000-8000-00000000000c", "theirs", 0.0),
        Secret(key, "thief's", 0.0),
    ]
    described = app.principal_keys.described()
    tenant.audit(
        "Add service principal credentials",
        Affected(app.service_principal_id, app.display_name, "ServicePrincipal"),
        by_user=user,
        changes={"KeyDescription": (described[:1], described)},
    )
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert [s.display_name for s in app.principal_keys.secrets] == ["theirs"]
    assert f"POST /v1.0/servicePrincipals/{LINE_APP.service_principal_id}/removePassword" in (
        practice.writes
    )


async def test_two_people_s_certificates_of_one_app_are_both_taken_away(practice: Practice) -> None:
    tenant, app, omar = practice.sim.tenant, reports(practice), practice.person("omar.reyes").entra
    key = "00000000-0000-4000-8000-00000000000d"
    described = app.keys.described()
    app.keys.certificates.append(Certificate(key, "CN=another", 0.0))
    where = Affected(app.id, app.display_name, "Application")
    changes = {"KeyDescription": (described, app.keys.described())}
    tenant.audit("Update application", where, by_user=omar, changes=changes)
    targets = [practice.target(name, stolen=EARLIER) for name in ("nora.lind", "omar.reyes")]
    action = practice.action(NAME)
    befores = [await action.observe(target) for target in targets]
    practice.sim.faults.add(
        Fault(delay(0.05), method="PATCH", path_regex="/applications/", times=9)
    )
    await asyncio.gather(*(action.apply(*each) for each in zip(targets, befores, strict=True)))
    assert [c.key_id for c in app.keys.certificates] == [OLD_CERTIFICATE]
    assert OLD_SECRET in names(app)


async def test_our_own_application_is_not_cut_off(practice: Practice) -> None:
    system = practice.signed_in_as(REPORTS.app_id)
    action = system.action(NAME, {}, practice.journal)
    verdict = (await action.observe(practice.target(stolen=EARLIER))).verdict
    await system.close()
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert "on Rescind's own application" in verdict.instructions


async def test_without_the_audit_log_every_credential_is_left(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="auditLogs"))
    verdict = (await practice.action(NAME).observe(practice.target(stolen=EARLIER))).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert all(name in verdict.instructions for name in EVERYTHING)
    assert names(reports(practice)) == EVERYTHING


async def test_without_the_audit_log_a_person_who_owns_no_app_is_not_called_clean(
    practice: Practice,
) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="auditLogs"))
    verdict = (await practice.action(NAME).observe(practice.target("user01"))).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert "Audit logs" in verdict.instructions


async def test_the_minutes_the_log_cannot_tell_of_are_named(practice: Practice) -> None:
    target = practice.target("user01", stolen=EARLIER)
    before, _, proof = await practice.run(practice.action(NAME), target)
    assert before.satisfied is None, "not told by reading"
    assert proof.outcome is Outcome.VERIFIED
    (blind,) = proof.exposure
    assert blind.what.startswith("credentials of apps that were added after")


async def test_an_update_the_log_does_not_explain_leaves_federated_credentials(
    practice: Practice,
) -> None:
    for audit in practice.sim.tenant.audits:
        if audit["activityDisplayName"] == "Update application":
            audit["targetResources"][0]["modifiedProperties"] = []
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.MANUAL
    assert names(reports(practice)) == {
        OLD_SECRET, OLD_CERTIFICATE, OLD_FEDERATION, THIEFS_FEDERATION,
    }  # fmt: skip
    assert f"/federatedIdentityCredentials/{THIEFS_FEDERATION}'" in proof.reason


async def test_the_empty_entry_beside_a_new_secret_explains_itself(practice: Practice) -> None:
    tenant = practice.sim.tenant
    keys = next(a for a in tenant.audits if "Certificates" in a["activityDisplayName"])
    update = next(a for a in tenant.audits if a["activityDisplayName"] == "Update application")
    tenant.audits.remove(update)
    twin = {**keys["targetResources"][0], "modifiedProperties": []}
    tenant.audits.append(
        {**keys, "activityDisplayName": "Update application", "targetResources": [twin]}
    )
    app = reports(practice)
    app.keys.federations = [f for f in app.keys.federations if f.id == OLD_FEDERATION]
    _, _, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert proof.outcome is Outcome.VERIFIED
    assert OLD_FEDERATION in names(app)


async def test_an_app_registered_since_the_theft_has_no_older_credentials(
    practice: Practice,
) -> None:
    tenant = practice.sim.tenant
    tenant.audits.clear()
    reports(practice).created = tenant.now() - 60
    verdict = (await practice.action(NAME).observe(practice.target(stolen=EARLIER))).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.MANUAL
    assert "was registered at" in verdict.instructions


async def test_a_credential_added_meanwhile_is_not_taken_for_done(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    late = Secret("00000000-0000-4000-8000-00000000000d", "again", 0.0)
    reports(practice).keys.secrets.append(late)
    proof = await action.verify(target, before, receipt, practice.short)
    assert proof.outcome is Outcome.FAILED


async def test_a_certificate_added_meanwhile_survives_the_removal(practice: Practice) -> None:
    action, target = practice.action(NAME), practice.target(stolen=EARLIER)
    before = await action.observe(target)
    late = Certificate("00000000-0000-4000-8000-00000000000e", "CN=new", 0.0)
    reports(practice).keys.certificates.append(late)
    await action.apply(target, before)
    assert late in reports(practice).keys.certificates
    assert THIEFS_CERTIFICATE not in names(reports(practice))


async def test_one_refused_credential_does_not_keep_the_others(practice: Practice) -> None:
    practice.sim.faults.add(Fault(status(400), method="PATCH"))
    _, receipt, proof = await practice.run(practice.action(NAME), practice.target(stolen=EARLIER))
    assert names(reports(practice)) & EVERYTHING == {
        OLD_SECRET, OLD_CERTIFICATE, OLD_FEDERATION, THIEFS_CERTIFICATE,
    }  # fmt: skip
    told = {item["what"]: item.get("error") for item in receipt.data["credentials"]}
    assert told["certificate"] == errors.Invalid.__name__
    assert proof.outcome is Outcome.FAILED
