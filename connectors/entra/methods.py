"""Remove authentication methods that were added since the theft began.

Source: Microsoft Graph v1.0, authenticationMethod (delete by type), userRegistrationDetails and
directoryAudits; beta, signInPreferences; CISA CM0071.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors
from connectors.action import (
    ActionSpec,
    Exposure,
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
from connectors.entra import dating, factors, ids, powershell, readback, removal, residue, stamps
from connectors.entra.action import EntraAction, answered
from connectors.entra.client import Request
from connectors.entra.each import each

Json = dict[str, Any]

_PATH = "/users/{id}/authentication"
_PREFERENCE = "userPreferredMethodForSecondaryAuthentication"


class MethodParameters(BaseModel):
    """Which methods are removed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["recent", "all"] = Field(
        "recent", description="recent: added since the theft began; all: whatever their age"
    )
    margin_minutes: int = Field(
        60, ge=0, le=10080, description="how much earlier than the first sign counts as recent"
    )


class RemoveAuthMethods(EntraAction[MethodParameters]):
    """Takes away what the thief registered to come back with."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.remove_auth_methods",
        system="entra",
        title="Remove authentication methods added since the theft",
        countermeasure="CM0071",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1098.005", "T1556.006"),
        # AuditLog.Read.All dates what has no date; without it such methods are left for a person.
        permissions=(
            "UserAuthenticationMethod.ReadWrite.All",
            "User.Read.All",
            "AuditLog.Read.All",
        ),
        roles=("Privileged Authentication Administrator (where the person is an administrator)",),
        parameters=MethodParameters,
        disrupts="The person registers again what was removed, if it was theirs.",
        leaves_open="Methods the thief registered can be used to sign in and to reset the password.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One DELETE for each method chosen, and the default moved away from one if need be."""
        base = _PATH.format(id=ids.object_id(target.id))
        which = (
            "every method but the password and the last factor"
            if self._parameters.scope == "all"
            else "each method added since the theft began"
        )
        return (
            PlannedCall("DELETE", f"{base}/{{kind}}/{{method}}", why=f"for {which}"),
            PlannedCall(
                "PATCH",
                f"/beta{base}/signInPreferences",
                f'{{"{_PREFERENCE}": "(a method that stays)"}}',
                "only if a method to be removed is the account's default",
            ),
        )

    async def observe(self, target: Target) -> Observation:
        """List the methods, date them, and choose."""
        user, at = await self._user_at(target)
        methods = await self._list(target)
        now = at or datetime.now(UTC)
        everything, since = self._parameters.scope == "all", stamps.read(target.since)
        start = (since or now) - timedelta(minutes=self._parameters.margin_minutes)
        dated = dating.judge(
            methods, start=start, now=now, audits=await self._audits(target, methods, start)
        )
        preferred = await self._preferred(target)
        remove, left = removal.choose(
            methods,
            dated,
            everything=everything,
            enabled=user.get("accountEnabled") is not False,
            preferred=preferred,
        )
        unknown_start = since is None and not everything
        snapshot = {
            "accountEnabled": user.get("accountEnabled"),
            "userPrincipalName": user.get("userPrincipalName"),
            "since": stamps.write(start),
            "preferred": preferred,
            "methods": [factors.keepable(method) for method in methods],
            "remove": [] if unknown_start else remove,
            "left": left,
        }
        if unknown_start:
            reason = (
                "When the theft began is not known, so no method can be told to be newer: look at "
                f"the {len(methods)} methods and remove what is not the person's."
            )
            return Observation(snapshot, verdict=Verdict(Outcome.MANUAL, reason, _portal(snapshot)))
        if left and not remove:
            return Observation(
                snapshot,
                satisfied=False,
                verdict=Verdict(
                    Outcome.MANUAL,
                    "Methods are left that a person has to look at.",
                    _by_hand(target, snapshot),
                ),
            )
        return Observation(snapshot, satisfied=not remove)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Delete what was chosen and is still there, the default method last."""
        present = {str(method.get("id")): method for method in await self._list(target)}
        chosen = [item for item in before.snapshot["remove"] if item["id"] in present]
        stuck: list[Json] = []

        async def first(item: Json) -> Json:
            try:
                return await self._delete(target, item)
            except errors.Invalid:
                # Graph refuses the default method with a 400 of no code of its own.
                stuck.append(item)
                return {"postponed": True}

        told = [item for item in await each(chosen, first) if not item.get("postponed")]
        moved = None
        if stuck:
            going = {item["id"] for item in before.snapshot["remove"]}
            staying = [method for name, method in present.items() if name not in going]
            moved = await self._move_default(target, staying)
            told += await each(stuck, lambda item: self._delete(target, item))
        return Receipt({"methods": told, "default_moved_to": moved})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See that none of the chosen methods is listed, and none that was not there before."""
        chosen = {item["id"] for item in before.snapshot["remove"]}
        known = {str(method.get("id")) for method in before.snapshot["methods"]}

        async def look() -> readback.Reading:
            there = {str(method.get("id")): method for method in await self._list(target)}
            still = [factors.kind_of(there[name]) for name in chosen if name in there]
            new = [factors.kind_of(method) for name, method in there.items() if name not in known]
            observed = f"still there: {', '.join(still) or 'none'}"
            if new:
                observed += f"; added meanwhile: {', '.join(new)}"
            return readback.Reading(not still and not new, observed)

        left = before.snapshot["left"]
        proof = readback.proof(
            await readback.until(look, patience, self._sleep),
            check=f"GET {_PATH}/methods",
            expected=f"{len(chosen)} chosen method(s) gone, no new one",
            exposure=tuple(
                Exposure("entra", f"a {item['kind']} method", residue.UNKNOWN, item["why"])
                for item in left
            ),
        )
        if proof.outcome is Outcome.VERIFIED and left:
            reason = "Methods are left that a person has to look at.\n" + _by_hand(
                target, before.snapshot
            )
            return Proof(
                Outcome.MANUAL, proof.check, proof.expected, proof.observed, reason, proof.exposure
            )
        return proof

    async def _list(self, target: Target) -> list[Json]:
        return await self._client.items(
            Request(
                "GET",
                _PATH + "/methods",
                lambda graph, ids: graph.users.by_user_id(ids["id"]).authentication.methods,
                params={"id": target.id},
                needs="the permission UserAuthenticationMethod.Read.All or .ReadWrite.All",
            )
        )

    async def _delete(self, target: Target, item: Json) -> Json:
        kind = factors.KINDS[item["kind"]]
        request = Request(
            "DELETE",
            f"{_PATH}/{kind.segment}/{{method}}",
            lambda graph, ids: kind.at(
                graph.users.by_user_id(ids["id"]).authentication, ids["method"]
            ),
            params={"id": target.id, "method": item["id"]},
            needs=self._needs,
        )
        return answered(await self._change(request))

    async def _move_default(self, target: Target, staying: list[Json]) -> str | None:
        name = next((names[0] for m in staying if (names := factors.preferences_of(m))), None)
        if name is None:
            return None
        try:
            await self._change(
                Request(
                    "PATCH",
                    _PATH + "/signInPreferences",
                    lambda graph, ids: graph.users.by_user_id(ids["id"]).authentication,
                    params={"id": target.id},
                    body={_PREFERENCE: name},
                    needs=self._needs,
                    beta=True,
                )
            )
        except (errors.Invalid, errors.Forbidden, errors.NotFound, errors.Refused):
            # Beta: where it is not offered, the delete that follows tells how it stands.
            return None
        return name

    async def _preferred(self, target: Target) -> str | None:
        request = Request(
            "GET",
            "/reports/authenticationMethods/userRegistrationDetails/{id}",
            lambda graph, ids: (
                graph.reports.authentication_methods.user_registration_details
            ).by_user_registration_details_id(ids["id"]),
            params={"id": target.id},
            bucket="reports",
        )
        try:
            preferred = (await self._client.read(request)).body.get(_PREFERENCE)
        except errors.ConnectorError:
            # Only the order depends on it; a refused default is tried again after the others.
            return None
        return preferred if isinstance(preferred, str) else None

    async def _audits(
        self, target: Target, methods: list[Json], start: datetime
    ) -> list[Json] | None:
        undated = [m for m in methods if factors.kind_of(m) != factors.PASSWORD]
        if (
            target.since is None
            or self._parameters.scope == "all"
            or all(dating.created(m) for m in undated)
        ):
            return None
        request = Request(
            "GET",
            "/auditLogs/directoryAudits",
            lambda graph, _: graph.audit_logs.directory_audits,
            query={
                "filter": f"activityDateTime ge {stamps.write(start)} "
                f"and loggedByService eq '{dating.AUDIT_SERVICE}' "
                f"and targetResources/any(t:t/id eq '{ids.object_id(target.id)}')"
            },
            bucket="reports",
        )
        try:
            return await self._client.items(request)
        except (errors.Forbidden, errors.Invalid, errors.NotFound):
            # No permission or no licence for the log: methods without a date stay undatable.
            return None


def _portal(snapshot: Json) -> str:
    name = json.dumps(snapshot.get("userPrincipalName"))
    return f"Entra admin center > Users > {name} > Authentication methods"


def _by_hand(target: Target, snapshot: Json) -> str:
    lines = []
    for item in snapshot["left"]:
        kind = factors.KINDS.get(item["kind"])
        if kind is None:
            lines.append(f"# {item['kind']}: {item['why']}\n{_portal(snapshot)}")
            continue
        uri = f"/v1.0{_PATH.format(id=target.id)}/{kind.segment}/{item['id']}"
        lines.append(
            f"# {item['kind']}: {item['why']}\n"
            f"Invoke-MgGraphRequest -Method DELETE -Uri {powershell.quoted(uri)}"
        )
    return "\n".join(lines)
