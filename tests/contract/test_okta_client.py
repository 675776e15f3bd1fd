"""The client over real HTTP: what is sent, and that no failure passes for a success."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from okta_practice import (
    NO_RETRY,
    NORA,
    TOKEN,
    Recorder,
    Seen,
    answer,
    connected,
    scripted,
    settings,
    user_json,
)
from pydantic import SecretStr

from connectors import errors
from connectors.door import Door, RetryPolicy
from connectors.okta.client import OktaClient
from simulator import faults
from simulator.people import okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

USER = "/api/v1/users/{user}"
REVOKE = "/api/v1/users/{user}/sessions?oauthTokens=true&forgetDevices=true"
SUSPEND = "/api/v1/users/{user}/lifecycle/suspend"
FACTOR = "/api/v1/users/{user}/factors/{factor}"
VICTIM = okta_user_id("nora.lind")


def fault(effect: faults.Effect, method: str, times: int | None = None) -> faults.Fault:
    return faults.Fault(effect, system="okta", method=method, times=times)


async def suspend(client: OktaClient, journal: Recorder | None = None) -> None:
    await client.change("POST", SUSPEND, {"user": VICTIM}, journal or Recorder())


# -- what is sent --------------------------------------------------------------------------


async def test_the_token_is_sent_with_its_space_and_the_path_as_built() -> None:
    async with scripted(lambda _: answer([])) as (url, seen), connected(url + "/") as client:
        text = 'profile.login eq "a\\"b\\\\c/../d%2F+e&f=é"'
        await client.get_all("/api/v1/users?filter={filter}", {"filter": text})

    (request,) = seen
    assert request.headers["Authorization"] == f"SSWS {TOKEN}"
    assert request.headers["Accept"] == "application/json"
    assert "Cookie" not in request.headers
    assert request.path_qs == (
        "/api/v1/users?filter=profile.login%20eq%20%22a%5C%22b%5C%5Cc%2F..%2Fd%252F%2Be%26f%3D%C3%A9%22"
    )


async def test_a_change_without_a_body_says_so() -> None:
    async with scripted(lambda _: answer({})) as (url, seen), connected(url) as client:
        await client.change("POST", SUSPEND, {"user": NORA}, Recorder())

    (request,) = seen
    assert (request.method, request.path_qs, request.body) == (
        "POST",
        f"/api/v1/users/{NORA}/lifecycle/suspend",
        "",
    )
    assert request.headers["Content-Length"] == "0"
    assert "Content-Type" not in request.headers


async def test_neither_environment_nor_working_directory_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "okta.yaml").write_text(
        "okta:\n  client:\n    orgUrl: https://evil.example\n    token: other\n"
        "    proxy: {host: 127.0.0.1, port: 9}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OKTA_CLIENT_ORGURL", "https://evil.example")
    monkeypatch.setenv("OKTA_CLIENT_TOKEN", "other")
    monkeypatch.setenv("OKTA_CLIENT_RATELIMIT_MAXRETRIES", "7")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async with scripted(lambda _: answer(user_json())) as (url, seen), connected(url) as client:
        await client.get(USER, {"user": NORA})

    assert seen[0].headers["Authorization"] == f"SSWS {TOKEN}"


async def test_cookies_are_neither_kept_nor_shown() -> None:
    def respond(_: Seen) -> web.StreamResponse:
        response = answer(user_json())
        response.set_cookie("sid", "a-session-of-okta")
        return response

    # A cookie jar keeps cookies of names, not of numbers.
    async with (
        scripted(respond) as (url, seen),
        connected(url.replace("127.0.0.1", "localhost")) as client,
    ):
        first = await client.get(USER, {"user": NORA})
        await client.get(USER, {"user": NORA})

    assert "a-session-of-okta" not in repr(first)
    assert "Cookie" not in seen[1].headers


async def test_what_okta_says_of_itself_is_kept(sim: Simulator) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        read = await client.get(USER, {"user": VICTIM})
        changed = await client.change("DELETE", REVOKE, {"user": VICTIM}, journal)

    assert read.body["profile"]["login"] == "nora.lind@contoso.com"
    assert read.date is not None
    assert read.headers["x-rate-limit-limit"] == str(sim.tenant.okta_rate_limit)
    entries = sim.requests.all("okta")
    assert [read.request_id, changed.request_id] == [entry.request_id for entry in entries]
    assert (changed.status, changed.body) == (204, None)
    assert [(call.method, call.path, call.params) for call in journal.intents] == [
        ("DELETE", REVOKE, {"user": VICTIM})
    ]
    assert [result.status for result in journal.results] == [204]


async def test_the_body_of_a_changes_answer_is_dropped(sim: Simulator) -> None:
    path = "/api/v1/users/{user}/lifecycle/reset_password?sendEmail=false&revokeSessions=true"
    async with connected(sim.url) as client:
        done = await client.change("POST", path, {"user": VICTIM}, Recorder())
    assert (done.status, done.body) == (200, None)


async def test_a_read_leaves_no_record_and_cannot_change(sim: Simulator) -> None:
    async with connected(sim.url) as client:
        await client.get(USER, {"user": VICTIM})
    assert sim.requests.writes("okta") == []


# -- ids -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["me", "..", ".", "", "nora.lind@contoso.com", "nora.lind"])
async def test_a_wrong_id_is_refused_and_nothing_is_sent(sim: Simulator, wrong: str) -> None:
    journal = Recorder()
    async with connected(sim.url) as client:
        with pytest.raises(errors.Refused):
            await client.change("DELETE", REVOKE, {"user": wrong}, journal)
        with pytest.raises(errors.Refused):
            await client.get(USER, {"user": wrong})
        with pytest.raises(errors.Refused):
            await client.get_all("/api/v1/users/{user}/factors", {"user": wrong})
    assert (sim.requests.all(), journal.intents) == ([], [])


# -- answers that are no success -----------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.status(500), errors.UnknownOutcome),
        (faults.status(502), errors.UnknownOutcome),
        (faults.status(504), errors.UnknownOutcome),
        (faults.empty(502), errors.UnknownOutcome),
        (faults.empty(500), errors.UnknownOutcome),
        (faults.empty(503), errors.Unavailable),
        (faults.empty(403), errors.Forbidden),
        (faults.empty(401), errors.Unauthenticated),
        (faults.empty(404), errors.NotFound),
        (faults.status(503), errors.Unavailable),
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
    sim.faults.add(fault(effect, "POST"))
    journal = Recorder()
    async with connected(sim.url) as client:
        with pytest.raises(kind) as raised:
            await suspend(client, journal)

    assert type(raised.value) is kind
    (entry,) = sim.requests.all("okta")
    assert raised.value.request_id == (entry.request_id if entry.status else None)
    assert [result.error for result in journal.results] == [kind.__name__]


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.status(500), errors.Unavailable),
        (faults.status(502), errors.Unavailable),
        (faults.empty(502), errors.Unavailable),
        (faults.empty(200), errors.Unavailable),
        (faults.drop(), errors.Unavailable),
        (faults.throttle(None), errors.Throttled),
        (faults.redirect("/api/v1/users/me"), errors.Refused),
    ],
)
async def test_a_reading_that_failed_is_never_an_empty_one(
    sim: Simulator, effect: faults.Effect, kind: type[errors.ConnectorError]
) -> None:
    sim.faults.add(fault(effect, "GET"))
    async with connected(sim.url) as client:
        with pytest.raises(kind):
            await client.get_all("/api/v1/users/{user}/clients", {"user": VICTIM})
    assert len(sim.requests.all("okta")) == 1


@pytest.mark.parametrize("content_type", ["application/json", "application/xml", "text/html"])
@pytest.mark.parametrize("text", ["", "{", "<a", "\xff\xfe"])
async def test_an_error_is_an_error_whatever_its_body(text: str, content_type: str) -> None:
    def respond(_: Seen) -> web.StreamResponse:
        raw = text.encode("latin-1")
        return web.Response(status=403, body=raw, headers={"Content-Type": content_type})

    async with scripted(respond) as (url, _), connected(url) as client:
        with pytest.raises(errors.Forbidden):
            await suspend(client)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>Sign in to the guest network</html>", "text/html"),
        ("not json", "application/json"),
        ("", "application/json"),
        ('{"factors": []}', "application/json"),
    ],
)
async def test_somebody_else_answering_is_noticed(body: str, content_type: str) -> None:
    def respond(_: Seen) -> web.StreamResponse:
        return web.Response(text=body, content_type=content_type)

    async with scripted(respond) as (url, _), connected(url) as client:
        with pytest.raises(errors.Unavailable):
            await client.get_all("/api/v1/users/{user}/factors", {"user": NORA})
        if content_type == "text/html":
            with pytest.raises(errors.UnknownOutcome):
                await suspend(client)


async def test_nobody_there_means_nothing_was_sent() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with connected(url) as client:
            with pytest.raises(errors.Unavailable) as raised:
                await suspend(client)
    assert raised.value.status is None


async def test_a_change_without_an_answer_in_time_is_unknown(sim: Simulator) -> None:
    sim.faults.add(fault(faults.delay(10), "POST"))
    async with connected(sim.url, RetryPolicy(attempts=3, call_timeout_s=0.5)) as client:
        began = time.monotonic()
        with pytest.raises(errors.UnknownOutcome):
            # Carried out when nobody waits any more: on somebody no other test asks about.
            await client.change("POST", SUSPEND, {"user": okta_user_id("user12")}, Recorder())
        assert time.monotonic() - began < 8
    assert len(sim.requests.all("okta")) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_dropped_connection_is_not_tried_again_behind_our_back(
    sim: Simulator, method: str
) -> None:
    async with connected(sim.url) as client:
        await client.get(USER, {"user": VICTIM})  # so that the connection is a kept one
        sim.requests.clear()
        sim.faults.add(fault(faults.drop(), method))
        if method == "GET":
            with pytest.raises(errors.Unavailable):
                await client.get(USER, {"user": VICTIM})
        else:
            with pytest.raises(errors.UnknownOutcome):
                await client.change("DELETE", REVOKE, {"user": VICTIM}, Recorder())
    assert len(sim.requests.all("okta")) == 1


async def test_the_sdk_retries_nothing_by_itself(sim: Simulator) -> None:
    for effect in (faults.throttle(0), faults.status(503), faults.status(504)):
        sim.requests.clear()
        sim.faults.clear()
        sim.faults.add(fault(effect, "POST"))
        async with connected(sim.url) as client:
            with pytest.raises(errors.ConnectorError):
                await suspend(client)
        assert len(sim.requests.all("okta")) == 1


async def test_a_throttled_change_goes_on_when_okta_allows_it(sim: Simulator) -> None:
    sim.faults.add(fault(faults.throttle(2), "POST", times=1))
    journal = Recorder()
    began = time.monotonic()
    async with connected(sim.url, RetryPolicy(attempts=3)) as client:
        await suspend(client, journal)

    assert time.monotonic() - began >= 1.9
    assert [result.error for result in journal.results] == ["Throttled", None]
    assert journal.results[0].retry_after_s is not None
    assert [entry.status for entry in sim.requests.all("okta")] == [429, 200]


async def test_a_long_wait_is_handed_back_with_its_length(sim: Simulator) -> None:
    sim.faults.add(fault(faults.throttle(40), "POST"))
    async with connected(sim.url, RetryPolicy(attempts=3)) as client:
        with pytest.raises(errors.Throttled) as raised:
            await suspend(client)
    assert raised.value.retry_after_s is not None
    assert 30 <= raised.value.retry_after_s <= 42


async def test_exhausted_reading_holds_no_change_back(sim: Simulator) -> None:
    sim.faults.add(fault(faults.throttle(40), "GET"))
    async with connected(sim.url) as client:
        with pytest.raises(errors.Throttled):
            await client.get_all("/api/v1/users/{user}/clients", {"user": VICTIM})
        await client.change("DELETE", REVOKE, {"user": VICTIM}, Recorder())


async def test_a_family_that_is_used_up_holds_no_other_back() -> None:
    def respond(request: Seen) -> web.StreamResponse:
        used_up = "/factors/" in request.path_qs
        remaining = {"X_Rate_Limit_Remaining": "0" if used_up else "9"}
        return answer({}, X_Rate_Limit_Reset=str(int(time.time()) + 60), **remaining)

    journal, factor = Recorder(), {"user": NORA, "factor": "smsThief0000000001"}
    async with scripted(respond) as (url, _), connected(url) as client:
        await client.change("DELETE", FACTOR, factor, journal)
        for method, path in (("DELETE", REVOKE), ("POST", SUSPEND)):
            await client.change(method, path, {"user": NORA}, journal)
        await client.get(USER, {"user": NORA})
        with pytest.raises(errors.Throttled):
            await client.change("DELETE", FACTOR, factor, journal)
    assert len(journal.intents) == 3


async def test_no_change_waits_for_a_connection_after_its_intent(sim: Simulator) -> None:
    """Twenty slow reads take all connections; the change has no intent until one is free."""
    slow = sim.faults.add(fault(faults.delay(2), "GET"))
    journal = Recorder()
    async with connected(sim.url) as client:
        reads = [asyncio.create_task(client.get(USER, {"user": VICTIM})) for _ in range(20)]
        while slow.hits < len(reads):  # noqa: ASYNC110 - the simulator calls nobody
            await asyncio.sleep(0.01)
        change = client.change("DELETE", REVOKE, {"user": VICTIM}, journal)
        sending = asyncio.create_task(change)
        await asyncio.sleep(0.1)
        assert journal.intents == []
        await asyncio.gather(*reads, sending)
    assert len(journal.intents) == 1


async def test_a_change_without_a_connection_in_time_does_not_leave() -> None:
    """A server that takes connections and never shakes hands."""
    journal = Recorder()

    over = asyncio.Event()

    async def keep_silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()  # held until here: a writer nobody holds closes its connection

    silent = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    began = time.monotonic()
    async with silent, connected(f"https://127.0.0.1:{port}") as client:
        with pytest.raises(errors.Unavailable):
            await client.change("DELETE", REVOKE, {"user": VICTIM}, journal)
        took = time.monotonic() - began
        over.set()
    assert 0.9 <= took < 4.5
    assert [result.known for result in journal.results] == [True]


async def test_after_a_change_without_a_connection_one_is_opened_before_the_next_intent() -> None:
    """So that a way on which connecting takes long is no way without containment."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    journal = Recorder()
    policy = RetryPolicy(attempts=3, first_wait_s=0.01)
    async with connected(f"http://127.0.0.1:{port}", policy) as client:
        with pytest.raises(errors.Unavailable):
            await client.change("DELETE", REVOKE, {"user": NORA}, journal)
        assert len(journal.intents) == 1, "nothing is about to be sent to nobody"
        async with scripted(lambda _: web.Response(status=204), port) as (_, seen):
            await client.change("DELETE", REVOKE, {"user": NORA}, journal)
            await client.change("DELETE", REVOKE, {"user": NORA}, journal)
    assert [request.method for request in seen] == ["GET", "DELETE", "DELETE"]
    assert "Authorization" not in seen[0].headers
    assert [result.error for result in journal.results] == ["Unavailable", None, None]


# -- lists ---------------------------------------------------------------------------------


async def test_all_pages_of_a_list_are_read(sim: Simulator) -> None:
    sim.tenant.page_size = 2
    async with connected(sim.url) as client:
        listing = await client.get_all("/api/v1/users?limit={limit}", {"limit": "200"})
    ids = [item["id"] for item in listing.items]
    assert len(ids) == len(set(ids)) == len(sim.tenant.okta_users())


async def test_an_empty_page_is_not_the_end_of_the_list(sim: Simulator) -> None:
    sim.faults.add(faults.Fault(faults.empty_page(), system="okta", path_regex="/clients$"))
    async with connected(sim.url) as client:
        listing = await client.get_all("/api/v1/users/{user}/clients", {"user": VICTIM})
    assert len(listing.items) == 2


async def test_a_next_page_elsewhere_is_not_asked_for(sim: Simulator) -> None:
    async with scripted(lambda _: answer([])) as (elsewhere, caught):
        sim.faults.add(fault(faults.foreign_next_link(f"{elsewhere}/api/v1/users"), "GET"))
        async with connected(sim.url) as client:
            with pytest.raises(errors.Refused):
                await client.get_all("/api/v1/users/{user}/clients", {"user": VICTIM})
    assert caught == []


async def test_a_list_without_an_end_is_given_up() -> None:
    def respond(request: Seen) -> web.StreamResponse:
        host = request.headers["Host"]
        return answer([1], Link=f'<http://{host}/api/v1/users?after=x>; rel="next"')

    async with scripted(respond) as (url, seen), connected(url) as client:
        with pytest.raises(errors.Refused):
            await client.get_all("/api/v1/users", {})
    assert len(seen) == 100


# -- secrets -------------------------------------------------------------------------------


async def test_no_secret_and_no_name_reaches_a_log_or_an_exception(
    sim: Simulator, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    sdk = logging.getLogger("okta-sdk-python")
    raised: list[str] = []
    effects = [
        faults.drop(),
        faults.empty(403),
        faults.status(502),
        faults.status(404),
        faults.redirect(f"https://evil.example/?t={TOKEN}"),
    ]
    for effect in effects:
        sim.faults.clear()
        sim.faults.add(fault(effect, "POST"))
        async with connected(sim.url) as client:
            # What logging.config does to loggers that exist.
            sdk.disabled, sdk.propagate = False, True
            sdk.setLevel(logging.DEBUG)
            with pytest.raises(errors.ConnectorError) as caught:
                await suspend(client)
            await client.get_all(
                "/api/v1/users?filter={filter}", {"filter": 'profile.login eq "Nora"'}
            )
        error = caught.value
        raised += [repr(error), str(error), repr(error.__cause__), repr(error.__context__)]

    out = capfd.readouterr()
    for text in (*raised, caplog.text, out.out, out.err):
        assert TOKEN not in text
        assert "Nora" not in text
    assert sdk.handlers == []


def test_a_bad_credential_is_told_without_it() -> None:
    door = Door(NO_RETRY)
    bad = "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----"
    for key in (
        bad,
        "bm90IGEga2V5",
        '{"kty": "RSA", "n": "bm90IGEga2V5"}',
        '{"kty": ',
        "/etc/passwd",
    ):
        with pytest.raises(errors.Unauthenticated) as raised:
            OktaClient(
                "contoso",
                settings(
                    "https://contoso.okta.example", client_id="0oa", private_key=SecretStr(key)
                ),
                door,
            )
        assert "bm90IGEga2V5" not in f"{raised.value!r} {raised.value.__context__!r}"
    with pytest.raises(errors.Unauthenticated, match="no credential"):
        OktaClient("contoso", settings("https://contoso.okta.example", client_id="0oa"), door)


@pytest.mark.parametrize(
    "url",
    [
        "http://contoso.okta.com",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "https://contoso-admin.okta.com",
        "https://contoso-Admin.oktapreview.com",
    ],
)
def test_an_address_that_must_not_be_used_is_refused_at_once(url: str) -> None:
    with pytest.raises(errors.Refused):
        OktaClient("contoso", settings(url), Door())


@pytest.mark.parametrize(
    "url", ["https://contoso.okta.com/", "http://localhost:1", "http://[::1]:1"]
)
def test_a_proper_address_is_taken_without_its_slash(url: str) -> None:
    assert OktaClient("contoso", settings(url), Door()).origin == url.rstrip("/")


# -- the service app -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


class ServiceAppOrg:
    """An organization that gives tokens to a service app and can take them back."""

    def __init__(self, token_status: int = 200, expires_in: int = 3600) -> None:
        self.token_status, self.expires_in = token_status, expires_in
        self.given = 0
        self.revoked: set[str] = set()

    def __call__(self, request: Seen) -> web.StreamResponse:
        if request.path_qs == "/oauth2/v1/token":
            if self.token_status != 200:
                return answer({"error": "invalid_client"}, self.token_status)
            self.given += 1
            token = {"access_token": f"tok{self.given}", "token_type": "Bearer"}
            return answer({**token, "expires_in": self.expires_in})
        presented = request.headers["Authorization"]
        if not presented.startswith("Bearer tok") or presented[7:] in self.revoked:
            return answer({"errorCode": "E0000011", "errorSummary": "Invalid token provided"}, 401)
        return answer(user_json())


async def test_a_service_app_signs_in_once_for_many_requests(private_key: str) -> None:
    org = ServiceAppOrg()
    async with scripted(org) as (url, seen):
        app = {"client_id": "0oaServiceApp0000001", "private_key": SecretStr(private_key)}
        async with connected(url, key_id="k1", **app) as client:
            await asyncio.gather(*(client.get(USER, {"user": NORA}) for _ in range(5)))

    assert org.given == 1
    tokens = [request for request in seen if request.path_qs == "/oauth2/v1/token"]
    assert "grant_type=client_credentials" in tokens[0].body
    assert "scope=okta.users.read+okta.users.manage" in tokens[0].body
    assert "client_assertion=" in tokens[0].body
    assert "Authorization" not in tokens[0].headers
    assert {r.headers["Authorization"] for r in seen if r.method == "GET"} == {"Bearer tok1"}


async def test_a_revoked_token_is_replaced_once_and_the_change_sent_again(private_key: str) -> None:
    org = ServiceAppOrg()
    journal = Recorder()
    async with scripted(org) as (url, seen):
        app = {"client_id": "0oaServiceApp0000001", "private_key": SecretStr(private_key)}
        async with connected(url, **app) as client:
            await client.get(USER, {"user": NORA})
            org.revoked.add("tok1")
            await client.change("POST", SUSPEND, {"user": NORA}, journal)

    assert [r.headers.get("Authorization") for r in seen if r.path_qs.startswith("/api")] == [
        "Bearer tok1",
        "Bearer tok1",
        "Bearer tok2",
    ]
    assert [result.error for result in journal.results] == ["TokenRefused", None]
    assert len(journal.intents) == 2


async def test_a_token_is_waited_for_before_the_intent(private_key: str) -> None:
    journal, known = Recorder(), []
    org = ServiceAppOrg()

    def respond(request: Seen) -> web.StreamResponse:
        known.append((request.path_qs.partition("?")[0], len(journal.intents)))
        return org(request)

    async with scripted(respond) as (url, _):
        app = {"client_id": "0oaServiceApp0000001", "private_key": SecretStr(private_key)}
        async with connected(url, **app) as client:
            await client.change("POST", SUSPEND, {"user": NORA}, journal)
    assert known == [
        ("/oauth2/v1/token", 0),
        (f"/api/v1/users/{NORA}/lifecycle/suspend", 1),
    ]


async def test_a_credential_okta_never_takes_is_given_up(private_key: str) -> None:
    org = ServiceAppOrg()
    org.revoked = {f"tok{n}" for n in range(1, 9)}
    async with scripted(org) as (url, seen):
        app = {"client_id": "0oaServiceApp0000001", "private_key": SecretStr(private_key)}
        async with connected(url, RetryPolicy(attempts=4), **app) as client:
            with pytest.raises(errors.Unauthenticated):
                await client.get(USER, {"user": NORA})
    assert len([r for r in seen if r.path_qs.startswith("/api")]) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, errors.Unauthenticated), (500, errors.Unavailable), (302, errors.Refused)],
)
async def test_without_a_token_a_change_was_not_sent(
    private_key: str, status: int, kind: type[errors.ConnectorError]
) -> None:
    async with scripted(ServiceAppOrg(token_status=status)) as (url, seen):
        app = {"client_id": "0oaServiceApp0000001", "private_key": SecretStr(private_key)}
        async with connected(url, **app) as client:
            with pytest.raises(kind):
                await client.change("POST", SUSPEND, {"user": NORA}, Recorder())
    assert {request.path_qs for request in seen} == {"/oauth2/v1/token"}


@pytest.mark.parametrize(
    "response",
    [
        {"text": "<html>sign in</html>", "content_type": "text/html"},
        {"text": "", "content_type": "application/json"},
        {"text": "{}", "content_type": "application/json"},
        {"text": '{"access_token": "t", "expires_in": "soon"}', "content_type": "application/json"},
        {"text": '["access_token"]', "content_type": "application/json"},
    ],
)
async def test_a_token_endpoint_that_talks_nonsense_gives_no_token(
    private_key: str, response: dict[str, str]
) -> None:
    def respond(_: Seen) -> web.StreamResponse:
        return web.Response(**response)  # type: ignore[arg-type]  # texts only

    async with scripted(respond) as (url, _):
        app = {"client_id": "0oaServiceApp0000001", "private_key": SecretStr(private_key)}
        async with connected(url, **app) as client:
            with pytest.raises(errors.Unavailable):
                await client.get(USER, {"user": NORA})


async def test_a_key_as_jwk_works_too() -> None:
    from jwcrypto.jwk import JWK  # noqa: PLC0415 - only here

    jwk = JWK.generate(kty="RSA", size=2048, kid="k1", alg="RS256", use="sig", key_ops=["sign"])
    async with scripted(ServiceAppOrg()) as (url, _):
        app = {"client_id": "0oaServiceApp0000001", "private_key": SecretStr(jwk.export_private())}
        async with connected(url, **app) as client:
            assert (await client.get(USER, {"user": NORA})).status == 200


def test_a_key_okta_cannot_use_is_refused_at_the_start() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    with pytest.raises(errors.Unauthenticated):
        OktaClient(
            "contoso",
            settings("https://contoso.okta.example", client_id="0oa", private_key=SecretStr(pem)),
            Door(),
        )
