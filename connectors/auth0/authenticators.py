"""Remove the MFA methods and passkeys enrolled since the theft, so that the thief loses his way back.

Source: CISA CM0071; Auth0 Management API v2, delete an authentication method. With the method gone,
whoever has the password enrols the next one, so the user has to be blocked first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors
from connectors.action import (
    ActionSpec,
    Impact,
    Json,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.auth0.base import Auth0Action, stamp
from connectors.auth0.client import Request
from connectors.auth0.enrolled import METHOD, Choice, Method, choose, read_methods
from connectors.auth0.ids import fill
from connectors.auth0.users import User, read_user
from connectors.clock import instant
from connectors.each import each
from connectors.readback import Reading, proof, until

_CHECK = "GET /api/v2/users/{user}/authentication-methods"
_PASSWORD_ONLY = "the account would be left with a password only, and it can sign in"  # noqa: S105
_BLOCK_FIRST = "Block the user (auth0.block_user), then run this step again."


class AuthenticatorParameters(BaseModel):
    """Which methods go."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["since", "all"] = Field(
        "since", description="since: those enrolled since the theft began; all: every method"
    )
    margin_minutes: int = Field(
        15, ge=0, le=10080, description="how long before the known beginning counts as since"
    )


class RemoveAuthenticators(Auth0Action[AuthenticatorParameters]):
    """``auth0.remove_authenticators``."""

    spec = ActionSpec(
        name="auth0.remove_authenticators",
        system="auth0",
        title="Remove MFA methods enrolled since the theft",
        countermeasure="CM0071",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1098.005", "T1556.006"),
        permissions=(
            "read:users",
            "read:authentication_methods",
            "delete:authentication_methods",
        ),
        parameters=AuthenticatorParameters,
        disrupts="The person enrols the removed methods again.",
        leaves_open="A method or passkey the thief enrolled lets him sign in as the person.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One request a method; which ones is known when the list has been read."""
        which = "every method but the password"
        if self._parameters.scope == "since":
            margin, since = self._parameters.margin_minutes, target.since or "an unknown time"
            which = f"each method enrolled later than {margin} min before {since}"
        path = fill(METHOD.replace("/{method}", ""), {"user": target.id}) + "/{method}"
        return (PlannedCall("DELETE", path, why=which),)

    async def observe(self, target: Target) -> Observation:
        """Read the user and the methods, and choose those that go."""
        user = await read_user(self._client, target.id)
        methods, _ = await read_methods(self._client, target.id)
        start = self._start(target)
        choice = choose(methods, start, everything=self._parameters.scope == "all")
        unknown_start = self._parameters.scope == "since" and start is None
        snapshot: Json = {
            **user.snapshot(),
            "methods": [method.snapshot() for method in methods],
            "remove": [] if unknown_start else [method.snapshot() for method in choice.remove],
            "left": [{**method.snapshot(), "why": why} for method, why in choice.left],
        }
        if unknown_start:
            reason = "it is not known when the theft began, and methods are not removed by guess"
            return Observation(
                snapshot, verdict=Verdict(Outcome.MANUAL, reason, _by_hand(snapshot))
            )
        if _leaves_password_only(user, methods, {method.id for method in choice.remove}):
            verdict = Verdict(Outcome.MANUAL, _PASSWORD_ONLY, _BLOCK_FIRST)
            return Observation(snapshot, satisfied=False, verdict=verdict)
        return Observation(snapshot, not choice.remove, self._verdict(choice, snapshot))

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Remove what remains of the chosen methods; one that is gone already is no error."""
        going = list(before.snapshot["remove"])
        user = await read_user(self._client, target.id)
        methods, _ = await read_methods(self._client, target.id)
        if _leaves_password_only(user, methods, {str(item["id"]) for item in going}):
            raise errors.Conflict(_PASSWORD_ONLY, remedy=_BLOCK_FIRST)

        async def remove(item: Json) -> Json:
            params = {"user": target.id, "method": str(item["id"])}
            return stamp(await self._change(Request("DELETE", METHOD, params, needs=self._needs)))

        return Receipt({"sent": True, "methods": await each(going, remove)})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """See that none of the chosen methods is listed, and none that was not there before."""
        chosen = {str(item["id"]) for item in before.snapshot["remove"]}
        known = {str(item["id"]) for item in before.snapshot["methods"]}

        async def look() -> Reading:
            methods, at = await read_methods(self._client, target.id)
            still = [method.kind for method in methods if method.id in chosen]
            new = [method.kind for method in methods if method.id not in known]
            observed = f"still there: {', '.join(still) or 'none'}"
            if new:
                observed += f"; enrolled meanwhile: {', '.join(new)}"
            return Reading(not still and not new, observed, at)

        shown = proof(
            await until(look, patience, self._sleep),
            check=_CHECK,
            expected=f"{len(chosen)} chosen method(s) gone, no new one",
        )
        if shown.outcome is Outcome.VERIFIED and before.snapshot["left"]:
            reason = "Methods are left that a person has to look at.\n" + _by_hand(before.snapshot)
            return Proof(Outcome.MANUAL, shown.check, shown.expected, shown.observed, reason)
        return shown

    def _start(self, target: Target) -> datetime | None:
        since = instant(target.since)
        return since - timedelta(minutes=self._parameters.margin_minutes) if since else None

    def _verdict(self, choice: Choice, snapshot: Json) -> Verdict | None:
        if choice.remove or not choice.left:
            return None
        reason = "methods are left that a person has to look at"
        return Verdict(Outcome.MANUAL, reason, _by_hand(snapshot))


def _leaves_password_only(user: User, methods: tuple[Method, ...], going: set[str]) -> bool:
    """Whether a password would open the account once ``going`` are gone, and any of them is there."""
    if user.blocked or not user.has_password:
        return False
    if not any(method.id in going for method in methods):
        return False
    return not any(method.protects and method.id not in going for method in methods)


def _by_hand(snapshot: Json) -> str:
    look = snapshot["left"] or snapshot["methods"]
    lines = [
        f"- {item['type']} {item['id']}, since {item['since'] or 'an unknown time'}"
        + (f": {item['why']}" if "why" in item else "")
        for item in look
    ]
    where = "In the Auth0 dashboard, User Management, the person's page, remove what is not hers:"
    return "\n".join([where, *lines])
