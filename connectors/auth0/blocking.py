"""Block an Auth0 user, and give the account back.

Source: Auth0 Management API v2, update a user (``blocked``): a blocked user cannot sign in by any
connection. It ends no session of an app and takes back no access token. Unblocking here does not lift
a block for too many wrong passwords, which Auth0 keeps apart (user-blocks).
"""

from __future__ import annotations

from typing import ClassVar

from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    NoParameters,
    Observation,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.auth0.base import Auth0Action, access_tokens, nothing_sent, stamp
from connectors.auth0.client import Request
from connectors.auth0.ids import fill
from connectors.auth0.users import USER, read_user
from connectors.readback import Reading, proof, until

_CHECK = "GET /api/v2/users/{user}: blocked"


class _Blocking(Auth0Action[NoParameters]):
    """Sets ``blocked``, and sees that it is so."""

    _wanted: ClassVar[bool]
    _why: ClassVar[str]
    _open: ClassVar[tuple[Exposure, ...]] = ()

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        return (_planned(target, self._wanted, self._why),)

    async def observe(self, target: Target) -> Observation:
        """Read whether the user is blocked."""
        user = await read_user(self._client, target.id)
        return Observation(user.snapshot(), user.blocked is self._wanted)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Set it. Harmless to repeat."""
        return await self._set(target, self._wanted)

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read until it is so."""
        return await self._stands(target, self._wanted, patience, self._open)

    async def _set(self, target: Target, blocked: bool) -> Receipt:
        request = Request(
            "PATCH", USER, {"user": target.id}, body={"blocked": blocked}, needs=self._needs
        )
        return Receipt({"sent": True, **stamp(await self._change(request))})

    async def _stands(
        self, target: Target, wanted: bool, patience: Patience, open_: tuple[Exposure, ...] = ()
    ) -> Proof:
        async def look() -> Reading:
            user = await read_user(self._client, target.id)
            return Reading(user.blocked is wanted, _said(user.blocked), user.date)

        reading = await until(look, patience, self._sleep)
        return proof(reading, check=_CHECK, expected=_said(wanted), exposure=open_)


class BlockUser(_Blocking):
    """``auth0.block_user``."""

    spec = ActionSpec(
        name="auth0.block_user",
        system="auth0",
        title="Block the Auth0 user",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=True,
        d3fend=("D3-AL",),
        attack=("T1078.004",),
        permissions=("read:users", "update:users"),
        disrupts="The person cannot sign in to any app that signs in with Auth0.",
        leaves_open="Whoever holds the password or a session goes on using the account.",
    )
    _wanted = True
    _why = "the user cannot sign in; it can be undone"
    _open = (access_tokens(),)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        return (_planned(target, False, "the user can sign in, if it could before"),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Unblock, unless the user was blocked before this step. Harmless to repeat."""
        if before.snapshot.get("blocked") is True:
            return nothing_sent("the user was blocked before")
        return await self._set(target, False)

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """Read until it is what it was before."""
        return await self._stands(target, before.snapshot.get("blocked") is True, patience)


class UnblockUser(_Blocking):
    """``auth0.unblock_user``: on a person's word, when the account is given back."""

    spec = ActionSpec(
        name="auth0.unblock_user",
        system="auth0",
        title="Unblock the Auth0 user",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-ULA",),
        permissions=("read:users", "update:users"),
        disrupts="Whoever can sign in as the person can do so again.",
        leaves_open="The person stays locked out.",
    )
    _wanted = False
    _why = "the user can sign in again"


def _planned(target: Target, blocked: bool, why: str) -> PlannedCall:
    path = fill(USER, {"user": target.id})
    return PlannedCall("PATCH", path, f'{{"blocked": {str(blocked).lower()}}}', why)


def _said(blocked: bool) -> str:
    return "blocked" if blocked else "not blocked"
