"""Put a person into a quarantine group in Okta, whose policies are stricter than everybody's.

Source: Okta Groups API, assignUserToGroup and unassignUserFromGroup: only groups of the type OKTA_GROUP
have members one can change; APP_GROUP is imported and BUILT_IN is Okta's own. What the group means
(short sessions, short tokens, no apps) is up to the policies that name it.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors import errors
from connectors.action import (
    ActionSpec,
    Impact,
    Json,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.okta.addresses import is_object_id
from connectors.okta.base import READ, OktaAction, nothing_sent, stamp
from connectors.okta.users import DEPROVISIONED, read_user
from connectors.readback import Reading, proof, until

_GROUP = "/api/v1/groups/{group}"
_MEMBER = "/api/v1/groups/{group}/users/{user}"
_GROUPS = "/api/v1/users/{user}/groups"
_CHECK = f"GET {_GROUPS}"
_OURS = "OKTA_GROUP"
_OTHER: dict[str, str] = {
    "APP_GROUP": "its members are imported from an app or directory",
    "BUILT_IN": "its members are Okta's own business",
}


class QuarantineParameters(BaseModel):
    """Which group."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group_id: str = Field(description="the id of the group, of the type OKTA_GROUP")

    @field_validator("group_id")
    @classmethod
    def _is_id(cls, value: str) -> str:
        if not is_object_id(value):
            raise ValueError("is not a group's id")
        return value


class QuarantineGroup(OktaAction[QuarantineParameters]):
    """``okta.quarantine_group``."""

    spec = ActionSpec(
        name="okta.quarantine_group",
        system="okta",
        title="Put the person into a quarantine group",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-UAP",),
        attack=("T1078.004",),
        permissions=(
            READ,
            "okta.groups.read",
            "okta.groups.manage",
            "okta.groups.members.manage",
            "okta.users.groupMembership.manage",
        ),
        parameters=QuarantineParameters,
        disrupts="Whatever the policies that name the group ask or forbid.",
        leaves_open="The policies for everybody go on applying to the person.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        why = "the policies that name the group apply to the person; it can be undone"
        return (PlannedCall("PUT", self._path(target), why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read the group, and whether the person is in it."""
        user = await read_user(self._client, target.id)
        answer = await self._client.get(_GROUP, {"group": self._parameters.group_id})
        group = answer.body if isinstance(answer.body, dict) else {}
        profile = group.get("profile")
        name = str(profile.get("name") or "") if isinstance(profile, dict) else ""
        kind = str(group.get("type") or "an unknown type")
        member = await self._is_member(target)
        snapshot: Json = {
            **user.snapshot(),
            "group": {"id": self._parameters.group_id, "name": name, "type": kind},
            "member": member,
        }
        verdict = None
        if user.status == DEPROVISIONED:
            verdict = Verdict(Outcome.SKIPPED, user.standing())
        elif kind != _OURS and not member:
            reason = (
                f"the group {name} is {kind}: {_OTHER.get(kind, 'Okta does not let it change')}"
            )
            how = f"Name a group of the type {_OURS} in the step's group_id."
            verdict = Verdict(Outcome.MANUAL, reason, how)
        return Observation(snapshot, member and verdict is None, verdict)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Put her in. Harmless to repeat."""
        return await self._send("PUT", target)

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read until she is in the group."""
        return await self._stands(target, True, patience)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        why = "the person leaves the group, if she was not in it before"
        return (PlannedCall("DELETE", self._path(target), why=why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Take her out, unless she was in the group before or is out of it already."""
        if before.snapshot.get("member") is not False:
            return nothing_sent("the person was in the group before")
        if not await self._is_member(target):
            return nothing_sent("the person is not in the group")
        try:
            return await self._send("DELETE", target)
        except errors.NotFound:
            return nothing_sent("the group or the membership is gone")

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """Read until she is in the group or out of it as before."""
        return await self._stands(target, before.snapshot.get("member") is not False, patience)

    def _path(self, target: Target) -> str:
        return _MEMBER.format(group=self._parameters.group_id, user=target.id)

    async def _send(self, method: str, target: Target) -> Receipt:
        params = {"group": self._parameters.group_id, "user": target.id}
        answer = await self._client.change(method, _MEMBER, params, self._journal)
        return Receipt({"sent": True, **stamp(answer)})

    async def _is_member(self, target: Target) -> bool:
        listing = await self._client.get_all(_GROUPS, {"user": target.id})
        ids = {item.get("id") for item in listing.items if isinstance(item, dict)}
        return self._parameters.group_id in ids

    async def _stands(self, target: Target, wanted: bool, patience: Patience) -> Proof:
        async def look() -> Reading:
            member = await self._is_member(target)
            return Reading(member is wanted, _said(member))

        reading = await until(look, patience, self._sleep)
        return proof(reading, check=_CHECK, expected=_said(wanted))


def _said(member: bool) -> str:
    return "in the group" if member else "not in the group"
