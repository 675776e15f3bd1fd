"""What Auth0's log tells of a theft, and of what came after the containment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from auth0_practice import (
    BRIEF,
    DOMAIN,
    NO_RETRY,
    TENANT,
    VICTIM,
    Recorder,
    answer,
    application,
    build,
    connected,
    scripted,
    user_json,
)
from auth0_practice import target as person
from pydantic import SecretStr, ValidationError

from config.tenants import Auth0
from connectors import errors
from connectors.action import Action, Outcome, Target
from connectors.auth0.authenticators import RemoveAuthenticators
from connectors.auth0.blocking import BlockUser
from connectors.auth0.client import Auth0Client
from connectors.auth0.log_entries import entry_of
from connectors.auth0.managed import understand
from connectors.auth0.refresh_tokens import RevokeRefreshTokens
from connectors.auth0.sessions import RevokeSessions
from connectors.auth0.trace import TraceSource
from connectors.auth0.watch import Watch
from connectors.door import Door, RetryPolicy
from connectors.timeline import Kind, digest
from simulator.auth0_events import requested
from simulator.auth0_people import DESKTOP, PORTAL, auth0_user_id
from simulator.auth0_state import Auth0RefreshToken, Auth0User
from simulator.faults import Effect, Fault, forbid, status, throttle
from simulator.okta_scene import HOME, THIEF, Scene
from simulator.server import Simulator
from simulator.tokens import mint

pytest_plugins = ("practice_tenant",)

PLAIN = httpx.Client(timeout=60, trust_env=False)
ADMINS_CLIENT = "DashboardClient00000000000000000"


@pytest.fixture
def nora(sim: Simulator) -> Auth0User:
    return user_of(sim, VICTIM)


def user_of(sim: Simulator, user_id: str) -> Auth0User:
    user = sim.tenant.auth0_user(user_id)
    assert user is not None
    return user


def held_by(user: Auth0User, client_id: str) -> Auth0RefreshToken:
    return next(token for token in user.refresh_tokens if token.client_id == client_id)


def target(sim: Simulator, minutes_ago: float = 15) -> Target:
    began = datetime.fromtimestamp(sim.tenant.now() - minutes_ago * 60, UTC)
    return person(VICTIM, since=began.isoformat())


async def looked(
    sim: Simulator, kind: type[Action], policy: RetryPolicy = NO_RETRY, **parameters: Any
) -> Any:
    async with connected(sim.url, policy, **application()) as client:
        return await build(kind, client, **parameters).observe(target(sim))


def exchange(sim: Simulator, client_id: str, value: str, scene: Scene) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": value}
    here = {"X-Forwarded-For": scene.ip, "User-Agent": scene.agent}
    return PLAIN.post(f"{sim.url}/oauth/token", data=form, headers=here)


def administered(
    sim: Simulator, method: str, path: str, by: Auth0User | None = None, **more: Any
) -> None:
    """A management request by somebody else."""
    details = requested(method, path, **more)
    client = ADMINS_CLIENT if by else "AnotherMachine000000000000000000"
    sim.tenant.auth0_event("sapi", by, scene=HOME, client=client, details=details)


def asked_of_logs(sim: Simulator) -> list[str]:
    return [entry.path for entry in sim.requests.all("auth0") if "/logs" in entry.path]


async def test_the_root_the_replay_the_apps_the_changes_and_the_others_are_told(
    sim: Simulator, nora: Auth0User
) -> None:
    seen = await looked(sim, TraceSource)
    told = seen.snapshot
    (root,) = told["roots"]
    assert (root["event"], root["ip"], root["app"]) == ("s", HOME.ip, "Contoso Desktop")
    assert root["session"] == digest(held_by(nora, DESKTOP).session_id, TENANT)
    (source,) = told["sources"]
    assert (source["ip"], source["agents"]) == (THIEF.ip, [THIEF.agent])
    assert source["differs"] == ["agent", "ip"]
    assert [app["app"] for app in told["apps"]] == ["Contoso Desktop", "Contoso Portal"]
    assert [change["event"] for change in told["changes"]] == [
        "gd_enrollment_complete",
        "my_account_authentication_method_succeeded",
    ]
    assert all(change["from_source"] for change in told["changes"])
    (other,) = told["others"]
    assert (other["name"], other["let_in"]) == ("user07@contoso.com", True)
    assert seen.verdict.outcome is Outcome.OBSERVED
    for part in (HOME.ip, f"replayed from {THIEF.ip}", "user07@contoso.com (let in)"):
        assert part in seen.verdict.reason
    assert told["timeline"] == sorted(told["timeline"], key=lambda entry: entry["at"])
    assert sim.requests.writes("auth0") == []


async def test_of_a_stolen_token_alone_the_sign_in_it_came_from_is_told(
    sim: Simulator, nora: Auth0User
) -> None:
    with sim.tenant.lock:
        sim.tenant.auth0_events = [
            event
            for event in sim.tenant.auth0_events
            if event["ip"] != THIEF.ip or event["type"] == "sertft"
        ]
    told = (await looked(sim, TraceSource)).snapshot
    assert root_ids(told) == {digest(held_by(nora, DESKTOP).session_id, TENANT)}
    assert [source["ip"] for source in told["sources"]] == [THIEF.ip]


async def test_a_server_that_exchanges_tokens_for_its_app_is_no_thief(
    sim: Simulator, nora: Auth0User
) -> None:
    server = Scene("192.0.2.10", agent="Go-http-client/2.0")
    token = Auth0RefreshToken("rt_web", "x", "WebApp", nora.sessions[1].id, 0, 0)
    for minutes, event in ((50, "seacft"), (30, "sertft"), (10, "sertft")):
        at = sim.tenant.now() - minutes * 60
        sim.tenant.auth0_event(
            event, nora, scene=server, client="WebApp", at=at, details=token.told
        )
    told = (await looked(sim, TraceSource)).snapshot
    assert [source["ip"] for source in told["sources"]] == [THIEF.ip]


async def test_no_session_id_stands_in_the_evidence(sim: Simulator, nora: Auth0User) -> None:
    sessions = [session.id for session in nora.sessions]
    administered(sim, "POST", f"/api/v2/sessions/{sessions[0]}/revoke", body={"user_id": VICTIM})
    seen = await looked(sim, TraceSource, session_ids=sessions)
    assert not [session for session in sessions if session in repr(seen)]
    assert {entry["event"] for entry in seen.snapshot["timeline"]} >= {
        "sapi post sessions/{}/revoke"
    }
    assert root_ids(seen.snapshot) == {digest(session, TENANT) for session in sessions}


@pytest.mark.parametrize("named", ["ips", "session_ids", "digest", "token_ids"])
async def test_what_the_alert_names_is_followed_where_no_replay_shows(
    sim: Simulator, nora: Auth0User, named: str
) -> None:
    with sim.tenant.lock:
        for event in sim.tenant.auth0_events:
            if event["ip"] == THIEF.ip:
                event["details"], event["client_id"] = {}, ""
    token = held_by(nora, PORTAL)
    parameters: dict[str, Any] = {
        "ips": {"ips": [THIEF.ip, HOME.ip]},
        "session_ids": {"session_ids": [token.session_id]},
        "digest": {"session_ids": [digest(token.session_id, TENANT)]},
        "token_ids": {"token_ids": [token.told["familyId"]]},
    }[named]
    found = (await looked(sim, TraceSource, **parameters)).snapshot
    assert root_ids(found) >= {digest(token.session_id, TENANT)}
    assert [s["ip"] for s in found["sources"]] == ([THIEF.ip] if named == "ips" else [])
    assert [o["name"] for o in found["others"]] == (
        ["user07@contoso.com"] if named == "ips" else []
    )


def root_ids(found: dict[str, Any]) -> set[str]:
    return {root["session"] for root in found["roots"]}


async def test_a_used_up_token_that_comes_back_is_told(sim: Simulator, nora: Auth0User) -> None:
    first = held_by(nora, PORTAL).value
    assert exchange(sim, PORTAL, first, HOME).status_code == 200
    assert exchange(sim, PORTAL, first, THIEF).status_code == 403
    seen = await looked(sim, TraceSource)
    (reuse,) = seen.snapshot["reuse"]
    assert (reuse["event"], reuse["ip"], reuse["outcome"]) == ("ferrt", THIEF.ip, "failure")
    assert f"came back from {THIEF.ip}" in seen.verdict.reason
    assert first not in repr(seen)


async def test_what_administrators_changed_is_told_and_what_we_did_is_not(
    sim: Simulator,
) -> None:
    admin, other = user_of(sim, auth0_user_id("user01")), auth0_user_id("user02")
    path = f"/api/v2/users/{quote(VICTIM, safe='')}"
    administered(sim, "PATCH", path, admin, body={"password": "*****", "connection": "c"})
    administered(sim, "PATCH", f"/api/v2/users/{other}", admin, body={"password": "*****"})
    administered(sim, "POST", "/api/v2/roles/rol_x/users", body={"users": [other, VICTIM]})
    async with connected(sim.url, **application()) as client:
        for ours in (build(BlockUser, client), build(RemoveAuthenticators, client, scope="all")):
            await ours.apply(target(sim), await ours.observe(target(sim)))
    seen = await looked(sim, TraceSource)
    changes = [c for c in seen.snapshot["changes"] if not c["from_source"]]
    assert {(c["event"], c["actor"]) for c in changes} == {
        ("sapi patch users/{} connection password", admin.id),
        ("sapi post roles/{}/users", "AnotherMachine000000000000000000"),
    }
    assert "*****" not in repr(seen)


@pytest.mark.parametrize("page_size", [2, 5])
async def test_a_log_on_many_pages_is_read_whole(sim: Simulator, page_size: int) -> None:
    sim.tenant.page_size = page_size
    whole = await looked(sim, TraceSource)
    assert [o["name"] for o in whole.snapshot["others"]] == ["user07@contoso.com"]
    assert (len(whole.snapshot["roots"]), whole.snapshot["cut"]) == (1, False)


async def test_beyond_a_thousand_events_the_log_is_searched_for_what_is_older(
    sim: Simulator, nora: Auth0User
) -> None:
    told = held_by(nora, DESKTOP).told
    for number in range(1200):
        at = sim.tenant.now() - 0.4 * number
        sim.tenant.auth0_event("fertft", nora, scene=THIEF, client=DESKTOP, at=at, details=told)
    seen = await looked(sim, TraceSource)
    assert len(seen.snapshot["roots"]) == 1
    assert (seen.snapshot["read"], seen.snapshot["cut"]) == (1215, False)
    assert len(seen.snapshot["timeline"]) == 100
    assert any("q=%28user_id" in path for path in asked_of_logs(sim))


async def test_more_within_a_second_than_a_search_gives_is_said(
    sim: Simulator, nora: Auth0User
) -> None:
    at = sim.tenant.now() - 30
    for _ in range(1001):
        sim.tenant.auth0_event("fertft", nora, scene=THIEF, client=DESKTOP, at=at)
    seen = await looked(sim, TraceSource)
    assert seen.snapshot["cut"] is True
    assert "further back than was read" in seen.verdict.reason


async def test_what_is_late_is_not_claimed_to_be_absent(sim: Simulator) -> None:
    sim.tenant.audit_lag_s = 30 * 60
    seen = await looked(sim, TraceSource)
    assert seen.snapshot["sources"] == []
    assert "no replay is to be seen" in seen.verdict.reason
    assert "it may be late" in seen.verdict.reason


async def test_how_far_back_the_log_goes_is_told(sim: Simulator) -> None:
    with sim.tenant.lock:
        sim.tenant.auth0_events = [
            e for e in sim.tenant.auth0_events if e["type"] != "s" or e["ip"] == THIEF.ip
        ]
        begins = min(e["date"] for e in sim.tenant.auth0_events)
    seen = await looked(sim, TraceSource)
    assert seen.snapshot["reaches_back_to"] == begins
    assert f"the oldest event in the log is of {begins}" in seen.verdict.reason
    assert "not in the log that was read" in seen.verdict.reason
    within = await looked(sim, TraceSource, lookback_hours=1)
    assert "the oldest event in the log" not in within.verdict.reason


async def test_no_longer_ago_is_asked_for_than_any_plan_keeps(sim: Simulator) -> None:
    async with connected(sim.url, **application()) as client:
        action = build(TraceSource, client, lookback_hours=720)
        seen = await action.observe(target(sim, minutes_ago=60 * 24 * 60))
    since = datetime.fromisoformat(seen.snapshot["since"])
    until = datetime.fromisoformat(seen.snapshot["until"])
    assert (until - since).days == 30


async def test_the_persons_own_story_stands_where_the_rest_cannot_be_read(sim: Simulator) -> None:
    sim.faults.add(Fault(status(503), system="auth0", path_regex="q="))
    sim.faults.add(Fault(status(503), system="auth0", path_regex="date:1"))
    seen = await looked(sim, TraceSource)
    assert seen.snapshot["roots"]
    assert (seen.snapshot["others"], seen.snapshot["reaches_back_to"]) == ([], None)
    for part in ("what was changed by administrators", "who else came from there"):
        assert f"{part} was not read" in seen.verdict.reason


@pytest.mark.parametrize("kind", [TraceSource, Watch])
@pytest.mark.parametrize(
    ("effect", "error"),
    [(forbid(), errors.Forbidden), (status(503), errors.Unavailable)],
)
async def test_a_log_that_cannot_be_read_is_no_empty_log(
    sim: Simulator, kind: type[Action], effect: Effect, error: type[errors.ConnectorError]
) -> None:
    sim.faults.add(Fault(effect, system="auth0", path_regex="/logs"))
    with pytest.raises(error) as raised:
        await looked(sim, kind)
    if error is errors.Forbidden:
        assert "read:logs and read:logs_users" in raised.value.remedy


async def test_throttled_once_it_works(sim: Simulator) -> None:
    sim.faults.add(Fault(throttle(0), system="auth0", path_regex="/logs", times=1))
    seen = await looked(sim, TraceSource, RetryPolicy(attempts=2))
    assert seen.snapshot["sources"]


async def test_a_log_that_is_used_up_holds_no_containment_back(
    sim: Simulator, nora: Auth0User
) -> None:
    sim.faults.add(Fault(throttle(40), system="auth0", path_regex="/logs"))
    async with connected(sim.url) as client:
        with pytest.raises(errors.Throttled):
            await build(TraceSource, client).observe(target(sim))
        revoke = build(RevokeRefreshTokens, client)
        before = await revoke.observe(target(sim))
        assert before.snapshot["tokens"]
        proof = await revoke.verify(
            target(sim), before, await revoke.apply(target(sim), before), BRIEF
        )
    assert (nora.refresh_tokens, proof.outcome) == ([], Outcome.VERIFIED)


async def test_somebody_who_is_not_there_is_not_found(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        for kind in (TraceSource, Watch):
            with pytest.raises(errors.NotFound):
                await build(kind, client).observe(person("auth0|nobody"))


async def test_reading_changes_nothing(sim: Simulator) -> None:
    journal = Recorder()
    async with connected(sim.url, **application()) as client:
        for kind in (TraceSource, Watch):
            action = build(kind, client, journal)
            assert action.preview(target(sim)) == ()
            before = await action.observe(target(sim))
            receipt = await action.apply(target(sim), before)
            proof = await action.verify(target(sim), before, receipt, BRIEF)
            assert (receipt.data["sent"], proof.outcome) == (False, Outcome.VERIFIED)
    assert journal.intents == []
    assert sim.requests.writes("auth0") == []


async def contained(sim: Simulator, *kinds: type[Action]) -> None:
    async with connected(sim.url, **application()) as client:
        for kind in kinds or (RevokeSessions, RevokeRefreshTokens, BlockUser):
            action = build(kind, client)
            await action.apply(target(sim), await action.observe(target(sim)))
    sim.tenant.advance(1)


async def test_nothing_since_the_containment_is_said(sim: Simulator) -> None:
    await contained(sim)
    async with connected(sim.url, **application()) as client:
        ours = build(RemoveAuthenticators, client)
        await ours.apply(target(sim), await ours.observe(target(sim)))
    sim.tenant.advance(1)
    seen = await looked(sim, Watch)
    assert (seen.snapshot["found"], seen.snapshot["blocked"]) == (0, True)
    assert (seen.snapshot["cut"], seen.snapshot["refused"]) == (False, 0)
    assert seen.verdict.outcome is Outcome.OBSERVED


@pytest.mark.parametrize(
    "event",
    ["gd_unenroll", "s", "sertft", "seacft", "ssa", "gd_enrollment_complete", "scp", "ublkdu", "mgmt_api_read",
     "my_account_authentication_method_succeeded"],
)  # fmt: skip
async def test_whoever_got_in_or_changed_something_since_is_told(
    sim: Simulator, nora: Auth0User, event: str
) -> None:
    await contained(sim)
    sim.tenant.auth0_event(event, nora, scene=THIEF, client=PORTAL)
    seen = await looked(sim, Watch)
    (entry,) = seen.snapshot["drift"]
    assert (entry["event"], entry["ip"]) == (event, THIEF.ip)
    assert seen.verdict.outcome is Outcome.MANUAL
    assert event in seen.verdict.reason
    assert "containment again" in seen.verdict.instructions


async def test_an_account_that_is_open_again_is_drift_though_no_entry_says_so(
    sim: Simulator, nora: Auth0User
) -> None:
    await contained(sim)
    nora.blocked = False
    seen = await looked(sim, Watch)
    (entry,) = seen.snapshot["drift"]
    assert entry["event"] == "the account is not blocked any more"
    # given back by a run of ours, of which the log has not heard yet
    now = datetime.fromtimestamp(sim.tenant.now() - 1, UTC).isoformat()
    assert (await looked(sim, Watch, given_back=now)).verdict.outcome is Outcome.OBSERVED


@pytest.mark.parametrize("by_machine", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("PATCH", "users/{}", {"blocked": False}, "sapi patch users/{} blocked=false"),
        ("PATCH", "users/{}", {"password": "*****"}, "sapi patch users/{} password"),
        (
            "POST",
            "users/{}/authentication-methods",
            {},
            "sapi post users/{}/authentication-methods",
        ),
        ("DELETE", "user-blocks/{}", None, "sapi delete user-blocks/{}"),
        ("PATCH", "users/{}", {"blocked": True}, None),
        ("DELETE", "users/{}/sessions", None, None),
    ],
)
async def test_who_gave_the_account_back_is_told_and_who_took_more_away_is_not(
    sim: Simulator, method: str, path: str, body: Any, told: str | None, by_machine: bool
) -> None:
    await contained(sim)
    admin = None if by_machine else user_of(sim, auth0_user_id("user01"))
    whose = quote(VICTIM, safe="")
    administered(sim, method, f"/api/v2/{path.format(whose)}", admin, body=body)
    administered(sim, method, f"/api/v2/{path.format('auth0%7Canother')}", admin, body=body)
    seen = await looked(sim, Watch)
    assert [entry["event"] for entry in seen.snapshot["drift"]] == ([told] if told else [])
    assert seen.verdict.outcome is (Outcome.MANUAL if told else Outcome.OBSERVED)


async def test_a_password_we_have_set_ourselves_is_no_drift(
    sim: Simulator, nora: Auth0User
) -> None:
    await contained(sim)
    details = requested("PATCH", f"/api/v2/users/{VICTIM}", body={"password": "*****"})
    sim.tenant.auth0_event(
        "sapi", None, scene=HOME, client=sim.tenant.auth0_client_id, details=details
    )
    sim.tenant.auth0_event("scp", nora, scene=HOME)
    assert (await looked(sim, Watch)).snapshot["found"] == 0
    sim.tenant.advance(60)
    sim.tenant.auth0_event("scp", nora, scene=THIEF)
    assert [e["ip"] for e in (await looked(sim, Watch)).snapshot["drift"]] == [THIEF.ip]


async def test_a_thief_who_was_refused_is_counted_and_no_drift(
    sim: Simulator, nora: Auth0User
) -> None:
    await contained(sim, BlockUser)
    assert exchange(sim, DESKTOP, held_by(nora, DESKTOP).value, THIEF).status_code == 403
    sim.tenant.auth0_event("fp", nora, scene=THIEF, client=PORTAL)
    seen = await looked(sim, Watch)
    assert (seen.snapshot["found"], seen.snapshot["refused"]) == (0, 2)
    assert "2 sign-ins were refused" in seen.verdict.reason


async def test_a_thief_who_gets_tokens_from_a_blocked_account_is_drift(
    sim: Simulator, nora: Auth0User
) -> None:
    sim.tenant.auth0_blocked_may_refresh = True
    await contained(sim, BlockUser)
    assert exchange(sim, DESKTOP, held_by(nora, DESKTOP).value, THIEF).status_code == 200
    (entry,) = (await looked(sim, Watch)).snapshot["drift"]
    assert (entry["event"], entry["app"], entry["ip"]) == ("sertft", "Contoso Desktop", THIEF.ip)


async def test_since_when_is_never_guessed(sim: Simulator) -> None:
    seen = await looked(sim, Watch)
    assert seen.verdict.outcome is Outcome.UNVERIFIABLE
    assert "no containing change of ours" in seen.verdict.reason
    asked = await looked(sim, Watch, since="2026-01-01T00:00:00Z")
    assert asked.snapshot["found"] > 0
    reached = [asked.snapshot[name] for name in ("since", "reaches_back_to", "until")]
    assert reached == sorted(reached)
    assert f"the oldest event in the log is of {reached[1]}" in asked.verdict.reason
    since, until = (datetime.fromisoformat(reached[place]) for place in (0, 2))
    assert (until - since).days == 2  # no further back than was read
    with pytest.raises(ValidationError):
        await looked(sim, Watch, since="yesterday")
    async with connected(sim.url) as client:  # a ready token that does not say whose it is
        nameless = await build(Watch, client).observe(target(sim))
    assert "not known which changes" in nameless.verdict.reason  # type: ignore[union-attr]


async def test_what_another_application_contained_is_not_taken_for_ours(sim: Simulator) -> None:
    administered(sim, "DELETE", f"/api/v2/users/{VICTIM}/sessions")
    assert (await looked(sim, Watch)).verdict.outcome is Outcome.UNVERIFIABLE


def test_a_ready_token_tells_under_which_id_we_are_logged() -> None:
    def client(token: str) -> Auth0Client:
        settings = Auth0(domain=DOMAIN, access_token=SecretStr(token), client_id="set")
        return Auth0Client(TENANT, settings, Door())

    token = mint(b"secret", {"azp": "RescindClient", "exp": 1})
    assert (client(token).client_id, client("opaque").client_id) == ("RescindClient", "set")


async def test_a_search_asks_by_documented_fields_and_quotes_what_it_is_given() -> None:
    odd = 'fabrikam|a"b'
    event = {"date": "2026-11-22T08:00:00.000Z", "type": "s", "log_id": "1", "user_id": odd}

    def respond(request: Any) -> Any:
        paged = "page=0" in request.path_qs and "per_page=1&" not in f"{request.path_qs}&"
        return (
            answer([event] if paged else []) if "/logs" in request.path_qs else answer(user_json())
        )

    async with scripted(respond) as (url, seen), connected(url) as client:
        await build(TraceSource, client, ips=["203.0.113.66", 'x" OR type:"s']).observe(person())
    queries = [httpx.URL(each.path_qs).params.get("q") for each in seen]
    window = next(q for q in queries if q and q.startswith("(ip:")).partition(" AND ")
    assert window[0] == '(ip:"203.0.113.66")'
    assert (window[2][:6], window[2][-1]) == ("date:[", "}")


@pytest.mark.parametrize("body", [{"logs": "x"}, "text", 7])
async def test_an_answer_that_is_no_log_is_no_empty_log(body: Any) -> None:
    def respond(request: Any) -> Any:
        return answer(body if "/logs" in request.path_qs else user_json())

    async with scripted(respond) as (url, _), connected(url) as client:
        with pytest.raises(errors.Unavailable):
            await build(TraceSource, client).observe(person())


def test_an_odd_event_hides_no_other_and_says_only_what_it_knows() -> None:
    at = {"date": "2026-11-22T08:00:00.000Z", "type": "s"}
    assert entry_of(7, TENANT) is None
    assert entry_of({"type": "s"}, TENANT) is None
    bare = entry_of({**at, "details": None, "ip": None, "user_id": ""}, TENANT)
    assert bare is not None
    assert (bare.ip, bare.person, bare.session, bare.outcome) == (None, None, None, "success")
    odd = {
        **at,
        "user_agent": "a\x1b[31m" + "b" * 300,
        "details": {"session_id": "idxA"},
        "location_info": {"city_name": "Oslo", "country_name": "Norway"},
        "security_context": {"ja4": "t13d"},
    }
    entry = entry_of(odd, TENANT)
    assert entry is not None
    assert entry.agent == "a[31m" + "b" * 195
    assert (entry.place, entry.device) == ("Oslo, Norway", "TLS t13d")
    assert entry.session == digest("idxA", TENANT)


@pytest.mark.parametrize(
    ("details", "handles"),
    [
        ({"familyId": "fam", "refresh_token": {"session_id": "s1"}},
         ("fam", f"app@{digest('s1', TENANT)}")),
        ({"familyId": "fam", "access_token_jti": "jti"}, ("fam", "jti")),
        ({"refresh_token": {"session_id": "s1"}}, (f"app@{digest('s1', TENANT)}",)),
        ({}, ("app@auth0|nora",)),
    ],
)  # fmt: skip
def test_an_exchange_goes_by_its_family_else_by_the_app_and_the_session(
    details: dict[str, Any], handles: tuple[str, ...]
) -> None:
    event = {"date": "2026-11-22T08:00:00.000Z", "type": "sertft", "client_id": "app"}
    entry = entry_of({**event, "user_id": "auth0|nora", "details": details}, TENANT)
    assert entry is not None
    assert (entry.handles, entry.session) == (handles, None)


@pytest.mark.parametrize(
    ("request_", "what", "people"),
    [
        ({"method": "patch", "path": "/api/v2/users/auth0%7Ca", "body": {"blocked": False}},
         "patch users/{} blocked=false", ("auth0|a",)),
        ({"method": "DELETE", "path": "/api/v2/grants", "query": {"user_id": "auth0|a"}},
         "delete grants", ("auth0|a",)),
        ({"method": "post", "path": "/api/v2/refresh-tokens/revoke", "body": {"user_id": "auth0|a"}},
         "post refresh-tokens/revoke", ("auth0|a",)),
        ({"method": "post", "path": "/api/v2/organizations/org_1/members",
          "body": {"members": ["auth0|a", "auth0|b", 7]}},
         "post organizations/{}/members", ("auth0|a", "auth0|b")),
        ({"method": "get me; x", "path": 7, "body": [1]}, "{}", ()),
        (None, "{}", ()),
    ],
)  # fmt: skip
def test_a_management_request_tells_what_and_whom_and_no_id_or_value(
    request_: Any, what: str, people: tuple[str, ...]
) -> None:
    asked = understand({"details": {"request": request_}})
    assert (asked.what, asked.people) == (what, people)


@pytest.mark.parametrize(
    ("event", "kind", "outcome"),
    [
        ("s", Kind.SIGN_IN, "success"),
        ("fp", Kind.SIGN_IN, "failure"),
        ("seacft", Kind.TOKEN, "success"),
        ("sertft", Kind.TOKEN, "success"),
        ("fertft", Kind.TOKEN, "failure"),
        ("ferrt", Kind.TOKEN, "failure"),
        ("ssa", Kind.APP, "success"),
        ("scp", Kind.CHANGE, "success"),
        ("gd_enrollment_complete", Kind.CHANGE, "success"),
        ("slo", Kind.END, "success"),
        ("limit_wc", Kind.SIGNAL, "unknown"),
        ("gd_send_pn", Kind.OTHER, "unknown"),
        ("never_heard_of", Kind.OTHER, "unknown"),
    ],
)
def test_each_event_tells_of_one_kind_of_thing(event: str, kind: Kind, outcome: str) -> None:
    entry = entry_of({"date": "2026-11-22T08:00:00.000Z", "type": event}, TENANT)
    assert entry is not None
    assert (entry.kind, entry.outcome) == (kind, outcome)
