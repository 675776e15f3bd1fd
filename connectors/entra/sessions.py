"""End all sessions: every refresh token and sign-in cookie issued so far.

Source: Microsoft Graph v1.0, user: revokeSignInSessions. It moves the account's
``signInSessionsValidFromDateTime`` to now, which is also how it is proved.
"""

from __future__ import annotations

from typing import ClassVar

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
from connectors.entra import ids, readback, residue, stamps, users
from connectors.entra.action import EntraAction, answered_at, receipt_of
from connectors.entra.client import Request

_STAMP = "signInSessionsValidFromDateTime"
_PATH = "/users/{id}/revokeSignInSessions"


class RevokeSessions(EntraAction[NoParameters]):
    """Makes every session of the account sign in again."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.revoke_sessions",
        system="entra",
        title="End all Entra ID sessions",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-ST", "D3-ANCI"),
        attack=("T1528", "T1539", "T1550.001", "T1550.004"),
        permissions=("User.RevokeSessions.All", "User.Read.All"),
        permissions_also=("User.ReadWrite.All", "Directory.ReadWrite.All"),
        disrupts="The person signs in again, on every device and in every app.",
        leaves_open="Every refresh token and sign-in cookie issued so far.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST without a body."""
        path = _PATH.format(id=ids.object_id(target.id))
        return (PlannedCall("POST", path, why="ends all refresh tokens and sign-in cookies"),)

    async def observe(self, target: Target) -> Observation:
        """Read the stamp from which on sessions are valid."""
        user = await self._user(target)
        verdict = None
        if users.is_guest(user):
            verdict = Verdict(
                Outcome.SKIPPED,
                "The account is a guest: its sessions live in its home tenant, and ending them "
                "here has no effect. Tell the home tenant's administrators.",
            )
        return Observation(user, satisfied=False, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Revoke; again and again does no harm."""
        answer = await self._change(
            Request(
                "POST",
                _PATH,
                lambda graph, ids: graph.users.by_user_id(ids["id"]).revoke_sign_in_sessions,
                params={"id": target.id},
                needs=self._needs,
            )
        )
        return receipt_of(answer)

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """See the stamp move past the old one, to the time of our request or later."""
        old, asked_at = before.snapshot.get(_STAMP), answered_at(receipt)

        async def look() -> readback.Reading:
            stamp = (await self._user(target)).get(_STAMP)
            return readback.Reading(
                stamps.moved(old, stamp, asked_at), f"{_STAMP} is {stamp}", stamps.read(stamp)
            )

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(
            reading,
            check=f"GET /users/{{id}} {_STAMP}",
            expected=f"later than {old}"
            + (f" and not before {stamps.write(asked_at)}" if asked_at else ""),
            exposure=residue.after(reading.at),
        )
