"""Tell Identity Protection that the account is compromised, or that it is so no longer.

A confirmed user is at high risk: policies that act on risk block him, and services with continuous access
evaluation learn of it. Source: Microsoft Graph v1.0, riskyUser: confirmCompromised and dismiss (Entra ID P2;
one request a second for a tenant, and one request takes many users).

Graph refuses a tenant without the licence and an application without the permission with the same status
and code; which of them it is, the tenant's subscriptions and our own token tell.
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
from connectors.door import Answer, Journal
from connectors.entra import ids, licences
from connectors.entra.action import EntraAction, receipt_of
from connectors.entra.client import EntraClient, Request

_USERS = "/identityProtection/riskyUsers"
_CONFIRMED = "confirmedCompromised"
_FOUND = "atRisk"
_STILL = (
    "Identity Protection has found a risk by itself: its policies may go on keeping the person out"
)
#: The states in which nothing is held against the user any more.
_CLEAR = frozenset({"none", "dismissed", "remediated", "confirmedSafe"})
_CONFIRM, _DISMISS = "confirmCompromised", "dismiss"
_CHANGES = "IdentityRiskyUser.ReadWrite.All"
_READS = frozenset({"IdentityRiskyUser.Read.All", _CHANGES})
#: How many users one request takes (Microsoft Graph, riskyUser: confirmCompromised).
MOST = 60
_NEEDS = f"the permission {_CHANGES}"


async def confirm(client: EntraClient, journal: Journal, user_ids: Sequence[str]) -> Answer:
    """Confirm as many as ``MOST`` users as compromised in one request; again, it changes nothing.

    Args:
        client: the tenant's Graph.
        journal: where the intent is committed first.
        user_ids: object ids; one that is named twice is sent once.

    Raises:
        errors.Refused: an id is no object id, or there are none or too many; nothing was sent.
        errors.ConnectorError: the classified failure; which of the users it was is not told.
    """
    return await client.change(_said(_CONFIRM, user_ids), journal)


async def dismiss(client: EntraClient, journal: Journal, user_ids: Sequence[str]) -> Answer:
    """Dismiss the risk of as many as ``MOST`` users in one request; as ``confirm`` otherwise."""
    return await client.change(_said(_DISMISS, user_ids), journal)


def _said(word: str, user_ids: Sequence[str]) -> Request:
    wanted = list(dict.fromkeys(ids.object_id(user_id) for user_id in user_ids))
    if not 0 < len(wanted) <= MOST:
        raise errors.Refused(f"one request takes 1 to {MOST} users")
    name = "confirm_compromised" if word == _CONFIRM else "dismiss"
    return Request(
        "POST",
        f"{_USERS}/{word}",
        lambda graph, _: getattr(graph.identity_protection.risky_users, name),
        body={"userIds": wanted},
        bucket="risk",
        needs=_NEEDS,
    )


class _Risk(EntraAction[NoParameters]):
    async def _state(self, target: Target) -> str:
        request = Request(
            "GET",
            f"{_USERS}/{{id}}",
            lambda graph, ids: graph.identity_protection.risky_users.by_risky_user_id(ids["id"]),
            params={"id": target.id},
            bucket="risk",
            needs=_NEEDS,
        )
        try:
            return str((await self._client.read(request)).body.get("riskState") or "none")
        except errors.NotFound:
            return "none"

    async def _observed(self, target: Target) -> Observation:
        try:
            return Observation({"riskState": await self._state(target)})
        except errors.Forbidden as error:
            return await self._explained(error)

    async def _explained(self, refused: errors.Forbidden) -> Observation:
        """Skip where the licence is missing; raise where the permission is, or where neither is known.

        Raises:
            errors.Forbidden: the remedy names the permission, and the licence where that may be it.
        """
        granted = self._client.granted
        permitted = None if granted is None else not _READS.isdisjoint(granted)
        licensed = await licences.holds(self._client, licences.P2)
        if licensed is False:
            also = "" if permitted is not False else f" It needs {_NEEDS}, too."
            return _skipped(
                "The tenant has no licence for Entra ID P2: none of its subscriptions in force contains "
                f"{licences.P2}.",
                f"Leave this step out for this tenant, or get the licence.{also}",
            )
        if licensed is None and permitted:
            return _skipped(
                "Graph refuses although our token holds the permission: the tenant probably has no "
                "licence for Entra ID P2. Its subscriptions could not be read.",
                f"See whether the tenant has Entra ID P2; with {licences.READ_PERMISSION} this is told.",
            )
        remedy = f"Grant Rescind's application {_NEEDS}, or carry the step out by hand."
        if licensed and permitted:
            remedy = (
                "The tenant has Entra ID P2 and our token the permission: wait if either is new, "
                "or carry the step out by hand."
            )
        elif licensed is None and permitted is None:
            remedy += (
                " If it has that, the tenant lacks Entra ID P2: its subscriptions could not be read "
                f"({licences.READ_PERMISSION})."
            )
        raise errors.Forbidden(
            "Identity Protection cannot be asked",
            status=refused.status,
            code=refused.code,
            request_id=refused.request_id,
            remedy=remedy,
        ) from refused

    async def _seen(
        self, target: Target, patience: Patience, wanted: frozenset[str], expected: str
    ) -> Proof:
        async def look() -> readback.Reading:
            state = await self._state(target)
            reason = _STILL if state == _FOUND and state in wanted else ""
            return readback.Reading(state in wanted, f"riskState is {state}", reason=reason)

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=f"GET {_USERS}/{{id}} riskState", expected=expected)


def _skipped(reason: str, instructions: str) -> Observation:
    return Observation({}, verdict=Verdict(Outcome.SKIPPED, reason, instructions))


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
        permissions=(_CHANGES,),
        disrupts="What the tenant's risk policies do to a user at high risk: usually a block.",
        leaves_open="Identity Protection does not know of the theft: its policies do not act.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST."""
        body: dict[str, Any] = {"userIds": [ids.object_id(target.id)]}
        why = "the account counts as at high risk"
        return (PlannedCall("POST", f"{_USERS}/{_CONFIRM}", f"{body}", why),)

    async def observe(self, target: Target) -> Observation:
        """Read the risk held of the user."""
        before = await self._observed(target)
        if before.verdict is not None:
            return before
        return Observation(before.snapshot, before.snapshot["riskState"] == _CONFIRMED)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Confirm; a second time changes nothing."""
        return receipt_of(await confirm(self._client, self._journal, [target.id]))

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
        return (
            PlannedCall("POST", f"{_USERS}/{_DISMISS}", f"{body}", "takes the confirmation back"),
        )

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Dismiss what was confirmed; a risk there was before is not held again by that.

        What Identity Protection has found since, in the place of the confirmation, is no work of ours.
        """
        if before.snapshot.get("riskState") == _CONFIRMED:
            return Receipt({"changed": False, "why": "it was confirmed before"})
        if await self._state(target) == _FOUND:
            return Receipt({"changed": False, "why": _STILL})
        return receipt_of(await dismiss(self._client, self._journal, [target.id]))

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See the confirmation gone."""
        if before.snapshot.get("riskState") == _CONFIRMED:
            return await self._seen(target, patience, frozenset({_CONFIRMED}), "as it was")
        gone = _CLEAR | {_FOUND}
        return await self._seen(target, patience, gone, "riskState is not confirmedCompromised")


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
        permissions=(_CHANGES,),
        disrupts="Risk policies let the account in again.",
        leaves_open="Nothing: risk policies go on keeping the person out.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST."""
        body: dict[str, Any] = {"userIds": [ids.object_id(target.id)]}
        return (PlannedCall("POST", f"{_USERS}/{_DISMISS}", f"{body}", "no risk is held any more"),)

    async def observe(self, target: Target) -> Observation:
        """Read the risk held of the user."""
        before = await self._observed(target)
        if before.verdict is not None:
            return before
        return Observation(before.snapshot, before.snapshot["riskState"] in _CLEAR)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Dismiss; a second time changes nothing."""
        return receipt_of(await dismiss(self._client, self._journal, [target.id]))

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See nothing held of the user."""
        return await self._seen(target, patience, _CLEAR, "no risk is held")
