"""The simulated Auth0 over real HTTP: the lists, the plan, rotation, what really dies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulator import Simulator, Thief, faults
from simulator.auth0_people import DESKTOP, PORTAL, auth0_user_id
from simulator.auth0_state import Auth0RefreshToken, Auth0User
from simulator.faults import Fault

# One client for all: each new one would build a TLS context first.
PLAIN = httpx.Client(timeout=60, trust_env=False)
VICTIM = auth0_user_id("nora.lind")
USER = f"/api/v2/users/{VICTIM.replace('|', '%7C')}"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(sim: Simulator) -> None:
    sim.reset()


@pytest.fixture(scope="module")
def auth0(sim: Simulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer simulated-auth0-token"}
    with httpx.Client(base_url=sim.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def nora(sim: Simulator) -> Auth0User:
    user = sim.tenant.auth0_user(VICTIM)
    assert user is not None
    return user


def held_by(nora: Auth0User, client_id: str) -> Auth0RefreshToken:
    return next(token for token in nora.refresh_tokens if token.client_id == client_id)


def refresh(sim: Simulator, client_id: str, value: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": value}
    return PLAIN.post(f"{sim.url}/oauth/token", data=form)


def silent(sim: Simulator, cookie: str) -> str:
    url = f"{sim.url}/authorize?prompt=none&client_id={DESKTOP}"
    return str(PLAIN.get(url, headers={"Cookie": f"auth0={cookie}"}).headers["location"])


def test_the_application_gets_the_token_that_opens_the_api(sim: Simulator) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "simulatedAuth0Client",
        "client_secret": "simulated-auth0-secret",
        "audience": "https://contoso.eu.auth0.com/api/v2/",
    }
    url = f"{sim.url}/oauth/token"
    given = PLAIN.post(url, data=form).json()
    assert (given["access_token"], given["token_type"]) == ("simulated-auth0-token", "Bearer")
    assert PLAIN.post(url, json=form).status_code == 200
    refusals = [
        PLAIN.post(url, data=form | {"client_secret": "x"}),
        PLAIN.post(url, data=form | {"audience": "https://login.contoso.com/"}),
        PLAIN.post(url, data=form | {"grant_type": "password"}),
    ]
    assert [answer.status_code for answer in refusals] == [401, 403, 403]
    assert PLAIN.get(f"{sim.url}{USER}").json()["statusCode"] == 401


def test_errors_have_auth0s_shape(auth0: httpx.Client, sim: Simulator) -> None:
    missing = auth0.get("/api/v2/users/auth0%7Cnobody")
    assert missing.json() == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The user does not exist.",
        "errorCode": "inexistent_user",
    }
    assert auth0.get("/api/v2/nothing").json()["statusCode"] == 404
    assert auth0.patch(USER, json={"email": "x"}).json()["errorCode"] == "invalid_body"
    assert auth0.patch(USER, json={"blocked": "yes"}).status_code == 400
    assert auth0.get("/api/v2/users-by-email").status_code == 400
    sim.faults.add(Fault(faults.throttle(5), system="auth0"))
    throttled = auth0.get(USER)
    assert throttled.json()["errorCode"] == "too_many_requests"
    assert throttled.headers["x-ratelimit-remaining"] == "0"


def test_the_rate_is_told_on_every_answer(auth0: httpx.Client, sim: Simulator) -> None:
    first, second = auth0.get(USER), auth0.get(USER)
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in (first, second)]
    assert left[1] in (left[0] - 1, sim.tenant.auth0_rate_limit - 1)
    assert first.headers["x-auth0-requestid"]
    assert "x-rate-limit-limit" not in first.headers


def test_addresses_are_found_by_their_very_letters(auth0: httpx.Client) -> None:
    def found(email: str) -> int:
        return len(auth0.get("/api/v2/users-by-email", params={"email": email}).json())

    assert [found(e) for e in ("nora.lind@contoso.com", "Nora.Lind@contoso.com", "x")] == [1, 0, 0]
    assert found("tara.twin@contoso.com") == 2


def test_lists_have_their_own_ways_to_go_on(auth0: httpx.Client, sim: Simulator) -> None:
    sim.tenant.page_size = 1
    first = auth0.get(f"{USER}/refresh-tokens").json()
    second = auth0.get(f"{USER}/refresh-tokens", params={"from": first["next"]}).json()
    assert first["tokens"][0]["id"] != second["tokens"][0]["id"]
    assert "next" not in second
    query = {"include_totals": "true", "page": 1}
    counted = auth0.get(f"{USER}/authentication-methods", params=query).json()
    assert (counted["start"], counted["total"], len(counted["authenticators"])) == (1, 5, 1)
    assert isinstance(auth0.get(f"{USER}/authentication-methods").json(), list)
    assert auth0.get(f"{USER}/sessions", params={"take": 500}).status_code == 400


def test_sessions_end_and_refresh_tokens_outlive_them(
    auth0: httpx.Client, sim: Simulator, nora: Auth0User
) -> None:
    cookie, token = nora.sessions[0].cookie, held_by(nora, DESKTOP)
    assert "code=" in silent(sim, cookie)
    assert auth0.delete(f"{USER}/sessions").status_code == 202
    assert "error=login_required" in silent(sim, cookie)
    assert auth0.get(f"{USER}/sessions").json()["sessions"] == []
    assert refresh(sim, DESKTOP, token.value).status_code == 200
    assert auth0.delete(f"{USER}/refresh-tokens").status_code == 202
    assert refresh(sim, DESKTOP, token.value).json()["error"] == "invalid_grant"


def test_tokens_are_revoked_by_app_and_by_id(auth0: httpx.Client, nora: Auth0User) -> None:
    steady, rotating = held_by(nora, DESKTOP), held_by(nora, PORTAL)
    url = "/api/v2/refresh-tokens/revoke"
    assert auth0.post(url, json={"client_id": DESKTOP}).status_code == 400
    assert auth0.post(url, json={"user_id": VICTIM, "client_id": DESKTOP}).status_code == 202
    assert nora.refresh_tokens == [rotating]
    assert auth0.post(url, json={"ids": [steady.id, rotating.id]}).status_code == 202
    assert nora.refresh_tokens == []


def test_a_rotating_token_is_new_each_time_and_a_spent_one_ends_the_family(
    sim: Simulator, nora: Auth0User
) -> None:
    first = held_by(nora, PORTAL).value
    second = refresh(sim, PORTAL, first).json()["refresh_token"]
    third = refresh(sim, PORTAL, second).json()["refresh_token"]
    assert len({first, second, third}) == 3
    assert refresh(sim, PORTAL, first).status_code == 403
    assert refresh(sim, PORTAL, third).status_code == 403
    assert [token.client_id for token in nora.refresh_tokens] == [DESKTOP]


def test_a_token_is_its_own_apps_and_ends(sim: Simulator, nora: Auth0User) -> None:
    token = held_by(nora, DESKTOP)
    assert refresh(sim, PORTAL, token.value).status_code == 403
    sim.tenant.advance(31 * 86400)
    assert refresh(sim, DESKTOP, token.value).status_code == 403


def test_who_is_blocked_gets_nothing_and_keeps_it_for_later(
    auth0: httpx.Client, sim: Simulator, nora: Auth0User
) -> None:
    cookie, token = nora.sessions[0].cookie, held_by(nora, DESKTOP).value
    assert "blocked" not in auth0.get(USER).json()
    assert auth0.patch(USER, json={"blocked": True}).json()["blocked"] is True
    assert "error=unauthorized" in silent(sim, cookie)
    assert refresh(sim, DESKTOP, token).json()["error_description"] == "user is blocked"
    sim.tenant.auth0_blocked_may_refresh = True
    assert refresh(sim, DESKTOP, token).status_code == 200
    auth0.patch(USER, json={"blocked": False})
    assert "code=" in silent(sim, cookie)


def test_another_plan_manages_neither_sessions_nor_tokens(
    auth0: httpx.Client, sim: Simulator, nora: Auth0User
) -> None:
    PLAIN.post(f"{sim.url}/_sim/settings", json={"auth0_plan": "essentials"})
    for method, path in (
        ("GET", f"{USER}/sessions"),
        ("DELETE", f"{USER}/sessions"),
        ("GET", f"{USER}/refresh-tokens"),
        ("DELETE", f"{USER}/refresh-tokens"),
        ("POST", "/api/v2/refresh-tokens/revoke"),
    ):
        answer = auth0.request(method, path)
        assert (answer.status_code, answer.json()["errorCode"]) == (403, "feature_not_enabled")
    assert (len(nora.sessions), len(nora.refresh_tokens)) == (2, 2)
    assert auth0.patch(USER, json={"blocked": True}).status_code == 200


def test_a_password_is_set_for_database_users_and_ends_sessions_but_no_tokens(
    auth0: httpx.Client, sim: Simulator, nora: Auth0User
) -> None:
    held, cookie = held_by(nora, DESKTOP), nora.sessions[0].cookie
    body = {"password": "Tell-nobody-1234567890", "connection": "Username-Password-Authentication"}
    shown = auth0.patch(f"/api/v2/users/{VICTIM}", json=body).json()
    assert "last_password_reset" in shown
    assert "Tell-nobody" not in repr((shown, sim.tenant.auth0_events))
    assert nora.password == "Tell-nobody-1234567890"
    assert "login_required" in silent(sim, cookie)
    assert refresh(sim, DESKTOP, held.value).status_code == 200
    assert [e["type"] for e in sim.tenant.auth0_events[-4:]] == ["scp", "sapi", "fsa", "sertft"]
    for wrong in ({"password": "x"}, {"password": "x" * 73}, {"connection": "Other"}):
        assert auth0.patch(f"/api/v2/users/{VICTIM}", json={**body, **wrong}).status_code == 400
    omar = sim.tenant.person("omar.reyes").auth0
    assert omar is not None
    social = {**body, "connection": "google-oauth2"}
    assert auth0.patch(f"/api/v2/users/{omar.id}", json=social).status_code == 400


def test_a_new_ticket_takes_the_place_of_the_one_before(
    auth0: httpx.Client, sim: Simulator, nora: Auth0User
) -> None:
    made = [
        auth0.post("/api/v2/tickets/password-change", json={"user_id": VICTIM, "ttl_sec": ttl})
        for ttl in (0, 60)
    ]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() != made[1].json()
    assert nora.ticket is not None
    assert nora.ticket.url == made[1].json()["ticket"]
    assert nora.ticket.expires <= sim.tenant.now() + 60
    for wrong in ({"user_id": "auth0|nobody"}, {"user_id": VICTIM, "speed": 1}):
        refused = auth0.post("/api/v2/tickets/password-change", json=wrong)
        assert refused.status_code in (400, 404)


def test_methods_go_with_what_they_are_linked_to(auth0: httpx.Client, nora: Auth0User) -> None:
    push = next(method for method in nora.methods if method.kind == "push")
    path = f"{USER}/authentication-methods/{push.id.replace('|', '%7C')}"
    assert auth0.get(path).json()["link_id"] == "phone-1"
    assert auth0.delete(path).status_code == 204
    assert [method.kind for method in nora.methods] == ["password", "totp", "passkey"]
    assert auth0.delete(path).status_code == 404


def test_an_access_token_outlives_everything(
    auth0: httpx.Client, sim: Simulator, nora: Auth0User
) -> None:
    token = refresh(sim, DESKTOP, held_by(nora, DESKTOP).value).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    auth0.delete(f"{USER}/refresh-tokens")
    auth0.patch(USER, json={"blocked": True})
    for kind in ("plain", "cae"):
        assert PLAIN.get(f"{sim.url}/_sim/resource/{kind}", headers=bearer).status_code == 200
    sim.tenant.advance(86401)
    assert PLAIN.get(f"{sim.url}/_sim/resource/plain", headers=bearer).status_code == 401


def test_the_thief_takes_something_here_only_when_asked_to(sim: Simulator) -> None:
    assert sim.steal("nora.lind").auth0 is None
    told = PLAIN.post(f"{sim.url}/_sim/loot", json={"user": "nora.lind", "auth0": True}).json()
    assert told["auth0"]["client_id"] == DESKTOP
    assert sim.steal("quentin.admin", auth0=True).auth0 is None
    with Thief(sim.url, sim.steal("petra.novak", auth0=True), 0.02) as thief:
        assert thief.wait_until_working()
        assert set(thief.locked_out()) == {"okta", "auth0"}


def test_what_is_seen_of_a_person_holds_no_credential(sim: Simulator, nora: Auth0User) -> None:
    shown = PLAIN.get(f"{sim.url}/_sim/state").text
    assert VICTIM in shown
    assert not [t for t in nora.refresh_tokens if t.value in shown]
    assert not [s for s in nora.sessions if s.cookie in shown]


def logged(auth0: httpx.Client, **query: str) -> list[dict[str, Any]]:
    answer = auth0.get("/api/v2/logs", params={"per_page": "100", **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def test_the_log_fills_as_things_happen(
    auth0: httpx.Client, sim: Simulator, nora: Auth0User
) -> None:
    sim.tenant.auth0_events.clear()
    cookie, first = nora.sessions[0].cookie, held_by(nora, PORTAL).value
    silent(sim, cookie)
    refresh(sim, PORTAL, first)
    refresh(sim, PORTAL, first)
    auth0.delete(f"{USER}/sessions")
    silent(sim, cookie)
    refresh(sim, DESKTOP, "never issued")
    push = next(method for method in nora.methods if method.kind == "push")
    auth0.delete(f"{USER}/authentication-methods/{push.id.replace('|', '%7C')}")
    auth0.delete(f"{USER}/authentication-methods/nothing")
    told = logged(auth0, sort="date:1")
    assert [(event["type"], event["user_id"]) for event in told] == [
        ("ssa", VICTIM), ("sertft", VICTIM), ("ferrt", VICTIM), ("sapi", ""), ("fsa", ""),
        ("fertft", ""), ("gd_unenroll", VICTIM), ("sapi", ""),
    ]  # fmt: skip
    by_type = {event["type"]: event for event in told}
    assert by_type["ssa"]["details"]["session_id"] not in ("", cookie)
    assert by_type["sertft"]["details"]["familyId"] == by_type["ferrt"]["details"]["familyId"]
    assert told[3]["client_id"] == "simulatedAuth0Client"
    assert told[3]["details"]["request"]["path"] == f"{USER}/sessions"
    assert first not in str(told)


def test_the_log_is_searched_by_its_documented_fields(auth0: httpx.Client) -> None:
    def found(q: str) -> list[str]:
        return [event["type"] for event in logged(auth0, q=q)]

    hers = found(f'user_id:"{VICTIM}"')
    assert hers == [event["type"] for event in auth0.get(f"{USER}/logs").json()]
    assert len(hers) == 13
    assert found('ip:"203.0.113.66" AND (type:s OR type:fp)') == ["s", "fp"]
    assert found('ip:"203.0.113.66" AND NOT type:"s*" AND type:gd*') == ["gd_enrollment_complete"]
    for wrong in ("details.session_id:x", "session_id:x", "type:", "(type:s", "type:s)"):
        assert auth0.get("/api/v2/logs", params={"q": wrong}).status_code == 400, wrong


def test_the_log_is_bounded_in_time_late_and_ends_at_a_thousand(
    auth0: httpx.Client, sim: Simulator
) -> None:
    dates = [event["date"] for event in logged(auth0)]
    assert dates == sorted(dates, reverse=True)
    least, most = dates[5][:19], dates[2][:19]
    inside = [event["date"] for event in logged(auth0, q=f"date:[{least} TO {most}}}")]
    assert inside == [date for date in dates if least <= date < most]
    sim.tenant.audit_lag_s = 30 * 60
    known = [event["type"] for event in logged(auth0)]
    assert known == ["sertft", "sertft", "seacft", "s", "sertft", "seacft", "s", "s"]
    sim.tenant.audit_lag_s = 0
    counted = auth0.get("/api/v2/logs", params={"per_page": "5", "include_totals": "true"}).json()
    assert (counted["total"], len(counted["logs"])) == (5, 5)
    beyond = auth0.get("/api/v2/logs", params={"per_page": "100", "page": "10"})
    assert (beyond.status_code, beyond.json()["errorCode"]) == (400, "invalid_paging")
    assert auth0.get("/api/v2/logs", params={"per_page": "101"}).status_code == 400


def test_the_thief_is_logged_where_he_sits_and_once_a_second(sim: Simulator) -> None:
    loot = sim.steal("petra.novak", auth0=True)
    sim.tenant.auth0_events.clear()
    with Thief(sim.url, loot, 0.01) as thief:
        assert thief.wait_until_working()
    told = [(event["type"], event["ip"]) for event in sim.tenant.auth0_events]
    assert set(told) == {("sertft", "203.0.113.66"), ("ssa", "203.0.113.66")}
    assert len(told) < 8


def test_browsers_are_forgotten_without_a_word_of_how_many(
    auth0: httpx.Client, nora: Auth0User
) -> None:
    url = f"{USER}/multifactor/actions/invalidate-remember-browser"
    assert nora.remembered_browsers == 1
    assert auth0.post(url).status_code == 204
    assert nora.remembered_browsers == 0
    assert "remembered" not in auth0.get(USER).text
