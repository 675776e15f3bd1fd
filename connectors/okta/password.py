"""Reset an Okta password: the old one is dead, and nobody signs in until a new one is set.

Source: Okta Users API, resetPassword: the user moves to RECOVERY and can neither sign in nor begin
a "forgot password" flow. Okta answers with a link that sets a new password; with sendEmail=false
it goes to nobody, because the mailbox may be the thief's. The link is dropped unread, unless it is to
be handed over to a person: for giving the account back.
"""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.action import (
    ActionSpec,
    Handover,
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
from connectors.clock import instant, spell_or_none
from connectors.okta.base import MANAGE, READ, OktaAction, nothing_sent, stamp
from connectors.okta.since import left_to_people
from connectors.okta.users import DEPROVISIONED, RECOVERY, SUSPENDED, User, as_found, read_user
from connectors.readback import Reading, proof, until

_RESET = "/api/v1/users/{user}/lifecycle/reset_password?sendEmail=false&revokeSessions=true"
_CHECK = "GET /api/v1/users/{user}: status and passwordChanged"
_WITHOUT = "a new password was set after the reset; not with the link, which nobody got"
_WITH = "a new password was set after the reset"
_LOST = "the account is closed, but the link was lost with the answer: another one has to be made"
_NO_LINK = (
    "The account is closed, and Okta answered no link: in the admin console, Reset Password for the "
    "person, and give her the link out of band."
)
_PLAIN_LOGIN = re.compile(r"[A-Za-z0-9._%+@-]+")


class ResetParameters(BaseModel):
    """What becomes of the link."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hand_over: bool = Field(
        False, description="whether the link that sets a new password is handed over to a person"
    )


class ResetPassword(OktaAction[ResetParameters]):
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
        parameters=ResetParameters,
        disrupts="The person cannot sign in until an administrator gives out a new reset link.",
        leaves_open="Whoever knows the password can sign in with it.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = _RESET.format(user=target.id)
        link = "handed over to a person" if self._parameters.hand_over else "thrown away"
        why = f"the old password is dead; no mail is sent, and the link Okta answers is {link}"
        return (PlannedCall("POST", path, why=why),)

    def foresee(self, target: Target) -> Verdict | None:
        """Whose password it is, and what its status allows."""
        return _verdict(as_found(target))

    async def observe(self, target: Target) -> Observation:
        """Read the status, who keeps the password, and when it was last changed."""
        user = await read_user(self._client, target.id)
        pending = user.status == RECOVERY and user.password_elsewhere is None
        # A reset that is pending has no link that anybody could be given: a new one is made.
        return Observation(
            user.snapshot(), pending and not self._parameters.hand_over, _verdict(user)
        )

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Reset, unless a reset is pending already: each call makes another link.

        Where the link is to be handed over it is made anew, because an earlier one was lost.
        """
        hand_over = self._parameters.hand_over
        if not hand_over:
            user = await read_user(self._client, target.id)
            if user.status == RECOVERY:
                return nothing_sent("a reset is pending already", user.date)
        answer = await self._client.change(
            "POST", _RESET, {"user": target.id}, self._journal, answered=hand_over
        )
        data = {"sent": True, **stamp(answer)}
        if not hand_over:
            return Receipt(data)
        link = answer.body.get("resetPasswordUrl") if isinstance(answer.body, dict) else None
        if not isinstance(link, str) or not link:
            return Receipt({**data, "link": False})
        # How long it lives is the password policy's business, and is not told with it.
        return Receipt({**data, "link": True}, Handover("reset_link", SecretStr(link), "unknown"))

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until the account is in RECOVERY, or a password newer than the reset is set.

        A link that was to be handed over and was lost with the answer makes this ``failed``: another
        one has to be made.
        """
        sent_at = instant(receipt.data.get("date")) if receipt else None

        async def look() -> Reading:
            user = await read_user(self._client, target.id)
            changed = spell_or_none(user.password_changed)
            observed = f"{user.status}, password changed {changed or 'never'}"
            if user.status == RECOVERY:
                lost = self._parameters.hand_over and receipt is None
                reason = _LOST if lost else ""
                return Reading(not lost, observed, user.date, reason=reason, settled=lost)
            if user.renewed_after(sent_at):
                reason = _WITH if self._parameters.hand_over else _WITHOUT
                return Reading(True, observed, user.date, reason=reason)
            if receipt is None and changed != before.snapshot.get("password_changed"):
                reason = "the password was changed meanwhile, and it cannot be told by whom"
                return Reading(None, observed, user.date, reason=reason, settled=True)
            return Reading(False, observed, user.date, reason=user.standing())

        reading = await until(look, patience, self._sleep)
        shown = proof(reading, check=_CHECK, expected=RECOVERY)
        linkless = receipt is not None and receipt.data.get("link") is False
        return left_to_people(shown, _NO_LINK if linkless else "")


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
