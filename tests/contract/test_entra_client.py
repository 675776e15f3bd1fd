"""The way to Graph: what is followed, what is refused, and what an error may say."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from connectors import errors, pinned
from connectors.action import Impact, Observation, Target
from connectors.entra import credential, users
from connectors.entra.client import EntraClient, Request
from connectors.entra.system import EntraSystem
from connectors.system import Clue
from simulator.faults import (
    Fault,
    cae_challenge,
    delay,
    empty,
    empty_page,
    foreign_next_link,
    redirect,
    status,
    throttle,
)

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

TOKEN = "simulated-graph-token"
SOMEBODY = "70248652-9f3e-5bef-8126-cfce9fb0383b"


@dataclass
class Stranger:
    """A bare HTTP server that answers what it is told, and remembers what it was sent."""

    url: str = ""
    heard: list[str] = field(default_factory=list)


@asynccontextmanager
async def stranger(
    answer: Callable[[str], tuple[int, str]], *headers: str
) -> AsyncIterator[Stranger]:
    told = Stranger()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        told.heard.append(head)
        code, body = answer(head)
        raw = body.encode()
        lines = (
            f"HTTP/1.1 {code} X",
            "Content-Type: application/json",
            "Connection: close",
            f"Content-Length: {len(raw)}",
            *headers,
        )
        writer.write("\r\n".join((*lines, "", "")).encode() + raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield told


def system_at(url: str, **more: object) -> EntraSystem:
    from entra_tenant import door_for, settings_for  # noqa: PLC0415 - a plugin, loaded by pytest

    return EntraSystem("contoso", settings_for(url, **more), door_for())


def rules_of(target: Target) -> Request:
    return Request(
        "GET",
        "/users/{id}/mailFolders/inbox/messageRules",
        lambda graph, ids: (
            graph.users.by_user_id(ids["id"]).mail_folders.by_mail_folder_id("inbox").message_rules
        ),
        params={"id": target.id},
    )


def everything_in(error: BaseException) -> str:
    said = ""
    current: BaseException | None = error
    while current is not None:
        said += repr(current) + str(current) + repr(vars(current))
        current = current.__cause__ or current.__context__
    return said


async def test_a_next_link_to_another_host_is_refused_and_never_asked(practice: Practice) -> None:
    async with stranger(lambda _: (200, '{"value": []}')) as elsewhere:
        practice.sim.faults.add(Fault(foreign_next_link(f"{elsewhere.url}/v1.0/users")))
        with pytest.raises(errors.Refused):
            await practice.system.client.items(rules_of(practice.target()))
        assert elsewhere.heard == []


@pytest.mark.parametrize("link", ["http://me@127.0.0.1/x", "ftp://127.0.0.1/x", "//[", "/v1.0/x"])
async def test_a_malformed_next_link_is_refused(practice: Practice, link: str) -> None:
    practice.sim.faults.add(Fault(foreign_next_link(link)))
    with pytest.raises(errors.Refused):
        await practice.system.client.items(rules_of(practice.target()))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_is_refused_and_never_followed(practice: Practice, method: str) -> None:
    async with stranger(lambda _: (200, '{"value": true}')) as elsewhere:
        action, target = practice.action("entra.revoke_sessions"), practice.target()
        before = await action.observe(target)
        practice.sim.faults.add(Fault(redirect(f"{elsewhere.url}/steal"), method=method))
        sending = action.apply(target, before) if method == "POST" else action.observe(target)
        with pytest.raises(errors.Refused):
            await sending
        assert elsewhere.heard == []


async def test_a_redirect_is_not_followed_on_the_same_host_either(practice: Practice) -> None:
    target = practice.target()
    practice.sim.faults.add(Fault(redirect(f"{practice.sim.url}/v1.0/users/{target.id}"), times=1))
    with pytest.raises(errors.Refused):
        await practice.system.client.read(users.by_id(target.id))
    assert len(practice.sim.requests.all()) == 1


async def test_a_next_link_that_carries_a_name_is_refused(practice: Practice) -> None:
    link = practice.sim.url.replace("http://", "http://me:secret@") + "/v1.0/users"
    practice.sim.faults.add(Fault(foreign_next_link(link)))
    with pytest.raises(errors.Refused):
        await practice.system.client.items(rules_of(practice.target()))
    assert len(practice.sim.requests.all()) == 1


async def test_a_malformed_claims_challenge_is_no_crash() -> None:
    challenge = 'WWW-Authenticate: Bearer error="insufficient_claims", claims="abc"'
    async with stranger(lambda _: (401, "{}"), challenge) as graph:
        system = system_at(graph.url)
        with pytest.raises(errors.Unauthenticated):
            await system.client.read(users.by_id(SOMEBODY))
        await system.close()
        assert len(graph.heard) == 1


async def test_the_token_goes_to_the_configured_host_only(practice: Practice) -> None:
    async with stranger(lambda _: (200, "{}")) as elsewhere:
        from connectors.entra.wire import Outgoing  # noqa: PLC0415 - loads the SDK

        await practice.system.warm()
        wire = practice.system.client._wire
        assert wire is not None
        foreign = Outgoing("GET", lambda g: g.users, url=f"{elsewhere.url}/v1.0/u")
        async with wire.way(foreign) as exchange:
            with pytest.raises(errors.Refused):
                await exchange()
        assert elsewhere.heard == []


@pytest.mark.parametrize(
    "identifier",
    ["", "me", "..", "../../me", "nora.lind@contoso.com", SOMEBODY + "/revoke", SOMEBODY + "\n"],
)
async def test_an_id_of_the_wrong_kind_is_refused_without_any_request(
    practice: Practice, identifier: str
) -> None:
    target = Target("contoso", "entra", identifier, "nobody")
    for name in practice.system.actions:
        if name == "entra.shorten_token_lifetime":
            continue  # aims at an app, whose id its parameters check
        more = {"group_id": SOMEBODY} if name == "entra.quarantine_group" else {}
        with pytest.raises(errors.Refused):
            await practice.action(name, **more).observe(target)
        if practice.system.actions[name].spec.impact is Impact.NONE:
            assert practice.action(name, **more).preview(target) == ()
            continue
        with pytest.raises(errors.Refused):
            practice.action(name, **more).preview(target)
    assert practice.sim.requests.all() == []


@pytest.mark.parametrize("identifier", ["", "me", "..", "a.b", "a b", "a%2Fb", "a?b", "a#b"])
async def test_a_rule_id_that_is_none_is_refused_without_any_request(
    practice: Practice, identifier: str
) -> None:
    request = Request(
        "PATCH",
        "/users/{id}/mailFolders/inbox/messageRules/{rule}",
        lambda graph, ids: graph.users.by_user_id(ids["id"]),
        params={"id": SOMEBODY, "rule": identifier},
        body={"isEnabled": False},
    )
    with pytest.raises(errors.Refused):
        await practice.system.client.change(request, practice.journal)
    assert practice.sim.requests.all() == []
    assert practice.journal.lines == []


async def test_an_empty_page_with_a_next_link_is_not_the_end(practice: Practice) -> None:
    practice.sim.faults.add(Fault(empty_page()))
    found = await practice.system.client.items(rules_of(practice.target()))
    assert len(found) == 2


async def test_a_list_that_does_not_end_is_given_up() -> None:
    served = 0

    def endless(head: str) -> tuple[int, str]:
        nonlocal served
        served += 1
        host = next(line for line in head.split("\r\n") if line.lower().startswith("host:"))
        link = f"http://{host.split(' ')[1]}/v1.0/users?$skiptoken={served}"
        return 200, json.dumps({"value": [], "@odata.nextLink": link})

    async with stranger(endless) as graph:
        system = system_at(graph.url)
        with pytest.raises(errors.Refused):
            await system.client.items(Request("GET", "/users", lambda g, _: g.users))
        await system.close()
    assert served <= 50


async def test_a_claims_challenge_is_answered_once_by_itself(practice: Practice) -> None:
    practice.sim.faults.add(Fault(cae_challenge()))
    answer = await practice.system.client.read(users.by_id(practice.target().id))
    assert answer.status == 200
    assert [entry.status for entry in practice.sim.requests.all()] == [401, 200]


async def test_a_challenged_change_is_sent_again_under_an_intent_of_its_own(
    practice: Practice,
) -> None:
    action, target = practice.action("entra.revoke_sessions"), practice.target()
    before = await action.observe(target)
    practice.sim.faults.add(Fault(cae_challenge(), method="POST"))
    await action.apply(target, before)
    assert [entry.status for entry in practice.sim.requests.writes("entra")] == [401, 200]
    assert practice.journal.kinds == ["intent", "result"] * 2
    assert [result.error for result in practice.journal.results] == ["TokenRefused", None]


async def test_a_tenant_that_challenges_every_token_is_given_up(practice: Practice) -> None:
    practice.sim.faults.add(Fault(cae_challenge(), times=9))
    with pytest.raises(errors.Unauthenticated):
        await practice.system.client.read(users.by_id(practice.target().id))
    assert len(practice.sim.requests.all()) == 2


class SlowToken:
    """A credential that needs a while, and tells when it was asked."""

    def __init__(self) -> None:
        self.asked, self.ready = asyncio.Event(), asyncio.Event()

    async def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        self.asked.set()
        await self.ready.wait()
        return AccessToken(TOKEN, int(time.time()) + 3600)

    async def close(self) -> None:
        """Nothing to close."""


async def test_a_token_is_waited_for_before_the_intent(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, slow = practice.target(), SlowToken()
    before = await practice.action("entra.revoke_sessions").observe(target)
    monkeypatch.setattr(credential, "choose", lambda _, **_options: slow)
    system = system_at(practice.sim.url)
    action = system.action("entra.revoke_sessions", {}, practice.journal)
    sending = asyncio.create_task(action.apply(target, before))
    await slow.asked.wait()
    assert practice.journal.lines == []
    slow.ready.set()
    await sending
    await system.close()
    assert practice.journal.kinds == ["intent", "result"]


async def test_no_change_waits_for_a_connection_after_its_intent(practice: Practice) -> None:
    """Sixteen slow reads take all connections; the change has no intent until one is free."""
    target = practice.target()
    before = await practice.action("entra.revoke_sessions").observe(target)
    slow = practice.sim.faults.add(Fault(delay(2), method="GET"))
    client = practice.system.client
    reads = [asyncio.create_task(client.read(users.by_id(target.id))) for _ in range(16)]
    while slow.hits < len(reads):  # noqa: ASYNC110 - the simulator calls nobody
        await asyncio.sleep(0.01)
    action = practice.action("entra.revoke_sessions")
    sending = asyncio.create_task(action.apply(target, before))
    await asyncio.sleep(0.1)
    assert practice.journal.lines == []
    await asyncio.gather(*reads, sending)
    assert practice.journal.kinds == ["intent", "result"]


async def test_a_change_that_could_not_leave_at_once_does_not_leave(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinned, "LEAVES_WITHIN_S", -1.0)
    action, target = practice.action("entra.revoke_sessions"), practice.target()
    before = await action.observe(target)
    with pytest.raises(errors.Unavailable):
        await action.apply(target, before)
    assert practice.writes == []
    assert all(result.known for result in practice.journal.results)
    monkeypatch.undo()
    await action.apply(target, before)
    assert len(practice.writes) == 1


async def test_throttled_reads_hold_no_change_back(practice: Practice) -> None:
    target = practice.target()
    practice.sim.faults.add(Fault(throttle(60), method="GET"))
    with pytest.raises(errors.Throttled):
        await practice.system.client.read(users.by_id(target.id))
    await practice.action("entra.revoke_sessions").apply(target, Observation({}))
    await practice.action("entra.disable_user").apply(target, Observation({}))
    assert len(practice.writes) == 2


async def test_a_credential_that_is_refused_says_so_without_showing_it(practice: Practice) -> None:
    practice.sim.tenant.graph_api_token = "another-token"
    with pytest.raises(errors.Unauthenticated) as caught:
        await practice.system.client.read(users.by_id(practice.target().id))
    assert TOKEN not in everything_in(caught.value)
    assert "InvalidAuthenticationToken" in str(caught.value)


@pytest.mark.parametrize("effect", [status(502), status(500), status(504), empty(200)])
async def test_a_read_that_fails_is_tried_again(practice: Practice, effect: object) -> None:
    practice.sim.faults.add(Fault(effect, times=2))
    answer = await practice.system.client.read(users.by_id(practice.target().id))
    assert answer.body["userPrincipalName"] == "nora.lind@contoso.com"
    assert len(practice.sim.requests.all()) == 3


async def test_a_proxys_error_page_is_unavailable_and_not_quoted(practice: Practice) -> None:
    practice.sim.faults.add(Fault(status(502)))
    with pytest.raises(errors.Unavailable) as caught:
        await practice.system.client.read(users.by_id(practice.target().id))
    assert "html" not in everything_in(caught.value)
    assert len(practice.sim.requests.all()) == 4


async def test_a_success_without_a_body_is_a_success_for_a_change(practice: Practice) -> None:
    practice.sim.faults.add(Fault(empty(202), method="POST"))
    action, target = practice.action("entra.revoke_sessions"), practice.target()
    receipt = await action.apply(target, await action.observe(target))
    assert receipt.data["status"] == 202


async def test_a_long_retry_after_is_handed_back_at_once(practice: Practice) -> None:
    practice.sim.faults.add(Fault(throttle(60)))
    with pytest.raises(errors.Throttled) as caught:
        await practice.system.client.read(users.by_id(practice.target().id))
    assert caught.value.retry_after_s == 60
    assert len(practice.sim.requests.all()) == 1


async def test_a_change_that_never_left_is_known_not_to_have_happened(practice: Practice) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        system = system_at(url)
        action = system.action("entra.revoke_sessions", {}, practice.journal)
        target = practice.target()
        before = await practice.action("entra.revoke_sessions").observe(target)
        with pytest.raises(errors.Unavailable):
            await action.apply(target, before)
        await system.close()
    assert len(practice.journal.results) == 4
    assert all(result.known for result in practice.journal.results)


async def test_every_change_carries_priority_and_an_id_of_its_own(practice: Practice) -> None:
    heads: list[str] = []

    def hear(head: str) -> tuple[int, str]:
        heads.append(head.lower())
        return 200, '{"value": true}'

    async with stranger(hear) as graph:
        system = system_at(graph.url)
        action = system.action("entra.revoke_sessions", {}, practice.journal)
        target = practice.target()
        before = await practice.action("entra.revoke_sessions").observe(target)
        await action.apply(target, before)
        await action.apply(target, before)
        await system.close()
    sent = [line for head in heads for line in head.split("\r\n")]
    assert sum(line == "x-ms-throttle-priority: high" for line in sent) == 2
    assert len({line for line in sent if line.startswith("client-request-id: ")}) == 2
    assert sum(line == f"authorization: bearer {TOKEN}" for line in sent) == 2


@pytest.mark.parametrize(
    ("url", "error"),
    [("https://graph.example.com", errors.Unauthenticated), ("http://10.0.0.1", errors.Refused)],
)
async def test_a_ready_made_token_is_for_this_machine_only(
    url: str, error: type[errors.ConnectorError]
) -> None:
    system = system_at(url)
    with pytest.raises(error) as caught:
        await system.client.read(users.by_id(SOMEBODY))
    assert TOKEN not in everything_in(caught.value)
    await system.warm()


class NoToken:
    """A credential that fails as azure-identity does."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def get_token(self, *_scopes: str, **_options: object) -> None:
        raise self.error

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    ("failure", "expected", "code"),
    [
        (
            ClientAuthenticationError("AADSTS7000222: the secret s3cr3t of app x has expired"),
            errors.Unauthenticated,
            "AADSTS7000222",
        ),
        (ServiceRequestError("Cannot connect, s3cr3t"), errors.Unavailable, None),
    ],
)
async def test_a_failed_sign_in_of_the_application_is_told_by_its_number(
    practice: Practice,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    expected: type[errors.ConnectorError],
    code: str | None,
) -> None:
    target = practice.target()
    before = await practice.action("entra.revoke_sessions").observe(target)
    monkeypatch.setattr(credential, "choose", lambda _, **_options: NoToken(failure))
    system = system_at(practice.sim.url)
    action = system.action("entra.revoke_sessions", {}, practice.journal)
    with pytest.raises(expected) as caught:
        await action.apply(target, before)
    await system.close()
    assert caught.value.code == code
    assert "s3cr3t" not in everything_in(caught.value)
    assert practice.writes == []
    assert practice.journal.lines == [], "no change was about to be sent"


async def test_warming_never_fails_and_is_harmless(practice: Practice) -> None:
    practice.sim.faults.add(Fault(status(403)))
    await practice.system.warm()
    assert [entry.method for entry in practice.sim.requests.all()] == ["GET"]


async def test_many_may_use_one_client_at_once(practice: Practice) -> None:
    target = practice.target()
    reads = [practice.system.client.read(users.by_id(target.id)) for _ in range(40)]
    answers = await asyncio.gather(*reads)
    assert {answer.body["id"] for answer in answers} == {target.id}


async def test_a_change_without_a_journal_is_refused(practice: Practice) -> None:
    client: EntraClient = practice.system.client
    with pytest.raises(errors.Refused):
        await client._send(users.by_id(practice.target().id), write=True)
    assert practice.sim.requests.all() == []


async def test_a_server_that_ignores_the_filter_finds_nobody() -> None:
    crowd = {"value": [{"id": SOMEBODY, "userPrincipalName": "x@contoso.com", "mail": None}]}
    async with stranger(lambda _: (200, json.dumps(crowd))) as graph:
        system = system_at(graph.url)
        assert await system.find([Clue("email", "nora.lind@contoso.com")]) == ()
        await system.close()
