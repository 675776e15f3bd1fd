"""Keep a thief's addresses out of the organization, by a blocked network zone of our own.

Source: Okta Network Zones API: a zone with usage BLOCKLIST denies access to all URLs of the organization
before any policy is looked at; a change takes about a minute to be everywhere (Okta help, IP zones).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors import errors
from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    Json,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.clock import instant, spell
from connectors.door import Answer, Journal
from connectors.okta.base import READ, OktaAction, nothing_sent, stamp
from connectors.okta.gateways import Span, gateway, span_of, spans_of
from connectors.okta.system_log import READ_LOG
from connectors.okta.untouchable import judge, kept_of, own_addresses
from connectors.okta.users import read_user
from connectors.okta.zones import MOST_GATEWAYS, ZONE, ZONES, Zone, new_zone, read_zones
from connectors.readback import Reading, proof, until

_SPREADS = timedelta(seconds=60)
_ROUNDS = 3


def _readable(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if span_of(value) is None:
            raise ValueError(f"{value!r} is no address, network or range")
    return values


class BlockNetworkParameters(BaseModel):
    """Which addresses, and which never."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ips: tuple[str, ...] = Field((), description="addresses or networks, IPv4 or IPv6")
    zone_name: str = Field(
        "Rescind blocked", min_length=1, max_length=128, description="the name of our blocked zone"
    )
    never_block: Annotated[tuple[str, ...], AfterValidator(_readable)] = Field(
        (), description="addresses, networks or ranges that are never blocked"
    )


class BlockNetwork(OktaAction[BlockNetworkParameters]):
    """``okta.block_network``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="okta.block_network",
        system="okta",
        title="Block the thief's addresses in Okta",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=True,
        d3fend=("D3-NTF", "D3-ITF"),
        attack=("T1550.004", "T1078.004"),
        permissions=("okta.networkZones.read", "okta.networkZones.manage", READ, READ_LOG),
        parameters=BlockNetworkParameters,
        shared=True,
        disrupts="Nobody reaches anything of the organization in Okta from these addresses.",
        leaves_open="The thief goes on from the addresses he came from.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - aims at a zone
        """The zone is made, or replaced with the addresses added."""
        which = ", ".join(self._parameters.ips) or "none"
        body = f"zone {self._parameters.zone_name}, usage BLOCKLIST; adds {which}"
        why = (
            "concerns everybody who comes from there; trusted zones, private and own addresses stay"
        )
        return (
            PlannedCall("POST", ZONES, body, f"unless the zone exists; {why}"),
            PlannedCall("PUT", ZONE, body, f"where it exists; what else is in it stays; {why}"),
        )

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002
        """The zone is replaced with the addresses taken out."""
        which = ", ".join(self._parameters.ips) or "none"
        body = f"zone {self._parameters.zone_name}: takes out {which}"
        return (PlannedCall("PUT", ZONE, body, "what else is in the zone stays"),)

    async def observe(self, target: Target) -> Observation:
        """Read the zones and where we come from ourselves, and choose the addresses."""
        if not self._parameters.ips:
            reason = "no address is named"
            return Observation({}, verdict=Verdict(Outcome.SKIPPED, reason))
        zones = await read_zones(self._client)
        user = await read_user(self._client, target.id)
        own = await own_addresses(self._client, user.date)
        kept = kept_of(zones, self._parameters.never_block, own or ())
        judged = judge(self._parameters.ips, kept, zones)
        zone = self._named(zones)
        snapshot: Json = {
            "zone": zone.body if zone else None,
            "add": [gateway(span) for span in judged.block],
            "already": dict(judged.already),
            "refused": dict(judged.refused),
            "own": list(own or ()),
            "odd": sum(span is None for each in zones for span in each.trusted),
        }
        if not judged.block:
            return _nothing_to_block(snapshot)
        verdict = self._verdict(zone, len(judged.block), own_known=bool(own))
        return Observation(snapshot, satisfied=False, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Add what is missing to the zone as it is now, and look whether it stays."""

        def wanted(zone: Zone | None) -> Json | None:
            add = [item for item in before.snapshot["add"] if not zone or not _has(zone, item)]
            if not add:
                return None
            if zone is None:
                return new_zone(self._parameters.zone_name, add)
            if len(zone.gateways) + len(add) > MOST_GATEWAYS:
                raise errors.Conflict("the zone is full", remedy=_FULL)
            return zone.with_gateways([*zone.gateways, *add])

        return await self._replace(wanted, "the zone has the addresses already")

    async def verify(
        self,
        target: Target,  # noqa: ARG002 - aims at a zone
        before: Observation,
        receipt: Receipt | None,
        patience: Patience,
    ) -> Proof:
        """Read until our zone blocks all the addresses."""

        async def look() -> Reading:
            zone = self._named(await read_zones(self._client))
            add = before.snapshot["add"]
            there = [item for item in add if zone and zone.blocks and _has(zone, item)]
            seen = f"{len(there)} of {len(add)} addresses are in blocked zone {self._parameters.zone_name}"
            return Reading(len(there) == len(add), seen, reason=_told(before, zone))

        reading = await until(look, patience, self._sleep)
        at = instant(receipt.data.get("date")) if receipt else None
        spread = spell(at + _SPREADS) if at else "unknown"
        return proof(
            reading,
            check=f"GET {ZONES}",
            expected="all of them",
            exposure=(
                Exposure("okta", "requests from the addresses", spread, _SLOW),
                Exposure("okta", "what the thief does from another address", "unknown", _MOVES),
            ),
        )

    async def undo(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Take out what this step added; what else is in the zone stays, and so does the zone."""
        if before.satisfied or not before.snapshot.get("add"):
            return nothing_sent("this step blocked nothing")
        ours = spans_of(before.snapshot["add"])

        def wanted(zone: Zone | None) -> Json | None:
            if zone is None or not any(span in ours for span in zone.spans):
                return None
            pairs = zip(zone.gateways, spans_of(zone.gateways), strict=True)
            return zone.with_gateways(item for item, span in pairs if span not in ours or not span)

        return await self._replace(wanted, "the addresses are out of the zone already")

    async def restored(
        self,
        target: Target,  # noqa: ARG002 - aims at a zone
        before: Observation,
        patience: Patience,
    ) -> Proof:
        """Read until none of what this step added is in our zone."""
        ours = spans_of(before.snapshot.get("add")) if not before.satisfied else []

        async def look() -> Reading:
            zones = await read_zones(self._client)
            zone = self._named(zones)
            left = [span for span in (zone.spans if zone else []) if span in ours]
            others = [z.name for z in zones if z.blocks for span in ours if span and z.covers(span)]
            reason = f"still blocked by {', '.join(dict.fromkeys(others))}" if others else ""
            return Reading(not left, f"{len(left)} of the addresses are in it", reason=reason)

        reading = await until(look, patience, self._sleep)
        return proof(reading, check=f"GET {ZONES}", expected="none of them is in our zone")

    async def _replace(self, wanted: Callable[[Zone | None], Json | None], done: str) -> Receipt:
        """Read, replace and read again, so that what others wrote between is neither lost nor wins."""
        receipt = nothing_sent(done)
        zone_of_all = f"zone {self._parameters.zone_name}"
        async with self._client.alone(zone_of_all, self._journal) as journal:
            for turn in range(_ROUNDS):
                zone = self._named(await read_zones(self._client))
                if zone is not None and not zone.is_ours:
                    raise errors.Conflict(f"zone {zone.name} is not ours", remedy=_RENAME)
                body = wanted(zone)
                if body is None:
                    return receipt
                if turn:
                    # What was written is not to be seen: the read was too early, or it was replaced.
                    await self._sleep(0.2)
                answer = await self._written(zone, body, journal)
                receipt = Receipt({"sent": True, "turn": turn + 1, **stamp(answer)})
        return receipt

    async def _written(self, zone: Zone | None, body: Json, journal: Journal) -> Answer:
        if zone is None:
            return await self._client.change("POST", ZONES, {}, journal, body=body)
        return await self._client.change("PUT", ZONE, {"zone": zone.id}, journal, body=body)

    def _named(self, zones: tuple[Zone, ...]) -> Zone | None:
        return next((zone for zone in zones if zone.name == self._parameters.zone_name), None)

    def _verdict(self, zone: Zone | None, more: int, *, own_known: bool) -> Verdict | None:
        if zone is not None and not zone.is_ours:
            reason = f"there is a zone {zone.name} that Rescind did not make; it is left alone"
            return Verdict(Outcome.MANUAL, reason, _RENAME)
        if zone is not None and not zone.blocks:
            reason = f"somebody switched our zone {zone.name} off"
            return Verdict(Outcome.MANUAL, reason, "Switch it on again, or block by hand.")
        held = len(zone.gateways) if zone is not None else 1
        if held + more > MOST_GATEWAYS:
            reason = f"our zone would have {held + more} of at most {MOST_GATEWAYS} gateways"
            return Verdict(Outcome.MANUAL, reason, _FULL)
        if not own_known and not self._parameters.never_block:
            reason = "it is not known which addresses Rescind itself comes from"
            return Verdict(Outcome.MANUAL, reason, _SAY_OWN)
        return None


_SLOW = "Okta says that a changed zone takes about a minute to be in force everywhere."
_MOVES = "A block is for addresses; he may have others."
_RENAME = "Give the step another zone_name, or take the other zone's name away."
_FULL = "Take addresses out of it that are of no use any more, or give another zone_name."
_SAY_OWN = "Put them in never_block, or grant okta.logs.read; else a block may lock Rescind out."


def _has(zone: Zone, item: Json) -> bool:
    span = span_of(item.get("value"))
    return span is not None and zone.covers(span)


def _nothing_to_block(snapshot: Json) -> Observation:
    if snapshot["already"] and not snapshot["refused"]:
        return Observation(snapshot, satisfied=True)
    told = [f"{ip}: {why}" for ip, why in snapshot["refused"].items()]
    told += [f"{ip}: blocked already by {zone}" for ip, zone in snapshot["already"].items()]
    return Observation(snapshot, verdict=Verdict(Outcome.SKIPPED, "; ".join(told)))


def _told(before: Observation, zone: Zone | None) -> str:
    was = spans_of((before.snapshot["zone"] or {}).get("gateways"))
    now: list[Span | None] = list(zone.spans) if zone else []
    parts = [f"{ip} was not blocked: {why}" for ip, why in before.snapshot["refused"].items()]
    if any(span not in now for span in was if span):
        parts.append("gateways that were in the zone before are not in it any more")
    if before.snapshot["odd"]:
        parts.append(f"{before.snapshot['odd']} entries of trusted zones could not be understood")
    return "; ".join(parts)
