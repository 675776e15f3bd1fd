"""Whether a hunt can be made over a tenant, told by the logs it delivers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors.log_delivery import Delivery, Log
from detectors.hunts.catalogue import hunts
from tasks.hunting_logs import HuntReadiness, TenantLog, readiness


def judged(states: Mapping[str, Delivery], tenant: str = "contoso") -> dict[str, HuntReadiness]:
    found = [TenantLog(tenant, Log(name, state, "")) for name, state in states.items()]
    return {each.hunt: each for each in readiness(found)}


@pytest.mark.parametrize(
    ("sign_ins", "renewals", "state"),
    [
        ("delivered", "delivered", "ready"),
        ("delivered", "missing", "partly"),
        ("delivered", "unknown", "partly"),
        ("missing", "missing", "cannot"),
        ("missing", "unknown", "unknown"),
    ],
)
def test_a_hunt_is_as_ready_as_its_logs(sign_ins: Delivery, renewals: Delivery, state: str) -> None:
    logs = {"entra.sign_ins": sign_ins, "entra.non_interactive_sign_ins": renewals}
    hunt = judged(logs)["entra-session-spread"]
    assert hunt.state == state
    assert set(hunt.lacks) == {name for name, each in logs.items() if each == "missing"}
    assert set(hunt.unsure) == {name for name, each in logs.items() if each == "unknown"}
    assert all(hunt.lacks.values())


def test_hunts_of_systems_a_tenant_has_not_are_left_out() -> None:
    found = judged({"okta.system_log": "delivered"})
    assert "refresh-token-places" not in found
    assert "refresh-stamp-changed" not in found
    assert found["okta-session-spread"].state == "ready"
    assert found["okta-session-spread"].reads == ("okta.system_log",)


def test_tenants_are_told_apart() -> None:
    logs = [
        TenantLog("contoso", Log("okta.system_log", "delivered", "")),
        TenantLog("fabrikam", Log("okta.system_log", "missing", "")),
    ]
    states = {(each.tenant, each.hunt): each.state for each in readiness(logs)}
    assert states["contoso", "okta-session-spread"] == "ready"
    assert states["fabrikam", "okta-session-spread"] == "cannot"


def test_every_hunt_says_what_it_takes_from_each_log() -> None:
    for hunt in hunts().values():
        assert hunt.logs, hunt.name
        assert all(name.count(".") == 1 and what for name, what in hunt.logs.items()), hunt.name
