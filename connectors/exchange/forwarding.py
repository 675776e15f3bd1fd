"""Take away the forwarding that is set on the mailbox itself, noted in full first.

Source: Exchange Online PowerShell, Get-Mailbox and Set-Mailbox (ForwardingAddress, which an
administrator sets and which wins; ForwardingSmtpAddress, which the owner may set);
CISA CM0082 (take note of the address before removing it).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

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
from connectors.entra import ids
from connectors.entra.rules import domain_of
from connectors.exchange import lines
from connectors.exchange.base import (
    PERMISSION,
    ROLE,
    ExchangeAction,
    Mailbox,
    OwnDomains,
    box_of,
    no_mailbox,
    planned,
)

Json = dict[str, Any]

_NAMES = ("ForwardingAddress", "ForwardingSmtpAddress")
_CHECK = "Get-Mailbox: ForwardingAddress, ForwardingSmtpAddress"
_KEEP = "DeliverToMailboxAndForward"


class ForwardingParameters(OwnDomains):
    """Which forwarding is taken away."""

    scope: Literal["outside", "all"] = Field(
        "outside", description="outside: what leaves the tenant's domains; all: whatever is set"
    )


class RemoveForwarding(ExchangeAction[ForwardingParameters]):
    """``exchange.remove_forwarding``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="exchange.remove_forwarding",
        system="exchange",
        title="Remove the mailbox's own forwarding",
        countermeasure="CM0082",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-RC",),
        attack=("T1114.003",),
        permissions=(PERMISSION,),
        roles=(ROLE,),
        parameters=ForwardingParameters,
        disrupts="Mail is not sent on any more, until the forwarding is set again.",
        leaves_open=lines.FORWARDING_OPEN,
    )

    def by_hand(self, target: Target) -> str:
        """Show it, and take it away."""
        return lines.forwarding(box_of(target))

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One Set-Mailbox."""
        beyond = "" if self._parameters.scope == "all" else " that leads outside the tenant"
        why = f"only the forwarding that is set{beyond}; noted in full first"
        return (_planned(target, None, why),)

    async def observe(self, target: Target) -> Observation:
        """Read the forwarding and judge where it leads."""
        try:
            mailbox = await self._mailbox(target)
        except errors.NotFound:
            return no_mailbox()
        own = await self._accepted(mailbox)
        leads = {name: await self._leads(mailbox, name) for name in _NAMES}
        snapshot: Json = {
            "mailbox": mailbox.properties,
            "own_domains": sorted(own),
            "leads_to": leads,
            "remove": [name for name in _NAMES if self._goes(mailbox, name, leads[name], own)],
        }
        return Observation(snapshot, satisfied=not snapshot["remove"])

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Clear what was chosen and is as it was then."""
        now, was = (await self._mailbox(target)).properties, before.snapshot["mailbox"]
        going = [name for name in before.snapshot["remove"] if now[name] and now[name] == was[name]]
        if not going:
            return Receipt({"sent": False, "why": "it is not set any more"})
        parameters: Json = {"Identity": ids.object_id(target.id), **dict.fromkeys(going)}
        if not any(now[name] for name in _NAMES if name not in going):
            parameters[_KEEP] = False
        return Receipt(await self._change(target, "Set-Mailbox", parameters, sets=", ".join(going)))

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read until nothing is set that leads outside; what was set meanwhile counts, too."""
        own = frozenset(before.snapshot["own_domains"])

        async def look() -> readback.Reading:
            mailbox = await self._mailbox(target)
            leads = {name: await self._leads(mailbox, name) for name in _NAMES}
            left = [name for name in _NAMES if self._goes(mailbox, name, leads[name], own)]
            told = ", ".join(f"{name} {mailbox.properties[name]}" for name in left)
            return readback.Reading(not left, f"set: {told or 'none that was to go'}", mailbox.date)

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=_CHECK, expected="no forwarding that was to go")

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:
        """One Set-Mailbox."""
        return (_planned(target, "(as before)", "what was taken away is set again"),)

    async def undo(self, target: Target, before: Observation) -> Receipt:
        """Set again what was taken away, where nothing else was set since."""
        now, was = (await self._mailbox(target)).properties, before.snapshot["mailbox"]
        back = [name for name in before.snapshot["remove"] if not now[name]]
        if not back:
            return Receipt({"sent": False, "why": "it is set already"})
        parameters: Json = {
            "Identity": ids.object_id(target.id),
            **{name: was[name] for name in back},
            _KEEP: was[_KEEP] is True,
        }
        return Receipt(await self._change(target, "Set-Mailbox", parameters, sets=", ".join(back)))

    async def restored(self, target: Target, before: Observation, patience: Patience) -> Proof:
        """Read until it is set as before."""
        was = before.snapshot["mailbox"]
        wanted = {name: was[name] for name in (*before.snapshot["remove"], _KEEP)}

        async def look() -> readback.Reading:
            now = (await self._mailbox(target)).properties
            other = [name for name in wanted if now[name] != wanted[name]]
            return readback.Reading(not other, f"other than before: {', '.join(other) or 'none'}")

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(reading, check=_CHECK, expected="as before")

    def _goes(self, mailbox: Mailbox, name: str, leads_to: str | None, own: frozenset[str]) -> bool:
        if not mailbox.properties[name]:
            return False
        return self._parameters.scope == "all" or domain_of(leads_to) not in own

    async def _leads(self, mailbox: Mailbox, name: str) -> str | None:
        """The address mail is sent on to; None where it is not known, which counts as outside."""
        value = mailbox.properties[name]
        if not value or name == "ForwardingSmtpAddress":
            return str(value).partition(":")[2] or str(value) if value else None
        try:
            found = await self._read("Get-Recipient", Identity=str(value))
        except errors.NotFound:
            return None
        if len(found) != 1:
            return None
        # A contact of the directory has an address here and another one outside.
        address = found[0].get("ExternalEmailAddress") or found[0].get("PrimarySmtpAddress")
        return str(address).rpartition(":")[2] if address else None


def _planned(target: Target, value: str | None, why: str) -> PlannedCall:
    parameters = {"Identity": ids.object_id(target.id), **dict.fromkeys(_NAMES, value)}
    return planned("Set-Mailbox", parameters, why)
