"""Tell Identity Protection that the account is compromised, or that it is so no longer.

A confirmed user is at high risk: policies that act on risk block him, and services with continuous access
evaluation learn of it. Source: Microsoft Graph v1.0, riskyUser: confirmCompromised and dismiss (Entra ID P2;
one request a second for a tenant, and one request takes many users).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors import errors, readback
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
from connectors.entra import ids
from connectors.entra.action import EntraAction, receipt_of
from connectors.entra.client import Request

_USERS = "/identityProtection/riskyUsers"
_CONFIRMED = "confirmedCompromised"
#: The states in which nothing is held against the user any more.
_CLEAR = frozenset({"none", "dismissed", "remediated", "confirmedSafe"})
#: How many users one request takes (Microsoft Graph, riskyUser: confirmCompromised).
MOST = 60


def confirmation(user_ids: Sequence[str], needs: str) -> Request:
    """The one request that confirms as many as ``MOST`` users.

    Raises:
        errors.Refused: an id is no object id, or there are none or too many.
    """
    return _said("confirmCompromised", user_ids, needs)


def dismissal(user_ids: Sequence[str], needs: str) -> Request:
    """The one request that dismisses the risk of as many as ``MOST`` users.

    Raises:
        errors.Refused: an id is no object id, or there are none or too many.
    """
    return _said("dismiss", user_ids, needs)


def _said(word: str, user_ids: Sequence[str], needs: str) -> Request:
    if not 0 < len(user_ids) <= MOST:
        raise errors.Refused(f"one request takes 1 to {MOST} users")
    name = "confirm_compromised" if word == "confirmCompromised" else "dismiss"
    return Request(
        "POST",
        f"{_USERS}/{word}",
        lambda graph, _: getattr(graph.identity_protection.risky_users, name),
        body={"userIds": [ids.object_id(user_id) for user_id in user_ids]},
        bucket="risk",
        needs=needs,
    )


class _Risk(EntraAction[NoParameters]):
    async def _state(self, target: Target) -> str:
        request = Request(
            "GET",
            f"{_USERS}/{{id}}",
            lambda graph, ids: graph.identity_protection.risky_users.by_risky_user_id(ids["id"]),
            params={"id": target.id},
            bucket="risk",
            needs="the permission IdentityRiskyUser.Read.All, and a tenant with Entra ID P2",
        )
        try:
            return str((await self._client.read(request)).body.get("riskState") or "none")
        except errors.NotFound:
            return "none"

    async def _observed(self, target: Target) -> Observation:
        try:
            return Observation({"riskState": await self._state(target)})
        except errors.Forbidden as error:
            reason = f"Identity Protection cannot be asked: {error}"
            return Observation({}, verdict=Verdict(Outcome.SKIPPED, reason, error.remedy))

    async def _seen(
        self, target: Target, patience: Patience, wanted: frozenset[str], expected: str
    ) -> Proof:
        async def look() -> readback.Reading:
            state = await self._state(target)
            return readback.Reading(state in wanted, f"riskState is {state}")

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=f"GET {_USERS}/{{id}} riskState", expected=expected)


class ConfirmCompromised(_Risk):
    """Raises the account's risk to high, for whoever's policies act on it."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.confirm_compromised",
        system="entra",
        title="Confirm the account as compromised",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-AL",),
        attack=("T1078.004",),
        permissions=("IdentityRiskyUser.ReadWrite.All",),
        disrupts="What the tenant's risk policies do to a user at high risk: usually a block.",
        leaves_open="Identity Protection does not know of the theft: its policies do not act.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST."""
        body: dict[str, Any] = {"userIds": [ids.object_id(target.id)]}
        why = "the account counts as at high risk"
        return (PlannedCall("POST", f"{_USERS}/confirmCompromised", f"{body}", why),)

    async def observe(self, target: Target) -> Observation:
        """Read the risk held of the user."""
        before = await self._observed(target)
        if before.verdict is not None:
            return before
        return Observation(before.snapshot, before.snapshot["riskState"] == _CONFIRMED)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Confirm; a second time changes nothing."""
        return receipt_of(await self._change(confirmation([target.id], self._needs)))

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See the user confirmed."""
        wanted = frozenset({_CONFIRMED})
        return await self._seen(target, patience, wanted, f"riskState is {_CONFIRMED}")

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST."""
        body: dict[str, Any] = {"userIds": [ids.object_id(target.id)]}
        return (PlannedCall("POST", f"{_USERS}/dismiss", f"{body}", "takes the confirmation back"),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Dismiss what was confirmed; a risk there was before is not held again by that."""
        if before.snapshot.get("riskState") == _CONFIRMED:
            return Receipt({"changed": False, "why": "it was confirmed before"})
        return receipt_of(await self._change(dismissal([target.id], self._needs)))

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See the confirmation gone."""
        if before.snapshot.get("riskState") == _CONFIRMED:
            return await self._seen(target, patience, frozenset({_CONFIRMED}), "as it was")
        return await self._seen(target, patience, _CLEAR, "riskState is not confirmedCompromised")


class DismissRisk(_Risk):
    """Takes back what Identity Protection holds of the user."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.dismiss_risk",
        system="entra",
        title="Dismiss the account's risk",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-ULA",),
        attack=("T1078.004",),
        permissions=("IdentityRiskyUser.ReadWrite.All",),
        disrupts="Risk policies let the account in again.",
        leaves_open="Nothing: risk policies go on keeping the person out.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST."""
        body: dict[str, Any] = {"userIds": [ids.object_id(target.id)]}
        return (PlannedCall("POST", f"{_USERS}/dismiss", f"{body}", "no risk is held any more"),)

    async def observe(self, target: Target) -> Observation:
        """Read the risk held of the user."""
        before = await self._observed(target)
        if before.verdict is not None:
            return before
        return Observation(before.snapshot, before.snapshot["riskState"] in _CLEAR)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Dismiss; a second time changes nothing."""
        return receipt_of(await self._change(dismissal([target.id], self._needs)))

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See nothing held of the user."""
        return await self._seen(target, patience, _CLEAR, "no risk is held")
