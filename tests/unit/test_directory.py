"""One person, many systems: found by what is known, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from connectors import errors
from connectors.action import Action
from connectors.directory import identify
from connectors.door import Journal
from connectors.system import Account, Clue, Follower


class Register:
    """A system that knows people by clues."""

    actions: ClassVar[Mapping[str, type[Action]]] = {}
    tenant = "contoso"

    def __init__(
        self,
        name: str,
        people: Mapping[Clue, Sequence[str]],
        tells: Mapping[str, Sequence[Clue]] | None = None,
        broken: errors.ConnectorError | None = None,
    ) -> None:
        self.name, self.people, self.tells, self.broken = name, people, tells or {}, broken
        self.asked: list[tuple[Clue, ...]] = []

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        self.asked.append(tuple(clues))
        if self.broken:
            raise self.broken
        ids = [one for clue in clues for one in self.people.get(clue, ())]
        return tuple(
            Account(self.tenant, self.name, one, one, clues=tuple(self.tells.get(one, ())))
            for one in ids
        )

    async def warm(self) -> None:
        """Nothing to load."""

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        raise KeyError(name, parameters, journal)

    async def close(self) -> None:
        """Nothing to close."""


class Teller(Register, Follower):
    """A system that has an account of whoever the others have found."""

    def follow(self, accounts: Mapping[str, Account]) -> Account | None:
        self.told = dict(accounts)
        first = min(accounts)
        return Account(self.tenant, self.name, f"{first}:{accounts[first].id}", "")


UPN = Clue("user_principal_name", "nora@contoso.com")
MAIL = Clue("email", "nora.lind@contoso.com")
ID = Clue("entra_object_id", "0f3c5d1e-0000-4000-8000-000000000001")
LOGIN = Clue("okta_login", "nora.lind@contoso.com")


async def test_all_systems_are_asked_with_all_clues() -> None:
    entra = Register("entra", {UPN: ["guid"]})
    okta = Register("okta", {UPN: ["00u"], MAIL: ["00u"]})

    found = await identify([entra, okta], [UPN, MAIL, UPN])

    assert {name: account.id for name, account in found.accounts.items()} == {
        "entra": "guid",
        "okta": "00u",
    }
    assert entra.asked == okta.asked == [(UPN, MAIL)]
    assert (found.ambiguities, found.missing, found.failures) == ({}, (), {})


async def test_what_one_account_tells_finds_the_other() -> None:
    entra = Register("entra", {UPN: ["guid"]}, {"guid": [MAIL, UPN]})
    okta = Register("okta", {MAIL: ["00u"]})

    found = await identify([okta, entra], [UPN])

    assert found.accounts["okta"].id == "00u"
    assert okta.asked == [(UPN,), (MAIL,)]
    assert len(entra.asked) == 1


async def test_an_okta_login_may_be_a_sign_in_name_elsewhere() -> None:
    name = Clue("user_principal_name", LOGIN.value)
    okta = Register("okta", {Clue("okta_user_id", "00u"): ["00u"]}, {"00u": [LOGIN]})
    entra = Register("entra", {name: ["guid"]})

    found = await identify([okta, entra], [Clue("okta_user_id", "00u")])

    assert found.accounts["entra"].id == "guid"


async def test_hints_are_followed_from_system_to_system() -> None:
    third = Clue("email", "third@contoso.com")
    first = Register("a", {UPN: ["1"]}, {"1": [MAIL]})
    second = Register("b", {MAIL: ["2"]}, {"2": [third]})
    last = Register("c", {third: ["3"]})

    found = await identify([last, second, first], [UPN])

    assert sorted(found.accounts) == ["a", "b", "c"]


async def test_several_accounts_in_one_system_are_never_chosen_from() -> None:
    okta = Register("okta", {MAIL: ["00u2", "00u1"]}, {"00u1": [UPN], "00u2": [UPN]})
    entra = Register("entra", {UPN: ["guid"]})

    found = await identify([okta, entra], [MAIL])

    assert found.ambiguities == {"okta": ("00u1", "00u2")}
    assert found.accounts == {}
    assert found.missing == ("entra",)
    assert found.person_key is None


async def test_clues_that_lead_to_two_accounts_in_one_system_contradict_each_other() -> None:
    okta = Register("okta", {MAIL: ["00u1"], LOGIN: ["00u2"]})
    found = await identify([okta], [MAIL, LOGIN])
    assert found.ambiguities == {"okta": ("00u1", "00u2")}


async def test_an_alert_whose_own_clues_name_two_people_finds_nobody_anywhere() -> None:
    entra = Register("entra", {ID: ["nora"], UPN: ["olga"]}, {"nora": [MAIL]})
    okta = Register("okta", {UPN: ["00uolga"], MAIL: ["00unora"]})

    found = await identify([entra, okta], [ID, UPN])

    assert (found.accounts, found.contradicted) == ({}, ("entra",))
    assert found.ambiguities == {"entra": ("nora", "olga")}
    assert found.person_key is None


async def test_an_id_among_several_accounts_of_one_address_contradicts_nothing() -> None:
    entra = Register("entra", {MAIL: ["guid"]})
    okta = Register("okta", {ID: ["00u1"], MAIL: ["00u1", "00u2"]})

    found = await identify([entra, okta], [ID, MAIL])

    assert (list(found.accounts), found.contradicted) == (["entra"], ())


async def test_a_hint_can_be_ambiguous_too() -> None:
    entra = Register("entra", {UPN: ["guid"]}, {"guid": [MAIL]})
    okta = Register("okta", {MAIL: ["00u1", "00u2"]})

    found = await identify([entra, okta], [UPN])

    assert list(found.accounts) == ["entra"]
    assert found.ambiguities == {"okta": ("00u1", "00u2")}


async def test_the_same_account_twice_is_one() -> None:
    found = await identify([Register("okta", {MAIL: ["00u1"], UPN: ["00u1"]})], [MAIL, UPN])
    assert found.accounts["okta"].id == "00u1"


async def test_names_that_differ_between_systems_are_no_contradiction() -> None:
    other = Clue("user_principal_name", "n.lind@contoso.com")
    entra = Register("entra", {MAIL: ["guid"]}, {"guid": [other]})
    okta = Register("okta", {MAIL: ["00u"]}, {"00u": [LOGIN]})

    found = await identify([entra, okta], [MAIL])

    assert sorted(found.accounts) == ["entra", "okta"]


async def test_a_system_that_fails_hides_no_other() -> None:
    gone = errors.Unavailable("connection refused")
    okta = Register("okta", {}, broken=gone)
    entra = Register("entra", {UPN: ["guid"]}, {"guid": [MAIL]})

    found = await identify([okta, entra], [UPN])

    assert found.failures == {"okta": gone}
    assert found.missing == ()
    assert list(found.accounts) == ["entra"]
    assert len(okta.asked) == 1


async def test_nobody_is_found_by_nothing() -> None:
    okta = Register("okta", {MAIL: ["00u"]})
    found = await identify([okta], [])
    assert (found.missing, okta.asked, found.person_key) == (("okta",), [], None)


@pytest.mark.parametrize(
    ("systems", "key"),
    [
        (["okta", "entra"], "entra:entra-id"),
        (["okta"], "okta:okta-id"),
        (["zeta", "auth0"], "auth0:auth0-id"),
        ([], None),
    ],
)
async def test_the_key_is_an_immutable_id_and_does_not_depend_on_the_order(
    systems: list[str], key: str | None
) -> None:
    registers = [Register(name, {UPN: [f"{name}-id"]}) for name in systems]
    for order in (registers, registers[::-1]):
        assert (await identify(order, [UPN])).person_key == key


async def test_a_follower_comes_last_and_finds_nobody_by_itself() -> None:
    entra = Register("entra", {UPN: ["guid"]}, {"guid": [MAIL]})
    okta = Register("okta", {MAIL: ["00u"]})
    teller = Teller("teller", {UPN: ["made up"], MAIL: ["made up", "twice"]})

    found = await identify([teller, entra, okta], [UPN])

    assert found.accounts["teller"].id == "entra:guid"
    assert sorted(teller.told) == ["entra", "okta"]
    assert (teller.asked, found.ambiguities, found.person_key) == ([], {}, "entra:guid")


async def test_a_follower_makes_nobody_found_whom_no_directory_found() -> None:
    broken = errors.Unavailable("connection refused")
    teller = Teller("teller", {UPN: ["made up"]})
    for silent in (Register("okta", {}), Register("okta", {UPN: ["00u1", "00u2"]})):
        found = await identify([teller, silent], [UPN])
        assert (found.accounts, found.person_key) == ({}, None)
        assert "teller" in found.missing
    found = await identify([teller, Register("okta", {}, broken=broken)], [UPN])
    assert (found.accounts, found.failures) == ({}, {"okta": broken})
