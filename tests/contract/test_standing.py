"""What a person is beyond her account, read over HTTP: administrator, the last one, owner of what is ours."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import okta_practice
import pytest
from okta.models.role_assigned_users import RoleAssignedUsers

from connectors.door import Door
from connectors.entra.standing import GLOBAL_ADMINISTRATOR
from connectors.okta.system import OktaSystem
from connectors.system import Account
from simulator.faults import Fault, delay, forbid, status
from simulator.ids import guid, okta_id
from simulator.okta_people import EVERYONE, IMPORTED, QUARANTINE
from simulator.okta_state import AdminRole, OktaUser, Status
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
    practice.sim.faults.add(Fault(delay(30), path_regex="/domains"))
    begun = time.monotonic()
    told = await ours.standing(account(practice, "quentin.admin"), 2)
    assert time.monotonic() - begun < 20
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


async def okta_facts(sim: Simulator, within_s: float = LONG) -> dict[str, Any]:
    settings = okta_practice.settings(sim.url)
    system = OktaSystem("contoso", settings, Door(okta_practice.NO_RETRY))
    account = Account("contoso", "okta", nora_id(sim), "nora")
    try:
        return dict(await system.standing(account, within_s))
    finally:
        await system.close()


def nora_id(sim: Simulator) -> str:
    user = sim.tenant.person("nora.lind").okta
    assert user is not None
    return user.id


def okta_user(sim: Simulator, name: str = "nora.lind") -> OktaUser:
    user = sim.tenant.person(name).okta
    assert user is not None
    return user


def make_super(user: OktaUser, *, through_group: bool = False) -> None:
    role = AdminRole(
        okta_id("ra1", user.id), "SUPER_ADMIN", "Super Administrator", 0.0, through_group
    )
    user.roles.append(role)


NOBODY_SPECIAL = {
    "roles": [], "last_administrator": False, "owns_us": False,
    "groups": sorted([EVERYONE.id, IMPORTED.id]), "group_names": ["Domain Users", "Everyone"],
}  # fmt: skip


async def test_okta_roles_groups_and_who_owns_the_token(okta_sim: Simulator) -> None:
    assert await okta_facts(okta_sim) == NOBODY_SPECIAL
    user = okta_user(okta_sim)
    make_super(okta_user(okta_sim, "user03"))
    make_super(user)
    user.roles.append(
        AdminRole(okta_id("ra1", "two"), "HELP_DESK_ADMIN", "Help Desk", 0.0, through_group=True)
    )
    user.groups.append(QUARANTINE.id)
    okta_sim.tenant.okta_token_owner = user.id
    assert await okta_facts(okta_sim) == {
        "roles": [
            {"id": "SUPER_ADMIN", "name": "Super Administrator", "through_group": False},
            {"id": "HELP_DESK_ADMIN", "name": "Help Desk", "through_group": True},
        ],
        "last_administrator": False,
        "owns_us": True,
        "groups": sorted([EVERYONE.id, IMPORTED.id, QUARANTINE.id]),
        "group_names": ["Domain Users", "Everyone", "Quarantine"],
    }


async def test_okta_s_last_active_super_administrator_is_told(okta_sim: Simulator) -> None:
    make_super(okta_user(okta_sim), through_group=True)
    assert (await okta_facts(okta_sim))["last_administrator"] is True
    helper = okta_user(okta_sim, "user04")
    helper.roles.append(AdminRole(okta_id("ra1", "help"), "HELP_DESK_ADMIN", "Help Desk", 0.0))
    assert (await okta_facts(okta_sim))["last_administrator"] is True
    other = okta_user(okta_sim, "user03")
    make_super(other)
    assert (await okta_facts(okta_sim))["last_administrator"] is False
    for shut in (Status.SUSPENDED, Status.DEPROVISIONED, Status.LOCKED_OUT):
        other.status = shut
        assert (await okta_facts(okta_sim))["last_administrator"] is True


async def test_whoever_is_no_super_administrator_costs_no_look_at_others(
    okta_sim: Simulator,
) -> None:
    make_super(okta_user(okta_sim, "user03"))
    assert (await okta_facts(okta_sim))["last_administrator"] is False
    asked = [entry.path for entry in okta_sim.requests.all("okta")]
    assert not any(okta_user(okta_sim, "user03").id in path for path in asked)


async def test_okta_s_list_of_administrators_is_read_to_its_end(okta_sim: Simulator) -> None:
    okta_sim.tenant.page_size = 2
    make_super(okta_user(okta_sim))
    for n in range(1, 6):
        okta_user(okta_sim, f"user0{n}").roles.append(
            AdminRole(okta_id("ra1", str(n)), "HELP_DESK_ADMIN", "Help Desk", 0.0)
        )
    assert (await okta_facts(okta_sim))["last_administrator"] is True
    make_super(okta_user(okta_sim, "user05"))
    assert (await okta_facts(okta_sim))["last_administrator"] is False


async def test_the_practice_list_of_administrators_is_as_the_sdk_takes_it(
    okta_sim: Simulator,
) -> None:
    okta_sim.tenant.page_size = 1
    make_super(okta_user(okta_sim))
    make_super(okta_user(okta_sim, "user03"))
    headers = {"Authorization": f"SSWS {okta_practice.TOKEN}"}
    async with httpx.AsyncClient(base_url=okta_sim.url, headers=headers, timeout=60) as browser:
        told = (await browser.get("/api/v1/iam/assignees/users")).json()
    assert set(told) == {"value", "_links"}
    read = RoleAssignedUsers.from_dict(told)
    assert read is not None
    assert read.value is not None
    assert read.links is not None
    assert read.links.next is not None
    assert [one.id for one in read.value] == [nora_id(okta_sim)]


async def test_an_administrator_who_cannot_be_looked_at_may_be_another(okta_sim: Simulator) -> None:
    make_super(okta_user(okta_sim))
    other, third = okta_user(okta_sim, "user03"), okta_user(okta_sim, "user04")
    make_super(other)
    okta_sim.faults.add(Fault(forbid(), path_regex=f"{other.id}/roles", times=9))
    assert (await okta_facts(okta_sim))["unknown"] == ("last_administrator",)
    make_super(third)
    assert (await okta_facts(okta_sim))["last_administrator"] is False


@pytest.mark.parametrize(
    ("path", "untold"),
    [
        ("/roles", ("roles", "last_administrator")),
        ("/iam/assignees/", ("last_administrator",)),
        ("/groups", ("groups",)),
        ("/users/me", ("owns_us",)),
    ],
)
async def test_okta_refuses_a_part(okta_sim: Simulator, path: str, untold: tuple[str, ...]) -> None:
    make_super(okta_user(okta_sim))
    okta_sim.faults.add(Fault(forbid(), path_regex=path, times=9))
    told = await okta_facts(okta_sim)
    assert told["unknown"] == untold
    assert not {*untold} & {*told}


async def test_what_okta_tells_late_is_unknown_and_nobody_waits_for_it(okta_sim: Simulator) -> None:
    make_super(okta_user(okta_sim))
    okta_sim.faults.add(Fault(delay(30), path_regex="/iam/assignees/"))
    begun = time.monotonic()
    told = await okta_facts(okta_sim, within_s=2)
    assert time.monotonic() - begun < 20
    assert told["unknown"] == ("last_administrator",)
    assert told["roles"]
