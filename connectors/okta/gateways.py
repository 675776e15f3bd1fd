"""Addresses as Okta's network zones have them, and which of them are never blocked. Pure.

Source: Okta Network Zones API, NetworkZoneAddress (``CIDR`` or ``RANGE``). An address is compared by
what it means, never by how it is spelled.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.action import Json

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Addresses nobody reaches Okta from over the internet: private, loopback, link-local, CGNAT (RFC 6598),
#: multicast, NAT64. If one of these is seen, it is a proxy's or our own network's. And the one by which
#: our zone is known.
_NEVER = (
    "192.0.2.0/32",
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.168.0.0/16", "224.0.0.0/3", "::/127", "64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8",
)  # fmt: skip
#: The broadest block that is one network's: an IPv4 /24, and a subscriber's IPv6 /56.
_BROADEST = {4: 24, 6: 56}


@dataclass(frozen=True, slots=True)
class Span:
    """Addresses from first to last, both included, of one IP version."""

    first: _Address
    last: _Address

    def covers(self, other: Span) -> bool:
        """Whether all of the other's addresses are among these."""
        return self.overlaps(other) and self._low <= other._low and other._high <= self._high

    def overlaps(self, other: Span) -> bool:
        """Whether any address is in both."""
        same = self.first.version == other.first.version
        return same and self._low <= other._high and other._low <= self._high

    @property
    def too_broad(self) -> bool:
        """Whether it is more than one network."""
        bits = self.first.max_prefixlen - _BROADEST[self.first.version]
        return self._high - self._low >= 1 << bits

    @property
    def _low(self) -> int:
        return int(self.first)

    @property
    def _high(self) -> int:
        return int(self.last)

    def __str__(self) -> str:
        if self.first == self.last:
            return str(self.first)
        networks = list(ipaddress.summarize_address_range(self.first, self.last))
        return str(networks[0]) if len(networks) == 1 else f"{self.first}-{self.last}"


def span_of(text: object) -> Span | None:
    """Read an address, a network (``203.0.113.0/24``) or a range (``a-b``); None where it is none."""
    if not isinstance(text, str) or "%" in text:
        return None
    try:
        first, dash, last = text.strip().partition("-")
        if dash:
            return _between(_plain(first.strip()), _plain(last.strip()))
        if "/" not in text:
            return _between(_plain(first), _plain(first))
        network = ipaddress.ip_network(first, strict=False)
    except ValueError:
        return None
    return _between(network[0], network[-1])


def spans_of(gateways: object) -> list[Span | None]:
    """Read a zone's gateways or proxies; None in the place of each that cannot be read."""
    items = gateways if isinstance(gateways, list) else []
    return [span_of(item.get("value")) if isinstance(item, dict) else None for item in items]


def gateway(span: Span) -> Json:
    """A span as a zone takes it."""
    text = str(span)
    if "/" in text:
        return {"type": "CIDR", "value": text}
    return {"type": "RANGE", "value": f"{span.first}-{span.last}"}


def unroutable(span: Span) -> bool:
    """Whether any of the addresses is one that nobody reaches Okta from."""
    return any(never.overlaps(span) for never in _never())


def _never() -> Iterable[Span]:
    return filter(None, map(span_of, _NEVER))


def _plain(text: str) -> _Address:
    """An address; an IPv4 one in IPv6 clothes is an IPv4 one."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _between(first: _Address, last: _Address) -> Span | None:
    right = first.version == last.version and int(first) <= int(last)
    return Span(first, last) if right else None
