"""Disable the account: no sign-in at all until somebody enables it again; and enable it.

Source: Microsoft Graph v1.0, user: update; "Revoke user access in an emergency" for synced accounts.
"""

from __future__ import annotations

from typing import ClassVar

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Impact,
    Json,
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


class _Enablement(EntraAction[NoParameters]):
    """Brings ``accountEnabled`` to what the action wants, and back to what it was."""

    wanted: ClassVar[bool]
    command: ClassVar[str]

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH."""
        why = "unlocks the account" if self.wanted else "locks the account"
        return (_planned(target, self.wanted, why),)

    async def observe(self, target: Target) -> Observation:
        """Read whether the account is enabled, and whether it can be changed from here."""
        user = await self._user(target)
        if user.get("accountEnabled") is self.wanted:
            return Observation(user, satisfied=True)
        if not users.is_synced(user):
            return Observation(user, satisfied=False)
        return Observation(user, satisfied=False, verdict=self._on_premises(user))

    def foresee(self, target: Target) -> Verdict | None:
        """A synced account is changed where it is mastered, one in a restricted unit by its own roles."""
        if target.facts.get("synced") is True:
            return self._on_premises({"userPrincipalName": target.name})
        return users.out_of_reach(target)

    def _on_premises(self, user: Json) -> Verdict:
        account = powershell.ad_account(
            user.get("onPremisesSamAccountName"), str(user.get("userPrincipalName"))
        )
        return Verdict(
            Outcome.MANUAL,
            "The account is mastered on premises; a change here is refused or undone by "
            "the next synchronisation.",
            f"On a domain controller: {account} | {self.command}\n"
            "On the Entra Connect server: Start-ADSyncSyncCycle -PolicyType Delta",
        )

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Change it; a second time changes nothing."""
        return await self._enable(target, enabled=self.wanted)

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See ``accountEnabled`` as wanted."""
        return await self._seen(target, patience, enabled=self.wanted)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH."""
        state = "unlocked" if self.wanted else "locked"
        why = f"back, if the account was not {state} before"
        return (_planned(target, not self.wanted, why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Change it back, if it was otherwise before."""
        if before.snapshot.get("accountEnabled") is not (not self.wanted):
            return Receipt({"changed": False, "why": "the account was so before"})
        return await self._enable(target, enabled=not self.wanted)

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See ``accountEnabled`` as it was."""
        was = before.snapshot.get("accountEnabled") is True
        return await self._seen(target, patience, enabled=was)

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


class DisableUser(_Enablement):
    """Locks the account."""

    wanted = False
    command = "Disable-ADAccount"
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


class EnableUser(_Enablement):
    """Lets the account sign in again."""

    wanted = True
    command = "Enable-ADAccount"
    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.enable_user",
        system="entra",
        title="Enable the Entra ID account",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-ULA",),
        attack=("T1078.004",),
        permissions=DisableUser.spec.permissions,
        permissions_also=DisableUser.spec.permissions_also,
        roles=DisableUser.spec.roles,
        disrupts="Whoever has the account's credentials can sign in.",
        leaves_open="Nothing: the account stays closed to its person, too.",
    )


def _planned(target: Target, enabled: bool, why: str) -> PlannedCall:
    path = _PATH.format(id=ids.object_id(target.id))
    return PlannedCall("PATCH", path, f'{{"accountEnabled": {str(enabled).lower()}}}', why)
