"""The simulated Okta over real HTTP: the state machine, the lists, what really dies."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from simulator import Simulator
from simulator.loot import OktaLoot
from simulator.okta_state import OktaUser, Status

# One client for all: each new one would build a TLS context first.
PLAIN = httpx.Client(timeout=60, trust_env=False)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(sim: Simulator) -> None:
    sim.reset()


@pytest.fixture(scope="module")
def okta(sim: Simulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": "SSWS simulated-okta-token"}
    with httpx.Client(base_url=sim.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def nora(sim: Simulator) -> OktaUser:
    return account(sim, "nora.lind")


@pytest.fixture
def loot(sim: Simulator) -> OktaLoot:
    stolen = sim.steal("nora.lind").okta
    assert stolen is not None
    return stolen


def account(sim: Simulator, name: str) -> OktaUser:
    user = sim.tenant.person(name).okta
    assert user is not None
    return user


def refresh(sim: Simulator, loot: OktaLoot) -> httpx.Response:
    form = {
        "grant_type": "refresh_token",
        "client_id": loot.client_id,
        "refresh_token": loot.refresh_token,
    }
    return PLAIN.post(f"{sim.url}/oauth2/v1/token", data=form)


def session(sim: Simulator, loot: OktaLoot) -> int:
    headers = {"Cookie": f"sid={loot.sid}"}
    url = f"{sim.url}/api/v1/sessions/me"
    return PLAIN.get(url, headers=headers).status_code


def test_both_spellings_of_the_key_are_taken(sim: Simulator, okta: httpx.Client) -> None:
    url = f"{sim.url}/api/v1/org"
    answer = PLAIN.get(url, headers={"Authorization": "SSWSsimulated-okta-token"})
    assert answer.status_code == 200
    wrong = PLAIN.get(url, headers={"Authorization": "SSWS no"})
    assert (wrong.status_code, wrong.json()["errorCode"]) == (401, "E0000011")
    assert PLAIN.get(f"{sim.url}/.well-known/okta-organization").json()["id"]
    headers = okta.get("/api/v1/org").headers
    assert int(headers["X-Rate-Limit-Limit"]) > int(headers["X-Rate-Limit-Remaining"]) >= 0
    assert {"X-Rate-Limit-Reset", "X-Okta-Request-Id", "Date"} <= {k.title() for k in headers} | {
        "X-Okta-Request-Id"
    }


def test_users_are_found_by_login_and_may_be_ambiguous(
    sim: Simulator, okta: httpx.Client, nora: OktaUser
) -> None:
    text = 'profile.login eq "Nora.Lind@contoso.com"'
    assert okta.get("/api/v1/users", params={"filter": text}).json() == []
    found = okta.get("/api/v1/users", params={"search": text}).json()
    assert [u["id"] for u in found] == [nora.id]
    found = okta.get("/api/v1/users", params={"filter": text.lower()}).json()
    assert [u["id"] for u in found] == [nora.id]
    assert okta.get(f"/api/v1/users/{nora.login}").json()["status"] == "ACTIVE"
    twins = okta.get("/api/v1/users", params={"search": 'profile.email eq "tara.twin@contoso.com"'})
    assert len(twins.json()) == 2
    assert okta.get("/api/v1/users/tara.twin@contoso.com").status_code == 404
    awkward = account(sim, "o'brien/dev.ops")
    by_name = okta.get("/api/v1/users/o'brien%2Fdev.ops@contoso.com")
    assert by_name.json()["id"] == awkward.id
    missing = okta.get("/api/v1/users/00u0000000000000000x")
    assert (missing.status_code, missing.json()["errorCode"]) == (404, "E0000007")
    bad = okta.get("/api/v1/users", params={"filter": "profile.login is x"})
    assert bad.json()["errorCode"] == "E0000031"


def test_clearing_sessions_takes_tokens_only_when_asked(
    sim: Simulator, okta: httpx.Client, nora: OktaUser, loot: OktaLoot
) -> None:
    token = refresh(sim, loot).json()["access_token"]
    assert session(sim, loot) == 200
    cleared = okta.delete(f"/api/v1/users/{nora.id}/sessions")
    assert (cleared.status_code, cleared.content) == (204, b"")
    assert session(sim, loot) == 404
    assert refresh(sim, loot).status_code == 200
    assert len(okta.get(f"/api/v1/users/{nora.id}/clients").json()) == 2
    url = f"/api/v1/users/{nora.id}/sessions?oauthTokens=true&forgetDevices=true"
    assert okta.delete(url).status_code == 204
    refused = refresh(sim, loot)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert okta.get(f"/api/v1/users/{nora.id}/clients").json() == []
    for kind, expected in (("plain", 200), ("cae", 401)):
        answer = PLAIN.get(
            f"{sim.url}/_sim/resource/{kind}",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == expected
    assert okta.delete(f"/api/v1/users/{nora.id}/sessions?oauthTokens=maybe").status_code == 400


def test_tokens_and_consents_are_revoked_one_by_one(
    okta: httpx.Client, nora: OktaUser, loot: OktaLoot
) -> None:
    base = f"/api/v1/users/{nora.id}/clients/{loot.client_id}/tokens"
    (token,) = okta.get(base).json()
    assert okta.get(f"{base}/{token['id']}").json()["clientId"] == loot.client_id
    assert okta.delete(f"{base}/{token['id']}").status_code == 204
    assert okta.delete(f"{base}/{token['id']}").status_code == 404
    (other,) = okta.get(f"/api/v1/users/{nora.id}/clients").json()
    path = f"/api/v1/users/{nora.id}/clients/{other['client_id']}/tokens"
    assert okta.delete(path).status_code == 204
    assert okta.get(path).json() == []
    grants = f"/api/v1/users/{nora.id}/grants"
    assert len(okta.get(grants).json()) == 2
    assert okta.delete(grants).status_code == 204
    assert okta.get(grants).json() == []


def act(okta: httpx.Client, user: OktaUser, verb: str) -> httpx.Response:
    return okta.post(f"/api/v1/users/{user.id}/lifecycle/{verb}")


def test_suspending_ends_sessions_and_only_pauses_tokens(
    sim: Simulator, okta: httpx.Client, nora: OktaUser, loot: OktaLoot
) -> None:
    assert act(okta, nora, "suspend").json() == {}
    assert okta.get(f"/api/v1/users/{nora.id}").json()["status"] == "SUSPENDED"
    assert session(sim, loot) == 404
    assert refresh(sim, loot).status_code == 400
    again = act(okta, nora, "suspend")
    assert (again.status_code, again.json()["errorCode"]) == (400, "E0000001")
    assert "not active" in again.json()["errorCauses"][0]["errorSummary"]
    for verb in ("reset_password?sendEmail=false", "expire_password"):
        refused = act(okta, nora, verb)
        assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000038")
    assert act(okta, nora, "unsuspend").status_code == 200
    assert act(okta, nora, "unsuspend").status_code == 400
    # The token was never revoked: releasing the user releases the thief.
    assert refresh(sim, loot).status_code == 200
    assert session(sim, loot) == 404
    sim.tenant.okta_inactive_may_refresh = True
    act(okta, nora, "suspend")
    assert refresh(sim, loot).status_code == 200


def test_resetting_and_expiring_the_password(
    sim: Simulator, okta: httpx.Client, nora: OktaUser, loot: OktaLoot
) -> None:
    assert act(okta, nora, "reset_password").status_code == 400
    url = act(okta, nora, "reset_password?sendEmail=false").json()["resetPasswordUrl"]
    assert url.startswith(sim.url)
    assert nora.status is Status.RECOVERY
    assert session(sim, loot) == 200
    assert refresh(sim, loot).status_code == 400
    assert act(okta, nora, "suspend").status_code == 400
    assert act(okta, nora, "reset_password?sendEmail=true&revokeSessions=true").json() == {}
    assert session(sim, loot) == 404
    assert act(okta, nora, "expire_password").json()["status"] == "PASSWORD_EXPIRED"
    first, second = (
        act(okta, nora, "expire_password_with_temp_password").json()["tempPassword"]
        for _ in range(2)
    )
    assert first != second


def test_the_other_lifecycle_steps(sim: Simulator, okta: httpx.Client, nora: OktaUser) -> None:
    locked = act(okta, nora, "unlock")
    assert (locked.status_code, locked.json()["errorCode"]) == (403, "E0000032")
    with sim.tenant.change(nora):
        nora.move_to(Status.LOCKED_OUT, sim.tenant.now())
    assert act(okta, nora, "unlock").status_code == 200
    assert okta.get(f"/api/v1/users/{nora.id}").json()["status"] == "ACTIVE"
    assert act(okta, nora, "reset_factors").status_code == 200
    assert okta.get(f"/api/v1/users/{nora.id}/factors").json() == []
    assert act(okta, nora, "deactivate").status_code == 200
    assert nora.status is Status.DEPROVISIONED
    assert act(okta, nora, "deactivate").status_code == 403
    assert okta.post(f"/api/v1/users/{nora.id}/lifecycle/vanish").status_code == 404
    assert okta.put(f"/api/v1/users/{nora.id}/lifecycle/suspend").json()["errorCode"] == "E0000022"


def test_removing_push_takes_the_whole_enrolment(okta: httpx.Client, nora: OktaUser) -> None:
    base = f"/api/v1/users/{nora.id}/factors"
    factors = {f["factorType"]: f["id"] for f in okta.get(base).json()}
    assert set(factors) == {"push", "token:software:totp", "sms"}
    assert okta.delete(f"{base}/{factors['push']}").status_code == 204
    assert okta.delete(f"{base}/{factors['push']}").status_code == 404
    assert [f["factorType"] for f in okta.get(base).json()] == ["sms"]


@pytest.mark.parametrize("flag", [True, False])
def test_a_phone_stays_for_recovery_unless_told(
    okta: httpx.Client, nora: OktaUser, flag: bool
) -> None:
    sms = next(f.id for f in nora.factors if f.factor_type == "sms")
    text = str(flag).lower()
    okta.delete(f"/api/v1/users/{nora.id}/factors/{sms}?removeRecoveryEnrollment={text}")
    assert bool(nora.recovery_phones) is not flag


def test_the_log_tells_the_story(okta: httpx.Client, nora: OktaUser) -> None:
    act(okta, nora, "suspend")
    text = f'eventType sw "user." and target.id eq "{nora.id}"'
    told = okta.get("/api/v1/logs", params={"filter": text}).json()
    events = [e for e in told if e["transaction"]["id"] == told[-1]["transaction"]["id"]]
    assert [e["eventType"] for e in events] == [
        "user.session.clear",
        "user.session.end",
        "user.lifecycle.suspend",
    ]
    assert {e["actor"]["alternateId"] for e in events} == {"rescind@contoso.com"}
    bad = okta.get("/api/v1/logs", params={"filter": 'published gt "x"'})
    assert bad.status_code == 400
    ended = {"until": "2030-01-01T00:00:00Z", "since": "2029-01-01T00:00:00Z"}
    bounded = okta.get("/api/v1/logs", params=ended)
    assert bounded.json() == []
    assert "next" not in bounded.links


def test_links_come_in_headers_of_their_own(sim: Simulator, okta: httpx.Client) -> None:
    seen: list[str] = []
    url = "/api/v1/users?limit=9"
    while url:
        page = okta.get(url)
        seen += [u["id"] for u in page.json()]
        assert len(page.headers.get_list("link")) == (2 if "next" in page.links else 1)
        url = page.links.get("next", {}).get("url", "")
    assert len(seen) == len(set(seen)) == len(sim.tenant.okta_users())
    polling = okta.get("/api/v1/logs?limit=1000")
    assert okta.get(polling.links["next"]["url"]).json() == []


def test_a_device_goes_to_and_fro_and_not_twice_the_same_way(
    okta: httpx.Client, nora: OktaUser
) -> None:
    links = okta.get(f"/api/v1/users/{nora.id}/devices").json()
    assert [link["device"]["status"] for link in links] == ["ACTIVE", "ACTIVE"]
    base = f"/api/v1/devices/{links[1]['device']['id']}"
    for verb, status in (("suspend", "SUSPENDED"), ("unsuspend", "ACTIVE")):
        assert okta.post(f"{base}/lifecycle/{verb}").status_code == 204
        assert okta.get(base).json()["status"] == status
        again = okta.post(f"{base}/lifecycle/{verb}")
        assert (again.status_code, again.json()["errorCode"]) == (400, "E0000001")
    (user,) = okta.get(f"{base}/users").json()
    assert user["user"]["id"] == nora.id
    assert okta.get("/api/v1/devices/guoNothere").json()["errorCode"] == "E0000007"


def test_a_risk_can_be_none_and_not_be_set_to_it(okta: httpx.Client, nora: OktaUser) -> None:
    path = f"/api/v1/users/{nora.id}/risk"
    assert okta.get(path).json()["riskLevel"] == "NONE"
    assert okta.put(path, json={"riskLevel": "HIGH"}).status_code == 201
    assert okta.put(path, json={"riskLevel": "LOW", "riskReason": "seen"}).status_code == 200
    assert okta.get(path).json()["reason"] == "seen"
    for wrong in ({"riskLevel": "NONE"}, {}, []):
        assert okta.put(path, json=wrong).status_code == 400


def test_universal_logout_takes_an_opaque_id_and_no_other_name(
    okta: httpx.Client, nora: OktaUser
) -> None:
    path = "/oauth2/v1/global-token-revocation"
    for subject in ({"format": "opaque", "id": nora.login}, {"format": "email", "id": nora.id}, {}):
        assert okta.post(path, json={"sub_id": subject}).status_code == 400
    assert nora.sessions
    body = {"sub_id": {"format": "opaque", "id": nora.id}}
    assert okta.post(path, json=body).status_code == 204
    assert (nora.sessions, nora.refresh_tokens, nora.api_tokens) == ([], [], [])
    assert nora.risk.level == "LOW"


def test_only_groups_of_the_organization_s_own_take_members(
    sim: Simulator, okta: httpx.Client, nora: OktaUser
) -> None:
    for group in sim.tenant.okta_groups:
        own = group.kind == "OKTA_GROUP"
        path = f"/api/v1/groups/{group.id}"
        assert okta.get(path).json()["type"] == group.kind
        for method in ("PUT", "DELETE"):
            answer = okta.request(method, f"{path}/users/{nora.id}")
            assert answer.status_code == (204 if own else 403)
    listed = okta.get(f"/api/v1/users/{nora.id}/groups").json()
    assert [group["type"] for group in listed] == ["BUILT_IN", "APP_GROUP"]
