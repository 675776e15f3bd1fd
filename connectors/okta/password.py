"""Reset an Okta password: the old one is dead, and nobody signs in until a new one is set.

Source: Okta Users API, resetPassword: the user moves to RECOVERY and can neither sign in nor begin
a "forgot password" flow. Okta answers with a link that sets a new password; with sendEmail=false
it goes to nobody, because the mailbox may be the thief's. The link is dropped unread.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

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
from connectors.clock import instant, spell_or_none
from connectors.okta.base import MANAGE, READ, OktaAction, nothing_sent, stamp
from connectors.okta.users import DEPROVISIONED, RECOVERY, SUSPENDED, User, read_user
from connectors.readback import Reading, proof, until

_RESET = "/api/v1/users/{user}/lifecycle/reset_password?sendEmail=false&revokeSessions=true"
_CHECK = "GET /api/v1/users/{user}: status and passwordChanged"
_SECOND = timedelta(seconds=1)
_PLAIN_LOGIN = re.compile(r"[A-Za-z0-9._%+@-]+")


class ResetPassword(OktaAction[NoParameters]):
    """``okta.reset_password``."""

    spec = ActionSpec(
        name="okta.reset_password",
        system="okta",
        title="Reset the Okta password",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-PR",),
        attack=("T1078.004",),
        permissions=(READ, MANAGE, "okta.users.credentials.resetPassword"),
        permissions_also=("okta.users.credentials.manage",),
        disrupts="The person cannot sign in until an administrator gives out a new reset link.",
        leaves_open="Whoever knows the password can sign in with it.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = _RESET.format(user=target.id)
        why = "the old password is dead; no mail is sent, and the link Okta answers is thrown away"
        return (PlannedCall("POST", path, why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read the status, who keeps the password, and when it was last changed."""
        user = await read_user(self._client, target.id)
        satisfied = user.status == RECOVERY and user.password_elsewhere is None
        return Observation(user.snapshot(), satisfied, _verdict(user))

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Reset, unless a reset is pending already: each call makes another link."""
        user = await read_user(self._client, target.id)
        if user.status == RECOVERY:
            return nothing_sent("a reset is pending already", user.date)
        answer = await self._client.change("POST", _RESET, {"user": target.id}, self._journal)
        return Receipt({"sent": True, **stamp(answer)})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until the account is in RECOVERY, or a password newer than the reset is set."""
        sent_at = instant(receipt.data.get("date")) if receipt else None

        async def look() -> Reading:
            user = await read_user(self._client, target.id)
            changed = spell_or_none(user.password_changed)
            observed = f"{user.status}, password changed {changed or 'never'}"
            if user.status == RECOVERY:
                return Reading(True, observed, user.date)
            if _renewed(user, sent_at):
                reason = (
                    "a new password was set after the reset; not with the link, which nobody got"
                )
                return Reading(True, observed, user.date, reason=reason)
            if receipt is None and changed != before.snapshot.get("password_changed"):
                reason = "the password was changed meanwhile, and it cannot be told by whom"
                return Reading(None, observed, user.date, reason=reason, settled=True)
            return Reading(False, observed, user.date, reason=user.standing())

        reading = await until(look, patience, self._sleep)
        return proof(reading, check=_CHECK, expected=RECOVERY)


def _renewed(user: User, sent_at: datetime | None) -> bool:
    changed = user.password_changed
    # A Date header has whole seconds: within that second the order is not known.
    return changed is not None and sent_at is not None and changed >= sent_at + _SECOND


def _verdict(user: User) -> Verdict | None:
    if user.status == DEPROVISIONED:
        return Verdict(Outcome.SKIPPED, user.standing())
    if user.password_elsewhere:
        reason = f"the password is kept by {user.password_elsewhere}, not by Okta"
        return Verdict(Outcome.MANUAL, reason, _by_hand(user))
    if user.status == SUSPENDED:
        reason = "Okta resets no password while the account is suspended: reset it at release"
        return Verdict(Outcome.SKIPPED, reason)
    if user.status == "STAGED":
        return Verdict(Outcome.SKIPPED, user.standing())
    return None


def _by_hand(user: User) -> str:
    if user.provider == "ACTIVE_DIRECTORY" and _PLAIN_LOGIN.fullmatch(user.login):
        return (
            "On a domain controller, in PowerShell (if the Okta login is not the user principal "
            "name, look the account up first):\n"
            f"$account = Get-ADUser -LDAPFilter '(userPrincipalName={user.login})'\n"
            "Set-ADAccountPassword -Identity $account -Reset\n"
            "Set-ADUser -Identity $account -ChangePasswordAtLogon $true"
        )
    return f"Reset the account's password at {user.password_elsewhere}, then revoke sessions again."
