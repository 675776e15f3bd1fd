"""Which of the addresses of an alert may be blocked, and why the others may not.

A blocked zone is for the whole organization and comes before any policy: whoever blocks the office or
his own machine has locked himself out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors import errors
from connectors.okta.client import OktaClient
from connectors.okta.gateways import Span, span_of, unroutable
from connectors.okta.system_log import any_of, own_id, read_log
from connectors.okta.zones import Zone

_OWN_DAYS, _OWN_MOST = 7, 200


@dataclass(frozen=True, slots=True)
class Judged:
    """The addresses of an alert: those to block, those blocked already by a zone, those refused."""

    block: tuple[Span, ...] = ()
    already: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is never blocked: spans, each with the reason."""

    spans: tuple[tuple[Span, str], ...]

    def why(self, span: Span) -> str | None:
        """Why not even a part of these addresses may be blocked; None where they may."""
        return next((why for kept, why in self.spans if kept.overlaps(span)), None)


def kept_of(zones: Iterable[Zone], never_block: Iterable[str], own: Iterable[str]) -> Kept:
    """What the zones, the settings and the log say is never blocked."""
    found = [(span_of(each), "the settings say never") for each in never_block]
    found += [(span_of(each), "Rescind itself comes from there") for each in own]
    found += [(span, f"it is in zone {zone.name}") for zone in zones for span in zone.trusted]
    return Kept(tuple((span, why) for span, why in found if span))


def judge(ips: Sequence[str], kept: Kept, zones: Sequence[Zone]) -> Judged:
    """Sort the addresses.

    Args:
        ips: addresses or networks, as the alert names them.
        kept: what is never blocked.
        zones: all zones; what one of them blocks already needs no second block.
    """
    block: dict[Span, None] = {}
    already: dict[str, str] = {}
    refused: dict[str, str] = {}
    for text in ips:
        span = span_of(text)
        if span is None:
            refused[text[:64]] = "it is no address"
        elif span.too_broad:
            refused[str(span)] = "it is more than one network"
        elif unroutable(span):
            refused[str(span)] = "it is private, shared or not routed: nobody comes from there"
        elif why := kept.why(span):
            refused[str(span)] = why
        elif zone := next((z for z in zones if z.blocks and z.covers(span)), None):
            already[str(span)] = zone.name
        else:
            block[span] = None
    return Judged(tuple(block), already, refused)


async def own_addresses(client: OktaClient, now: datetime | None) -> tuple[str, ...] | None:
    """Where our own requests come from, as the log of the last days has it; None where it tells nothing.

    Okta tells a caller his address nowhere else.
    """
    ours = await own_id(client)
    if ours is None or now is None:
        return None
    since, until = now - timedelta(days=_OWN_DAYS), now + timedelta(seconds=1)
    try:
        told = await read_log(client, any_of("actor.id", [ours]), since, until, _OWN_MOST)
    except (errors.Forbidden, errors.Throttled, errors.Unavailable, errors.Invalid):
        return None
    return tuple(dict.fromkeys(entry.ip for entry in told.entries if entry.ip)) or None
