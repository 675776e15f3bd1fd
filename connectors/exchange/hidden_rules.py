"""Disable inbox rules that neither Outlook nor Graph shows: noted in full first, and kept.

A rule is hidden by a property that MAPI sets; then only ``Get-InboxRule -IncludeHidden`` lists it.
Exchange hides some of its own: those are told by their names, and by doing nothing suspicious, for a
thief may give his rule such a name. Source: Exchange Online PowerShell, the InboxRule cmdlets;
CISA CM0082.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Impact,
    Observation,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
)
from connectors.each import each
from connectors.entra import ids, rules
from connectors.exchange import lines
from connectors.exchange.base import (
    PERMISSION,
    ROLE,
    ExchangeAction,
    OwnDomains,
    box_of,
    no_mailbox,
    planned,
    texts,
)

Json = dict[str, Any]

#: Hidden rules Exchange makes itself: junk mail, automatic replies, delegates' meeting requests.
_EXCHANGES_OWN = re.compile(
    r"Junk E-?mail Rule|Microsoft\.Exchange\.OOF\.[A-Za-z.]+|Delegate Rule -?\d+", re.IGNORECASE
)
_ADDRESS = re.compile(r"\[SMTP:([^\]]+)\]", re.IGNORECASE)
_FORWARDS = {
    "ForwardTo": "forwardTo",
    "ForwardAsAttachmentTo": "forwardAsAttachmentTo",
    "RedirectTo": "redirectTo",
}
_WORDS = {
    "SubjectContainsWords": "subjectContains",
    "BodyContainsWords": "bodyContains",
    "SubjectOrBodyContainsWords": "bodyOrSubjectContains",
    "FromAddressContainsWords": "senderContains",
    "RecipientAddressContainsWords": "recipientContains",
    "HeaderContainsWords": "headerContains",
}
_KEPT = (
    "RuleIdentity",
    "Name",
    "Enabled",
    "Priority",
    "Description",
    *_FORWARDS,
    *_WORDS,
    "DeleteMessage",
    "SoftDeleteMessage",
    "MoveToFolder",
    "CopyToFolder",
    "MarkAsRead",
    "StopProcessingRules",
    "SendTextMessageNotificationTo",
)
_CHECK = "Get-InboxRule -IncludeHidden: Enabled"
_STUCK = (
    "A hidden rule that the cmdlets do not change is removed with MFCMAPI, in the Inbox's associated "
    "contents."
)


class HiddenRuleParameters(OwnDomains):
    """Which hidden rules are disabled."""

    keywords: tuple[str, ...] = Field(
        rules.KEYWORDS, description="words that make a hiding or forwarding rule suspicious"
    )


class DisableHiddenRules(ExchangeAction[HiddenRuleParameters]):
    """``exchange.disable_hidden_rules``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="exchange.disable_hidden_rules",
        system="exchange",
        title="Disable hidden inbox rules",
        countermeasure="CM0082",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-RC",),
        attack=("T1114.003", "T1564.008"),
        permissions=(PERMISSION,),
        roles=(ROLE,),
        parameters=HiddenRuleParameters,
        disrupts="The disabled rules do nothing until they are enabled again. Exchange may drop rules "
        "that Outlook keeps for itself and has switched off.",
        leaves_open=lines.HIDDEN_OPEN,
    )

    def by_hand(self, target: Target) -> str:
        """Show all, and disable those that forward or delete, one by one."""
        return lines.hidden_rules(box_of(target))

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One Disable-InboxRule for each."""
        why = "for each hidden rule that is not Exchange's own, or does what those do not"
        return (planned("Disable-InboxRule", _named(target, "{rule}"), why),)

    async def observe(self, target: Target) -> Observation:
        """List all rules, tell the hidden ones from the others, and judge them."""
        try:
            mailbox = await self._mailbox(target)
            hidden = await self._hidden(target)
        except errors.NotFound:
            return no_mailbox()
        own = await self._accepted(mailbox)
        snapshot: Json = {
            "mailbox": mailbox.name,
            "own_domains": sorted(own),
            "hidden": hidden,
            "suspicious": self._judged(hidden, own),
        }
        return Observation(snapshot, satisfied=not _on(snapshot["suspicious"]))

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Disable the rules that were suspicious at first sight and are enabled still."""
        enabled = {item["RuleIdentity"] for item in await self._hidden(target) if item["Enabled"]}
        going = [item for item in _on(before.snapshot["suspicious"]) if item["id"] in enabled]
        return Receipt({"rules": await self._set_all(target, going, "Disable-InboxRule")})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """See no suspicious hidden rule enabled, those added meanwhile included."""
        own = frozenset(before.snapshot["own_domains"])

        async def look() -> readback.Reading:
            on = _on(self._judged(await self._hidden(target), own))
            seen = "; ".join(f"{item['name']!r} {', '.join(item['reasons'])}" for item in on)
            return readback.Reading(
                not on,
                f"hidden, suspicious and enabled: {seen or 'none'}",
                reason=_STUCK if on else "",
            )

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(
            reading, check=_CHECK, expected="no suspicious hidden rule is enabled"
        )

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One Enable-InboxRule for each rule that was disabled."""
        why = "for each rule that was disabled"
        return (planned("Enable-InboxRule", _named(target, "{rule}"), why),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Enable the rules that were enabled before and still exist."""
        off = {item["RuleIdentity"] for item in await self._hidden(target) if not item["Enabled"]}
        going = [item for item in _on(before.snapshot["suspicious"]) if item["id"] in off]
        return Receipt({"rules": await self._set_all(target, going, "Enable-InboxRule")})

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """See the rules enabled that were enabled before, as far as they still exist."""
        wanted = {item["id"] for item in _on(before.snapshot["suspicious"])}

        async def look() -> readback.Reading:
            off = [
                item
                for item in await self._hidden(target)
                if item["RuleIdentity"] in wanted and not item["Enabled"]
            ]
            return readback.Reading(not off, f"{len(off)} of {len(wanted)} rules are disabled")

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=_CHECK, expected="all are enabled again")

    async def _hidden(self, target: Target) -> list[Json]:
        box = ids.object_id(target.id)
        shown = {_id(rule) for rule in await self._read("Get-InboxRule", Mailbox=box)}
        every = await self._read("Get-InboxRule", Mailbox=box, IncludeHidden=True)
        return [
            {**{name: rule.get(name) for name in _KEPT}, "RuleIdentity": _id(rule)}
            for rule in every
            if _id(rule) not in shown
        ]

    def _judged(self, hidden: Iterable[Json], own: frozenset[str]) -> list[Json]:
        judged = []
        for rule in hidden:
            name = str(rule["Name"] or "")
            why = rules.reasons(
                _as_graph_has_it(rule),
                own_domains=own,
                folder_names={},
                keywords=self._parameters.keywords,
            )
            known = _EXCHANGES_OWN.fullmatch(name) is not None
            # The junk mail rule moves to the junk folder: that is what it is there for.
            if known and not _leaves(rule):
                continue
            reasons = [*why] if known else ["is hidden, and not one of Exchange's own", *why]
            judged.append(
                {
                    "id": rule["RuleIdentity"],
                    "name": name,
                    "enabled": rule["Enabled"] is not False,
                    "reasons": reasons or ["does more than Exchange's own rule of this name"],
                }
            )
        return judged

    async def _set_all(self, target: Target, items: list[Json], cmdlet: str) -> list[Json]:
        async def change(item: Json) -> Json:
            return await self._change(target, cmdlet, _named(target, item["id"]), rule=item["id"])

        wanted = [{"id": item["id"], "reasons": item["reasons"]} for item in items]
        return await each(wanted, change)


def _named(target: Target, rule_id: str) -> Json:
    # Force: without it the cmdlet asks whether rules that only Outlook knows may be lost.
    return {
        "Mailbox": ids.object_id(target.id),
        "Identity": rule_id,
        "Force": True,
        "Confirm": False,
    }


def _on(judged: Iterable[Json]) -> list[Json]:
    return [item for item in judged if item["enabled"]]


def _id(rule: Json) -> str:
    return str(rule.get("RuleIdentity") or rule.get("Identity") or "")


def _leaves(rule: Json) -> bool:
    return any(rule.get(name) for name in (*_FORWARDS, "DeleteMessage", "SoftDeleteMessage"))


def _as_graph_has_it(rule: Json) -> Json:
    """The rule as a messageRule of Graph, which is what rules are judged by."""
    actions: Json = {
        theirs: [{"emailAddress": {"address": _address(text)}} for text in texts(rule.get(ours))]
        for ours, theirs in _FORWARDS.items()
    }
    actions["delete"] = bool(rule.get("DeleteMessage") or rule.get("SoftDeleteMessage"))
    actions["moveToFolder"] = str(rule.get("MoveToFolder") or "").rpartition("\\")[2]
    actions["markAsRead"] = rule.get("MarkAsRead") is True
    actions["stopProcessingRules"] = rule.get("StopProcessingRules") is True
    return {
        "displayName": rule.get("Name"),
        "actions": actions,
        "conditions": {theirs: list(texts(rule.get(ours))) for ours, theirs in _WORDS.items()},
    }


def _address(text: str) -> str:
    """The mail address in ``"Name" [SMTP:name@example.com]``; empty for an entry of the directory."""
    found = _ADDRESS.search(text)
    if found:
        return found[1]
    return text if "@" in text and "[" not in text else ""
