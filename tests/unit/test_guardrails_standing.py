"""What a person is in a system decides how far a run goes by itself, and what people are told of her."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from planning import ENTRA, OKTA
from pydantic import ValidationError

from config.settings import Guardrails, Mode
from connectors.system import Account
from playbooks import guardrails
from playbooks.guardrails import Policy
from playbooks.schema import Aim

TEMPLATE = "62e90394-69f5-4237-9190-012177145e10"
GROUP = "9f4f2c0e-8e51-4a8e-9a43-0e4d3a3c1b77"
OKTA_GROUP = "00gexecutives0000001"
GLOBAL = {"id": TEMPLATE, "name": "Global Administrator"}
SUPER = {"id": "SUPER_ADMIN", "name": "Super Administrator", "through_group": True}


def decide(*accounts: Account, mode: Mode = Mode.AUTO, **limits: Any) -> Policy:
    return guardrails.decide(mode, accounts, 0, Guardrails(**limits))


def entra(**facts: Any) -> Account:
    return replace(ENTRA, facts=facts)


def okta(**facts: Any) -> Account:
    return replace(OKTA, facts=facts)


def test_an_administrator_is_only_noted() -> None:
    decided = decide(entra(roles=[GLOBAL], role_groups=["Admins"], last_administrator=False))
    assert decided.mode is Mode.AUTO
    assert decided.reasons == ()
    assert decided.notes == (
        "administrator in Entra ID: Global Administrator; roles may come through the group Admins",
    )
    assert decide(okta(roles=[SUPER])).notes == (
        "administrator in Okta: Super Administrator (through a group)",
    )


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (entra(last_administrator=True), "the last enabled Global Administrator"),
        (okta(last_administrator=True), "the last active super administrator"),
        (entra(owns_us=True), "owns the application Rescind signs in with"),
        (okta(owns_us=True), "owns the API token Rescind uses"),
    ],
)
def test_who_could_lock_everybody_or_us_out_is_left_to_people(
    account: Account, reason: str
) -> None:
    decided = decide(account)
    assert decided.mode is Mode.APPROVE
    (said,) = decided.reasons
    assert said.startswith(reason)
    assert decide(account, mode=Mode.OBSERVE).mode is Mode.OBSERVE
    reissue = guardrails.decide(Mode.AUTO, (account,), 0, Guardrails(), aim=Aim.REISSUE)
    assert reissue.reasons == decided.reasons


@pytest.mark.parametrize(
    ("account", "role", "protected"),
    [
        (entra(roles=[GLOBAL]), TEMPLATE.upper(), True),
        (entra(roles=[GLOBAL]), "global administrator", True),
        (okta(roles=[SUPER]), "SUPER_ADMIN", True),
        (okta(roles=[SUPER]), "Super Administrator", True),
        (entra(roles=[GLOBAL]), "SUPER_ADMIN", False),
        (entra(roles=[]), TEMPLATE, False),
    ],
)
def test_a_protected_role_is_known_by_id_or_name(
    account: Account, role: str, protected: bool
) -> None:
    decided = decide(account, protected_roles=(role,))
    assert (decided.mode is Mode.APPROVE) is protected
    assert all(reason.startswith("protected: has the role") for reason in decided.reasons)


def test_a_protected_group() -> None:
    held = decide(entra(groups=[GROUP]), protected_groups=(GROUP.upper(),))
    assert held.reasons == (f"protected: is in the group {GROUP}",)
    assert decide(entra(groups=[]), protected_groups=(GROUP,)).mode is Mode.AUTO


def test_a_protected_group_of_okta_s_by_id_or_name() -> None:
    hers = okta(groups=[OKTA_GROUP, "00gothers00000000001"], group_names=["Everyone", "Executives"])
    for group, said in ((OKTA_GROUP, OKTA_GROUP), ("executives", "Executives")):
        assert decide(hers, protected_groups=(group,)).reasons == (
            f"protected: is in the group {said}",
        )
    assert decide(hers, protected_groups=("Board", GROUP)).mode is Mode.AUTO


@pytest.mark.parametrize(
    "wrong", [GROUP[:-1], "00gshort", "", " Executives", GROUP.replace("-", "")]
)
def test_what_was_to_be_an_id_is_not_taken_for_a_name_nobody_has(wrong: str) -> None:
    with pytest.raises(ValidationError, match="neither a group's id nor a name"):
        Guardrails(protected_groups=(wrong,))


def test_okta_s_groups_that_were_not_told_matter_where_one_of_them_is_protected() -> None:
    account = okta(roles=[], unknown=("groups",))
    for group in (OKTA_GROUP, "Executives"):
        (reason,) = decide(account, protected_groups=(group,)).reasons
        assert reason.startswith("Okta did not say which groups this person is in")
        unreached = Guardrails(protected_groups=(group,))
        assert guardrails.decide(Mode.AUTO, (ENTRA,), 0, unreached, ("okta",)).reasons == (reason,)
    assert decide(account, protected_groups=(GROUP,)).mode is Mode.AUTO
    assert decide(account).mode is Mode.AUTO
    # what Entra did not say is of no matter for a group of Okta's
    assert decide(entra(unknown=("roles",)), protected_groups=("Executives",)).mode is Mode.AUTO


def test_what_okta_did_not_say_of_the_last_one_is_noted() -> None:
    (_, note) = decide(okta(roles=[SUPER], unknown=("last_administrator",))).notes
    assert note == "Okta did not say whether this is the last super administrator"


@pytest.mark.parametrize("unknown", [("roles", "last_administrator"), ("standing",)])
def test_what_was_not_told_holds_back_only_where_somebody_relies_on_it(
    unknown: tuple[str, ...],
) -> None:
    account = entra(unknown=unknown)
    free = decide(account)
    assert free.mode is Mode.AUTO
    (note,) = free.notes
    assert note.startswith("Entra ID did not say whether this is an administrator")
    assert decide(account, protected_roles=(TEMPLATE,)).mode is Mode.APPROVE
    assert decide(account, protected_roles=("Billing Administrator",)).mode is Mode.APPROVE
    assert decide(account, protected_groups=(GROUP,)).mode is Mode.APPROVE
    # a role of Okta's by its form: what Entra did not say is of no matter
    assert decide(account, protected_roles=("SUPER_ADMIN",)).mode is Mode.AUTO


def test_a_system_that_was_not_reached_may_know_of_a_protected_role() -> None:
    limits = Guardrails(protected_roles=(TEMPLATE,))
    assert guardrails.decide(Mode.AUTO, (OKTA,), 0, limits, ("entra",)).mode is Mode.APPROVE
    assert guardrails.decide(Mode.AUTO, (ENTRA,), 0, limits, ("okta",)).mode is Mode.AUTO
    grouped = Guardrails(protected_groups=(GROUP,))
    assert guardrails.decide(Mode.AUTO, (OKTA,), 0, grouped, ("entra",)).mode is Mode.APPROVE
