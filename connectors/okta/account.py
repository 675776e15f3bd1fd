"""Suspend an Okta account, and give it back: suspended it cannot sign in, and keeps groups and apps.

Source: Okta Users API, suspendUser and unsuspendUser. Only an ACTIVE user can be suspended, only a
SUSPENDED one unsuspended; anything else is 400 E0000001, so the status is read first and again.
"""

from __future__ import annotations

from connectors import errors
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
from connectors.okta.base import MANAGE, READ, OktaAction, nothing_sent, stamp
from connectors.okta.users import (
    ACTIVE,
    DEPROVISIONED,
    LOCKED_OUT,
    RECOVERY,
    SUSPENDED,
    User,
    as_found,
    read_user,
)
from connectors.readback import Reading, proof, until

_SUSPEND = "/api/v1/users/{user}/lifecycle/suspend"
_UNSUSPEND = "/api/v1/users/{user}/lifecycle/unsuspend"
_CHECK = "GET /api/v1/users/{user}: status"


class _Moving(OktaAction[NoParameters]):
    """Moves the account between ACTIVE and SUSPENDED, and sees that it is there."""

    async def _move(self, target: Target, path: str, wanted: str) -> Receipt:
        try:
            answer = await self._client.change("POST", path, {"user": target.id}, self._journal)
        except errors.Conflict as error:
            # Not idempotent at Okta: the second call is refused as a wrong state.
            status = (await read_user(self._client, target.id)).status
            if status == wanted:
                return nothing_sent(f"the account was {wanted} already")
            raise errors.Conflict(
                f"the account is {status}",
                status=error.status,
                code=error.code,
                request_id=error.request_id,
            ) from None
        return Receipt({"sent": True, **stamp(answer)})

    async def _stands(self, target: Target, wanted: str, patience: Patience) -> Proof:
        async def look() -> Reading:
            user = await read_user(self._client, target.id)
            seen = user.status == wanted
            reason = "" if seen else user.standing()
            return Reading(seen, user.status, user.date, reason=reason)

        reading = await until(look, patience, self._sleep)
        return proof(reading, check=_CHECK, expected=wanted)


class SuspendUser(_Moving):
    """``okta.suspend_user``."""

    spec = ActionSpec(
        name="okta.suspend_user",
        system="okta",
        title="Suspend the Okta account",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=True,
        d3fend=("D3-AL",),
        attack=("T1078.004",),
        permissions=(
            READ,
            MANAGE,
            "okta.users.lifecycle.suspend",
            "okta.users.lifecycle.unsuspend",
        ),
        permissions_also=("okta.users.lifecycle.manage",),
        disrupts="The person cannot sign in to Okta or to any app behind it.",
        leaves_open="Whoever holds the password or a session goes on using the account.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = _SUSPEND.format(user=target.id)
        return (PlannedCall("POST", path, why="the account cannot sign in; it can be undone"),)

    def foresee(self, target: Target) -> Verdict | None:
        """What cannot be suspended and is not closed by its status; what is closed needs nothing."""
        user = as_found(target)
        verdict = _instead(user) if user.status not in (ACTIVE, SUSPENDED) else None
        return verdict if verdict and verdict.outcome is Outcome.MANUAL else None

    async def observe(self, target: Target) -> Observation:
        """Read the status."""
        user = await read_user(self._client, target.id)
        verdict = None
        if user.status not in (ACTIVE, SUSPENDED):
            verdict = _instead(user)
        return Observation(user.snapshot(), user.status == SUSPENDED, verdict)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Suspend."""
        return await self._move(target, _SUSPEND, SUSPENDED)

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read until the status is SUSPENDED."""
        return await self._stands(target, SUSPENDED, patience)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = _UNSUSPEND.format(user=target.id)
        return (PlannedCall("POST", path, why="the account can sign in, if it could before"),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Unsuspend, unless the account was suspended before this step."""
        if before.snapshot.get("status") == SUSPENDED:
            return nothing_sent("the account was suspended before")
        return await self._move(target, _UNSUSPEND, ACTIVE)

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """Read until the status is what it was before."""
        was = before.snapshot.get("status")
        return await self._stands(target, was if isinstance(was, str) else ACTIVE, patience)


class UnsuspendUser(_Moving):
    """``okta.unsuspend_user``: for giving the account back."""

    spec = ActionSpec(
        name="okta.unsuspend_user",
        system="okta",
        title="Unsuspend the Okta account",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-ULA",),
        permissions=(
            READ,
            MANAGE,
            "okta.users.lifecycle.suspend",
            "okta.users.lifecycle.unsuspend",
        ),
        permissions_also=("okta.users.lifecycle.manage",),
        disrupts="Whoever holds the password or a refresh token can use the account again: reset the "
        "password and revoke once more right after it.",
        leaves_open="The person cannot sign in.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = _UNSUSPEND.format(user=target.id)
        why = "the account can sign in, with the password and the refresh tokens it had"
        return (PlannedCall("POST", path, why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read the status; what is not suspended has nothing to be given back here."""
        user = await read_user(self._client, target.id)
        verdict = None
        if user.status not in (ACTIVE, SUSPENDED):
            reason = f"{user.status}: {user.standing()}; there is no suspension to lift"
            verdict = Verdict(Outcome.SKIPPED, reason)
        return Observation(user.snapshot(), user.status == ACTIVE, verdict)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Unsuspend."""
        return await self._move(target, _UNSUSPEND, ACTIVE)

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read until the status is ACTIVE."""
        return await self._stands(target, ACTIVE, patience)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = _SUSPEND.format(user=target.id)
        return (PlannedCall("POST", path, why="the account is suspended again, if it was before"),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Suspend again, unless the account was not suspended before this step."""
        if before.snapshot.get("status") != SUSPENDED:
            return nothing_sent("the account was not suspended before")
        return await self._move(target, _SUSPEND, SUSPENDED)

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """Read until the status is what it was before."""
        was = before.snapshot.get("status")
        return await self._stands(target, was if isinstance(was, str) else SUSPENDED, patience)


#: Statuses in which nobody signs in with what he knows or holds (Okta, user account status).
_SHUT = frozenset({RECOVERY, DEPROVISIONED, "STAGED", "PROVISIONED"})
_RESET = "Reset the password in Okta's admin console, without an e-mail to the person"


def _instead(user: User) -> Verdict:
    said = f"{user.status}: {user.standing()}; Okta suspends only ACTIVE ones"
    if user.status in _SHUT:
        return Verdict(Outcome.ALREADY, said)
    if user.status == LOCKED_OUT:
        how = f"{_RESET}, which keeps the account closed; or Unlock and at once Suspend it."
        return Verdict(Outcome.MANUAL, said, how)
    return Verdict(Outcome.MANUAL, said, f"{_RESET}, then suspend if need be.")
