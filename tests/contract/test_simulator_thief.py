"""The thief is locked out when, and only when, the credentials die."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from simulator import Simulator, Thief, faults
from simulator.clock import steady_ms
from simulator.faults import Fault

from house import wait_for

GRAPH = {"Authorization": "Bearer simulated-graph-token"}
OKTA = {"Authorization": "SSWS simulated-okta-token"}
# One client for all: each new one would build a TLS context first.
PLAIN = httpx.Client(timeout=60, trust_env=False)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(sim: Simulator) -> None:
    sim.reset()


@pytest.fixture
def thief(sim: Simulator) -> Iterator[Thief]:
    with Thief(sim.url, sim.steal("nora.lind")) as working:
        assert working.wait_until_working()
        yield working


def revoke_entra(sim: Simulator) -> None:
    user = sim.tenant.person("nora.lind").entra
    assert user is not None
    url = f"{sim.url}/v1.0/users/{user.id}/revokeSignInSessions"
    assert PLAIN.post(url, headers=GRAPH).status_code == 200


def revoke_okta(sim: Simulator, *, tokens: bool = True) -> None:
    user = sim.tenant.person("nora.lind").okta
    assert user is not None
    flag = str(tokens).lower()
    url = f"{sim.url}/api/v1/users/{user.id}/sessions?oauthTokens={flag}"
    assert PLAIN.delete(url, headers=OKTA).status_code == 204


def test_he_is_locked_out_from_the_revocation_on(sim: Simulator, thief: Thief) -> None:
    assert thief.locked_out() == {"entra": None, "okta": None}
    revoke_entra(sim)
    revoke_okta(sim)
    assert thief.wait_until_locked_out()
    changed = {e.system: e for e in sim.requests.writes() if e.changed}
    for system, at in thief.locked_out().items():
        assert at is not None
        finished = changed[system].finished_ms
        assert finished is not None
        # One interval of 50 ms and one round trip, where the machine has nothing else to do.
        assert -20 <= at - finished < 10_000
    report = json.loads(json.dumps(thief.report()))
    assert all(c["successes"] and c["last_success_at"] for c in report["credentials"])
    assert all(c["first_refusal_mono"] for c in report["credentials"])


def test_half_a_revocation_does_not_lock_him_out(sim: Simulator, thief: Thief) -> None:
    revoke_okta(sim, tokens=False)
    by_name = {(t.system, t.name): t for t in thief.trials}
    wait_for(lambda: by_name["okta", "sid"].first_refusal_at is not None, 5, "a refusal")
    time.sleep(0.2)
    assert by_name["okta", "refresh_token"].first_refusal_at is None
    assert thief.locked_out()["okta"] is None


def test_errors_are_no_lock_out(sim: Simulator, thief: Thief) -> None:
    for system in ("entra_login", "okta_login"):
        sim.faults.add(Fault(faults.status(503), system=system, times=4))
        sim.faults.add(Fault(faults.throttle(), system=system, times=4))
        sim.faults.add(Fault(faults.drop(), system=system, times=4))
    wait_for(lambda: sum(t.inconclusive for t in thief.trials) == 24, 5, "all of them")
    assert thief.locked_out() == {"entra": None, "okta": None}


def test_a_refusal_that_does_not_last_does_not_count(sim: Simulator, thief: Thief) -> None:
    user = sim.tenant.person("nora.lind").entra
    assert user is not None
    with sim.tenant.change(user):
        user.set_enabled(False, sim.tenant.now())
    wait_for(lambda: thief.locked_out()["entra"] is not None, 5, "a refusal")
    with sim.tenant.change(user):
        user.set_enabled(True, sim.tenant.now())
    wait_for(lambda: thief.locked_out()["entra"] is None, 5, "him to be let in again")
    assert any(t.revived for t in thief.trials)


def test_a_slow_system_does_not_hold_up_the_other(sim: Simulator, thief: Thief) -> None:
    slow = sim.faults.add(Fault(faults.delay(30), system="entra_login"))
    wait_for(lambda: slow.hits, 5, "a slow answer")
    revoke_okta(sim)
    wait_for(lambda: thief.locked_out()["okta"] is not None, 5, "a refusal")


def test_he_keeps_to_his_grid(sim: Simulator, thief: Thief) -> None:
    # Slow answers, so that only a thief who does not wait for them stays on the grid.
    sim.faults.add(Fault(faults.delay(2), system="okta_login"))
    started = steady_ms()
    time.sleep(0.8)
    ended = steady_ms()
    assert thief.trials
    for path in ("/oauth2/v1/token", "/api/v1/sessions/me"):
        arrived = [
            e.started_ms
            for e in sim.requests.all("okta_login")
            if e.path == path and started <= e.started_ms < ended
        ]
        assert 3 <= len(arrived) <= (ended - started) / 50 + 2


def test_one_system_only(sim: Simulator) -> None:
    with Thief(sim.url, sim.steal("petra.novak")) as thief:
        assert thief.wait_until_working()
        assert set(thief.locked_out()) == {"okta"}
