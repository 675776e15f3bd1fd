"""The practice org's zones, policies and log behave as Okta's do, told over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulator import okta_policies
from simulator.okta_scene import HOME, THIEF
from simulator.server import Simulator
from simulator.theft import steal

pytest_plugins = ("practice_tenant",)

ZONE = {"type": "IP", "name": "Blocked", "status": "ACTIVE", "usage": "BLOCKLIST"}
RULE = f"/api/v1/policies/{okta_policies.SESSION_POLICY}/rules/{okta_policies.SESSION_RULE}"
ACCESS = (
    f"/api/v1/authorizationServers/{okta_policies.SERVER}/policies/"
    f"{okta_policies.ACCESS_POLICY}/rules/{okta_policies.ACCESS_RULE}"
)


@pytest.fixture
def okta(sim: Simulator) -> Iterator[httpx.Client]:
    key = {"Authorization": "SSWS simulated-okta-token"}
    with httpx.Client(base_url=sim.url, headers=key, timeout=60) as client:
        yield client


def block(okta: httpx.Client, *values: str) -> httpx.Response:
    gateways = [{"type": "RANGE", "value": f"{value}-{value}"} for value in values]
    return okta.post("/api/v1/zones", json={**ZONE, "gateways": gateways})


@pytest.mark.parametrize("ip", [THIEF.ip, "2001:db8::66"])
def test_whoever_comes_from_a_blocked_zone_is_refused(
    sim: Simulator, okta: httpx.Client, ip: str
) -> None:
    loot = steal(sim.tenant, "nora.lind").okta
    assert loot is not None
    form = {"grant_type": "refresh_token", "client_id": loot.client_id}
    form["refresh_token"] = loot.refresh_token

    def redeem(address: str) -> int:
        here = {"X-Forwarded-For": address}
        return httpx.post(
            f"{sim.url}/oauth2/v1/token", data=form, headers=here, timeout=60
        ).status_code

    assert redeem(ip) == 200
    zone = block(okta, ip).json()
    assert (redeem(ip), redeem(HOME.ip)) == (403, 200)
    gateways = [{"type": "CIDR", "value": "192.0.2.0/32"}]
    okta.put(f"/api/v1/zones/{zone['id']}", json={**ZONE, "gateways": gateways})
    assert redeem(ip) == 200
    grants = [e for e in sim.tenant.okta_events if e["eventType"].endswith("grant.refresh_token")]
    assert {ip, HOME.ip} <= {event["client"]["ipAddress"] for event in grants[-2:]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"gateways": []},
        {"name": "Offices"},
        {"gateways": [{"type": "CIDR", "value": "nowhere"}]},
        {"gateways": [{"type": "CIDR", "value": f"10.0.{n // 250}.{n % 250}/32"} for n in range(1001)]},
    ],
)  # fmt: skip
def test_a_zone_okta_would_not_take_is_refused(okta: httpx.Client, wrong: dict[str, Any]) -> None:
    body = {**ZONE, "gateways": [{"type": "CIDR", "value": "192.0.2.0/32"}], **wrong}
    answer = okta.post("/api/v1/zones", json=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")


def test_what_a_put_leaves_out_is_gone(okta: httpx.Client) -> None:
    rule = okta.get(RULE).json()
    assert rule["conditions"]["riskScore"] == {"level": "ANY"}
    del rule["conditions"]["riskScore"]
    okta.put(RULE, json={**rule, "id": "another", "status": "INACTIVE"})
    after = okta.get(RULE).json()
    assert "riskScore" not in after["conditions"]
    assert (after["id"], after["status"]) == (okta_policies.SESSION_RULE, "ACTIVE")


@pytest.mark.parametrize(
    "wrong",
    [
        {"accessTokenLifetimeMinutes": 4},
        {"refreshTokenLifetimeMinutes": 30},
        {"refreshTokenWindowMinutes": 9},
    ],
)
def test_lifetimes_okta_would_not_take_are_refused(
    okta: httpx.Client, wrong: dict[str, int]
) -> None:
    rule = okta.get(ACCESS).json()
    rule["actions"]["token"] |= wrong
    assert okta.put(ACCESS, json=rule).status_code == 400
    assert okta.put(ACCESS.replace("aus", "auz", 1), json=rule).status_code == 404


def test_the_log_is_late_when_it_is_told_to_be(sim: Simulator, okta: httpx.Client) -> None:
    sim.tenant.audit_lag_s = 3600
    block(okta, THIEF.ip)
    mine = {"filter": 'eventType eq "zone.create"'}
    assert okta.get("/api/v1/logs", params=mine).json() == []
    sim.tenant.advance(3601)
    (event,) = okta.get("/api/v1/logs", params=mine).json()
    assert event["actor"]["id"] == okta.get("/api/v1/users/me").json()["id"]
