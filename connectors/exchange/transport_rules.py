"""Look for rules over everybody's mail that send it outside, and say which changed since the theft.

They belong to no person: none is changed from here, whoever approves. Source: Exchange Online
PowerShell, Get-TransportRule; CISA CM0082.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from connectors.action import ActionSpec, Impact, Observation, Outcome, Target, Verdict
from connectors.clock import instant, spell
from connectors.entra import powershell
from connectors.entra.age import Age, Window
from connectors.entra.rules import domain_of
from connectors.exchange import lines
from connectors.exchange.base import PERMISSION, ExchangeAction, Mailbox, OwnDomains, texts
from connectors.exchange.client import Command
from connectors.reading import Reading

Json = dict[str, Any]

_SENDS = {
    "RedirectMessageTo": "redirects",
    "BlindCopyTo": "copies, unseen",
    "CopyTo": "copies",
    "AddToRecipients": "adds as recipient",
}
_KEPT = (
    "Guid",
    "Name",
    "State",
    "Mode",
    "Priority",
    "WhenChanged",
    "Description",
    *_SENDS,
    "RouteMessageOutboundConnector",
    "DeleteMessage",
)
_BOTH = (
    "These rules are everybody's: take the decision with a second administrator, and tell who answers "
    "for mail."
)


class TransportRuleParameters(OwnDomains):
    """What counts as outside, and as recent."""

    margin_minutes: int = Field(
        60, ge=0, le=10080, description="how much earlier than the first sign counts as recent"
    )


class ReviewTransportRules(Reading, ExchangeAction[TransportRuleParameters]):
    """``exchange.review_transport_rules``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="exchange.review_transport_rules",
        system="exchange",
        title="Look for tenant-wide mail rules that send mail outside",
        countermeasure="CM0082",
        impact=Impact.NONE,
        reversible=False,
        d3fend=("D3-RC",),
        attack=("T1114.003", "T1564.008"),
        permissions=(PERMISSION,),
        roles=("Global Reader",),
        parameters=TransportRuleParameters,
        leaves_open=lines.TRANSPORT_OPEN,
    )

    def by_hand(self, target: Target) -> str:
        """Show those that were changed since the theft."""
        return lines.transport_rules(target.since)

    async def observe(self, target: Target) -> Observation:
        """Read all rules, and judge them.

        Returns:
            ``manual`` where an enabled rule sends mail outside and was changed since the theft, or
            that cannot be told; ``already`` where none does, with the older ones named.
        """
        command = Command("Get-TransportRule", {}, needs=self._needs)
        listing = await self._client.read(command)
        own = await self._accepted(Mailbox({"UserPrincipalName": target.name}, None))
        now = listing.date
        window = Window.since(target.since, self._parameters.margin_minutes, now) if now else None
        rules = [{name: rule.get(name) for name in _KEPT} for rule in listing.items]
        judged = [
            {"name": str(rule["Name"]), "reasons": why, "changed": rule["WhenChanged"]}
            for rule in rules
            if str(rule["State"]).casefold() != "disabled" and (why := list(_reasons(rule, own)))
        ]
        recent = [item for item in judged if _is_recent(item, window)]
        older = [item for item in judged if item not in recent]
        snapshot: Json = {
            "since": spell(window.start, "seconds") if window else None,
            "rules": len(rules),
            "outside": judged,
            "in_full": [
                rule for rule in rules if rule["Name"] in {item["name"] for item in judged}
            ],
        }
        return Observation(snapshot, verdict=_verdict(recent, older))


def _reasons(rule: Json, own: frozenset[str]) -> Iterable[str]:
    for name, verb in _SENDS.items():
        for address in texts(rule[name]):
            if domain_of(address) not in own:
                yield f"{verb} to {address}"
    if rule["RouteMessageOutboundConnector"]:
        yield f"routes through {rule['RouteMessageOutboundConnector']}"
    if rule["DeleteMessage"] is True:
        yield "deletes what it matches"


def _is_recent(item: Json, window: Window | None) -> bool:
    changed = instant(item["changed"])
    if window is None or changed is None:
        return True
    return window.by_date(changed).age is Age.RECENT


def _verdict(recent: list[Json], older: list[Json]) -> Verdict:
    if not recent:
        known = f"; older ones do: {_told(older)}" if older else ""
        why = f"no rule that was changed since the theft sends mail outside or deletes it{known}"
        return Verdict(Outcome.OBSERVED, why)
    names = "\n".join(
        f"# {json.dumps(item['name'])}: {', '.join(item['reasons'])}\n"
        f"Get-TransportRule -Identity {powershell.quoted(item['name'])} | Format-List\n"
        f"Disable-TransportRule -Identity {powershell.quoted(item['name'])} -Confirm"
        for item in recent
    )
    return Verdict(Outcome.MANUAL, f"{_told(recent)}. {_BOTH}", names)


def _told(items: Iterable[Json]) -> str:
    return "; ".join(f"{item['name']!r} {', '.join(item['reasons'])}" for item in items)
