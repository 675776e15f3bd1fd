"""Disable suspicious inbox rules: noted in full first, and kept.

Source: Microsoft Graph v1.0, messageRule; CISA CM0082. Hidden rules and mailbox forwarding are
not to be seen through Graph, and are told as such.
"""

from __future__ import annotations

from dataclasses import replace
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
from connectors.entra import ids, powershell, rule_note
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
        why = "for each rule that was disabled; one written back since has a new id"
        return (PlannedCall("PATCH", path, '{"isEnabled": true}', why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Enable the rules that were enabled before, those written back under a new id included."""
        listed = await self._list(target)
        on = _enabled(listed)
        found = _found(before, sorted(listed, key=lambda rule: str(rule.get("id")) in on))
        items = [
            {**item, "id": now}
            for item in _ours(before)
            if (now := found[item["id"]]) is not None and now not in on
        ]
        return Receipt({"rules": await self._set_all(target, items, enabled=True)})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See the rules enabled that were enabled before; one that is gone is left to its owner."""

        async def look() -> readback.Reading:
            listed = await self._list(target)
            on = _enabled(listed)
            found = _found(before, sorted(listed, key=lambda rule: str(rule.get("id")) not in on))
            off = [now for now in found.values() if now is not None and now not in on]
            gone = [rule_id for rule_id, now in found.items() if now is None]
            observed = f"{len(off)} of {len(found)} rules are disabled, {len(gone)} are not there"
            return readback.Reading(not off and not gone, observed, found=None if off else found)

        reading = await readback.until(look, patience, self._sleep)
        shown = readback.proof(reading, check=f"GET {PATH}", expected="all are enabled again")
        if not reading.found:
            return shown
        left = _left(before, reading.found)
        if left:
            return replace(shown, outcome=Outcome.MANUAL, reason=left)
        return replace(shown, reason=rule_note.renamed(reading.found))

    async def _set_all(self, target: Target, items: list[Json], *, enabled: bool) -> list[Json]:
        async def change(item: Json) -> Json:
            request = self._one("PATCH", target, item["id"], {"isEnabled": enabled})
            return answered(await self._change(request))

        wanted = [
            {"id": item["id"], "reasons": item["reasons"], "enabled": enabled} for item in items
        ]
        return await each(wanted, change)


def _enabled(listed: list[Json]) -> set[str]:
    return {str(rule.get("id")) for rule in listed if rule.get("isEnabled") is not False}


def _found(before: Observation, listed: list[Json]) -> dict[str, str | None]:
    """For each rule this action is about, the id it has now; of two that are the same the first counts."""
    wanted = [item["id"] for item in _ours(before)]
    return rule_note.now_known_as(before.snapshot["rules"], wanted, listed, listed)


def _left(before: Observation, found: dict[str, str | None]) -> str:
    """What is said, and what to do, of rules that nothing can enable because they are not there."""
    gone = [item["name"] for item in _ours(before) if found[item["id"]] is None]
    if not gone:
        return ""
    names = ", ".join(repr(name) for name in gone)
    return (
        f"Not enabled again, because it is neither there nor written back: {names}. Its owner makes it "
        "anew in Outlook; what is noted of it stands in the step's snapshot."
    )


def _ours(before: Observation) -> list[Json]:
    """The rules this action is about: suspicious, enabled at first sight, and changeable."""
    suspicious: list[Json] = before.snapshot.get("suspicious") or []
    return [item for item in suspicious if item["enabled"] and not item["read_only"]]
