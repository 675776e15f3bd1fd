"""End all sessions: every refresh token and sign-in cookie issued so far.

Source: Microsoft Graph v1.0, user: revokeSignInSessions. It moves the account's
``signInSessionsValidFromDateTime`` to now, which is also how it is proved.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from connectors import errors, readback
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
from connectors.entra import ids, residue, users
from connectors.entra.action import receipt_of
from connectors.entra.client import Request
from connectors.entra.stamped import StampedAction

_PATH = "/users/{id}/revokeSignInSessions"


class RevokeSessions(StampedAction):
    """Makes every session of the account sign in again."""

    stamp = "signInSessionsValidFromDateTime"

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

    def foresee(self, target: Target) -> Verdict | None:
        """A guest's sessions live elsewhere."""
        return _GUEST if target.facts.get("guest") is True else None

    async def observe(self, target: Target) -> Observation:
        """Read the stamp from which on sessions are valid; ending them waits for no reading."""
        try:
            user = await readback.glance(lambda: self._user(target))
            guest = users.is_guest(user)
        except (errors.Forbidden, errors.Throttled, errors.Unavailable) as error:
            facts = target.facts
            user = {self.stamp: facts.get("sessions_valid_from"), "problem": str(error)}
            guest = facts.get("guest") is True
        verdict = None
        if guest:
            verdict = _GUEST
        return Observation(user, satisfied=False, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Revoke; again and again does no harm."""
        answer = await self._change(
            Request(
                "POST",
                _PATH,
                lambda graph, ids: graph.users.by_user_id(ids["id"]).revoke_sign_in_sessions,
                params={"id": target.id},
                bucket="sessions",
                needs=self._needs,
            )
        )
        return receipt_of(answer)

    def _doubt(self, before: Observation) -> str:
        # A stamp moved since we read it ends all sessions of before, whoever moved it.
        if "problem" not in before.snapshot:
            return ""
        return "no answer came, and the time from before is not recent: it may have moved earlier"

    def _exposure(self, at: datetime | None) -> tuple[Exposure, ...]:
        return residue.after(at)


_GUEST = Verdict(
    Outcome.SKIPPED,
    "The account is a guest: its sessions live in its home tenant, and ending them "
    "here has no effect. Tell the home tenant's administrators.",
)
