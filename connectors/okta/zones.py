"""Okta's network zones, read and replaced as raw JSON; which one is ours, and which are trusted.

Source: Okta Network Zones API. A PUT replaces the whole zone and there is no ETag; an IP zone has at
least one gateway or proxy; a zone has no description to mark it by.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from connectors.action import Json
from connectors.okta.client import OktaClient
from connectors.okta.gateways import Span, span_of, spans_of

ZONES = "/api/v1/zones"
ZONE = "/api/v1/zones/{zone}"

#: By this gateway a zone is known as ours, and it keeps the zone from being empty. Nobody has this
#: address: it belongs to documentation (RFC 5737).
MARK: Json = {"type": "RANGE", "value": "192.0.2.0-192.0.2.0"}
#: How many gateways our zone may have. Okta takes 150 in a zone and 1000 in a blocked one; a list this
#: long is one that people should look through.
MOST_GATEWAYS = 150

_READ_ONLY = ("id", "created", "lastUpdated", "system", "_links")


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone as it was read."""

    body: Json

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.body.get("id"))

    @property
    def name(self) -> str:
        """Its name, unique in the organization."""
        return str(self.body.get("name"))

    @property
    def gateways(self) -> list[Any]:
        """Its gateways, raw."""
        held = self.body.get("gateways")
        return held if isinstance(held, list) else []

    @property
    def spans(self) -> list[Span]:
        """Its gateways, as far as they can be read."""
        return [span for span in spans_of(self.gateways) if span]

    @property
    def is_ours(self) -> bool:
        """Whether we made it: an IP zone with our mark."""
        made = self.body.get("type") == "IP" and self.body.get("system") is not True
        return made and span_of(MARK["value"]) in self.spans

    @property
    def blocks(self) -> bool:
        """Whether it keeps its addresses out."""
        active = self.body.get("status", "ACTIVE") == "ACTIVE"
        return self.body.get("type") == "IP" and active and self.body.get("usage") == "BLOCKLIST"

    @property
    def trusted(self) -> list[Span | None]:
        """What stands in a zone for policies or exemptions; None for each entry not understood.

        Okta does not say which of them are for letting in; none of their addresses is blocked.
        """
        if self.body.get("type") != "IP" or self.body.get("usage") == "BLOCKLIST":
            return []
        return [*spans_of(self.gateways), *spans_of(self.body.get("proxies"))]

    def covers(self, span: Span) -> bool:
        """Whether one of its gateways has all these addresses."""
        return any(held.covers(span) for held in self.spans)

    def with_gateways(self, gateways: Iterable[Any]) -> Json:
        """The zone as it may be sent, with these gateways and all else as it was read."""
        kept = {key: value for key, value in self.body.items() if key not in _READ_ONLY}
        return {**copy.deepcopy(kept), "gateways": list(gateways)}


async def read_zones(client: OktaClient) -> tuple[Zone, ...]:
    """Read all zones.

    Raises:
        errors.ConnectorError: where they cannot be read.
    """
    listing = await client.get_all(ZONES, {})
    return tuple(Zone(item) for item in listing.items if isinstance(item, dict))


def new_zone(name: str, gateways: Iterable[Json]) -> Json:
    """A blocked zone of ours, as it may be sent."""
    return {
        "type": "IP",
        "name": name,
        "status": "ACTIVE",
        "usage": "BLOCKLIST",
        "gateways": [MARK, *gateways],
    }
