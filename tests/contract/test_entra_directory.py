"""Finding a person's account from what an alert says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors import errors
from connectors.system import Clue
from simulator.faults import Fault, forbid
from simulator.people import GUEST_UPN

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)


@pytest.mark.parametrize(
    ("kind", "value", "key"),
    [
        ("user_principal_name", "Nora.Lind@contoso.com", "nora.lind"),
        ("email", "nora.lind@contoso.com", "nora.lind"),
        ("okta_login", "nora.lind@contoso.com", "nora.lind"),
        ("user_principal_name", "o'brien/dev.ops@contoso.com", "o'brien/dev.ops"),
        ("user_principal_name", GUEST_UPN, "sam.partner"),
        ("email", "sam@partner.example", "sam.partner"),
    ],
)
async def test_a_name_finds_its_account(
    practice: Practice, kind: str, value: str, key: str
) -> None:
    (account,) = await practice.system.find([Clue(kind, value)])
    user = practice.person(key).entra
    assert (account.id, account.name, account.system) == (user.id, user.upn, "entra")


async def test_an_object_id_finds_its_account_with_all_planning_needs(practice: Practice) -> None:
    user = practice.person("rosa.sync").entra
    (account,) = await practice.system.find([Clue("entra_object_id", user.id.upper())])
    assert account.id == user.id
    assert account.tenant == "contoso"
    assert account.clues == (Clue("user_principal_name", user.upn), Clue("email", user.mail))
    assert account.facts["enabled"] is True
    assert account.facts["synced"] is True
    assert account.facts["guest"] is False
    assert account.facts["user_type"] == "Member"


async def test_many_clues_to_one_person_find_one_account(practice: Practice) -> None:
    user = practice.person().entra
    clues = [
        Clue("entra_object_id", user.id),
        Clue("user_principal_name", user.upn),
        Clue("email", user.mail),
    ]
    assert len(await practice.system.find(clues)) == 1


async def test_clues_to_two_people_find_both(practice: Practice) -> None:
    clues = [Clue("email", "nora.lind@contoso.com"), Clue("email", "omar.reyes@contoso.com")]
    assert len(await practice.system.find(clues)) == 2


@pytest.mark.parametrize(
    "clue",
    [
        Clue("entra_object_id", "nora.lind@contoso.com"),
        Clue("entra_object_id", "me"),
        Clue("entra_object_id", "../users"),
        Clue("okta_login", "nora.lind"),
        Clue("okta_user_id", "00u1234567890abcdefg"),
        Clue("email", "x' or '1' eq '1"),
        Clue("email", ""),
        Clue("email", "nora\n@contoso.com"),
    ],
)
async def test_what_cannot_be_meant_is_no_match_and_never_sent(
    practice: Practice, clue: Clue
) -> None:
    assert await practice.system.find([clue]) == ()
    assert practice.sim.requests.all() == []


async def test_nobody_is_nobody(practice: Practice) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    assert await practice.system.find([Clue("entra_object_id", unknown)]) == ()
    assert await practice.system.find([Clue("email", "nobody@contoso.com")]) == ()


async def test_a_quote_in_an_address_stays_inside_the_filter(practice: Practice) -> None:
    assert await practice.system.find([Clue("email", "a'or'mail@ne.null")]) == ()
    paths = [entry.path for entry in practice.sim.requests.all()]
    assert len(paths) == 2
    assert all("%27%27or%27%27" in path or "''or''" in path for path in paths)


async def test_a_directory_that_may_not_be_read_is_an_error(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid()))
    with pytest.raises(errors.Forbidden) as caught:
        await practice.system.find([Clue("email", "nora.lind@contoso.com")])
    assert "User.Read.All" in caught.value.remedy
