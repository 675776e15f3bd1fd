"""Disable the account: no sign-in at all until somebody enables it again.

Source: Microsoft Graph v1.0, user: update; "Revoke user access in an emergency" for synced accounts.
"""

from __future__ import annotations

from typing import ClassVar

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Impact,
    NoParameters,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.entra import ids, powershell, residue, users
from connectors.entra.action import EntraAction, receipt_of
from connectors.entra.client import Request

_PATH = "/users/{id}"


class DisableUser(EntraAction[NoParameters]):
    """Locks the account."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.disable_user",
        system="entra",
        title="Disable the Entra ID account",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=True,
        d3fend=("D3-AL",),
        attack=("T1078.004",),
        permissions=("User.EnableDisableAccount.All", "User.Read.All"),
        permissions_also=("User.ReadWrite.All", "Directory.ReadWrite.All"),
        roles=(
            "Privileged Authentication Administrator (where the person is an administrator)",
            "one scoped to the unit (where the account is in a restricted management unit)",
        ),
        disrupts="The person cannot sign in anywhere until the account is enabled again.",
        leaves_open="The account: whoever has its credentials can sign in.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH."""
        path = _PATH.format(id=ids.object_id(target.id))
        return (PlannedCall("PATCH", path, '{"accountEnabled": false}', "locks the account"),)

    async def observe(self, target: Target) -> Observation:
        """Read whether the account is enabled, and whether it can be changed from here."""
        user = await self._user(target)
        if user.get("accountEnabled") is False:
            return Observation(user, satisfied=True)
        if users.is_synced(user):
            account = powershell.ad_account(
                user.get("onPremisesSamAccountName"), str(user.get("userPrincipalName"))
            )
            return Observation(
                user,
                satisfied=False,
                verdict=Verdict(
                    Outcome.MANUAL,
                    "The account is mastered on premises; a change here is refused or undone by "
                    "the next synchronisation.",
                    f"On a domain controller: {account} | Disable-ADAccount\n"
                    "On the Entra Connect server: Start-ADSyncSyncCycle -PolicyType Delta",
                ),
            )
        return Observation(user, satisfied=False)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Disable; a second time changes nothing."""
        return await self._enable(target, enabled=False)

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See ``accountEnabled`` false."""
        return await self._seen(target, patience, enabled=False)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH."""
        path = _PATH.format(id=ids.object_id(target.id))
        why = "unlocks the account, if it was not locked before"
        return (PlannedCall("PATCH", path, '{"accountEnabled": true}', why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Enable again, if the account was enabled before."""
        if before.snapshot.get("accountEnabled") is not True:
            return Receipt({"changed": False, "why": "the account was not enabled before"})
        return await self._enable(target, enabled=True)

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See ``accountEnabled`` as it was."""
        enabled = before.snapshot.get("accountEnabled") is True
        return await self._seen(target, patience, enabled=enabled)

    async def _enable(self, target: Target, *, enabled: bool) -> Receipt:
        request = Request(
            "PATCH",
            _PATH,
            lambda graph, ids: graph.users.by_user_id(ids["id"]),
            params={"id": target.id},
            body={"accountEnabled": enabled},
            needs=self._needs,
        )
        try:
            return receipt_of(await self._change(request))
        except errors.Invalid as error:
            refused = error
        raise await self._why(target, refused)

    async def _seen(self, target: Target, patience: Patience, *, enabled: bool) -> Proof:
        async def look() -> readback.Reading:
            user, at = await self._user_at(target)
            now = user.get("accountEnabled")
            return readback.Reading(now is enabled, f"accountEnabled is {now}", at)

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(
            reading,
            check="GET /users/{id} accountEnabled",
            expected=f"accountEnabled is {enabled}",
            exposure=() if enabled else residue.after(reading.at),
        )
