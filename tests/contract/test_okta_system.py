"""Okta as a system: finding people exactly, building actions, warming up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from okta_practice import NO_RETRY, Recorder, answer, scripted, settings, target, user_json

from connectors import errors
from connectors.action import Impact
from connectors.door import Door
from connectors.okta.system import OktaSystem
from connectors.system import Clue, System
from simulator import faults
from simulator.okta_state import Status
from simulator.people import okta_user_id
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

VICTIM = okta_user_id("nora.lind")
NORA_MAIL = "nora.lind@contoso.com"
ODD = "o'brien/dev.ops"


@pytest.fixture
async def okta(sim: Simulator) -> AsyncIterator[System]:
    system = OktaSystem("contoso", settings(sim.url), Door(NO_RETRY))
    yield system
    await system.close()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("okta_user_id", VICTIM),
        ("okta_login", NORA_MAIL),
        ("okta_login", "Nora.Lind@Contoso.com"),
        ("user_principal_name", NORA_MAIL),
        ("email", NORA_MAIL),
    ],
)
async def test_a_person_is_found_by_each_kind_of_clue(okta: System, kind: str, value: str) -> None:
    (account,) = await okta.find([Clue(kind, value)])

    assert (account.system, account.tenant) == ("okta", "contoso")
    assert (account.id, account.name, account.display_name) == (VICTIM, NORA_MAIL, "Nora Lind")
    assert account.clues == (Clue("okta_login", NORA_MAIL), Clue("email", NORA_MAIL))
    assert account.facts == {
        "status": "ACTIVE",
        "provider": "OKTA",
        "sourced": False,
        "login": NORA_MAIL,
    }


async def test_all_clues_together_find_one_person_once(okta: System, sim: Simulator) -> None:
    clues = [Clue("okta_user_id", VICTIM), Clue("email", NORA_MAIL), Clue("email", NORA_MAIL)]
    assert len(await okta.find([*clues, Clue("entra_object_id", "x")])) == 1
    assert len(sim.requests.all("okta")) == 2


async def test_two_people_with_one_address_are_both_named(okta: System) -> None:
    found = await okta.find([Clue("email", "tara.twin@contoso.com")])
    assert {account.name for account in found} == {
        "tara.twin.one@contoso.com",
        "tara.twin.two@contoso.com",
    }


async def test_a_login_of_odd_letters_is_found_and_harms_nothing(okta: System) -> None:
    (account,) = await okta.find([Clue("okta_login", f"{ODD}@contoso.com")])
    assert account.id == okta_user_id(ODD)


@pytest.mark.parametrize(
    "login",
    [
        'x" or profile.login sw "n',
        'x\\" or profile.login sw \\"n',
        "x\\",
        '"',
        "../../users/me",
        "nora.lind",
        "a b&filter=id pr#?",
        "\N{LATIN SMALL LETTER E WITH ACUTE}\u202e",
    ],
)
async def test_a_login_is_only_ever_a_value(okta: System, sim: Simulator, login: str) -> None:
    assert await okta.find([Clue("okta_login", login)]) == ()
    exact, alike = sim.requests.all("okta")
    assert (exact.status, alike.status) == (200, 200)
    assert exact.path.startswith("/api/v1/users?filter=")
    assert alike.path.startswith("/api/v1/users?search=")


async def test_capitals_are_looked_past_only_where_nobody_is_written_so(
    okta: System, sim: Simulator
) -> None:
    stored = sim.tenant.okta_user(VICTIM)
    assert stored is not None
    stored.login = stored.email = "Nora.Lind@Contoso.com"
    for spelled, looks in (("Nora.Lind@Contoso.com", 1), ("NORA.LIND@contoso.com", 3)):
        sim.requests.clear()
        (account,) = await okta.find([Clue("email", spelled)])
        assert account.id == VICTIM
        assert len(sim.requests.all("okta")) == looks  # exact; or exact, alike, and the live record


async def test_a_deactivated_account_is_found_and_says_so(okta: System, sim: Simulator) -> None:
    user = sim.tenant.okta_user(VICTIM)
    assert user is not None
    user.status = Status.DEPROVISIONED
    for clue in (Clue("okta_user_id", VICTIM), Clue("email", NORA_MAIL)):
        (account,) = await okta.find([clue])
        assert account.facts["status"] == "DEPROVISIONED"


async def test_of_two_matches_the_only_one_that_is_not_deactivated_is_hers(
    okta: System, sim: Simulator
) -> None:
    one, two = (sim.tenant.person(f"tara.twin.{n}").okta for n in ("one", "two"))
    assert one is not None
    assert two is not None
    one.status = Status.DEPROVISIONED
    (account,) = await okta.find([Clue("email", "tara.twin@contoso.com")])
    assert account.id == two.id
    two.status = Status.DEPROVISIONED
    assert len(await okta.find([Clue("email", "tara.twin@contoso.com")])) == 2


async def test_a_deactivated_account_named_by_its_id_is_not_passed_over(
    okta: System, sim: Simulator
) -> None:
    one = sim.tenant.person("tara.twin.one").okta
    assert one is not None
    one.status = Status.DEPROVISIONED
    clues = [Clue("okta_user_id", one.id), Clue("email", "tara.twin@contoso.com")]
    assert len(await okta.find(clues)) == 2


async def test_nobody_is_found_where_nobody_is(okta: System, sim: Simulator) -> None:
    unknown = [Clue("okta_user_id", "00uNobody00000000001"), Clue("email", "nobody@contoso.com")]
    assert await okta.find(unknown) == ()
    sim.requests.clear()
    assert await okta.find([Clue("entra_object_id", "x"), Clue("email", "")]) == ()
    assert await okta.find([]) == ()
    assert sim.requests.all() == []


@pytest.mark.parametrize("wrong", ["me", "..", NORA_MAIL, "", "0oa00000000000000001"])
async def test_a_malformed_id_is_refused_unless_something_else_is_known(
    okta: System, sim: Simulator, wrong: str
) -> None:
    with pytest.raises(errors.Refused):
        await okta.find([Clue("okta_user_id", wrong)])
    assert sim.requests.all() == []
    found = await okta.find([Clue("okta_user_id", wrong), Clue("email", NORA_MAIL)])
    assert [account.id for account in found] == [VICTIM]


async def test_a_filter_lost_on_the_way_names_nobody() -> None:
    everybody = [user_json(f"00uSomebody{n:09d}", profile={"login": f"{n}@x"}) for n in range(3)]
    async with scripted(lambda _: answer(everybody)) as (url, _):
        system = OktaSystem("contoso", settings(url), Door(NO_RETRY))
        assert await system.find([Clue("okta_login", NORA_MAIL)]) == ()
        await system.close()


async def test_an_odd_user_resource_is_still_a_user() -> None:
    odd = user_json(profile={"login": NORA_MAIL, "email": None, "postalCode": 7}, credentials=None)
    async with scripted(lambda _: answer([odd])) as (url, _):
        system = OktaSystem("contoso", settings(url), Door(NO_RETRY))
        (account,) = await system.find([Clue("okta_login", NORA_MAIL)])
        await system.close()
    assert account.clues == (Clue("okta_login", NORA_MAIL),)
    assert account.facts["provider"] == ""


async def test_a_synced_account_says_so() -> None:
    synced = user_json(credentials={"provider": {"type": "ACTIVE_DIRECTORY"}})
    async with scripted(lambda _: answer([synced])) as (url, _):
        system = OktaSystem("contoso", settings(url), Door(NO_RETRY))
        (account,) = await system.find([Clue("email", NORA_MAIL)])
        await system.close()
    assert account.facts["sourced"] is True


async def test_a_system_that_cannot_be_asked_says_so(okta: System, sim: Simulator) -> None:
    sim.faults.add(faults.Fault(faults.status(503), system="okta"))
    with pytest.raises(errors.Unavailable):
        await okta.find([Clue("email", NORA_MAIL)])


#: What an action cannot be built without.
NEEDED: dict[str, dict[str, Any]] = {
    "okta.quarantine_group": {"group_id": "00gQuarantine0000001"},
    "okta.shorten_session_lifetime": {"group_id": "00gQuarantine0000001"},
    "okta.shorten_token_lifetime": {
        "authorization_server_id": "default",
        "policy_id": "00pAccess00000000001",
        "rule_id": "0prAccess00000000001",
    },
}


async def test_each_action_is_built_by_its_name(okta: System) -> None:
    for name, kind in okta.actions.items():
        action = okta.action(name, NEEDED.get(name, {}), Recorder())
        assert type(action) is kind
        assert action.spec.name == name
        assert action.spec.system == okta.name
        assert bool(action.preview(target(VICTIM))) is (action.spec.impact is not Impact.NONE)
    assert sorted(okta.actions) == [
        "okta.block_network",
        "okta.expire_password",
        "okta.quarantine_group",
        "okta.raise_risk",
        "okta.remove_factors",
        "okta.reset_factors",
        "okta.reset_password",
        "okta.revoke_api_tokens",
        "okta.revoke_client_tokens",
        "okta.revoke_grants",
        "okta.revoke_sessions",
        "okta.shorten_session_lifetime",
        "okta.shorten_token_lifetime",
        "okta.suspend_devices",
        "okta.suspend_user",
        "okta.trace_source",
        "okta.universal_logout",
        "okta.unsuspend_user",
        "okta.watch",
    ]
    with pytest.raises(errors.Refused, match=r"okta\.fly"):
        okta.action("okta.fly", {}, Recorder())
    with pytest.raises(ValueError, match="speed"):
        okta.action("okta.suspend_user", {"speed": 3}, Recorder())


async def test_warming_up_changes_nothing_and_never_fails(okta: System, sim: Simulator) -> None:
    await okta.warm()
    assert [(entry.method, entry.status) for entry in sim.requests.all("okta")] == [("GET", 200)]
    for effect in (faults.drop(), faults.status(500), faults.empty(401), faults.throttle(60)):
        sim.faults.clear()
        sim.faults.add(faults.Fault(effect, system="okta"))
        await okta.warm()


async def test_it_can_be_closed_twice_and_used_again(okta: System) -> None:
    await okta.find([Clue("email", NORA_MAIL)])
    await okta.close()
    await okta.close()
    assert len(await okta.find([Clue("email", NORA_MAIL)])) == 1


def test_listing_the_actions_does_not_load_the_sdk() -> None:
    code = (
        "import sys, connectors.okta.system as system;"
        "print(len(system.OktaSystem.actions), [m for m in sys.modules if m.split('.')[0] == 'okta'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{len(OktaSystem.actions)} []"
