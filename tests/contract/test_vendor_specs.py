"""Every request of every action, and every answer of the practice tenant, by the vendors' own OpenAPI.

The documents are the vendors': ``RESCIND_VENDOR_SPECS`` names the folder that holds them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import needed
import pytest
import signals_practice
import vendor_specs
from entra_tenant import RecordingJournal, door_for, settings_for
from vendor_specs import Exchange

from config.polling import FACTS, PolledLog
from config.settings import Poller
from config.tenants import Okta
from connectors import errors
from connectors.action import Patience, Target
from connectors.entra.system import EntraSystem
from connectors.okta.system import OktaSystem
from connectors.signals.events import SessionRevoked
from connectors.system import Account, Clue, System
from detectors import polled
from simulator import footholds
from simulator.entra_findings import found_risk, raised_alert
from simulator.entra_sign_ins import SignIn
from simulator.gate import Gate
from simulator.ids import okta_id
from simulator.okta_scene import THIEF
from simulator.okta_state import AdminRole, Status
from simulator.server import Simulator

pytestmark = pytest.mark.skipif(
    vendor_specs.FOLDER is None,
    reason="RESCIND_VENDOR_SPECS names no folder of the vendors' OpenAPI documents",
)

#: What the documents have not, being parts of the vendors' whole ones; each is in the SDK.
NOT_IN_THEM = (
    "/organization",
    "/groups/",
    "/directoryRoles/",
    "/domains",
    "/federatedIdentityCredentials",
    "/ownedObjects/",
    "/removePassword",
    "/mailFolders/",
    "/userRegistrationDetails/",
    "/signInPreferences",
    "/security/alerts_v2",
    "/authenticationMethodConfigurations/",
    "/conditionalAccess/policies",
    "/.well-known/",
    "/iam/assignees/users",
)
ACTIONS = sorted({**EntraSystem.actions, **OktaSystem.actions})


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def heard(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Exchange]]:
    """What goes over the wire, by the document that judges it."""
    sim.reset()
    kept: list[tuple[str, Exchange]] = []
    send = Gate._send

    async def listening(self: Gate, call: Any, answer: Any, to: Any) -> None:
        # as it was sent: a percent-encoded id stays one segment
        path = call.scope["raw_path"].decode("latin-1")
        kinds = [value for name, value in answer.headers if name.lower() == "content-type"]
        name, base = _document(call.system, path)
        exchange = Exchange(
            call.method,
            path.removeprefix(base),
            call.scope["query_string"].decode("latin-1"),
            call.body,
            answer.status,
            answer.body,
            any("json" in kind for kind in kinds),
        )
        kept.append((name, exchange))
        # last: whoever has the answer may look at what was kept
        await send(self, call, answer, to)

    monkeypatch.setattr(Gate, "_send", listening)
    return kept


def _document(system: str, path: str) -> tuple[str, str]:
    if system == "okta":
        return "okta-oauth" if path.startswith("/oauth2/") else "okta", ""
    return ("beta", "/beta") if path.startswith("/beta") else ("graph", "/v1.0")


@pytest.fixture
async def systems(sim: Simulator) -> AsyncIterator[dict[str, System]]:
    okta = Okta.model_validate({"org_url": sim.url, "api_token": "simulated-okta-token"})
    built: dict[str, System] = {
        "entra": EntraSystem("contoso", settings_for(sim.url), door_for()),
        "okta": OktaSystem("contoso", okta, door_for()),
    }
    yield built
    for system in built.values():
        await system.close()


def _faults(heard: list[tuple[str, Exchange]]) -> list[str]:
    found, judged = [], 0
    for name, exchange in heard:
        document = vendor_specs.spec(name)
        what = f"{name} {exchange.method} {exchange.path}"
        if document.operation(exchange.method, exchange.path) is None:
            if not any(part in exchange.path for part in NOT_IN_THEM):
                found.append(f"{what}: the document has no such operation")
            continue
        judged += 1
        found += [f"{what}: {fault}" for fault in document.faults(exchange)]
    assert judged
    return sorted(set(found))


@pytest.mark.parametrize("name", ACTIONS)
async def test_every_request_and_answer_of_an_action_fits(
    name: str, sim: Simulator, systems: dict[str, System], heard: list[tuple[str, Exchange]]
) -> None:
    system = systems[name.partition(".")[0]]
    person = sim.tenant.person("nora.lind")
    account = getattr(person, system.name)
    since = (datetime.now(UTC) - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    target = Target("contoso", system.name, account.id, person.upn, since=since)
    if name == "entra.enable_user":
        account.account_enabled = False
    if name in ("okta.unsuspend_user", "okta.reset_factors"):
        account.status = Status.SUSPENDED
    action = system.action(name, needed.PARAMETERS.get(name, {}), RecordingJournal())
    patience = Patience(total_s=0.2, first_s=0.02, step_s=0.1)
    before = await action.observe(target)
    receipt = await action.apply(target, before)
    await action.verify(target, before, receipt, patience)
    if action.spec.reversible:
        await action.undo(target, before)
        await action.restored(target, before, patience)
    assert _faults(heard) == []


async def test_a_consent_is_narrowed_and_widened_again_as_they_say(
    sim: Simulator, systems: dict[str, System], heard: list[tuple[str, Exchange]]
) -> None:
    tenant, person = sim.tenant, sim.tenant.person("nora.lind")
    user = person.entra
    assert user is not None
    expenses, graph = tenant.applications[:2]
    older = footholds.widen(tenant, user, expenses, graph, "Mail.Read", tenant.now() - 180)
    before_that = older.scope.removesuffix(" Mail.Read")
    since = (datetime.now(UTC) - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    target = Target("contoso", "entra", user.id, person.upn, since=since)
    action = systems["entra"].action("entra.revoke_consents", {}, RecordingJournal())
    before = await action.observe(target)
    await action.apply(target, before)
    assert older.scope == before_that
    await action.undo(target, before)
    assert older.scope == f"{before_that} Mail.Read"
    assert [each.status for _, each in heard if each.method == "PATCH"] == [204, 204]
    assert _faults(heard) == []


async def test_a_security_event_token_is_sent_as_okta_takes_it(
    sim: Simulator, heard: list[tuple[str, Exchange]]
) -> None:
    signals_practice.trust(sim)
    path = "/security/api/v1/security-events"
    told = {"url": f"{sim.url}{path}", "audience": "https://contoso.okta.com", "kind": "okta"}
    client = signals_practice.connected(signals_practice.settings({"okta": told}))
    action = SessionRevoked(client, {}, RecordingJournal())
    aim = signals_practice.target()
    await action.apply(aim, await action.observe(aim))
    wrong = signals_practice.settings({"okta": {**told, "audience": "https://x"}})
    refused = SessionRevoked(signals_practice.connected(wrong), {}, RecordingJournal())
    with pytest.raises(errors.Invalid):
        await refused.apply(aim, await refused.observe(aim))
    assert [(each.path, each.status) for _, each in heard] == [(path, 202), (path, 400)]
    assert _faults(heard) == []
    await client.close()


async def test_every_way_of_finding_a_person_fits(
    systems: dict[str, System], heard: list[tuple[str, Exchange]]
) -> None:
    for system in systems.values():
        await system.probe()
        for kind in ("user_principal_name", "email", "okta_login"):
            for value in (
                "Nora.Lind@contoso.com",
                "o'brien/dev.ops@contoso.com",
                "a+b@contoso.com",
            ):
                try:
                    await system.find([Clue(kind, value)])
                except errors.Refused:
                    continue
    assert _faults(heard) == []


async def test_what_a_person_is_beyond_her_account_is_asked_and_told_as_they_say(
    sim: Simulator, systems: dict[str, System], heard: list[tuple[str, Exchange]]
) -> None:
    person = sim.tenant.person("quentin.admin")
    assert person.entra is not None
    assert person.okta is not None
    person.entra.restricted = True
    person.okta.roles.append(
        AdminRole(okta_id("ra1", "one"), "SUPER_ADMIN", "Super Administrator", 0.0)
    )
    for system in systems.values():
        account = getattr(person, system.name)
        told = await system.standing(Account("contoso", system.name, account.id, person.upn), 5.0)
        assert told["roles"]
    assert _faults(heard) == []


@pytest.mark.parametrize(
    ("name", "exchange", "fault"),
    [
        ("graph", Exchange("PATCH", "/users/u", "", b'{"accountEnabled": "no"}', 204, b"", False),
         "body accountEnabled"),
        ("graph", Exchange("GET", "/users/u", "$sel=id", b"", 200, b"{}", True),
         "query $sel is not declared"),
        ("graph", Exchange("GET", "/users/u", "", b"", 200, b'{"displayName": 7}', True),
         "answer displayName"),
        ("okta", Exchange("DELETE", "/api/v1/users/u/sessions", "oauthTokens=perhaps", b"", 204,
                          b"", False), "query oauthTokens is no boolean"),
        ("okta", Exchange("POST", "/api/v1/users/u/lifecycle/suspend", "", b"", 299, b"", False),
         "status 299 is not among"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(name: str, exchange: Exchange, fault: str) -> None:
    assert any(fault in each for each in vendor_specs.spec(name).faults(exchange))


@pytest.mark.parametrize("log", [log for log in PolledLog if FACTS[log].system != "auth0"])
async def test_every_request_and_answer_of_a_poller_fits(
    log: PolledLog, sim: Simulator, systems: dict[str, System], heard: list[tuple[str, Exchange]]
) -> None:
    user = sim.tenant.person("nora.lind").entra
    assert user is not None
    found_risk(sim.tenant, user)
    raised_alert(sim.tenant, user)
    sim.tenant.sign_in(SignIn(user, sim.tenant.applications[0], THIEF, risk="high"))
    sim.tenant.page_size = 1
    question = polled.question(Poller.model_validate({"log": log, "tenant": "contoso"}))
    system = systems[FACTS[log].system]
    assert isinstance(system, EntraSystem | OktaSystem)
    reader = system.log_reader(log, question, timedelta(hours=1))
    first = await reader.read(None, datetime.now(UTC))
    await reader.read(first.cursor, datetime.now(UTC))
    if log is PolledLog.GRAPH_ALERTS:
        # the document has not this part of Graph
        assert any("/security/alerts_v2" in exchange.path for _, exchange in heard)
        return
    assert _faults(heard) == []


async def test_every_request_and_answer_of_a_pull_fits(
    systems: dict[str, System], heard: list[tuple[str, Exchange]]
) -> None:
    until = datetime.now(UTC)
    for system in systems.values():
        assert isinstance(system, EntraSystem | OktaSystem)
        for pages in system.pull(until - timedelta(days=2), until).values():
            assert [len(page) async for page in pages]
    assert _faults(heard) == []
