"""What a person is beyond her account, read over HTTP: administrator, the last one, owner of what is ours."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import okta_practice
import pytest

from connectors.door import Door
from connectors.entra.standing import GLOBAL_ADMINISTRATOR
from connectors.okta.system import OktaSystem
from connectors.system import Account
from simulator.faults import Fault, delay, forbid, status
from simulator.ids import guid, okta_id
from simulator.okta_state import AdminRole
from simulator.people import LINE_APP, SECOND_ADMINISTRATOR
from simulator.records import Group
from simulator.server import Simulator

if TYPE_CHECKING:
    from entra_tenant import Practice

    from connectors.entra.system import EntraSystem

pytest_plugins = ("entra_tenant",)

LONG = 5.0
ADMIN = {"id": GLOBAL_ADMINISTRATOR, "name": "Global Administrator"}


@pytest.fixture
async def ours(practice: Practice) -> AsyncIterator[EntraSystem]:
    """Entra, signed in as an application that is in the tenant."""
    system = practice.signed_in_as(LINE_APP.app_id)
    yield system
    await system.close()


def account(practice: Practice, name: str) -> Account:
    user = practice.person(name).entra
    assert user is not None
    return Account("contoso", "entra", user.id, user.upn)


async def facts_of(practice: Practice, system: EntraSystem, name: str) -> dict[str, Any]:
    return dict(await system.standing(account(practice, name), LONG))


def spare(practice: Practice) -> Any:
    return practice.person(SECOND_ADMINISTRATOR).entra


async def test_somebody_ordinary_is_nothing_of_it(practice: Practice, ours: EntraSystem) -> None:
    told = await facts_of(practice, ours, "omar.reyes")
    assert told == {
        "roles": [], "role_groups": [], "groups": [], "restricted_units": [],
        "last_administrator": False, "federated": False, "owns_us": False,
    }  # fmt: skip
    assert not any("/directoryRoles/" in entry.path for entry in practice.sim.requests.all("entra"))


async def test_an_administrator_is_told_with_her_role(
    practice: Practice, ours: EntraSystem
) -> None:
    told = await facts_of(practice, ours, "quentin.admin")
    assert told["roles"] == [ADMIN]
    assert told["last_administrator"] is False


async def test_a_role_through_groups_in_groups_counts_and_so_does_its_group(
    practice: Practice, ours: EntraSystem
) -> None:
    sim, omar = practice.sim, account(practice, "omar.reyes")
    admins = sim.tenant.groups[guid("group", "admins")]
    admins.administrators = True
    admins.members.append(omar.id)
    outer = Group(guid("group", "outer"), "Outer", members=[admins.id])
    sim.tenant.groups[outer.id] = outer
    told = await facts_of(practice, ours, "omar.reyes")
    assert told["roles"] == [ADMIN]
    assert told["role_groups"] == ["Administrators"]
    assert told["groups"] == sorted([admins.id, outer.id])
    assert told["last_administrator"] is False


async def test_the_last_enabled_administrator_is_told(
    practice: Practice, ours: EntraSystem
) -> None:
    spare(practice).account_enabled = False
    assert (await facts_of(practice, ours, "quentin.admin"))["last_administrator"] is True


async def test_an_administrator_by_a_group_is_another(
    practice: Practice, ours: EntraSystem
) -> None:
    spare(practice).admin = False
    admins = practice.sim.tenant.groups[guid("group", "admins")]
    admins.administrators = True
    admins.members.append(account(practice, "quentin.admin").id)
    assert (await facts_of(practice, ours, "quentin.admin"))["last_administrator"] is True
    admins.members.append(account(practice, "omar.reyes").id)
    assert (await facts_of(practice, ours, "quentin.admin"))["last_administrator"] is False


async def test_whether_others_are_enabled_may_stay_untold(
    practice: Practice, ours: EntraSystem
) -> None:
    spare(practice).account_enabled = None
    told = await facts_of(practice, ours, "quentin.admin")
    assert told["unknown"] == ("last_administrator",)
    assert "last_administrator" not in told
    assert told["roles"] == [ADMIN]


async def test_a_federated_domain_and_a_restricted_unit(
    practice: Practice, ours: EntraSystem
) -> None:
    practice.sim.tenant.federated_domains.add("contoso.com")
    nora = practice.person().entra
    assert nora is not None
    nora.restricted = True
    told = await facts_of(practice, ours, "nora.lind")
    assert told["federated"] is True
    assert told["restricted_units"] == ["Executives"]


async def test_a_guest_signs_in_at_home(practice: Practice, ours: EntraSystem) -> None:
    told = await facts_of(practice, ours, "sam.partner")
    assert "federated" not in told
    assert "unknown" not in told


async def test_whoever_owns_our_application_is_told(practice: Practice, ours: EntraSystem) -> None:
    practice.sim.tenant.applications[0].owners.append(account(practice, "omar.reyes").id)
    assert (await facts_of(practice, ours, "omar.reyes"))["owns_us"] is True
    other = practice.signed_in_as(guid("app", "another"))
    assert (await facts_of(practice, other, "omar.reyes"))["owns_us"] is False
    await other.close()
    # a token that names nobody, and no client id in the settings
    unnamed = await facts_of(practice, practice.system, "omar.reyes")
    assert unnamed["unknown"] == ("owns_us",)


@pytest.mark.parametrize(
    ("path", "untold"),
    [
        ("/transitiveMemberOf", ("roles", "last_administrator")),
        ("/directoryRoles/", ("last_administrator",)),
        ("/domains", ("federated",)),
        ("/ownedObjects/", ("owns_us",)),
    ],
)
@pytest.mark.parametrize("code", [403, 404, 500])
async def test_what_is_refused_is_unknown_and_the_rest_is_told(
    practice: Practice, ours: EntraSystem, path: str, untold: tuple[str, ...], code: int
) -> None:
    practice.sim.faults.add(Fault(status(code), path_regex=path, times=9))
    told = await facts_of(practice, ours, "quentin.admin")
    assert told["unknown"] == untold
    whole = {"roles", "last_administrator", "federated", "owns_us"}
    assert whole - set(told) == set(untold)


async def test_what_comes_late_is_unknown_and_nobody_waits_for_it(
    practice: Practice, ours: EntraSystem
) -> None:
    await facts_of(practice, ours, "omar.reyes")  # the SDK is loaded, the connection open
    practice.sim.faults.add(Fault(delay(3), path_regex="/domains"))
    begun = time.monotonic()
    told = await ours.standing(account(practice, "quentin.admin"), 0.4)
    assert time.monotonic() - begun < 1.5
    assert told["unknown"] == ("federated",)
    assert told["roles"] == [ADMIN]


@pytest.fixture(scope="module")
def okta_simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def okta_sim(okta_simulator: Simulator) -> Simulator:
    okta_simulator.reset()
    return okta_simulator


async def okta_facts(sim: Simulator, **more: Any) -> dict[str, Any]:
    settings = okta_practice.settings(sim.url, **more)
    system = OktaSystem("contoso", settings, Door(okta_practice.NO_RETRY))
    try:
        return dict(await system.standing(Account("contoso", "okta", nora_id(sim), "nora"), LONG))
    finally:
        await system.close()


def nora_id(sim: Simulator) -> str:
    user = sim.tenant.person("nora.lind").okta
    assert user is not None
    return user.id


async def test_okta_roles_and_who_owns_the_token(okta_sim: Simulator) -> None:
    assert await okta_facts(okta_sim) == {"roles": [], "owns_us": False}
    user = okta_sim.tenant.person("nora.lind").okta
    assert user is not None
    user.roles += [
        AdminRole(okta_id("ra1", "one"), "SUPER_ADMIN", "Super Administrator", 0.0),
        AdminRole(okta_id("ra1", "two"), "HELP_DESK_ADMIN", "Help Desk", 0.0, through_group=True),
    ]
    okta_sim.tenant.okta_token_owner = user.id
    assert await okta_facts(okta_sim) == {
        "roles": [
            {"id": "SUPER_ADMIN", "name": "Super Administrator", "through_group": False},
            {"id": "HELP_DESK_ADMIN", "name": "Help Desk", "through_group": True},
        ],
        "owns_us": True,
    }


@pytest.mark.parametrize(("path", "untold"), [("/roles", ("roles",)), ("/users/me", ("owns_us",))])
async def test_okta_refuses_a_part(okta_sim: Simulator, path: str, untold: tuple[str, ...]) -> None:
    okta_sim.faults.add(Fault(forbid(), path_regex=path))
    assert (await okta_facts(okta_sim))["unknown"] == untold
