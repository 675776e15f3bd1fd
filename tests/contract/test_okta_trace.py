"""What Okta's log tells of a theft, and of what came after the containment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from okta_practice import (
    BRIEF,
    NO_RETRY,
    NORA,
    Recorder,
    answer,
    build,
    connected,
    scripted,
    user_json,
)
from okta_practice import target as person
from pydantic import ValidationError

from connectors import errors
from connectors.action import Action, Outcome, Target
from connectors.door import RetryPolicy
from connectors.okta.account import SuspendUser
from connectors.okta.log_entries import entry_of, kind_of
from connectors.okta.sessions import RevokeSessions
from connectors.okta.trace import TraceSource
from connectors.okta.watch import Watch
from connectors.timeline import Kind, digest
from simulator.faults import Effect, Fault, forbid, status, throttle
from simulator.okta_scene import HOME, THIEF
from simulator.okta_state import OktaUser, Status
from simulator.people import okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

VICTIM = okta_user_id("nora.lind")


@pytest.fixture
def nora(sim: Simulator) -> OktaUser:
    user = sim.tenant.okta_user(VICTIM)
    assert user is not None
    return user


def target(sim: Simulator, minutes_ago: float = 15) -> Target:
    began = datetime.fromtimestamp(sim.tenant.now() - minutes_ago * 60, UTC)
    return person(VICTIM, since=began.isoformat())


async def looked(
    sim: Simulator, kind: type[Action], policy: RetryPolicy = NO_RETRY, **parameters: Any
) -> Any:
    async with connected(sim.url, policy) as client:
        return await build(kind, client, **parameters).observe(target(sim))


async def test_the_root_the_replay_the_apps_the_changes_and_the_others_are_told(
    sim: Simulator,
) -> None:
    seen = await looked(sim, TraceSource)
    told = seen.snapshot
    (root,) = told["roots"]
    assert (root["event"], root["ip"], root["asn"]) == ("user.session.start", HOME.ip, HOME.asn)
    assert root["device"].startswith("Laptop of Nora Lind")
    (source,) = told["sources"]
    assert (source["ip"], source["asn"], source["place"]) == (
        THIEF.ip, THIEF.asn, "Frankfurt, Germany",
    )  # fmt: skip
    assert source["differs"] == ["agent", "asn", "ip"]
    assert [app["app"] for app in told["apps"]] == ["Contoso Expenses", "Contoso Mail"]
    assert {change["event"] for change in told["changes"]} >= {
        "user.mfa.factor.activate",
        "system.api_token.create",
    }
    assert all(change["from_source"] for change in told["changes"])
    (other,) = told["others"]
    assert (other["name"], other["let_in"]) == ("user07@contoso.com", True)
    assert seen.verdict.outcome is Outcome.OBSERVED
    for part in (HOME.ip, f"replayed from {THIEF.ip}", "user07@contoso.com (let in)"):
        assert part in seen.verdict.reason
    assert told["timeline"] == sorted(told["timeline"], key=lambda entry: entry["at"])
    assert sim.requests.writes("okta") == []


async def test_no_session_id_stands_in_the_evidence(sim: Simulator, nora: OktaUser) -> None:
    session = nora.sessions[0].id
    seen = await looked(sim, TraceSource, session_ids=[session])
    assert session not in repr(seen)
    assert seen.snapshot["roots"][0]["session"] == digest(session, "contoso")


@pytest.mark.parametrize("named", ["ips", "session_ids", "digest"])
async def test_what_the_alert_names_is_followed_where_no_replay_shows(
    sim: Simulator, nora: OktaUser, named: str
) -> None:
    with sim.tenant.lock:
        for event in sim.tenant.okta_events:
            if event["client"]["ipAddress"] == THIEF.ip:
                event["authenticationContext"] = {}
    session = nora.sessions[0].id
    parameters: dict[str, Any] = {
        "ips": {"ips": [THIEF.ip, HOME.ip]},
        "session_ids": {"session_ids": [session]},
        "digest": {"session_ids": [digest(session, "contoso")]},
    }[named]
    found = (await looked(sim, TraceSource, **parameters)).snapshot
    assert root_ids(found) >= {digest(session, "contoso")}
    assert [s["ip"] for s in found["sources"]] == ([THIEF.ip] if named == "ips" else [])
    assert [o["name"] for o in found["others"]] == (
        ["user07@contoso.com"] if named == "ips" else []
    )


def root_ids(found: dict[str, Any]) -> set[str]:
    return {root["session"] for root in found["roots"]}


async def test_a_log_on_many_pages_is_read_whole(sim: Simulator) -> None:
    sim.tenant.page_size = 2
    whole = await looked(sim, TraceSource)
    assert [o["name"] for o in whole.snapshot["others"]] == ["user07@contoso.com"]
    assert whole.snapshot["cut"] is False
    queries = [entry for entry in sim.requests.all("okta") if "/logs" in entry.path]
    assert len(queries) > 5


async def test_what_is_late_is_not_claimed_to_be_absent(sim: Simulator) -> None:
    sim.tenant.audit_lag_s = 30 * 60
    seen = await looked(sim, TraceSource)
    assert seen.snapshot["sources"] == []
    assert "no replay is to be seen" in seen.verdict.reason
    assert "it may be late" in seen.verdict.reason


async def test_a_root_before_the_window_is_said_not_to_be_known(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        action = build(TraceSource, client, lookback_hours=1)
        seen = await action.observe(target(sim, minutes_ago=-30))
    assert seen.snapshot["roots"] == []
    assert "not in the log that was read" in seen.verdict.reason  # type: ignore[union-attr]


async def test_the_persons_own_story_stands_where_the_others_cannot_be_read(sim: Simulator) -> None:
    sim.faults.add(Fault(status(503), system="okta", path_regex="client.ipAddress"))
    seen = await looked(sim, TraceSource)
    assert seen.snapshot["roots"]
    assert seen.snapshot["others"] == []
    assert "was not read" in seen.verdict.reason


@pytest.mark.parametrize("kind", [TraceSource, Watch])
@pytest.mark.parametrize(
    ("effect", "error"),
    [(forbid(), errors.Forbidden), (status(503), errors.Unavailable)],
)
async def test_a_log_that_cannot_be_read_is_no_empty_log(
    sim: Simulator, kind: type[Action], effect: Effect, error: type[Exception]
) -> None:
    sim.faults.add(Fault(effect, system="okta", path_regex="/api/v1/logs"))
    with pytest.raises(error):
        await looked(sim, kind)


async def test_throttled_once_it_works(sim: Simulator) -> None:
    sim.faults.add(Fault(throttle(0), system="okta", path_regex="/api/v1/logs", times=1))
    seen = await looked(sim, TraceSource, RetryPolicy(attempts=2))
    assert seen.snapshot["sources"]


async def test_a_log_that_is_used_up_holds_no_containment_back(
    sim: Simulator, nora: OktaUser
) -> None:
    sim.faults.add(Fault(throttle(40), system="okta", path_regex="/api/v1/logs"))
    async with connected(sim.url) as client:
        with pytest.raises(errors.Throttled):
            await build(TraceSource, client).observe(target(sim))
        revoke = build(RevokeSessions, client)
        await revoke.apply(target(sim), await revoke.observe(target(sim)))
    assert nora.refresh_tokens == []


async def test_somebody_who_is_not_there_is_not_found(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        for kind in (TraceSource, Watch):
            with pytest.raises(errors.NotFound):
                await build(kind, client).observe(person(NORA))


async def test_reading_changes_nothing(sim: Simulator) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        for kind in (TraceSource, Watch):
            action = build(kind, client, journal)
            assert action.preview(target(sim)) == ()
            before = await action.observe(target(sim))
            receipt = await action.apply(target(sim), before)
            proof = await action.verify(target(sim), before, receipt, BRIEF)
            assert (receipt.data["sent"], proof.outcome) == (False, Outcome.VERIFIED)
    assert journal.intents == []
    assert sim.requests.writes("okta") == []


async def contained(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        for kind in (RevokeSessions, SuspendUser):
            action = build(kind, client)
            await action.apply(target(sim), await action.observe(target(sim)))
    sim.tenant.advance(1)


async def test_nothing_since_the_containment_is_said(sim: Simulator) -> None:
    await contained(sim)
    seen = await looked(sim, Watch)
    assert (seen.snapshot["found"], seen.snapshot["status"]) == (0, "SUSPENDED")
    assert seen.verdict.outcome is Outcome.OBSERVED


@pytest.mark.parametrize(
    ("event", "by_admin"),
    [
        ("user.session.start", False),
        ("app.oauth2.token.grant.refresh_token", False),
        ("user.mfa.factor.activate", False),
        ("device.user.add", False),
        ("system.api_token.create", False),
        ("user.lifecycle.unsuspend", True),
        ("user.account.unlock_by_admin", True),
    ],
)
async def test_whoever_got_in_or_changed_something_since_is_told(
    sim: Simulator, nora: OktaUser, event: str, by_admin: bool
) -> None:
    await contained(sim)
    admin = sim.tenant.okta_user(okta_user_id("quentin.admin"))
    scene = THIEF.at(app=("0oaMail0000000000001", "Mail"), by_app=event.startswith("app."))
    by = admin if by_admin else nora
    sim.tenant.okta_event(event, nora, by=by, transaction="t", scene=scene)
    seen = await looked(sim, Watch)
    (entry,) = seen.snapshot["drift"]
    assert (entry["event"], entry["ip"]) == (event, THIEF.ip)
    assert seen.verdict.outcome is Outcome.MANUAL
    assert event in seen.verdict.reason
    assert "containment again" in seen.verdict.instructions


async def test_an_account_that_is_open_again_is_drift_though_no_entry_says_so(
    sim: Simulator, nora: OktaUser
) -> None:
    await contained(sim)
    nora.status = Status.ACTIVE
    seen = await looked(sim, Watch)
    (entry,) = seen.snapshot["drift"]
    assert entry["event"] == "the account is not suspended any more"
    assert seen.verdict.outcome is Outcome.MANUAL
    # given back by a run of ours, of which the log has not heard yet
    now = datetime.fromtimestamp(sim.tenant.now() - 1, UTC).isoformat()
    assert (await looked(sim, Watch, given_back=now)).verdict.outcome is Outcome.OBSERVED


async def test_of_an_account_that_was_given_back_the_thief_s_place_stays_his(
    sim: Simulator, nora: OktaUser
) -> None:
    await contained(sim)
    back = datetime.fromtimestamp(sim.tenant.now() - 0.5, UTC).isoformat()
    for scene in (HOME, THIEF):
        sim.tenant.okta_event("user.session.start", nora, by=nora, transaction="t", scene=scene)
    seen = await looked(sim, Watch, given_back=back, thief_ips=[THIEF.ip])
    assert [entry["ip"] for entry in seen.snapshot["drift"]] == [THIEF.ip]
    assert [entry["ip"] for entry in seen.snapshot["expected"]] == [HOME.ip]


async def test_a_refused_sign_in_is_counted_and_no_drift(sim: Simulator, nora: OktaUser) -> None:
    await contained(sim)
    refused = THIEF.at(result="FAILURE", reason="INVALID_CREDENTIALS")
    sim.tenant.okta_event("user.session.start", nora, by=nora, transaction="t", scene=refused)
    seen = await looked(sim, Watch)
    assert (seen.snapshot["found"], seen.snapshot["refused"]) == (0, 1)
    assert "1 sign-ins were refused" in seen.verdict.reason


async def test_since_when_is_never_guessed(sim: Simulator) -> None:
    seen = await looked(sim, Watch)
    assert seen.verdict.outcome is Outcome.UNVERIFIABLE
    asked = await looked(sim, Watch, since="2026-01-01T00:00:00Z")
    assert asked.snapshot["found"] > 0
    with pytest.raises(ValidationError):
        await looked(sim, Watch, since="yesterday")


async def test_no_longer_is_said_to_be_watched_than_was_read(
    sim: Simulator, nora: OktaUser
) -> None:
    for ago in (3, 1):
        at = sim.tenant.now() - 3600 * ago
        sim.tenant.okta_event(
            "user.session.start", nora, by=nora, transaction="t", scene=THIEF, at=at
        )
    seen = await looked(sim, Watch, since="2020-01-01T00:00:00Z", hours=2)
    since, until = (datetime.fromisoformat(seen.snapshot[name]) for name in ("since", "until"))
    assert until - since == timedelta(hours=2)
    assert seen.snapshot["since"] in seen.verdict.reason
    assert "2020-01-01" not in seen.verdict.reason
    assert all(datetime.fromisoformat(each["at"]) >= since for each in seen.snapshot["drift"])


async def test_what_we_did_as_a_service_app_is_ours_too() -> None:
    event = {"published": "2026-11-22T08:00:00.000Z", "eventType": "user.session.clear"}
    ours = {"actor": {"id": "0oaRescind0000000001", "type": "PublicClientApp"}}
    told = [{**event, **ours, "uuid": "1", "target": [{"id": NORA, "type": "User"}]}]

    def respond(request: Any) -> Any:
        if "/token" in request.path_qs:
            token = {"access_token": "x", "expires_in": 3600, "token_type": "Bearer"}
            return answer(token)
        return answer(told if "/logs" in request.path_qs else user_json())

    key = json.dumps(_key())
    async with scripted(respond) as (url, seen), connected(
        url, client_id="0oaRescind0000000001", private_key=key
    ) as client:  # fmt: skip
        observed = await build(Watch, client).observe(person(NORA))
    assert observed.snapshot["since"] == "2026-11-22T08:00:00.000Z"
    assert not any("/users/me" in request.path_qs for request in seen)


def _key() -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from jwt.algorithms import RSAAlgorithm  # noqa: PLC0415

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return dict(RSAAlgorithm.to_jwk(private, as_dict=True))


def test_an_odd_event_hides_no_other_and_says_only_what_it_knows() -> None:
    at = {"published": "2026-11-22T08:00:00.000Z", "eventType": "user.session.start"}
    assert entry_of(7, "contoso") is None
    assert entry_of({"eventType": "user.session.start"}, "contoso") is None
    bare = entry_of({**at, "client": None, "target": None, "actor": "x"}, "contoso")
    assert bare is not None
    assert (bare.ip, bare.person, bare.outcome, bare.session) == (None, None, "unknown", None)
    odd = {
        **at,
        "client": {"ipAddress": "203.0.113.9", "userAgent": {"rawUserAgent": "a\x1b[31m" + "b" * 300}},
        "securityContext": {"asNumber": "64500"},
        "authenticationContext": {"externalSessionId": "unknown", "rootSessionId": "idxA"},
        "actor": {"id": "unknown", "type": "User"},
        "target": [None, {"type": "refresh_token", "id": "oar1", "detailEntry": {"hash": "h"}}],
    }  # fmt: skip
    entry = entry_of(odd, "contoso")
    assert entry is not None
    assert entry.agent == "a[31m" + "b" * 195
    assert (entry.asn, entry.person, entry.tokens) == (None, None, ("oar1", "h"))
    assert entry.session == digest("idxA", "contoso")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("user.session.start", Kind.SIGN_IN),
        ("user.session.end", Kind.END),
        ("app.oauth2.as.token.revoke", Kind.END),
        ("app.oauth2.as.token.grant.access_token", Kind.TOKEN),
        ("app.oauth2.as.token.detect_reuse", Kind.SIGNAL),
        ("app.oauth2.as.consent.grant", Kind.CHANGE),
        ("app.oauth2.as.consent.revoke", Kind.OTHER),
        ("user.session.context.change", Kind.SIGNAL),
        ("user.account.report_suspicious_activity_by_enduser", Kind.SIGNAL),
        ("user.account.privilege.grant", Kind.CHANGE),
        ("policy.rule.update", Kind.CHANGE),
        ("policy.evaluate_sign_on", Kind.OTHER),
        ("zone.create", Kind.CHANGE),
        ("group.user_membership.add", Kind.CHANGE),
    ],
)
def test_each_event_tells_of_one_kind_of_thing(event: str, kind: Kind) -> None:
    assert kind_of(event) is kind
