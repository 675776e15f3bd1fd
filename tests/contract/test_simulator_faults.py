"""Every scripted fault, as a client on the other end of the wire meets it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from simulator import Simulator, faults
from simulator.faults import Fault

GRAPH = {"Authorization": "Bearer simulated-graph-token"}
OKTA = {"Authorization": "SSWS simulated-okta-token"}
REVOKE = "revokeSignInSessions$"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(sim: Simulator) -> None:
    sim.reset()


@pytest.fixture(scope="module")
def client(sim: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.url, timeout=60, trust_env=False) as http:
        yield http


def entra_id(sim: Simulator) -> str:
    user = sim.tenant.person("nora.lind").entra
    assert user is not None
    return user.id


def okta_id(sim: Simulator) -> str:
    user = sim.tenant.person("nora.lind").okta
    assert user is not None
    return user.id


def revoke(sim: Simulator, client: httpx.Client) -> httpx.Response:
    return client.post(f"/v1.0/users/{entra_id(sim)}/revokeSignInSessions", headers=GRAPH)


def clear(sim: Simulator, client: httpx.Client) -> httpx.Response:
    url = f"/api/v1/users/{okta_id(sim)}/sessions?oauthTokens=true"
    return client.delete(url, headers=OKTA)


def revoked(sim: Simulator) -> bool:
    user = sim.tenant.person("nora.lind").entra
    return user is not None and user.revoked_at > 0


def test_throttling_is_announced_in_each_vendors_way(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.throttle(3), times=2))
    graph = revoke(sim, client)
    assert (graph.status_code, graph.headers["Retry-After"]) == (429, "3")
    assert graph.json()["error"]["code"] == "TooManyRequests"
    okta = clear(sim, client)
    assert (okta.status_code, okta.json()["errorCode"]) == (429, "E0000047")
    assert "Retry-After" not in okta.headers
    assert okta.headers["X-Rate-Limit-Remaining"] == "0"
    assert 0 <= int(okta.headers["X-Rate-Limit-Reset"]) - time.time() <= 4.1
    assert revoke(sim, client).status_code == 200


def test_throttling_without_a_hint(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.throttle(None)))
    assert "Retry-After" not in revoke(sim, client).headers
    assert clear(sim, client).headers["X-Rate-Limit-Limit"] == "0"


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_server_errors(sim: Simulator, client: httpx.Client, code: int) -> None:
    sim.faults.add(Fault(faults.status(code), times=2))
    for answer in (revoke(sim, client), clear(sim, client)):
        assert answer.status_code == code
        html = answer.headers["content-type"] == "text/html"
        assert html is (code == 502)
    assert not revoked(sim)


def test_an_empty_answer_has_no_content_type(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.empty(403), system="okta"))
    answer = clear(sim, client)
    assert (answer.status_code, answer.content) == (403, b"")
    assert "content-type" not in answer.headers


def test_a_write_is_applied_and_answered_with_504(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.apply_then(504), "entra", "POST", REVOKE, times=1))
    assert revoke(sim, client).status_code == 504
    assert revoked(sim)
    entry = sim.requests.writes("entra")[-1]
    assert (entry.status, entry.changed, entry.fault) == (504, True, "apply_then")


def test_a_dropped_connection_has_no_answer(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.drop(), "entra", "POST", REVOKE, times=1))
    with pytest.raises(httpx.TransportError):
        revoke(sim, client)
    assert not revoked(sim)
    assert sim.requests.all()[-1].status is None
    sim.faults.add(Fault(faults.apply_then_drop(), "entra", "POST", REVOKE, times=1))
    with pytest.raises(httpx.TransportError):
        revoke(sim, client)
    assert revoked(sim)
    assert revoke(sim, client).status_code == 200


def test_success_is_claimed_and_nothing_done(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.ignore(), method="POST", times=1))
    sim.faults.add(Fault(faults.ignore(), method="DELETE", times=1))
    assert revoke(sim, client).json()["value"] is True
    assert clear(sim, client).status_code == 204
    assert not revoked(sim)
    okta = sim.tenant.person("nora.lind").okta
    assert okta is not None
    assert okta.refresh_tokens
    assert [e.changed for e in sim.requests.writes()] == [False, False]


def test_delay_and_latency(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.delay(0.2), times=1))
    started = time.monotonic()
    assert revoke(sim, client).status_code == 200
    assert time.monotonic() - started >= 0.2
    sim.tenant.latency_s = 0.1
    started = time.monotonic()
    assert revoke(sim, client).status_code == 200
    assert time.monotonic() - started >= 0.1


def test_forbidden_in_each_vendors_way(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.forbid()))
    assert revoke(sim, client).json()["error"]["code"] == "Authorization_RequestDenied"
    assert clear(sim, client).json()["errorCode"] == "E0000006"


def test_the_claims_challenge_comes_once(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.cae_challenge(), system="entra"))
    challenged = revoke(sim, client)
    assert challenged.status_code == 401
    assert 'claims="' in challenged.headers["WWW-Authenticate"]
    assert revoke(sim, client).status_code == 200


def test_redirects_lead_elsewhere(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.redirect("https://elsewhere.example.com/x"), times=1))
    answer = revoke(sim, client)
    assert (answer.status_code, answer.headers["location"]) == (
        302,
        "https://elsewhere.example.com/x",
    )


def test_next_links_to_another_host(sim: Simulator, client: httpx.Client) -> None:
    url = "https://elsewhere.example.com/page2"
    sim.faults.add(Fault(faults.foreign_next_link(url)))
    graph = client.get(f"/v1.0/users/{entra_id(sim)}/authentication/methods", headers=GRAPH)
    assert graph.json()["@odata.nextLink"] == url
    assert graph.json()["value"]
    okta = client.get(f"/api/v1/users/{okta_id(sim)}/clients", headers=OKTA)
    assert okta.links["next"]["url"] == url


def test_an_empty_page_leads_to_the_full_one(sim: Simulator, client: httpx.Client) -> None:
    sim.faults.add(Fault(faults.empty_page()))
    first = client.get(f"/v1.0/users/{entra_id(sim)}/authentication/methods?$top=2", headers=GRAPH)
    assert first.json()["value"] == []
    second = client.get(first.json()["@odata.nextLink"], headers=GRAPH)
    assert len(second.json()["value"]) == 2
    okta = client.get(f"/api/v1/users/{okta_id(sim)}/clients", headers=OKTA)
    assert okta.json() == []
    assert len(client.get(okta.links["next"]["url"], headers=OKTA).json()) == 2


def test_skip_times_and_system_choose_the_victim(sim: Simulator, client: httpx.Client) -> None:
    fault = sim.faults.add(Fault(faults.status(503), system="entra", times=2, skip=1))
    answers = [revoke(sim, client).status_code for _ in range(4)]
    assert answers == [200, 503, 503, 200]
    assert clear(sim, client).status_code == 204
    assert fault.hits == 2
    sim.faults.add(Fault(faults.status(500), system="okta_login"))
    assert client.get("/api/v1/sessions/me").status_code == 500
    assert client.get("/api/v1/org", headers=OKTA).status_code == 200


def test_everything_is_scripted_over_http_too(sim: Simulator, client: httpx.Client) -> None:
    made = client.post(
        "/_sim/faults",
        json={"system": "entra", "path": REVOKE, "effect": "apply_then_drop", "times": 1},
    )
    assert made.status_code == 201
    with pytest.raises(httpx.TransportError):
        revoke(sim, client)
    assert client.get("/_sim/faults").json()[0]["hits"] == 1
    assert client.post("/_sim/faults", json={"effect": "vanish"}).status_code == 400
    assert client.post("/_sim/faults", json={}).status_code == 400
    password = {"passwordProfile": {"password": "Very-Secret-1234"}, "accountEnabled": False}
    client.patch(f"/v1.0/users/{entra_id(sim)}", json=password, headers=GRAPH)
    raw = client.get("/_sim/requests?system=entra&writes=true")
    assert "Very-Secret-1234" not in raw.text
    entries = raw.json()
    assert [e["status"] for e in entries] == [None, 204]
    assert entries[1]["body"]["passwordProfile"] == {"password": "***"}
    assert entries[0]["n"] < entries[1]["n"]
    assert entries[0]["started_ms"] <= entries[0]["finished_ms"] <= entries[1]["started_ms"]
    assert client.delete("/_sim/faults").status_code == 204
    assert client.delete("/_sim/requests").status_code == 204
    assert client.get("/_sim/requests").json() == []


def test_state_loot_settings_and_reset_over_http(sim: Simulator, client: httpx.Client) -> None:
    nora = client.get("/_sim/state").json()["users"]["nora.lind"]
    assert nora["entra"]["liveRefreshTokens"] == 3
    assert nora["okta"]["status"] == "ACTIVE"
    loot = client.post("/_sim/loot", json={"user": "nora.lind@contoso.com"}).json()
    assert loot["entra"]["refresh_token"]
    assert loot["okta"]["sid"]
    petra = client.post("/_sim/loot", json={"user": "petra.novak"}).json()
    assert petra["entra"] is None
    assert client.post("/_sim/loot", json={"user": "nobody"}).status_code == 400
    assert client.post("/_sim/settings", json={"read_lag_s": 2.5}).json()["read_lag_s"] == 2.5
    assert client.post("/_sim/settings", json={"lock": 1}).status_code == 400
    revoke(sim, client)
    assert client.post("/_sim/reset").status_code == 204
    state = client.get("/_sim/state").json()
    assert state["settings"]["read_lag_s"] == 0
    assert state["users"]["nora.lind"]["entra"]["liveRefreshTokens"] == 3
    assert client.post("/_sim/advance", json={"seconds": 60}).status_code == 200
