"""The client over real HTTP: what is sent, and that no failure passes for a success."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import socket
import time

import pytest
from aiohttp import web
from auth0.management.core.client_wrapper import AsyncClientWrapper
from auth0_practice import (
    NO_RETRY,
    TOKEN,
    VICTIM,
    Recorder,
    Seen,
    answer,
    application,
    connected,
    scripted,
    settings,
    user_json,
)
from pydantic import AnyHttpUrl, SecretStr

from config.tenants import Auth0
from connectors import errors, pinned
from connectors.auth0.client import Auth0Client, Request
from connectors.auth0.failures import NotInPlan
from connectors.door import Door, RetryPolicy
from simulator import faults
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

READ = Request("GET", "/api/v2/users/{user}", {"user": VICTIM})
BLOCK = Request("PATCH", "/api/v2/users/{user}", {"user": VICTIM}, body={"blocked": True})
END = Request("DELETE", "/api/v2/users/{user}/sessions", {"user": VICTIM}, needs="delete:sessions")
SESSIONS = Request("GET", "/api/v2/users/{user}/sessions", {"user": VICTIM})
GRANTS = Request("GET", "/api/v2/grants", query={"user_id": VICTIM})


def fault(effect: faults.Effect, method: str, times: int | None = None) -> faults.Fault:
    return faults.Fault(effect, system="auth0", method=method, times=times)


async def end(client: Auth0Client, journal: Recorder | None = None) -> None:
    await client.change(END, journal or Recorder())


# -- what is sent --------------------------------------------------------------------------


async def test_ids_are_percent_encoded_and_the_query_is_only_a_value() -> None:
    body = user_json("samlp|contoso|no/ra@x")
    async with scripted(lambda _: answer(body)) as (url, seen), connected(url + "/") as client:
        await client.read(Request("GET", READ.path, {"user": "samlp|contoso|no/ra@x"}))
        await client.read(Request("GET", "/api/v2/users-by-email", query={"email": "a+b&c=d#@x é"}))

    assert [request.path_qs for request in seen] == [
        "/api/v2/users/samlp%7Ccontoso%7Cno%2Fra%40x",
        "/api/v2/users-by-email?email=a%2Bb%26c%3Dd%23%40x+%C3%A9",
    ]
    assert seen[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert seen[0].headers["User-Agent"] == "rescind"
    assert "Cookie" not in seen[0].headers


async def test_a_change_carries_its_body_and_no_other(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        await client.change(BLOCK, Recorder())
        await client.change(END, Recorder())
    patch, delete = sim.requests.writes("auth0")
    assert (patch.body, delete.body) == ({"blocked": True}, None)


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with scripted(lambda _: answer(user_json())) as (url, seen), connected(url) as client:
        await client.read(READ)
    assert len(seen) == 1


async def test_what_auth0_says_of_itself_is_kept_and_a_changes_body_is_not(sim: Simulator) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        read = await client.read(READ)
        changed = await client.change(BLOCK, journal)
    entries = sim.requests.all("auth0")
    assert [read.request_id, changed.request_id] == [entry.request_id for entry in entries]
    assert read.date is not None
    assert read.headers["x-ratelimit-limit"] == str(sim.tenant.auth0_rate_limit)
    assert (changed.status, changed.body) == (200, None)
    assert [(call.system, call.path, call.params) for call in journal.intents] == [
        ("auth0", BLOCK.path, {"user": VICTIM})
    ]
    assert [result.status for result in journal.results] == [200]


# -- ids -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    ["", "me", "auth0", "auth0|", "auth0|..", "auth0|.", "samlp|x|../y", "samlp|x|a/..", "a|b c",
     "auth0|a?b", "auth0|a%2f", "auth0|a\\b", "nora.lind@contoso.com", "Auth0|x\n", "auth0|\n"],
)  # fmt: skip
async def test_a_wrong_id_is_refused_and_nothing_is_sent(sim: Simulator, wrong: str) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        with pytest.raises(errors.Refused):
            await client.read(Request("GET", READ.path, {"user": wrong}))
        with pytest.raises(errors.Refused):
            await client.change(Request("DELETE", END.path, {"user": wrong}), journal)
    assert (sim.requests.all(), journal.intents) == ([], [])


# -- answers that are no success -----------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.status(500), errors.UnknownOutcome),
        (faults.status(502), errors.UnknownOutcome),
        (faults.empty(504), errors.UnknownOutcome),
        (faults.empty(408), errors.UnknownOutcome),
        (faults.empty(503), errors.Unavailable),
        (faults.empty(403), errors.Forbidden),
        (faults.empty(402), NotInPlan),
        (faults.empty(401), errors.Unauthenticated),
        (faults.empty(404), errors.NotFound),
        (faults.empty(409), errors.Conflict),
        (faults.status(400), errors.Invalid),
        (faults.throttle(None), errors.Throttled),
        (faults.forbid(), errors.Forbidden),
        (faults.drop(), errors.UnknownOutcome),
        (faults.apply_then_drop(), errors.UnknownOutcome),
        (faults.apply_then(504), errors.UnknownOutcome),
        (faults.redirect("https://evil.example/"), errors.Refused),
    ],
)
async def test_a_change_that_failed_never_passes_for_done(
    sim: Simulator, effect: faults.Effect, kind: type[errors.ConnectorError]
) -> None:
    sim.faults.add(fault(effect, "DELETE"))
    journal = Recorder()
    async with connected(sim.url) as client:
        with pytest.raises(kind) as raised:
            await end(client, journal)
    assert type(raised.value) is kind
    (entry,) = sim.requests.all("auth0")
    assert raised.value.request_id == (entry.request_id if entry.status else None)
    assert [result.error for result in journal.results] == [kind.__name__]


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.status(500), errors.Unavailable),
        (faults.status(502), errors.Unavailable),
        (faults.empty(200), errors.Unavailable),
        (faults.drop(), errors.Unavailable),
        (faults.throttle(None), errors.Throttled),
        (faults.redirect("/api/v2/users"), errors.Refused),
    ],
)
async def test_a_reading_that_failed_is_never_an_empty_one(
    sim: Simulator, effect: faults.Effect, kind: type[errors.ConnectorError]
) -> None:
    sim.faults.add(fault(effect, "GET"))
    async with connected(sim.url) as client:
        with pytest.raises(kind):
            await client.by_cursor(SESSIONS, "sessions")
    assert len(sim.requests.all("auth0")) == 1


async def test_a_code_says_what_is_missing_and_prose_is_not_repeated(sim: Simulator) -> None:
    sim.faults.add(fault(faults.forbid(), "DELETE"))
    async with connected(sim.url) as client:
        with pytest.raises(errors.Forbidden) as forbidden:
            await end(client)
        sim.faults.clear()
        sim.tenant.auth0_plan = "essentials"
        with pytest.raises(NotInPlan) as unplanned:
            await end(client)
    assert forbidden.value.code == "insufficient_scope"
    assert "delete:sessions" in forbidden.value.remedy
    assert "privileges" not in str(forbidden.value)
    assert unplanned.value.code == "feature_not_enabled"
    assert "block the user" in unplanned.value.remedy


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>Sign in to the guest network</html>", "text/html"),
        ("not json", "application/json"),
        ('{"tokens": []}', "application/json"),
        ('"a"', "application/json"),
    ],
)
async def test_somebody_else_answering_is_noticed(body: str, content_type: str) -> None:
    def respond(_: Seen) -> web.StreamResponse:
        return web.Response(text=body, content_type=content_type)

    async with scripted(respond) as (url, _), connected(url) as client:
        with pytest.raises(errors.Unavailable):
            await client.by_cursor(SESSIONS, "sessions")
        if content_type == "text/html":
            with pytest.raises(errors.UnknownOutcome):
                await end(client)


async def test_nobody_there_means_nothing_was_sent() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        async with connected(f"http://127.0.0.1:{held.getsockname()[1]}") as client:
            with pytest.raises(errors.Unavailable) as raised:
                await end(client)
    assert raised.value.status is None


async def test_a_change_without_an_answer_in_time_is_unknown_and_sent_once(sim: Simulator) -> None:
    sim.faults.add(fault(faults.delay(10), "DELETE"))
    async with connected(sim.url, RetryPolicy(attempts=3, call_timeout_s=0.4)) as client:
        began = time.monotonic()
        with pytest.raises(errors.UnknownOutcome):
            await end(client)
        assert time.monotonic() - began < 8
    assert len(sim.requests.all("auth0")) == 1


async def test_a_change_whose_connection_takes_too_long_is_not_sent(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinned, "LEAVES_WITHIN_S", -1.0)
    async with connected(sim.url, **application()) as client:
        with pytest.raises(errors.Unavailable, match="nothing was sent"):
            await end(client)
    assert sim.requests.writes("auth0") == []
    assert len(sim.requests.all("auth0_login")) == 1


@pytest.mark.parametrize("effect", [faults.throttle(0), faults.status(503), faults.status(409)])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_the_sdk_retries_nothing_by_itself(
    sim: Simulator, effect: faults.Effect, method: str
) -> None:
    sim.faults.add(fault(effect, method))
    async with connected(sim.url) as client:
        with pytest.raises(errors.ConnectorError):
            await (client.read(READ) if method == "GET" else end(client))
    assert len(sim.requests.all("auth0")) == 1


async def test_a_throttled_change_goes_on_when_auth0_allows_it(sim: Simulator) -> None:
    sim.faults.add(fault(faults.throttle(2), "DELETE", times=1))
    journal = Recorder()
    began = time.monotonic()
    async with connected(sim.url, RetryPolicy(attempts=3)) as client:
        await end(client, journal)
    assert time.monotonic() - began >= 1.9
    assert [result.error for result in journal.results] == ["Throttled", None]


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "40", "x_ratelimit_reset": "1"}, 40, 40),
        ({"x_ratelimit_reset": "60"}, 50, 62),
    ],
)
async def test_a_long_wait_is_handed_back(headers: dict[str, str], least: int, most: int) -> None:
    def respond(_: Seen) -> web.StreamResponse:
        reset = headers.get("x_ratelimit_reset", "")
        told = {**headers, "x_ratelimit_reset": str(int(time.time()) + int(reset))}
        return answer({"statusCode": 429, "errorCode": "too_many_requests"}, 429, **told)

    async with scripted(respond) as (url, seen), connected(url, RetryPolicy()) as client:
        with pytest.raises(errors.Throttled) as raised:
            await end(client)
        assert raised.value.retry_after_s is not None
        assert least <= raised.value.retry_after_s <= most
        assert len(seen) == 1
        with pytest.raises(errors.Throttled):
            await end(client)  # the bucket stays closed, and nothing is sent
        assert len(seen) == 1


async def test_a_bucket_that_is_used_up_is_waited_for_and_holds_no_change_back(
    sim: Simulator,
) -> None:
    sim.tenant.auth0_rate_limit = 1
    async with connected(sim.url, RetryPolicy(attempts=1, inline_wait_s=0)) as client:
        await client.read(READ)
        with pytest.raises(errors.Throttled):
            await client.read(READ)
        await end(client)


# -- lists ---------------------------------------------------------------------------------


async def test_lists_are_read_to_their_end(sim: Simulator) -> None:
    sim.tenant.page_size = 1
    async with connected(sim.url) as client:
        sessions = await client.by_cursor(SESSIONS, "sessions")
        grants = await client.by_page(GRANTS, "grants")
    assert (len(sessions.items), len(grants.items)) == (2, 2)
    assert sessions.date is not None


async def test_an_empty_first_page_is_no_end(sim: Simulator) -> None:
    sim.faults.add(fault(faults.empty_page(), "GET"))
    async with connected(sim.url) as client:
        assert len((await client.by_cursor(SESSIONS, "sessions")).items) == 2


@pytest.mark.parametrize("body", [{"sessions": [{"id": "a"}], "next": "again"}])
async def test_a_list_without_end_is_left(body: dict[str, object]) -> None:
    async with scripted(lambda _: answer(body)) as (url, seen), connected(url) as client:
        with pytest.raises(errors.Refused):
            await client.by_cursor(SESSIONS, "sessions")
    assert len(seen) < 5


async def test_a_counted_list_that_never_reaches_its_total_is_left() -> None:
    body = {"grants": [{"id": "a"}], "total": 2}
    async with scripted(lambda _: answer(body)) as (url, _), connected(url) as client:
        with pytest.raises(errors.Refused):
            await client.by_page(GRANTS, "grants")


async def test_a_bare_array_is_a_list_too() -> None:
    async with scripted(lambda _: answer([{"id": "a"}])) as (url, seen), connected(url) as client:
        listing = await client.by_page(GRANTS, "grants")
    assert [item["id"] for item in listing.items] == ["a"]
    assert len(seen) == 2


# -- the credential ------------------------------------------------------------------------


async def test_the_application_signs_in_once_for_all(sim: Simulator) -> None:
    async with connected(sim.url, **application()) as client:
        await asyncio.gather(*(client.read(READ) for _ in range(5)))
    (login,) = sim.requests.all("auth0_login")
    assert (login.method, login.path) == ("POST", "/oauth/token")
    assert len(sim.requests.all("auth0")) == 5


async def test_the_audience_is_the_tenants_own_and_the_secret_goes_nowhere_else() -> None:
    def respond(seen: Seen) -> web.StreamResponse:
        if seen.path_qs == "/oauth/token":
            return answer({"access_token": "fresh", "expires_in": 3600})
        return answer(user_json())

    async with scripted(respond) as (url, seen), connected(url, **application()) as client:
        await client.read(READ)
    login, read = seen
    assert "audience=https%3A%2F%2Fcontoso.eu.auth0.com%2Fapi%2Fv2%2F" in login.body
    assert "grant_type=client_credentials" in login.body
    assert read.headers["Authorization"] == "Bearer fresh"
    assert "simulated-auth0-secret" not in repr([read.headers, read.path_qs, read.body])


async def test_a_refused_token_is_replaced_once_under_an_intent_of_its_own(sim: Simulator) -> None:
    journal = Recorder()
    async with connected(sim.url, **application()) as client:
        await client.read(READ)
        sim.tenant.auth0_api_token = "another-token"
        await end(client, journal)
        assert [result.error for result in journal.results] == ["TokenRefused", None]
        sim.faults.add(fault(faults.empty(401), "DELETE"))
        with pytest.raises(errors.Unauthenticated):
            await end(client)
    assert len(sim.requests.all("auth0_login")) == 3


async def test_a_token_that_ends_soon_is_not_used() -> None:
    def respond(seen: Seen) -> web.StreamResponse:
        if seen.path_qs == "/oauth/token":
            return answer({"access_token": "short", "expires_in": 30})
        return answer(user_json())

    async with scripted(respond) as (url, seen), connected(url, **application()) as client:
        await client.read(READ)
        await client.read(READ)
    assert [request.path_qs for request in seen].count("/oauth/token") == 2


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.empty(400), errors.Unauthenticated),
        (faults.empty(403), errors.Unauthenticated),
        (faults.throttle(40), errors.Throttled),
        (faults.status(500), errors.Unavailable),
        (faults.empty(200), errors.Unavailable),
        (faults.redirect("https://evil.example/"), errors.Unavailable),
        (faults.drop(), errors.Unavailable),
    ],
)
async def test_without_a_token_nothing_is_sent_and_no_intent_is_made(
    sim: Simulator, effect: faults.Effect, kind: type[errors.ConnectorError]
) -> None:
    sim.faults.add(faults.Fault(effect, system="auth0_login"))
    journal = Recorder()
    async with connected(sim.url, **application()) as client:
        with pytest.raises(kind) as raised:
            await end(client, journal)
    assert type(raised.value) is kind
    assert (journal.intents, sim.requests.all("auth0")) == ([], [])


async def test_a_wrong_secret_is_told_without_it(sim: Simulator) -> None:
    wrong = application(client_secret=SecretStr("not-the-secret"))
    async with connected(sim.url, **wrong) as client:
        with pytest.raises(errors.Unauthenticated) as raised:
            await client.read(READ)
    assert raised.value.code == "access_denied"
    assert "client_secret" in raised.value.remedy
    assert "not-the-secret" not in f"{raised.value!r}{raised.value.__cause__!r}"
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"base_url": AnyHttpUrl("https://elsewhere.example"), "client_id": "a",
          "client_secret": SecretStr("b")}, errors.Refused),
        ({"access_token": SecretStr("a")}, errors.Unauthenticated),
        ({"client_id": "a"}, errors.Unauthenticated),
        ({}, errors.Unauthenticated),
    ],
)  # fmt: skip
async def test_what_the_settings_may_not_say_is_refused_here_too(
    more: dict[str, object], kind: type[errors.ConnectorError]
) -> None:
    client = Auth0Client("contoso", Auth0(domain="contoso.eu.auth0.com", **more), Door(NO_RETRY))
    with pytest.raises(kind):
        await client.read(READ)


# -- what is kept quiet ----------------------------------------------------------------------


async def test_neither_token_nor_address_is_logged(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    async with connected(sim.url, **application()) as client:
        await client.read(Request("GET", "/api/v2/users-by-email", query={"email": "nora@x.com"}))
        sim.faults.add(fault(faults.status(400), "PATCH"))
        with pytest.raises(errors.Invalid):
            await client.change(BLOCK, Recorder())
    said = "".join(record.getMessage() for record in caplog.records if record.name != "httpcore")
    for secret in (TOKEN, "simulated-auth0-secret", "nora@x.com", VICTIM):
        assert secret not in said


def test_the_client_wrapper_is_still_where_it_was() -> None:
    # It is no public interface: a new version shows here and not in an incident.
    wrapper = AsyncClientWrapper(token="t", base_url="http://x", max_retries=0, httpx_client=None)
    assert wrapper.httpx_client.base_max_retries == 0
    assert importlib.metadata.version("auth0-python").startswith("6.")


async def test_it_can_be_closed_twice_and_used_again(sim: Simulator) -> None:
    client = Auth0Client("contoso", settings(sim.url), Door(NO_RETRY))
    await client.warm()
    await client.close()
    await client.close()
    await client.read(READ)
    await client.close()
