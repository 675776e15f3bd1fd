"""Issue a Temporary Access Pass: with it the person signs in once, and registers her methods again.

Source: Microsoft Graph v1.0, authentication: post temporaryAccessPassMethods; entra-docs, "Configure
Temporary Access Pass". An account has one pass at most, and a new one takes the place of an older one.
The code is in the answer to its creation and nowhere else: it goes into the hand-over and nowhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Exposure,
    Handover,
    Impact,
    Observation,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.clock import instant
from connectors.door import Answer
from connectors.entra import factors, ids, pass_policy, passes, registered, residue, stamps, users
from connectors.entra.action import EntraAction, answered
from connectors.entra.client import Request

Json = dict[str, Any]

_LOST = "a pass was made, but its code was lost with the answer: another one has to be made"
_NO_CODE = (
    "The pass is there, and Graph answered no code for it: in the Entra admin center, delete the "
    "person's Temporary Access Pass, add another, and give her its code out of band."
)


class PassParameters(BaseModel):
    """What kind of pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lifetime_minutes: int = Field(
        60,
        ge=10,
        le=43200,
        description="how long the pass can be used; the tenant's policy may allow less",
    )
    usable_once: bool = Field(True, description="whether the pass is used up by one sign-in")
    replace_existing: bool = Field(
        True,
        description="whether a pass that is there already is deleted first: its code may be the thief's",
    )


class IssueTemporaryAccessPass(EntraAction[PassParameters]):
    """Gives the account back to its person, who may have no method left to sign in with."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.issue_temporary_access_pass",
        system="entra",
        title="Issue a Temporary Access Pass",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=True,
        d3fend=("D3-RIC",),
        attack=("T1078.004",),
        permissions=("UserAuthMethod-TAP.ReadWrite.All", "User.Read.All"),
        permissions_also=("UserAuthenticationMethod.ReadWrite.All",),
        roles=("Privileged Authentication Administrator (where the person is an administrator)",),
        parameters=PassParameters,
        hands_over=True,
        disrupts="Whoever is handed the pass can sign in as the person; an earlier pass is void.",
        leaves_open="Nothing: the person has no pass, and signs in with the methods she has.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """What is there is deleted, where it may be; then one POST."""
        user = ids.object_id(target.id)
        calls = []
        if self._parameters.replace_existing:
            why = "a pass that is there already, if there is one: its code may be the thief's"
            calls.append(PlannedCall("DELETE", f"{passes.ALL.format(id=user)}/{{method}}", why=why))
        once = str(self._parameters.usable_once).lower()
        body = (
            f'{{"lifetimeInMinutes": {self._parameters.lifetime_minutes}, "isUsableOnce": {once}}}'
        )
        why = "makes the pass; its code is handed over to a person, once"
        return (*calls, PlannedCall("POST", passes.ALL.format(id=user), body, why))

    def foresee(self, target: Target) -> Verdict | None:
        """A guest's pass is the home tenant's."""
        return pass_policy.of_guest(users.as_read(target))

    async def observe(self, target: Target) -> Observation:
        """Read the account, the pass it has, and the tenant's policy as far as it can be read."""
        user, at = await self._user_at(target)
        there = await passes.listed(self._client, target.id)
        policy = await pass_policy.read(self._client)
        snapshot = {
            "accountEnabled": user.get("accountEnabled"),
            "userPrincipalName": user.get("userPrincipalName"),
            "asked_at": stamps.write(at or datetime.now(UTC)),
            "existing": [passes.told(each) for each in there],
            "notice": _notice(there) if self._parameters.replace_existing else "",
            "policy": policy,
        }
        verdict = pass_policy.against(
            user,
            policy,
            lifetime_minutes=self._parameters.lifetime_minutes,
            usable_once=self._parameters.usable_once,
            kept=[] if self._parameters.replace_existing else [p for p in there if passes.alive(p)],
        )
        # Nobody can be given the code of a pass that is there: it never counts as already so.
        return Observation(snapshot, satisfied=False, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Delete the pass that is there, and make one.

        One of our own whose answer was lost is replaced in any case.

        Raises:
            errors.Conflict: Graph refuses a pass for this account or with these values; or a pass that
                is to be kept was made meanwhile.
        """
        present = await passes.listed(self._client, target.id)
        going = [each for each in present if self._goes(each, before)]
        if any(passes.alive(each) for each in present if each not in going):
            raise errors.Conflict(
                "another pass was made meanwhile, which a new one would make void",
                remedy="Ask who made it; allow replace_existing to put a new one in its place.",
            )
        replaced = [await self._delete(target, each) for each in going]
        request = Request(
            "POST",
            passes.ALL,
            passes.at,
            params={"id": target.id},
            body={
                "lifetimeInMinutes": self._parameters.lifetime_minutes,
                "isUsableOnce": self._parameters.usable_once,
            },
            needs=self._needs,
        )
        try:
            return _receipt(await self._change(request), replaced)
        except errors.Invalid as error:
            refused = error
        policy = await pass_policy.read(self._client)
        detail = "Graph takes no Temporary Access Pass for this account, or not with these values"
        if replaced:
            detail += "; the earlier pass is deleted already"
        raise errors.Conflict(
            detail,
            status=refused.status,
            code=refused.code,
            request_id=refused.request_id,
            remedy=pass_policy.remedy(policy),
        )

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """See the pass by its id, usable or used by now.

        Without a receipt its code is lost: a pass that is found is ``failed``, so that another is made.
        """

        async def look() -> readback.Reading:
            if receipt is None:
                return self._without_code(await passes.listed(self._client, target.id), before)
            return await self._one(target, str(receipt.data["pass"]))

        reading = await readback.until(look, patience, self._sleep)
        until = str(receipt.data["until"]) if receipt else residue.UNKNOWN
        shown = readback.proof(
            reading,
            check=f"GET {passes.ONE}",
            expected="the pass of this step, usable",
            exposure=(
                Exposure(
                    "entra",
                    "the new Temporary Access Pass",
                    until,
                    "Whoever has its code signs in with it as with a strong method, and can register "
                    "others: hand it over in person.",
                ),
            ),
        )
        if receipt is not None and not receipt.data["code_answered"]:
            return readback.then_by_hand(shown, _NO_CODE)
        return shown

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One DELETE."""
        path = f"{passes.ALL.format(id=ids.object_id(target.id))}/{{method}}"
        return (PlannedCall("DELETE", path, why="the pass this step has made, and no other"),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Delete the pass this step made. The one it replaced cannot come back: nobody has its code."""
        made = [
            each
            for each in await passes.listed(self._client, target.id)
            if self._ours(each, before)
        ]
        if not made:
            return Receipt({"changed": False, "why": "the pass of this step is not there any more"})
        return Receipt({"steps": [await self._delete(target, each) for each in made]})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See that no pass of this step's is listed."""

        async def look() -> readback.Reading:
            left = [
                p for p in await passes.listed(self._client, target.id) if self._ours(p, before)
            ]
            return readback.Reading(not left, f"passes of this step: {len(left)}")

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=f"GET {passes.ALL}", expected="none of this step's")

    async def _one(self, target: Target, pass_id: str) -> readback.Reading:
        try:
            found = await passes.one(self._client, target.id, pass_id)
        except errors.NotFound:
            return readback.Reading(False, "no such pass")
        why = str(found.get("methodUsabilityReason"))
        observed = f"isUsable is {found.get('isUsable')}, {why}"
        if found.get("isUsable") is True:
            return readback.Reading(True, observed)
        if why == "OneTimeUsed":
            return readback.Reading(True, observed, reason="it has been used to sign in")
        if why == "NotYetValid":
            return readback.Reading(None, observed, reason="it can be used in a moment")
        return readback.Reading(False, observed, reason=pass_policy.unusable(why))

    def _without_code(self, there: list[Json], before: Observation) -> readback.Reading:
        if any(self._ours(each, before) for each in there):
            return readback.Reading(False, "a pass nobody has", reason=_LOST, settled=True)
        return readback.Reading(False, "no pass of this step")

    async def _delete(self, target: Target, one: Json) -> Json:
        item = {"id": str(one.get("id")), "kind": factors.PASS}
        try:
            gone = await self._change(registered.deletion(target.id, item, self._needs))
        except errors.NotFound:
            return {"pass": item["id"], "gone": True}
        return {"pass": item["id"], **answered(gone)}

    def _goes(self, one: Json, before: Observation) -> bool:
        return self._parameters.replace_existing or self._ours(one, before)

    def _ours(self, one: Json, before: Observation) -> bool:
        """Whether this step made the pass: it was not there before, and is as this step makes it.

        Graph keeps nothing else by which to tell; one that somebody else makes afterwards has taken
        the place of ours, and differs unless it was asked for with the very same values.
        """
        known = {each["id"] for each in before.snapshot["existing"]}
        made, asked = instant(one.get("createdDateTime")), instant(before.snapshot["asked_at"])
        return (
            one.get("id") not in known
            and made is not None
            and asked is not None
            and made >= asked - stamps.SKEW
            and one.get("lifetimeInMinutes") == self._parameters.lifetime_minutes
            and one.get("isUsableOnce") is self._parameters.usable_once
        )


def _receipt(answer: Answer, replaced: list[Json]) -> Receipt:
    made = answer.body if isinstance(answer.body, dict) else {}
    pass_id, code = made.get("id"), made.get("temporaryAccessPass")
    if not isinstance(pass_id, str) or not pass_id:
        raise errors.UnknownOutcome("the new pass's id was not answered")
    until = _until(made, answer)
    has_code = isinstance(code, str) and bool(code)
    data = {
        **answered(answer),
        "pass": pass_id,
        "until": until,
        "replaced": replaced,
        "code_answered": has_code,
    }
    if not has_code:
        return Receipt(data)
    return Receipt(data, Handover("temporary_access_pass", SecretStr(str(code)), until))


def _until(made: Json, answer: Answer) -> str:
    start = instant(made.get("startDateTime")) or instant(made.get("createdDateTime"))
    start, minutes = start or answer.date, made.get("lifetimeInMinutes")
    if start is None or not isinstance(minutes, int):
        return residue.UNKNOWN
    return stamps.write(start + timedelta(minutes=minutes))


def _notice(there: list[Json]) -> str:
    if not there:
        return ""
    made = ", ".join(str(each.get("createdDateTime")) for each in there)
    return f"a pass made at {made} is deleted first: nobody here knows who has its code"
