"""Addresses of network zones: what they mean, and which of them are never blocked."""

from __future__ import annotations

import pytest

from connectors.okta.gateways import gateway, span_of, unroutable
from connectors.okta.untouchable import judge, kept_of
from connectors.okta.zones import Zone


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("203.0.113.66", "RANGE", "203.0.113.66-203.0.113.66"),
        ("::ffff:203.0.113.66", "RANGE", "203.0.113.66-203.0.113.66"),
        (" 203.0.113.64/30 ", "CIDR", "203.0.113.64/30"),
        ("203.0.113.66/30", "CIDR", "203.0.113.64/30"),
        ("203.0.113.66/32", "RANGE", "203.0.113.66-203.0.113.66"),
        ("203.0.113.1 - 203.0.113.5", "RANGE", "203.0.113.1-203.0.113.5"),
        ("2001:DB8:0::66", "RANGE", "2001:db8::66-2001:db8::66"),
        ("2001:db8:1::/64", "CIDR", "2001:db8:1::/64"),
    ],
)
def test_an_address_is_read_and_written_as_a_zone_takes_it(
    text: str, kind: str, value: str
) -> None:
    span = span_of(text)
    assert span is not None
    assert gateway(span) == {"type": kind, "value": value}
    assert span_of(value) == span


@pytest.mark.parametrize(
    "text", ["", "nowhere", "1.2.3", "1.2.3.4-::1", "5.6.7.8-5.6.7.1", "fe80::1%eth0", None, 7]
)
def test_what_is_no_address_is_none(text: object) -> None:
    assert span_of(text) is None


@pytest.mark.parametrize(
    ("text", "broad"),
    [
        ("203.0.113.0/24", False),
        ("203.0.112.0/23", True),
        ("203.0.113.0-203.0.114.0", True),
        ("2001:db8:0:100::/56", False),
        ("2001:db8::/55", True),
        ("0.0.0.0/0", True),
    ],
)
def test_more_than_one_network_is_too_broad(text: str, broad: bool) -> None:
    span = span_of(text)
    assert span is not None
    assert span.too_broad is broad


@pytest.mark.parametrize(
    "text",
    [
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.1", "255.255.255.255", "224.0.0.1", "::1", "::", "fd00::1", "fe80::1", "ff02::1",
        "64:ff9b::1", "::ffff:10.0.0.1", "192.0.2.0/24",
    ],
)  # fmt: skip
def test_what_nobody_comes_from_is_not_blocked(text: str) -> None:
    span = span_of(text)
    assert span is not None
    assert unroutable(span)


OFFICE = Zone({
    "type": "IP", "name": "Offices", "usage": "POLICY", "status": "ACTIVE",
    "gateways": [{"type": "CIDR", "value": "198.51.100.7/24"}, {"type": "CIDR", "value": "odd"}],
    "proxies": [{"type": "RANGE", "value": "203.0.113.1-203.0.113.9"}],
})  # fmt: skip
BLOCKED = Zone({
    "type": "IP", "name": "Blocked", "usage": "BLOCKLIST", "status": "ACTIVE",
    "gateways": [{"type": "CIDR", "value": "203.0.113.192/26"}],
})  # fmt: skip
DYNAMIC = Zone({"type": "DYNAMIC_V2", "name": "Tor", "usage": "POLICY", "asns": {"include": []}})


def test_trusted_own_and_named_addresses_are_kept_even_in_part() -> None:
    zones = [OFFICE, BLOCKED, DYNAMIC]
    kept = kept_of(zones, ["203.0.113.100", "2001:db8:5::/48"], ["203.0.113.77"])
    judged = judge(
        [
            "203.0.113.66", "203.0.113.066", "198.51.100.200", "203.0.113.0/28", "203.0.113.5",
            "203.0.113.64/28", "203.0.113.100", "203.0.113.200", "2001:db8:5::66", "2001:db8:6::66",
            "203.0.113.66/32",
        ],
        kept,
        zones,
    )  # fmt: skip
    assert [str(span) for span in judged.block] == ["203.0.113.66", "2001:db8:6::66"]
    assert judged.already == {"203.0.113.200": "Blocked"}
    assert judged.refused == {
        "203.0.113.066": "it is no address",
        "198.51.100.200": "it is in zone Offices",
        "203.0.113.0/28": "it is in zone Offices",
        "203.0.113.5": "it is in zone Offices",
        "203.0.113.64/28": "Rescind itself comes from there",
        "203.0.113.100": "the settings say never",
        "2001:db8:5::66": "the settings say never",
    }
    assert OFFICE.trusted[1] is None


def test_a_zone_switched_off_blocks_nothing() -> None:
    off = Zone({**BLOCKED.body, "status": "INACTIVE"})
    assert [str(s) for s in judge(["203.0.113.200"], kept_of([], [], []), [off]).block] == [
        "203.0.113.200"
    ]
