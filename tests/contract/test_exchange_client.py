"""The way to Exchange Online: what is sent, what an answer means, where the token goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from entra_tenant import RecordingJournal, door_for, settings_for
from okta_practice import answer, scripted
from pydantic import AnyHttpUrl, SecretStr

from config.tenants import Entra, Exchange
from connectors import errors
from connectors.door import Answer
from connectors.exchange import failures
from connectors.exchange.client import PATH, Command, ExchangeClient
from connectors.exchange.wire import HOSTS, Wire
from connectors.system import Clue
from simulator import exchange_io
from simulator.faults import (
    Fault,
    cae_challenge,
    drop,
    empty,
    foreign_next_link,
    redirect,
    status,
    throttle,
)

if TYPE_CHECKING:
    from exchange_practice import Practice

pytest_plugins = ("exchange_practice",)

READ = Command("Get-InboxRule", {"Mailbox": "nora.lind@contoso.com", "IncludeHidden": True})
WRITE = Command(
    "Set-Mailbox",
    {"Identity": "nora.lind@contoso.com", "DeliverToMailboxAndForward": True},
    {"mailbox": "an id"},
)
TYPED = exchange_io.exchange_body(
    401, "Unauthorized", "Microsoft.Exchange.Admin.OData.Core.ODataServiceException", "no"
)


def client_for(url: str, entra: Entra | None = None, **more: Any) -> ExchangeClient:
    settings = Exchange(base_url=AnyHttpUrl(url), **more)
    return ExchangeClient("contoso", settings, entra or settings_for(url), door_for(attempts=1))


async def test_a_cmdlet_is_sent_as_the_module_sends_it(mailbox: Practice) -> None:
    await mailbox.system.client.read(READ)
    (entry,) = mailbox.sim.requests.all("exchange")
    assert entry.method == "POST"
    assert entry.path == "/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand"
    assert entry.body == {
        "CmdletInput": {"CmdletName": "Get-InboxRule", "Parameters": READ.parameters}
    }
    assert entry.write is False


async def test_the_mailbox_of_the_organization_is_the_anchor() -> None:
    async with scripted(lambda _: answer({"value": []})) as (url, seen):
        client = client_for(url)
        await client.read(READ)
        await client.close()
    headers: Mapping[str, str] = seen[0].headers
    anchor = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@contoso.com"
    assert headers["X-AnchorMailbox"] == anchor
    assert headers["X-CmdletName"] == "Get-InboxRule"
    assert headers["Authorization"] == "Bearer simulated-graph-token"


async def test_pages_are_followed_to_the_end(mailbox: Practice) -> None:
    mailbox.sim.tenant.page_size = 1
    found = await mailbox.system.client.read(READ)
    assert [item["Name"] for item in found.items] == ["Junk E-mail Rule", "Newsletters", "Sync"]


async def test_a_page_elsewhere_is_not_followed(mailbox: Practice) -> None:
    mailbox.sim.faults.add(Fault(foreign_next_link("https://thief.example/x"), system="exchange"))
    with pytest.raises(errors.Refused):
        await mailbox.system.client.read(READ)


async def test_a_list_that_goes_round_ends(mailbox: Practice) -> None:
    link = f"{mailbox.sim.url}/adminapi/beta/contoso.com/InvokeCommand?$skiptoken=0"
    mailbox.sim.faults.add(Fault(foreign_next_link(link), system="exchange"))
    with pytest.raises(errors.Refused, match="does not end"):
        await mailbox.system.client.read(READ)


async def test_what_changes_something_is_not_sent_as_a_reading(mailbox: Practice) -> None:
    with pytest.raises(errors.Refused):
        await mailbox.system.client.read(WRITE)
    assert mailbox.sim.requests.all("exchange") == []


async def test_a_change_has_its_intent_first_and_names_the_cmdlet(mailbox: Practice) -> None:
    await mailbox.system.client.change(WRITE, mailbox.journal)
    assert mailbox.journal.kinds == ["intent", "result"]
    call = mailbox.journal.lines[0][1]
    assert (call.system, call.path) == ("exchange", PATH)
    assert call.params == {
        "organization": "contoso.onmicrosoft.com",
        "cmdlet": "Set-Mailbox",
        "mailbox": "an id",
    }
    assert mailbox.journal.results[0].request_id
    assert mailbox.sim.requests.writes("exchange")[0].changed


@pytest.mark.parametrize(
    ("effect", "reading", "changing"),
    [
        (throttle(60), errors.Throttled, errors.Throttled),
        (status(500), errors.Unavailable, errors.UnknownOutcome),
        (status(503), errors.Unavailable, errors.Unavailable),
        (status(502), errors.Unavailable, errors.UnknownOutcome),
        (status(400), errors.Invalid, errors.Invalid),
        (empty(401), errors.Unauthenticated, errors.Unauthenticated),
        (empty(403), errors.Forbidden, errors.Forbidden),
        (drop(), errors.Unavailable, errors.UnknownOutcome),
        (redirect("https://thief.example"), errors.Refused, errors.Refused),
    ],
    ids=lambda value: getattr(value, "kind", None) or getattr(value, "__name__", ""),
)
async def test_what_an_answer_means(
    mailbox: Practice, effect: Any, reading: type[Exception], changing: type[Exception]
) -> None:
    mailbox.sim.faults.add(Fault(effect, system="exchange"))
    client = client_for(mailbox.sim.url)
    with pytest.raises(reading):
        await client.read(READ)
    client = client_for(mailbox.sim.url)
    with pytest.raises(changing):
        await client.change(WRITE, mailbox.journal)
    await client.close()


@pytest.mark.parametrize(
    ("code", "headers", "body", "kind"),
    [
        (401, {}, TYPED, errors.Forbidden),
        (401, {}, {}, errors.Unauthenticated),
        (401, {"www-authenticate": 'Bearer claims="e30="'}, TYPED, errors.TokenRefused),
        (404, {}, exchange_io.exchange_body(404, "NotFound", exchange_io.NOT_FOUND, "x"),
         errors.NotFound),
        (400, {}, exchange_io.exchange_body(400, "BadRequest", exchange_io.NOT_FOUND, "x"),
         errors.NotFound),
        (400, {}, {"error": {"code": "x" * 200, "details": "odd", "innererror": []}},
         errors.Invalid),
        (200, {}, [], errors.Unavailable),
    ],
)  # fmt: skip
def test_the_exception_s_type_tells_not_its_message(
    code: int, headers: dict[str, str], body: Any, kind: type[errors.ConnectorError]
) -> None:
    with pytest.raises(kind) as caught:
        failures.understand(code, headers, json.dumps(body).encode(), write=False, needs="a role")
    assert type(caught.value) is kind
    assert "x" * 200 not in str(caught.value)


def test_a_change_may_answer_nothing() -> None:
    said = failures.understand(204, {}, b"", write=True)
    assert isinstance(said, Answer)


async def test_a_claims_challenge_is_answered_with_a_new_token(mailbox: Practice) -> None:
    mailbox.sim.faults.add(Fault(cae_challenge(), system="exchange"))
    assert (await mailbox.system.client.read(READ)).items


async def test_a_wrong_token_is_not_accepted(mailbox: Practice) -> None:
    mailbox.sim.tenant.graph_api_token = "another"
    with pytest.raises(errors.Unauthenticated):
        await mailbox.system.client.read(READ)


async def test_the_mailbox_is_the_entra_account_s(mailbox: Practice) -> None:
    (account,) = await mailbox.system.find([Clue("email", "nora.lind@contoso.com")])
    assert (account.system, account.id) == ("exchange", mailbox.target().id)
    assert mailbox.sim.requests.all("exchange") == [], "a containment waits for no Exchange"


async def test_it_is_warm_and_tells_its_clock(mailbox: Practice) -> None:
    await mailbox.system.warm()
    assert await mailbox.system.probe() is not None
    mailbox.sim.faults.add(Fault(status(503), system="exchange"))
    await mailbox.system.warm()


async def test_an_answer_about_another_mailbox_is_refused(mailbox: Practice) -> None:
    other = mailbox.target("user07").id
    action = mailbox.action("remove_forwarding")
    real = mailbox.system.client.read

    async def another(command: Command) -> Any:
        if command.cmdlet == "Get-Mailbox":
            command = Command("Get-Mailbox", {"Identity": other})
        return await real(command)

    mailbox.system.client.read = another  # type: ignore[method-assign]
    with pytest.raises(errors.Refused):
        await action.observe(mailbox.target())


def test_the_token_goes_to_the_cloud_s_own_host_only() -> None:
    entra = Entra(tenant_id="contoso.com", client_id="a", client_secret=SecretStr("s" * 20))
    wire = Wire(Exchange(), entra, 5)
    assert wire.origin == ("https", "outlook.office365.com", 443)
    for cloud, host in HOSTS.items():
        there = Wire(Exchange(), entra.model_copy(update={"cloud": cloud}), 5)
        assert there.origin[1] == host
        assert there._scope == f"https://{host}/.default"
    with pytest.raises(errors.Refused):
        Wire(Exchange(base_url=AnyHttpUrl("https://thief.example")), entra, 5)


async def test_a_ready_made_token_leaves_this_machine_for_nowhere() -> None:
    entra = Entra(tenant_id="contoso.com", access_token=SecretStr("s" * 20))
    client = ExchangeClient("contoso", Exchange(), entra, door_for())
    with pytest.raises(errors.Unauthenticated):
        await client.read(READ)


async def test_it_opens_again_after_it_was_closed(mailbox: Practice) -> None:
    system = mailbox.another()
    await system.warm()
    await system.close()
    action = system.action("exchange.remove_forwarding", {}, RecordingJournal())
    assert (await action.observe(mailbox.target())).satisfied is False
    await system.close()
