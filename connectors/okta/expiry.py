"""Expire an Okta password: at the next sign-in it has to be changed.

Source: Okta Users API, expirePassword: the user moves to PASSWORD_EXPIRED. The old password still
opens the page on which a new one is set, and sessions go on, so this keeps no thief out who knows it.
With Active Directory the password expires there.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.action import (
    ActionSpec,
    Exposure,
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
from connectors.okta.users import (
    ACTIVE,
    LOCKED_OUT,
    PASSWORD_EXPIRED,
    RECOVERY,
    SUSPENDED,
    User,
    as_found,
    read_user,
)
from connectors.readback import Reading, proof, until

_EXPIRE = "/api/v1/users/{user}/lifecycle/expire_password"
_CHECK = "GET /api/v1/users/{user}: status and passwordChanged"
_OPENS = "the old password still opens the page on which a new one is set"
_ASK = (
    "A new password was set after the old one had expired, by whoever knew that one. Ask the person, "
    "out of band, whether it was she; if not, reset it (okta.reset_password)."
)
_OLD_PASSWORD = Exposure("okta", "the old password", "unknown", f"{_OPENS}; sessions go on, too")


class ExpirePassword(OktaAction[NoParameters]):
    """``okta.expire_password``."""

    spec = ActionSpec(
        name="okta.expire_password",
        system="okta",
        title="Expire the Okta password",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-PR",),
        attack=("T1078.004",),
        permissions=(READ, MANAGE, "okta.users.credentials.expirePassword"),
        permissions_also=("okta.users.credentials.manage",),
        disrupts="The person sets a new password at her next sign-in.",
        leaves_open="The password stays valid. Even when it has expired, whoever knows it can set a "
        "new one.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        why = f"the password has to be changed at the next sign-in; {_OPENS}"
        return (PlannedCall("POST", _EXPIRE.format(user=target.id), why=why),)

    def foresee(self, target: Target) -> Verdict | None:
        """Whose password it is, and what its status allows."""
        return _verdict(as_found(target))

    async def observe(self, target: Target) -> Observation:
        """Read the status, who keeps the password, and when it was last changed."""
        user = await read_user(self._client, target.id)
        verdict = _verdict(user)
        satisfied = user.status == PASSWORD_EXPIRED and verdict is None
        return Observation(user.snapshot(), satisfied, verdict)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Expire it, unless that has been done: a reset that came meanwhile would be weakened."""
        user = await read_user(self._client, target.id)
        if user.status in (PASSWORD_EXPIRED, RECOVERY):
            return nothing_sent(f"the account is {user.status}", user.date)
        answer = await self._client.change("POST", _EXPIRE, {"user": target.id}, self._journal)
        return Receipt({"sent": True, **stamp(answer)})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until the account is in PASSWORD_EXPIRED, or a newer password was set because of it."""
        sent_at = instant(receipt.data.get("date")) if receipt else None

        async def look() -> Reading:
            user = await read_user(self._client, target.id)
            changed = spell_or_none(user.password_changed)
            observed = f"{user.status}, password changed {changed or 'never'}"
            if user.status == PASSWORD_EXPIRED:
                return Reading(True, observed, user.date, reason=_OPENS)
            if user.status == RECOVERY:
                return Reading(True, observed, user.date, reason=user.standing())
            if user.renewed_after(sent_at):
                return Reading(True, observed, user.date, reason=_ASK, found=Outcome.MANUAL)
            if receipt is None and changed != before.snapshot.get("password_changed"):
                reason = "the password was changed meanwhile, and it cannot be told by whom"
                return Reading(None, observed, user.date, reason=reason, settled=True)
            return Reading(False, observed, user.date, reason=user.standing())

        reading = await until(look, patience, self._sleep)
        shown = proof(reading, check=_CHECK, expected=PASSWORD_EXPIRED, exposure=(_OLD_PASSWORD,))
        return replace(shown, outcome=reading.found or shown.outcome)


def _verdict(user: User) -> Verdict | None:
    if user.status == RECOVERY:
        reason = (
            "a reset is pending, which keeps everybody out: expiring would let him in who knows"
        )
        return Verdict(Outcome.SKIPPED, f"{reason} the old password")
    elsewhere = user.password_elsewhere
    if elsewhere and user.provider != "ACTIVE_DIRECTORY":
        reason = f"the password is kept by {elsewhere}, not by Okta"
        how = f"Let the account's password expire at {elsewhere}, then revoke sessions again."
        return Verdict(Outcome.MANUAL, reason, how)
    if user.status == LOCKED_OUT:
        how = "Reset the password in Okta's admin console, without an e-mail to the person."
        return Verdict(Outcome.MANUAL, f"{user.standing()}; expiring may open it", how)
    if user.status == SUSPENDED:
        reason = "Okta expires no password while the account is suspended: do it at release"
        return Verdict(Outcome.SKIPPED, reason)
    if user.status not in (ACTIVE, PASSWORD_EXPIRED):
        return Verdict(Outcome.SKIPPED, user.standing())
    return None
