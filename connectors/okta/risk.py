"""Raise a person's risk in Okta to HIGH, so that its policies treat her as compromised.

Source: Okta User Risk API, getUserRisk and upsertUserRisk, part of Identity Threat Protection. NONE can
be read and not be set. What follows is up to the entity risk policy; Universal Logout sets the risk
back to LOW, so it is raised afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors import errors
from connectors.action import (
    ActionSpec,
    Impact,
    Json,
    NoParameters,
    Observation,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.clock import spell_or_none
from connectors.okta.base import READ, OktaAction, nothing_sent, stamp
from connectors.okta.client import OktaClient
from connectors.readback import Reading, proof, until

HIGH, LOW, NONE = "HIGH", "LOW", "NONE"
_RISK = "/api/v1/users/{user}/risk"
_CHECK = f"GET {_RISK}: riskLevel"
_SET_BACK = "it may have been set back since: Okta sets it to LOW with Universal Logout"
_NO_NONE = "the level was NONE before, which cannot be set: LOW is the nearest"


@dataclass(frozen=True, slots=True)
class Risk:
    """A user's risk level, and why it is so, if Okta tells."""

    level: str
    reason: str | None
    date: datetime | None


class RaiseRisk(OktaAction[NoParameters]):
    """``okta.raise_risk``."""

    spec = ActionSpec(
        name="okta.raise_risk",
        system="okta",
        title="Raise the person's risk in Okta to HIGH",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-UAP",),
        attack=("T1078.004",),
        permissions=(READ, "okta.userRisk.read", "okta.userRisk.manage"),
        disrupts="The entity risk policy does what it is set to do: it may sign the person out, ask "
        "for more factors, or deny apps.",
        leaves_open="Okta's policies go on trusting the account as before.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        why = "Okta's risk policies treat the person as compromised; it can be undone"
        return (PlannedCall("PUT", _RISK.format(user=target.id), '{"riskLevel": "HIGH"}', why),)

    async def observe(self, target: Target) -> Observation:
        """Read the level."""
        risk = await read_risk(self._client, target.id)
        snapshot = {
            "level": risk.level,
            "reason": risk.reason,
            "observed_at": spell_or_none(risk.date),
        }
        return Observation(snapshot, risk.level == HIGH)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Set it to HIGH. Harmless to repeat."""
        return await self._set(target, {"riskLevel": HIGH})

    async def verify(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
        receipt: Receipt | None,
        patience: Patience,
    ) -> Proof:
        """Read until the level is HIGH."""

        async def look() -> Reading:
            risk = await read_risk(self._client, target.id)
            reason = _SET_BACK if receipt and risk.level == LOW else ""
            return Reading(risk.level == HIGH, risk.level, risk.date, reason=reason)

        return proof(await until(look, patience, self._sleep), check=_CHECK, expected=HIGH)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request; the level before is known when it has been read."""
        body = '{"riskLevel": "(the level before)"}'
        why = "the level before, if it is still HIGH; LOW where there was none"
        return (PlannedCall("PUT", _RISK.format(user=target.id), body, why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Set the level of before, unless it was HIGH then or somebody has lowered it meanwhile."""
        was, reason = before.snapshot.get("level"), before.snapshot.get("reason")
        if was == HIGH:
            return nothing_sent("the level was HIGH before")
        now = await read_risk(self._client, target.id)
        if now.level != HIGH:
            return nothing_sent(f"the level is {now.level} already", now.date)
        body: Json = {"riskLevel": LOW if was == NONE else was}
        if isinstance(reason, str) and was != NONE:
            body["riskReason"] = reason
        return await self._set(target, body)

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """Read until the level is the one of before, or another than HIGH that somebody has set."""
        was = str(before.snapshot.get("level"))

        async def look() -> Reading:
            risk = await read_risk(self._client, target.id)
            if risk.level == was:
                return Reading(True, risk.level, risk.date)
            reason = (
                _NO_NONE if was == NONE and risk.level == LOW else "somebody has set this level"
            )
            back = HIGH not in (was, risk.level)
            return Reading(back, risk.level, risk.date, reason=reason if back else "")

        return proof(await until(look, patience, self._sleep), check=_CHECK, expected=was)

    async def _set(self, target: Target, body: Json) -> Receipt:
        params = {"user": target.id}
        answer = await self._client.change("PUT", _RISK, params, self._journal, body=body)
        return Receipt({"sent": True, "level": body["riskLevel"], **stamp(answer)})


async def read_risk(client: OktaClient, user_id: str) -> Risk:
    """Read a user's risk.

    Raises:
        errors.ConnectorError: where it cannot be read.
    """
    answer = await client.get(_RISK, {"user": user_id})
    body = answer.body if isinstance(answer.body, dict) else {}
    level, reason = body.get("riskLevel"), body.get("reason")
    if not isinstance(level, str) or not level:
        raise errors.Unavailable("the answer is not a risk", status=answer.status)
    return Risk(level, reason if isinstance(reason, str) else None, answer.date)
