"""Put the account into a group that a Conditional Access policy blocks, until it is undone.

The policy is the tenant's own; only membership changes, so few rights are needed. Where no enabled policy
blocks the group, nothing is written and a person is told what to do: a member of a group that nothing blocks
would look contained. Sessions are ended apart: group membership alone can take a day to reach services.
Source: Microsoft Graph v1.0, group: add and remove member; entra-docs, continuous access evaluation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors import errors, readback
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
from connectors.entra import blocking, ids
from connectors.entra.action import EntraAction, receipt_of
from connectors.entra.blocking import Blocking
from connectors.entra.client import Request

Json = dict[str, Any]

_GROUP = "/groups/{group}"
_MEMBERS = _GROUP + "/members/$ref"
_MEMBER = _GROUP + "/members/{id}/$ref"
_CHECK = "GET /users/{id}/memberOf"
_ANOTHER = (
    "Name in the step's group_id a security group with assigned members that a Conditional Access policy "
    "blocks; until then entra.disable_user closes the account."
)
_LATE = Exposure(
    "entra",
    "sessions begun before, in services that look at groups rarely",
    "unknown",
    "A change of group membership takes up to a day there; ending all sessions makes it count at once.",
)


def _group_id(value: str) -> str:
    if not ids.is_object_id(value):
        raise ValueError("a group's object id is a GUID")
    return value.lower()


class GroupParameters(BaseModel):
    """Which group."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group_id: Annotated[str, AfterValidator(_group_id)] = Field(
        description="the object id of the group that the policy blocks"
    )


class QuarantineGroup(EntraAction[GroupParameters]):
    """Lets the tenant's own policy shut the account out."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.quarantine_group",
        system="entra",
        title="Add the account to the quarantine group",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=True,
        d3fend=("D3-AL",),
        attack=("T1078.004",),
        permissions=("GroupMember.ReadWrite.All", "User.Read.All", blocking.READ_PERMISSION),
        permissions_also=("Group.ReadWrite.All", "Directory.ReadWrite.All"),
        parameters=GroupParameters,
        disrupts="No sign-in, as far as the tenant's policies block the group.",
        leaves_open="The account: whoever has its credentials can sign in.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST."""
        path = _MEMBERS.format(group=self._parameters.group_id)
        body = f'{{"@odata.id": ".../directoryObjects/{ids.object_id(target.id)}"}}'
        return (PlannedCall("POST", path, body, "makes the account a member"),)

    async def observe(self, target: Target) -> Observation:
        """Read what group it is, whether the account is in it, and which policies block it."""
        ids.object_id(target.id)
        try:
            group = (await self._client.read(self._read_group())).body
        except errors.NotFound:
            reason = f"The tenant has no group {self._parameters.group_id}."
            return Observation({}, verdict=Verdict(Outcome.MANUAL, reason, _ANOTHER))
        member = await self._is_member(target)
        found = await self._blocking(target)
        snapshot = {
            "group": {"id": group.get("id"), "name": group.get("displayName")},
            "member": member,
            "blocking": found.snapshot(),
        }
        unfit = _unfit(group)
        if unfit and not member:
            return Observation(snapshot, verdict=Verdict(Outcome.MANUAL, unfit, _ANOTHER))
        return Observation(snapshot, satisfied=member, verdict=_verdict(found, member=member))

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Add; Graph refuses whom it has already, which reading back tells."""
        reference = await self._client.reference(f"/directoryObjects/{ids.object_id(target.id)}")
        request = Request(
            "POST",
            _MEMBERS,
            lambda graph, ids: graph.groups.by_group_id(ids["group"]).members.ref,
            params={"group": self._parameters.group_id},
            body={"@odata.id": reference},
            needs=self._needs,
        )
        try:
            return receipt_of(await self._change(request))
        except errors.Invalid as error:
            refused = error
        if not await self._is_member(target):
            raise refused
        return Receipt({"changed": False, "why": "it is a member by now"})

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See the account among the group's members, and a policy that blocks them."""

        async def look() -> readback.Reading:
            if not await self._is_member(target):
                return readback.Reading(False, "no member")
            found = await self._blocking(target)
            return readback.Reading(True, "a member", found=found, reason=found.told())

        reading = await readback.until(look, patience, self._sleep)
        proof = readback.proof(
            reading,
            check=f"{_CHECK}, {blocking.CHECK}",
            expected=f"a member of {self._parameters.group_id}, which an enabled policy blocks",
            exposure=(_LATE,),
        )
        found: Blocking | None = reading.found
        if found is None or found.extent == blocking.WHOLLY:
            return proof
        told = Exposure("entra", "sign-in, as far as no policy blocks it", "unknown", found.told())
        proof = replace(proof, exposure=(*proof.exposure, told))
        if found.extent is None:
            return replace(proof, outcome=Outcome.UNVERIFIABLE)
        return readback.then_by_hand(proof, f"{found.told()}\n{found.instructions()}")

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One DELETE."""
        path = _MEMBER.format(group=self._parameters.group_id, id=ids.object_id(target.id))
        return (
            PlannedCall("DELETE", path, why="takes the account out, if it was not in it before"),
        )

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Take it out, unless it was a member before."""
        if before.snapshot.get("member"):
            return Receipt({"changed": False, "why": "it was a member before"})
        request = Request(
            "DELETE",
            _MEMBER,
            lambda graph, ids: (
                graph.groups.by_group_id(ids["group"]).members.by_directory_object_id(ids["id"]).ref
            ),
            params={"group": self._parameters.group_id, "id": target.id},
            needs=self._needs,
        )
        try:
            return receipt_of(await self._change(request))
        except errors.NotFound:
            return Receipt({"changed": False, "why": "it is no member any more"})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See membership as it was."""
        return await self._seen(target, patience, member=bool(before.snapshot.get("member")))

    async def _seen(self, target: Target, patience: Patience, *, member: bool) -> Proof:
        async def look() -> readback.Reading:
            now = await self._is_member(target)
            return readback.Reading(now is member, f"{'a' if now else 'no'} member")

        return readback.proof(
            await readback.until(look, patience, self._sleep),
            check=_CHECK,
            expected=f"{'a' if member else 'no'} member of {self._parameters.group_id}",
        )

    async def _blocking(self, target: Target) -> Blocking:
        return await blocking.read(self._client, self._parameters.group_id, target)

    def _read_group(self) -> Request:
        return Request(
            "GET",
            _GROUP,
            lambda graph, ids: graph.groups.by_group_id(ids["group"]),
            params={"group": self._parameters.group_id},
            query={"select": "id,displayName,groupTypes,isAssignableToRole,onPremisesSyncEnabled"},
            needs="the permission GroupMember.Read.All",
        )

    async def _is_member(self, target: Target) -> bool:
        request = Request(
            "GET",
            "/users/{id}/memberOf",
            lambda graph, ids: graph.users.by_user_id(ids["id"]).member_of,
            params={"id": target.id},
            query={"select": "id"},
            needs="the permission GroupMember.Read.All",
        )
        groups = await self._client.items(request)
        return any(group.get("id") == self._parameters.group_id for group in groups)


def _verdict(found: Blocking, *, member: bool) -> Verdict | None:
    """What is known before anything is written; None where membership is to be changed or stands."""
    if found.extent == blocking.NOT:
        return Verdict(Outcome.MANUAL, found.told(), found.instructions())
    if not member or found.extent == blocking.WHOLLY:
        return None
    if found.extent is None:
        reason = f"The account is a member already. {found.told()}"
        return Verdict(Outcome.UNVERIFIABLE, reason)
    return Verdict(Outcome.MANUAL, found.told(), found.instructions())


def _unfit(group: Json) -> str:
    if "DynamicMembership" in (group.get("groupTypes") or ()):
        return "The group's membership follows a rule of its own: nobody can be added to it."
    if group.get("isAssignableToRole"):
        return "The group may hold directory roles: a member could gain rights by it."
    if group.get("onPremisesSyncEnabled"):
        return "The group is mastered on premises: its members are changed there."
    return ""
