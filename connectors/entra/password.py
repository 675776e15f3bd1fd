"""Reset the password to one nobody knows, to be changed at the next sign-in, after MFA.

Source: Microsoft Graph v1.0, user: update and passwordProfile; Entra password policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from connectors import errors
from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    Observation,
    Outcome,
    PlannedCall,
    Receipt,
    Target,
    Verdict,
)
from connectors.entra import ids, powershell, residue, users
from connectors.entra.action import receipt_of
from connectors.entra.client import Request
from connectors.entra.stamped import StampedAction
from connectors.unguessable import LENGTH, unguessable

_PATH = "/users/{id}"


class ResetPassword(StampedAction):
    """Makes the known password worthless. The new one is sent and forgotten."""

    stamp = "lastPasswordChangeDateTime"

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.reset_password",
        system="entra",
        title="Reset the Entra ID password",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-PR",),
        attack=("T1078.004",),
        permissions=(
            "User-PasswordProfile.ReadWrite.All",
            "User.Read.All",
        ),
        permissions_also=("User.ReadWrite.All", "Directory.ReadWrite.All"),
        roles=(
            "User Administrator",
            "Privileged Authentication Administrator (where the person is an administrator)",
            "one scoped to the unit (where the account is in a restricted management unit)",
        ),
        disrupts="The person needs a new password, handed over by the help desk.",
        leaves_open="The password: whoever knows it can sign in where nothing else is asked.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH, its password not shown because there is none yet."""
        body = (
            f'{{"passwordProfile": {{"password": "({LENGTH} random characters, kept nowhere)", '
            '"forceChangePasswordNextSignIn": true, '
            '"forceChangePasswordNextSignInWithMfa": true}}'
        )
        path = _PATH.format(id=ids.object_id(target.id))
        return (PlannedCall("PATCH", path, body, "makes the known password worthless"),)

    async def observe(self, target: Target) -> Observation:
        """Read when the password was changed last, and whether it lives here at all."""
        user = await self._user(target)
        return Observation(user, satisfied=False, verdict=_elsewhere(user))

    def foresee(self, target: Target) -> Verdict | None:
        """Another tenant's, or the directory's on premises, is not reset here."""
        return _elsewhere(users.as_read(target)) or users.out_of_reach(target)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Set a new random password; a second time sets another."""
        request = Request(
            "PATCH",
            _PATH,
            lambda graph, ids: graph.users.by_user_id(ids["id"]),
            params={"id": target.id},
            body={
                "passwordProfile": {
                    "password": unguessable(),
                    "forceChangePasswordNextSignIn": True,
                    "forceChangePasswordNextSignInWithMfa": True,
                }
            },
            needs=self._needs,
        )
        try:
            return receipt_of(await self._change(request))
        except errors.Invalid as error:
            refused = error
        raise await self._why(target, refused)

    def _doubt(self, before: Observation) -> str:  # noqa: ARG002 - always
        return "the password was changed, and it cannot be told by whom: no answer came"

    def _exposure(self, at: datetime | None) -> tuple[Exposure, ...]:  # noqa: ARG002 - always
        return (residue.PASSWORDLESS, residue.APP_PASSWORDS)


def _elsewhere(user: Mapping[str, object]) -> Verdict | None:
    if users.is_guest(user):
        return Verdict(
            Outcome.SKIPPED,
            "The account is a guest: its password lives in its home tenant. Tell the home "
            "tenant's administrators.",
        )
    if not users.is_synced(user):
        return None
    sam, name = user.get("onPremisesSamAccountName"), str(user.get("userPrincipalName"))
    account = powershell.ad_account(sam if isinstance(sam, str) else None, name)
    return Verdict(
        Outcome.MANUAL,
        "The password is mastered on premises; a reset here is refused, or leaves the old "
        "password valid there.",
        f"On a domain controller, twice: {account} | Set-ADAccountPassword -Reset\n"
        f"then: {account} | Set-ADUser -ChangePasswordAtLogon $true",
    )
