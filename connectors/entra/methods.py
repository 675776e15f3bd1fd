"""Remove authentication methods that were added since the theft began.

Source: CISA CM0071; Microsoft Graph v1.0, authenticationMethod (delete by type).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
    dating,
    factors,
    ids,
    leftover,
    registered,
    removal,
    stamps,
)
from connectors.entra.action import EntraAction, answered
from connectors.entra.age import Age, Window

Json = dict[str, Any]


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
        base = registered.PATH.format(id=ids.object_id(target.id))
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
                f'{{"{registered.PREFERENCE}": "(a method that stays)"}}',
                "only if a method to be removed is the account's default",
            ),
        )

    async def observe(self, target: Target) -> Observation:
        """List the methods, date them, and choose."""
        user, at = await self._user_at(target)
        methods = await registered.methods(self._client, target.id)
        now = at or datetime.now(UTC)
        everything, margin = self._parameters.scope == "all", self._parameters.margin_minutes
        known = Window.since(target.since, margin, now)
        window = known or Window(now - timedelta(minutes=margin), now, now)
        audits = await self._audits(target, methods, window.start)
        dated = dating.judge(methods, window, audits if known else None)
        preferred = await registered.preferred(self._client, target.id)
        remove, left = removal.choose(
            methods,
            dated,
            everything=everything,
            enabled=user.get("accountEnabled") is not False,
            preferred=preferred,
            spared=await self._own_passes(methods, audits),
        )
        going = {item["id"] for item in remove}
        stay = [one for m, one in zip(methods, dated, strict=True) if str(m.get("id")) not in going]
        silent = max((one.told_until for one in stay if one.told_until), default=None)
        unknown_start = known is None and not everything
        snapshot = {
            "accountEnabled": user.get("accountEnabled"),
            "userPrincipalName": user.get("userPrincipalName"),
            "since": stamps.write(window.start),
            "preferred": preferred,
            "methods": [factors.keepable(method) for method in methods],
            "older": [
                str(method.get("id"))
                for method, one in zip(methods, dated, strict=True)
                if one.age is Age.OLDER
            ],
            "told_until": stamps.write(silent) if silent else None,
            "remove": [] if unknown_start else remove,
            "left": left,
        }
        if unknown_start:
            reason = (
                "When the theft began is not known, so no method can be told to be newer: look at "
                f"the {len(methods)} methods and remove what is not the person's."
            )
            return Observation(
                snapshot, verdict=Verdict(Outcome.MANUAL, reason, leftover.portal(snapshot))
            )
        if left and not remove:
            return Observation(
                snapshot,
                satisfied=False,
                verdict=Verdict(
                    Outcome.MANUAL,
                    "Methods are left that a person has to look at.",
                    leftover.by_hand(target.id, snapshot),
                ),
            )
        # The log's silence does not reach up to now, so that nothing was added is not told by it.
        return Observation(snapshot, satisfied=False if remove else None if silent else True)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Delete what was chosen and is still there, the default method last."""
        going = {str(item["id"]) for item in before.snapshot["remove"]}
        present = await registered.methods(self._client, target.id) if going else []
        there = {str(method.get("id")) for method in present}
        chosen = [item for item in before.snapshot["remove"] if item["id"] in there]
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
            name = _new_default(present, going, set(before.snapshot.get("older") or ()))
            late, moved = await self._delete_default(target, stuck, name)
            told += late
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
            listed = await registered.methods(self._client, target.id)
            there = {str(method.get("id")): method for method in listed}
            still = [factors.kind_of(there[name]) for name in chosen if name in there]
            new = [factors.kind_of(method) for name, method in there.items() if name not in known]
            observed = f"still there: {', '.join(still) or 'none'}"
            if new:
                observed += f"; added meanwhile: {', '.join(new)}"
            return readback.Reading(not still and not new, observed)

        left = before.snapshot["left"]
        proof = readback.proof(
            await readback.until(look, patience, self._sleep),
            check=f"GET {registered.PATH}/methods",
            expected=f"{len(chosen)} chosen method(s) gone, no new one",
            exposure=tuple(leftover.exposure(before.snapshot)),
        )
        if not left:
            return proof
        by_hand = leftover.by_hand(target.id, before.snapshot)
        return readback.then_by_hand(
            proof, f"Methods are left that a person has to look at.\n{by_hand}"
        )

    async def _delete(self, target: Target, item: Json) -> Json:
        return answered(await self._change(registered.deletion(target.id, item, self._needs)))

    async def _delete_default(
        self, target: Target, stuck: list[Json], name: str | None
    ) -> tuple[list[Json], str | None]:
        """Delete what was refused as the default, ``name`` made the default first if there is one.

        Raises:
            errors.Conflict: it is still refused.
        """
        moved = None
        if name is not None and await self._prefer(target, name):
            moved = name
        try:
            return await each(stuck, lambda item: self._delete(target, item)), moved
        except errors.Invalid as error:
            refused = error
        raise errors.Conflict(
            "the account's default method is not removed while others exist, and none that is "
            "known to be the person's could become the default",
            status=refused.status,
            code=refused.code,
            request_id=refused.request_id,
            remedy="Make a method of the person's the default in the Entra admin center, then "
            "remove the other there or run this step again.",
        )

    async def _prefer(self, target: Target, name: str) -> bool:
        try:
            await self._change(registered.preference(target.id, name, self._needs))
        except (errors.Invalid, errors.Forbidden, errors.NotFound, errors.Refused):
            # Beta: where it is not offered, the delete that follows tells how it stands.
            return False
        return True

    async def _audits(
        self, target: Target, methods: list[Json], start: datetime
    ) -> list[Json] | None:
        others = [m for m in methods if factors.kind_of(m) != factors.PASSWORD]
        undated = any(dating.created(m) is None for m in others)
        began = dating.passes_since(methods)
        if began is None and (target.since is None or not undated):
            return None
        return await registered.audits(self._client, target.id, min(start, began or start))

    async def _own_passes(self, methods: list[Json], audits: list[Json] | None) -> frozenset[str]:
        if dating.passes_since(methods) is None:
            return frozenset()
        return dating.passes_made_by(await self._client.own_app_id(), methods, audits)


def _new_default(present: list[Json], going: set[str], older: set[str]) -> str | None:
    """The name of a method that stays and is known to be older than the theft.

    A default is named by its kind, so a name that would also mean another method is none.
    """
    staying = [method for method in present if str(method.get("id")) not in going]
    doubtful = {
        name
        for method in staying
        if str(method.get("id")) not in older
        for name in factors.preferences_of(method)
    }
    names = (
        name
        for method in staying
        if str(method.get("id")) in older
        for name in factors.preferences_of(method)
    )
    return next((name for name in names if name not in doubtful), None)
