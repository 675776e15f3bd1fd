"""Auth0 as a system: finding people exactly, building actions, warming up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from auth0_practice import (
    NO_RETRY,
    VICTIM,
    Recorder,
    answer,
    application,
    scripted,
    settings,
    target,
    user_json,
)

from connectors import errors
from connectors.action import Impact
from connectors.auth0.system import Auth0System
from connectors.directory import identify
from connectors.door import Door
from connectors.system import Clue, System
from simulator import faults
from simulator.auth0_people import auth0_user_id
from simulator.auth0_state import Auth0User
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

NORA_MAIL = "nora.lind@contoso.com"


@pytest.fixture
async def auth0(sim: Simulator) -> AsyncIterator[System]:
    system = Auth0System("contoso", settings(sim.url), Door(NO_RETRY))
    yield system
    await system.close()


def account_of(sim: Simulator, key: str) -> Auth0User:
    user = sim.tenant.person(key).auth0
    assert user is not None
    return user


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("auth0_user_id", VICTIM),
        ("email", NORA_MAIL),
        ("email", "Nora.Lind@Contoso.com"),
        ("user_principal_name", NORA_MAIL),
        ("okta_login", NORA_MAIL),
    ],
)
async def test_a_person_is_found_by_each_kind_of_clue(auth0: System, kind: str, value: str) -> None:
    (account,) = await auth0.find([Clue(kind, value)])
    assert (account.system, account.tenant) == ("auth0", "contoso")
    assert (account.id, account.name, account.display_name) == (VICTIM, NORA_MAIL, "Nora Lind")
    assert account.clues == (Clue("email", NORA_MAIL),)
    assert account.facts == {
        "blocked": False,
        "email_verified": True,
        "providers": ["auth0"],
        "federated": False,
    }


async def test_a_providers_address_keeps_its_case(auth0: System, sim: Simulator) -> None:
    account_of(sim, "omar.reyes").email = "Omar.Reyes@contoso.com"
    (account,) = await auth0.find([Clue("email", "Omar.Reyes@contoso.com")])
    assert account.id == auth0_user_id("omar.reyes", "google-oauth2")
    assert account.facts["federated"] is True


async def test_two_identities_that_nobody_linked_are_both_named(auth0: System) -> None:
    clues = [Clue("email", "tara.twin@contoso.com")]
    found = await auth0.find(clues)
    assert {account.id.partition("|")[0] for account in found} == {"auth0", "google-oauth2"}
    person = await identify([auth0], clues)
    assert set(person.ambiguities) == {"auth0"}
    assert person.accounts == {}


async def test_somebody_who_signed_up_with_her_address_does_not_hide_her(
    auth0: System, sim: Simulator
) -> None:
    one, two = account_of(sim, "tara.twin.one"), account_of(sim, "tara.twin.two")
    one.email_verified = False
    (account,) = await auth0.find([Clue("email", "tara.twin@contoso.com")])
    assert account.id == two.id
    named = [Clue("auth0_user_id", one.id), Clue("email", "tara.twin@contoso.com")]
    assert len(await auth0.find(named)) == 2


async def test_an_unverified_address_leads_nowhere_else(auth0: System, sim: Simulator) -> None:
    account_of(sim, "nora.lind").email_verified = False
    (account,) = await auth0.find([Clue("auth0_user_id", VICTIM)])
    assert account.clues == ()


@pytest.mark.parametrize(
    "address", ["x' or 1@contoso.com", "a&email=nora.lind@contoso.com", "../users@x", "#@?", "%@%"]
)
async def test_an_address_is_only_ever_a_value(auth0: System, sim: Simulator, address: str) -> None:
    assert await auth0.find([Clue("email", address)]) == ()
    assert {entry.status for entry in sim.requests.all("auth0")} == {200}


async def test_nobody_is_found_where_nobody_is(auth0: System, sim: Simulator) -> None:
    unknown = [Clue("auth0_user_id", auth0_user_id("nobody")), Clue("email", "nobody@contoso.com")]
    assert await auth0.find(unknown) == ()
    sim.requests.clear()
    assert (
        await auth0.find([Clue("entra_object_id", "x"), Clue("email", ""), Clue("email", "x")])
        == ()
    )
    assert sim.requests.all() == []


@pytest.mark.parametrize("wrong", ["me", "..", "auth0|", "00uNobody00000000001", ""])
async def test_a_malformed_id_is_refused_unless_something_else_is_known(
    auth0: System, sim: Simulator, wrong: str
) -> None:
    with pytest.raises(errors.Refused):
        await auth0.find([Clue("auth0_user_id", wrong)])
    assert sim.requests.all() == []
    found = await auth0.find([Clue("auth0_user_id", wrong), Clue("email", NORA_MAIL)])
    assert [account.id for account in found] == [VICTIM]


async def test_a_question_lost_on_the_way_names_nobody() -> None:
    everybody = [user_json(f"auth0|{n:024d}", email=f"{n}@x.com") for n in range(3)]
    async with scripted(lambda _: answer(everybody)) as (url, _):
        system = Auth0System("contoso", settings(url), Door(NO_RETRY))
        assert await system.find([Clue("email", NORA_MAIL)]) == ()
        await system.close()


async def test_another_account_in_the_answer_is_noticed() -> None:
    other = user_json("auth0|somebody-else")
    async with scripted(lambda _: answer(other)) as (url, _):
        system = Auth0System("contoso", settings(url), Door(NO_RETRY))
        with pytest.raises(errors.Invalid):
            await system.find([Clue("auth0_user_id", VICTIM)])
        await system.close()


async def test_no_more_of_a_person_is_asked_for_than_needed(auth0: System, sim: Simulator) -> None:
    await auth0.find([Clue("auth0_user_id", VICTIM), Clue("email", NORA_MAIL)])
    assert all("fields=user_id" in entry.path for entry in sim.requests.all("auth0"))


async def test_a_system_that_cannot_be_asked_says_so(auth0: System, sim: Simulator) -> None:
    sim.faults.add(faults.Fault(faults.status(503), system="auth0"))
    with pytest.raises(errors.Unavailable):
        await auth0.find([Clue("email", NORA_MAIL)])


async def test_each_action_is_built_by_its_name(auth0: System) -> None:
    for name, kind in auth0.actions.items():
        action = auth0.action(name, {}, Recorder())
        assert type(action) is kind
        assert (action.spec.name, action.spec.system) == (name, auth0.name)
        assert bool(action.preview(target())) is (action.spec.impact is not Impact.NONE)
    assert sorted(auth0.actions) == [
        "auth0.block_user",
        "auth0.forget_browsers",
        "auth0.remove_authenticators",
        "auth0.reset_password",
        "auth0.revoke_grants",
        "auth0.revoke_refresh_tokens",
        "auth0.revoke_sessions",
        "auth0.trace_source",
        "auth0.unblock_user",
        "auth0.watch",
    ]
    with pytest.raises(errors.Refused, match=r"auth0\.fly"):
        auth0.action("auth0.fly", {}, Recorder())
    with pytest.raises(ValueError, match="speed"):
        auth0.action("auth0.block_user", {"speed": 3}, Recorder())


async def test_warming_up_changes_nothing_and_never_fails(sim: Simulator) -> None:
    for effect in (None, faults.drop(), faults.status(500), faults.empty(401), faults.throttle(60)):
        sim.faults.clear()
        for system in ("auth0", "auth0_login") if effect else ():
            sim.faults.add(faults.Fault(effect, system=system))
        auth0 = Auth0System("contoso", settings(sim.url, **application()), Door(NO_RETRY))
        await auth0.warm()
        await auth0.close()
    assert sim.requests.writes("auth0") == []


def test_listing_the_actions_does_not_load_the_sdk() -> None:
    code = (
        "import sys, connectors.auth0.system as system;"
        "print(len(system.Auth0System.actions),"
        " [m for m in sys.modules if m.split('.')[0] in ('auth0', 'httpx')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "10 []"
