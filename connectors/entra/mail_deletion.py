"""Delete suspicious inbox rules that are disabled: the second step, which takes a word of its own.

What is deleted is noted in full first, but Graph shows only part of some rules, so that the note may
not be all of it: deleting is not reversible. Source: Microsoft Graph v1.0, Delete messageRule.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

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
from connectors.entra import ids, inbox, powershell
from connectors.entra.action import answered
from connectors.entra.inbox import PATH, RuleAction, RuleParameters

Json = dict[str, Any]

_DISABLE_FIRST = "Suspicious rules are enabled still: entra.disable_inbox_rules comes first."
_READ_ONLY = "Read-only rules have to be removed by hand:"


class DeletionParameters(RuleParameters):
    """Which rules are deleted."""

    rule_ids: tuple[str, ...] = Field(
        (), description="only these, if they are suspicious; none: all that are"
    )


class DeleteInboxRules(RuleAction[DeletionParameters]):
    """Takes away what would otherwise be enabled again by one click."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.delete_inbox_rules",
        system="entra",
        title="Delete suspicious inbox rules that are disabled",
        countermeasure="CM0082",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-RC",),
        attack=("T1114.003", "T1564.008"),
        permissions=("MailboxSettings.ReadWrite", "User.Read.All"),
        parameters=DeletionParameters,
        disrupts="The deleted rules are gone; what Graph shows of them is in the log.",
        leaves_open="Whoever signs in enables the disabled rules again.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One DELETE for each rule chosen."""
        path = PATH.format(id=ids.object_id(target.id)) + "/{rule}"
        why = "for each suspicious rule that is disabled; noted in full first"
        return (PlannedCall("DELETE", path, why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read all rules, judge them, and choose those that are disabled."""
        seen = await self._look(target)
        if seen.verdict is not None:
            return seen
        snapshot = dict(seen.snapshot)
        wanted = [item for item in snapshot["suspicious"] if self._is_wanted(item)]
        snapshot["delete"] = [i for i in wanted if not i["enabled"] and not i["read_only"]]
        if snapshot["delete"]:
            return Observation(snapshot, satisfied=False)
        left = _left(wanted, _name(snapshot))
        verdict = Verdict(Outcome.MANUAL, *left) if left else None
        return Observation(snapshot, satisfied=not wanted, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Delete what was chosen, is there still and is disabled still."""
        off = {str(r.get("id")) for r in await self._list(target) if r.get("isEnabled") is False}
        going = [
            {"id": item["id"], "reasons": item["reasons"]}
            for item in before.snapshot["delete"]
            if item["id"] in off
        ]

        async def delete(item: Json) -> Json:
            return answered(await self._change(self._one("DELETE", target, item["id"])))

        return Receipt({"rules": await each(going, delete)})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See that none of the chosen rules is listed; name the suspicious ones that are."""
        chosen = {item["id"] for item in before.snapshot["delete"]}

        async def look() -> readback.Reading:
            judged = await self._judged_again(target, before)
            there = {str(rule.get("id")) for rule in await self._list(target)}
            wanted = [item for item in judged if self._is_wanted(item)]
            names = [i["name"] for i in before.snapshot["delete"] if i["id"] in there]
            seen = ", ".join(repr(name) for name in names)
            others = [item for item in wanted if item["id"] not in chosen]
            return readback.Reading(not names, f"still there: {seen or 'none'}", found=others)

        reading = await readback.until(look, patience, self._sleep)
        name = _name(before.snapshot)
        proof = readback.proof(
            reading,
            check=f"GET {PATH}",
            expected=f"{len(chosen)} chosen rule(s) gone",
            exposure=inbox.unseen(name),
        )
        left = _left(reading.found or [], name)
        return readback.then_by_hand(proof, "\n".join(left)) if left else proof

    def _is_wanted(self, item: Json) -> bool:
        return not self._parameters.rule_ids or item["id"] in self._parameters.rule_ids


def _name(snapshot: Json) -> str:
    return str(snapshot.get("userPrincipalName"))


def _left(items: list[Json], user_principal_name: str) -> tuple[str, str] | None:
    """What is said, and what to do, of suspicious rules that this action does not delete."""
    fixed = [item for item in items if item["read_only"]]
    if fixed:
        return _READ_ONLY, powershell.inbox_rules("Remove", user_principal_name, fixed)
    if any(item["enabled"] for item in items):
        return _DISABLE_FIRST, powershell.inbox_rules("Disable", user_principal_name, items)
    return None
