"""Command lines for people, whatever a name contains."""

from __future__ import annotations

import pytest

from connectors.entra import powershell


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Newsletters", "'Newsletters'"),
        ("it's", "'it''s'"),
        ("$(Remove-Item x)", "'$(Remove-Item x)'"),
        ('a" ; b', "'a\" ; b'"),
        ("\u2019; Stop-Computer; \u2018", "'\u2019\u2019; Stop-Computer; \u2018\u2018'"),
    ],
)
def test_quoted_text_stays_text(text: str, line: str) -> None:
    assert powershell.quoted(text) == line


def test_an_account_is_found_by_its_name_on_premises() -> None:
    line = powershell.ad_account("o'brien", "o.brien@contoso.com")
    assert line == "Get-ADUser -Identity 'o''brien'"


@pytest.mark.parametrize("sam", [None, "", "a\nb"])
def test_without_a_usable_name_it_is_found_by_its_principal_name(sam: str | None) -> None:
    line = powershell.ad_account(sam, "nora.lind@contoso.com")
    assert line == "Get-ADUser -LDAPFilter '(userPrincipalName=nora.lind@contoso.com)'"


def test_a_principal_name_cannot_leave_the_filter() -> None:
    line = powershell.ad_account(None, "x)(cn=*)' | Remove-ADUser \u00e9")
    value = line.removeprefix("Get-ADUser -LDAPFilter '(userPrincipalName=").removesuffix(")'")
    assert value == ("x\\29\\28cn\\3d\\2a\\29\\27\\20\\7c\\20Remove-ADUser\\20\\c3\\a9")


@pytest.mark.parametrize("text", ["", "a\nb", "a\x1b[2Jb", "a\u202eb"])
def test_what_cannot_be_seen_cannot_stand_in_a_line(text: str) -> None:
    assert not powershell.printable(text)
