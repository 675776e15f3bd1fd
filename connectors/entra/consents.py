"""Revoke what a person has granted to apps since the theft: delegated permissions and app roles.

A grant that is older and was widened since gets its scope of before back, where the audit log tells it.

Source: Microsoft Graph v1.0, oAuth2PermissionGrant and appRoleAssignment; Microsoft, "Illicit consent
grants": neither a new password nor MFA takes a consent away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Impact,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.each import each
from connectors.entra import (
    auditlog,
    consent_choice,
    consenting,
    granted,
    ids,
    narrowing,
    stamps,
)
from connectors.entra.action import EntraAction, answered
from connectors.entra.age import Window
from connectors.entra.consent_choice import Choice

Json = dict[str, Any]


class ConsentParameters(BaseModel):
    """Which consents are revoked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["recent", "all"] = Field(
        "recent", description="recent: given since the theft began; all: whatever their age"
    )
    margin_minutes: int = Field(
        60, ge=0, le=10080, description="how much earlier than the first sign counts as recent"
    )


class RevokeConsents(EntraAction[ConsentParameters]):
    """Takes away what lets an app act in the person's name without her."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.revoke_consents",
        system="entra",
        title="Revoke consents to apps given since the theft",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-CR",),
        attack=("T1528", "T1098.003"),
        # AuditLog.Read.All dates grants, which have no date; without it they are left for a person.
        permissions=(
            "DelegatedPermissionGrant.ReadWrite.All",
            "AppRoleAssignment.ReadWrite.All",
            "User.Read.All",
            "AuditLog.Read.All",
        ),
        parameters=ConsentParameters,
        disrupts="The person consents again to an app that was hers, or is given it again.",
        leaves_open="Apps the thief consented to act in the person's name without signing in.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One DELETE for each consent chosen."""
        which = "" if self._parameters.scope == "all" else " since the theft began"
        path = granted.ASSIGNMENTS.format(id=ids.object_id(target.id)) + "/{assignment}"
        return (
            PlannedCall(
                "DELETE",
                f"{granted.GRANTS}/{{grant}}",
                why=f"for each permission the person granted{which}; noted in full first",
            ),
            PlannedCall("DELETE", path, why=f"for each app assigned to the person{which}"),
            *(() if self._parameters.scope == "all" else (_NARROWED,)),
        )

    async def observe(self, target: Target) -> Observation:
        """List the consents, date them, and choose."""
        user, at = await self._user_at(target)
        grants = await granted.grants(self._client, target.id)
        roles = await granted.assignments(self._client, target.id)
        everything, margin = self._parameters.scope == "all", self._parameters.margin_minutes
        window = Window.since(target.since, margin, at or datetime.now(UTC))
        if window is None and not everything:
            snapshot: Json = {"grants": grants, "assignments": roles}
            snapshot |= {"remove": [], "narrow": [], "left": []}
            reason = (
                "When the theft began is not known, so no consent can be told to be newer: look at "
                f"the {len(grants)} permissions and {len(roles)} apps of the person."
            )
            return Observation(snapshot, verdict=Verdict(Outcome.MANUAL, reason, _portal(user)))
        chosen, listed = Choice(), _listed(grants, roles)
        if window is None:
            chosen.take_all(listed)
        else:
            audits = await auditlog.entries(self._client, window.start, auditlog.by(target.id))
            told = consenting.told(window, audits)
            chosen.judge(listed, told, everything=everything)
            await self._look_for_tenant_wide(chosen, told)
        snapshot = {
            "userPrincipalName": user.get("userPrincipalName"),
            "since": stamps.write(window.start) if window else None,
            "grants": grants,
            "assignments": roles,
            "told_until": stamps.write(chosen.silent) if chosen.silent else None,
            "remove": chosen.remove,
            "narrow": chosen.narrow,
            "left": chosen.left,
        }
        changes = bool(chosen.remove or chosen.narrow)
        if chosen.left and not changes:
            reason = "Consents are left that a person has to look at."
            verdict = Verdict(
                Outcome.MANUAL, reason, consent_choice.by_hand(target.id, chosen.left)
            )
            return Observation(snapshot, satisfied=False, verdict=verdict)
        # The log's silence does not reach up to now, so that nothing was added is not told by it.
        nothing = None if chosen.silent else True
        return Observation(snapshot, satisfied=False if changes else nothing)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Take away what was chosen and is still there, and out of older ones what was added."""
        chosen, wide = before.snapshot["remove"], _narrow(before)
        present = await self._present(target) if chosen or wide else []
        there = {str(item.get("id")) for _, item in present}
        going = [
            *(item for item in chosen if item["id"] in there),
            *narrowing.too_wide(wide, present),
        ]

        async def change(item: Json) -> Json:
            if "scope" in item:
                request = granted.scoping(item["id"], item["scope"], self._needs)
            else:
                request = granted.removal(target.id, item["kind"], item["id"], self._needs)
            return answered(await self._change(request))

        return Receipt({"consents": await each(map(_told_of, going), change)})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See none of the chosen consents, none that was not there before, and no scope too wide."""
        snapshot = before.snapshot
        chosen = {item["id"]: item for item in snapshot["remove"]}
        known = {str(item.get("id")) for item in (*snapshot["grants"], *snapshot["assignments"])}

        async def look() -> readback.Reading:
            _, at = await self._user_at(target)
            present = await self._present(target)
            still = [str(item.get("id")) for _, item in present if str(item.get("id")) in chosen]
            new = [granted.app_of(i, kind) for kind, i in present if str(i.get("id")) not in known]
            observed = f"still there: {', '.join(chosen[name]['name'] for name in still) or 'none'}"
            wide = narrowing.too_wide(_narrow(before), present)
            if wide:
                observed += f"; still too wide: {', '.join(item['name'] for item in wide)}"
            new += [
                granted.app_of(grant, granted.GRANT)
                for grant in narrowing.grown(snapshot["grants"], present)
            ]
            if new:
                observed += f"; given meanwhile to {', '.join(new)}"
            return readback.Reading(not still and not new and not wide, observed, at)

        reading = await readback.until(look, patience, self._sleep)
        proof = readback.proof(
            reading,
            check=f"GET /users/{{id}}{granted.GRANTS}, GET {granted.ASSIGNMENTS}",
            expected=f"{len(chosen)} chosen consent(s) gone, {len(_narrow(before))} narrowed, no new one",
            exposure=tuple(consent_choice.exposure(snapshot, reading.at)),
        )
        if not snapshot["left"]:
            return proof
        by_hand = consent_choice.by_hand(target.id, snapshot["left"])
        return readback.then_by_hand(
            proof, f"Consents are left that a person has to look at.\n{by_hand}"
        )

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST for each consent that was taken away."""
        path = granted.ASSIGNMENTS.format(id=ids.object_id(target.id))
        why = "as it was noted, for each one taken away"
        return (
            PlannedCall("POST", granted.GRANTS, "(the grant as it was)", why),
            PlannedCall("POST", path, "(the assignment as it was)", why),
            *(() if self._parameters.scope == "all" else (_WIDENED,)),
        )

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Give again what was taken away or out, unless somebody has given it meanwhile."""
        present = await self._present(target)
        missing = [*_missing(before, present), *narrowing.too_narrow(_narrow(before), present)]

        async def give(item: Json) -> Json:
            if "scope" in item:
                request = granted.scoping(item["id"], item["scope"], self._needs)
            else:
                request = granted.giving(target.id, item["kind"], item["makings"], self._needs)
            try:
                return answered(await self._change(request))
            except (errors.Conflict, errors.Invalid) as error:
                # There again already, or its app is not: reading tells which.
                return {"error": type(error).__name__, "code": error.code}

        return Receipt({"consents": await each(missing, give)})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See every consent again that was taken away, and as wide as it was."""

        async def look() -> readback.Reading:
            present, narrow = await self._present(target), _narrow(before)
            missing = [
                *_missing(before, present),
                *narrowing.gone(narrow, present),
                *narrowing.too_narrow(narrow, present),
            ]
            names = ", ".join(item["name"] for item in missing)
            return readback.Reading(not missing, f"missing: {names or 'none'}")

        reading = await readback.until(look, patience, self._sleep)
        check = f"GET /users/{{id}}{granted.GRANTS}, GET {granted.ASSIGNMENTS}"
        return readback.proof(reading, check=check, expected="all are there again")

    async def _present(self, target: Target) -> list[tuple[str, Json]]:
        grants = await granted.grants(self._client, target.id)
        roles = await granted.assignments(self._client, target.id)
        return _listed(grants, roles)

    async def _look_for_tenant_wide(self, chosen: Choice, told: consenting.Told) -> None:
        """Add what lets the same apps act for everybody: that is not one person's to lose."""
        by_person = told.tenant_wide()
        for app in sorted({*chosen.apps, *by_person}):
            for grant in await granted.grants_to(self._client, app):
                if grant.get("consentType") == granted.EVERYBODY:
                    at = by_person.get(app)
                    since = f", given by the person at {stamps.write(at)}" if at else ""
                    why = f"lets the app act for everybody in the tenant{since}"
                    chosen.leave(grant, why)


_NARROWED = PlannedCall(
    "PATCH",
    f"{granted.GRANTS}/{{grant}}",
    "scope: (without what was added)",
    "for each permission granted before and widened by the person since the theft began, where the audit "
    "log tells what was added",
)
_WIDENED = PlannedCall(
    "PATCH",
    f"{granted.GRANTS}/{{grant}}",
    "scope: (with what was taken out)",
    "for each one narrowed; what else is in it stays",
)


def _narrow(before: Observation) -> list[Json]:
    # What was observed by an earlier version has none.
    narrow: list[Json] = before.snapshot.get("narrow", [])
    return narrow


def _told_of(item: Json) -> Json:
    """What a receipt says of an item."""
    return {name: item[name] for name in ("id", "kind", "app", "scope") if name in item}


def _listed(grants: list[Json], roles: list[Json]) -> list[tuple[str, Json]]:
    return [(granted.GRANT, g) for g in grants] + [(granted.ASSIGNMENT, r) for r in roles]


def _missing(before: Observation, present: list[tuple[str, Json]]) -> list[Json]:
    """What was to be taken away and is not there, by what it is for: ids are new each time."""
    return [
        item
        for item in before.snapshot["remove"]
        if not any(
            kind == item["kind"] and granted.same(kind, item["makings"], one)
            for kind, one in present
        )
    ]


def _portal(user: Mapping[str, Any]) -> str:
    name = json.dumps(user.get("userPrincipalName"))
    return f"Entra admin center > Users > {name} > Applications"
