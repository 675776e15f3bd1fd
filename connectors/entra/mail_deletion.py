"""Delete suspicious inbox rules that are disabled: the second step, which takes a word of its own.

What is deleted is noted in full first, and written back from that note, disabled as it was, under a new
id. Graph shows only part of some rules: what it does not show is not written back, which the proof says, and
why the impact stays that of a change that cannot be undone. Source: Microsoft Graph v1.0, Delete messageRule
and Create rule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from connectors import errors, readback
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
from connectors.entra import ids, powershell, rule_note
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
        reversible=True,
        d3fend=("D3-RC",),
        attack=("T1114.003", "T1564.008"),
        permissions=("MailboxSettings.ReadWrite", "User.Read.All"),
        parameters=DeletionParameters,
        disrupts="The deleted rules are gone; what Graph shows of them is noted, and can be written back.",
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
            exposure=self._unseen(target, before.snapshot),
        )
        left = _left(reading.found or [], name)
        return readback.then_by_hand(proof, "\n".join(left)) if left else proof

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One POST for each rule that was deleted."""
        path = PATH.format(id=ids.object_id(target.id))
        why = "for each rule that was deleted, from its note; it gets a new id and stays disabled"
        return (PlannedCall("POST", path, '{"isEnabled": false, ...}', why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Write back what is not there any more, nor again, from its note; tell the new ids."""
        found = _again(before, await self._list(target))

        async def write(item: Json) -> Json:
            body = rule_note.body(_noted(before, item["id"]))
            if body is None:
                return {"by_hand": True}
            try:
                answer = await self._change(self._new(target, body))
            except errors.Invalid as error:
                # The note is not for Graph to take (a folder that is gone): reading back tells it.
                return {"error": type(error).__name__, "code": error.code}
            made = answer.body if isinstance(answer.body, dict) else {}
            return {**answered(answer), "new_id": made.get("id")}

        gone = [{"id": rule_id} for rule_id, now in found.items() if now is None]
        there = [{"id": rule_id, "new_id": now} for rule_id, now in found.items() if now]
        return Receipt({"rules": [*there, *await each(gone, write)]})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See each deleted rule again, disabled; say what of it is not as it was."""

        async def look() -> readback.Reading:
            found = _again(before, await self._list(target))
            away = [i for i, now in found.items() if now is None and _writable(before, i)]
            names = ", ".join(repr(_noted(before, rule_id).get("displayName")) for rule_id in away)
            refused = (
                "Graph did not take what is noted of it, or it was changed since." if away else ""
            )
            return readback.Reading(
                not away, f"not there again: {names or 'none'}", found=found, reason=refused
            )

        reading = await readback.until(look, patience, self._sleep)
        expected = f"{len(before.snapshot['delete'])} rule(s) there again, disabled"
        proof = readback.proof(reading, check=f"GET {PATH}", expected=expected)
        if not reading.holds:
            return proof
        proof = replace(proof, reason=_told(reading.found))
        left = _left_out(before, reading.found)
        return readback.then_by_hand(proof, f"{proof.reason}\n{left}") if left else proof

    def _is_wanted(self, item: Json) -> bool:
        return not self._parameters.rule_ids or item["id"] in self._parameters.rule_ids


def _noted(before: Observation, rule_id: str) -> Json:
    return rule_note.noted(before.snapshot["rules"], rule_id)


def _writable(before: Observation, rule_id: str) -> bool:
    return rule_note.body(_noted(before, rule_id)) is not None


def _again(before: Observation, listed: list[Json]) -> dict[str, str | None]:
    """For each rule that was to be deleted, the id it has now; one written back is disabled."""
    wanted = [item["id"] for item in before.snapshot["delete"]]
    off = [rule for rule in listed if rule.get("isEnabled") is False]
    return rule_note.now_known_as(before.snapshot["rules"], wanted, listed, off)


def _told(found: dict[str, str | None]) -> str:
    """What changed by writing rules back."""
    renamed = rule_note.renamed(found)
    if not renamed:
        return ""
    return (
        f"Written back under new ids: {renamed}. What Graph does not show of a rule was not noted."
    )


def _left_out(before: Observation, found: dict[str, str | None]) -> str:
    """What of the noted rules could not be written back, and what to do; empty where nothing is known."""
    lines = []
    for rule_id, now in found.items():
        noted = _noted(before, rule_id)
        parts = rule_note.lost(noted) if now != rule_id else ()
        name = repr(str(noted.get("displayName") or ""))
        if now is None:
            parts = ("an action that Graph can write", *parts)
            lines.append(
                f"The rule {name} could not be written back: its note lacks {', '.join(parts)}."
            )
        elif parts:
            lines.append(f"The rule {name} came back without {', '.join(parts)}.")
    if lines:
        lines.append(
            "Its owner finishes it in Outlook; what is noted of it stands in the step's snapshot."
        )
    return "\n".join(lines)


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
