"""What makes an inbox rule suspicious."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.entra import rules

OWN = ("contoso.com", "contoso.onmicrosoft.com")


def to(*addresses: str) -> list[dict[str, Any]]:
    return [{"emailAddress": {"name": "x", "address": address}} for address in addresses]


def judge(
    actions: dict[str, Any] | None = None,
    conditions: dict[str, Any] | None = None,
    name: str | None = "Projects",
    folders: dict[str, str] | None = None,
) -> tuple[str, ...]:
    rule = {"displayName": name, "actions": actions, "conditions": conditions}
    return rules.reasons(rule, own_domains=OWN, folder_names=folders or {})


@pytest.mark.parametrize("field", ["forwardTo", "forwardAsAttachmentTo", "redirectTo"])
def test_mail_that_leaves_the_company_is_suspicious(field: str) -> None:
    (why,) = judge({field: to("a@contoso.com", "thief@example.com")})
    assert why.endswith("to thief@example.com")


@pytest.mark.parametrize("address", ["a@contoso.com", "a@CONTOSO.COM", "a@contoso.onmicrosoft.com"])
def test_mail_that_stays_in_the_company_is_not(address: str) -> None:
    assert judge({"forwardTo": to(address)}) == ()


@pytest.mark.parametrize(
    "address",
    [
        "a@evil-contoso.com",
        "a@contoso.com.example.com",
        "a@mail.contoso.com",
        "a@contoso.com@x.example",
    ],
)
def test_a_domain_that_only_looks_like_ours_is_suspicious(address: str) -> None:
    assert judge({"forwardTo": to(address)})


def test_a_recipient_without_an_address_is_suspicious() -> None:
    assert judge({"redirectTo": to("/o=ExchangeLabs/cn=thief")})
    assert judge({"redirectTo": [{"emailAddress": None}]})


@pytest.mark.parametrize("actions", [{"delete": True}, {"permanentDelete": True}])
def test_deleting_is_suspicious(actions: dict[str, Any]) -> None:
    assert judge(actions) == ("deletes what it matches",)


@pytest.mark.parametrize(
    "folder", ["RSS Feeds", "RSS Subscriptions", "Archive", "NOTES", "Junk Email", "Deleted Items"]
)
def test_a_folder_nobody_looks_into_is_suspicious(folder: str) -> None:
    assert judge({"moveToFolder": "AQMk1"}, folders={"AQMk1": folder})


def test_a_folder_with_a_name_of_its_own_is_not() -> None:
    assert judge({"moveToFolder": "AQMk1"}, folders={"AQMk1": "Crossroads"}) == ()
    assert judge({"moveToFolder": "AQMk1"}) == ()


@pytest.mark.parametrize("name", ["", ".", "..", " ", "___", "\u2022", None])
def test_a_name_without_a_letter_is_suspicious(name: str | None) -> None:
    assert judge({"moveToFolder": "x"}, name=name) == ("has a name without a letter or digit",)


def test_reading_in_somebodys_place_is_suspicious() -> None:
    assert judge({"markAsRead": True, "stopProcessingRules": True})
    assert judge({"markAsRead": True}) == ()


def test_words_count_only_where_mail_is_hidden_or_sent_on() -> None:
    about = {"subjectContains": ["Invoice overdue"], "bodyContains": ["your PASSWORD"]}
    assert judge({"markAsRead": True}, about) == ("picks messages about invoice, password",)
    assert judge({"assignCategories": ["Red"]}, about) == ()
    assert judge({"markAsRead": True}, {"subjectContains": ["Lunch"]}) == ()


@pytest.mark.parametrize("part", [None, [], "x", {"forwardTo": None}, {"forwardTo": "x"}])
def test_odd_shapes_are_no_reason_to_fail(part: Any) -> None:
    rule = {"displayName": "Projects", "actions": part, "conditions": part}
    assert rules.reasons(rule, own_domains=OWN, folder_names={}) == ()
