"""Disable suspicious inbox rules: noted in full first, and kept.

Source: Microsoft Graph v1.0, messageRule; CISA CM0082. Hidden rules and mailbox forwarding are
not to be seen through Graph, and are told as such.
"""

from __future__ import annotations

from typing import Any, ClassVar

from connectors import readback
from connectors.action import (
    ActionSpec,
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
from connectors.each import each
from connectors.entra import ids, powershell
from connectors.entra.action import answered
from connectors.entra.inbox import PATH, RuleAction, RuleParameters

Json = dict[str, Any]


class DisableInboxRules(RuleAction[RuleParameters]):
    """Stops mail from being forwarded, hidden or deleted behind the owner's back."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.disable_inbox_rules",
        system="entra",
        title="Disable suspicious inbox rules",
        countermeasure="CM0082",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-RC",),
        attack=("T1114.003", "T1564.008"),
        permissions=("MailboxSettings.ReadWrite", "User.Read.All"),
        parameters=RuleParameters,
        disrupts="The disabled rules no longer sort mail until they are enabled again.",
        leaves_open="Rules that forward, hide or delete mail go on doing so.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH for each suspicious rule."""
        path = PATH.format(id=ids.object_id(target.id)) + "/{rule}"
        why = "for each suspicious rule found; the rule is kept, and noted in full first"
        return (PlannedCall("PATCH", path, '{"isEnabled": false}', why),)

    async def observe(self, target: Target) -> Observation:
        """Read all rules and judge them."""
        seen = await self._look(target)
        if seen.verdict is not None:
            return seen
        snapshot = dict(seen.snapshot)
        enabled = [item for item in snapshot["suspicious"] if item["enabled"]]
        verdict = None
        if enabled and all(item["read_only"] for item in enabled):
            verdict = Verdict(
                Outcome.MANUAL,
                "The suspicious rules are read-only: Graph cannot change them.",
                powershell.inbox_rules("Disable", str(snapshot["userPrincipalName"]), enabled),
            )
        return Observation(snapshot, satisfied=not enabled, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Disable the rules that were suspicious at first sight and are enabled still."""
        enabled = {rule.get("id") for rule in await self._list(target) if rule.get("isEnabled")}
        items = [item for item in _ours(before) if item["id"] in enabled]
        return Receipt({"rules": await self._set_all(target, items, enabled=False)})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See no suspicious rule enabled, those added meanwhile included."""

        async def look() -> readback.Reading:
            judged = await self._judged_again(target, before)
            on = [item for item in judged if item["enabled"]]
            left = [item for item in on if not item["read_only"]]
            seen = "; ".join(f"{item['name']!r} {', '.join(item['reasons'])}" for item in on)
            return readback.Reading(not left, f"suspicious and enabled: {seen or 'none'}", found=on)

        reading = await readback.until(look, patience, self._sleep)
        name = str(before.snapshot.get("userPrincipalName"))
        proof = readback.proof(
            reading,
            check=f"GET {PATH}",
            expected="no suspicious rule is enabled",
            exposure=self._unseen(target, before.snapshot),
        )
        left = reading.found
        if not left:
            return proof
        return readback.then_by_hand(
            proof,
            "Read-only rules have to be disabled by hand:\n"
            + powershell.inbox_rules("Disable", name, left),
        )

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH for each rule that was disabled."""
        path = PATH.format(id=ids.object_id(target.id)) + "/{rule}"
        why = "for each rule that was disabled"
        return (PlannedCall("PATCH", path, '{"isEnabled": true}', why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Enable the rules that were enabled before and still exist."""
        off = {rule.get("id") for rule in await self._list(target) if not rule.get("isEnabled")}
        items = [item for item in _ours(before) if item["id"] in off]
        return Receipt({"rules": await self._set_all(target, items, enabled=True)})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See the rules enabled that were enabled before, as far as they still exist."""
        wanted = {item["id"] for item in _ours(before)}

        async def look() -> readback.Reading:
            rules_now = await self._list(target)
            off = [
                r.get("id") for r in rules_now if r.get("id") in wanted and not r.get("isEnabled")
            ]
            return readback.Reading(not off, f"{len(off)} of {len(wanted)} rules are disabled")

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=f"GET {PATH}", expected="all are enabled again")

    async def _set_all(self, target: Target, items: list[Json], *, enabled: bool) -> list[Json]:
        async def change(item: Json) -> Json:
            request = self._one("PATCH", target, item["id"], {"isEnabled": enabled})
            return answered(await self._change(request))

        wanted = [
            {"id": item["id"], "reasons": item["reasons"], "enabled": enabled} for item in items
        ]
        return await each(wanted, change)


def _ours(before: Observation) -> list[Json]:
    """The rules this action is about: suspicious, enabled at first sight, and changeable."""
    suspicious: list[Json] = before.snapshot.get("suspicious") or []
    return [item for item in suspicious if item["enabled"] and not item["read_only"]]
