"""What a person may type to name whom she means."""

from __future__ import annotations

import pytest

from tasks.requests import NotContainable, clues_of

GUID = "6F9D5C1E-0d5a-4c7e-9c53-0a3f6b2f7d11"


@pytest.mark.parametrize(
    "user",
    ["me", "..", "", " ", "nora", "' or 1 eq 1", "00u", "a b@contoso.com", "@contoso.com", "nora@",
     "../users@x y", GUID[:-1], "auth0|", "|x", "auth0|..", "samlp|a|../x", "00u1a2b3c4D5e6F7g8h9x", "00g1a2b3c4D5e6F7g8h9"],
)  # fmt: skip
def test_what_names_nobody_is_refused_with_what_would_be_right(user: str) -> None:
    with pytest.raises(NotContainable) as caught:
        clues_of(user)
    assert "@example.com" in caught.value.remedy


@pytest.mark.parametrize(
    ("user", "kinds"),
    [
        (GUID, {"entra_object_id"}),
        ("00u1a2b3c4D5e6F7g8h9", {"okta_user_id"}),
        ("auth0|65f0c1d2e3f4a5b6c7d8e9f0", {"auth0_user_id"}),
        ("samlp|contoso-adfs|nora.lind@contoso.com", {"auth0_user_id"}),
        ("nora.lind@contoso.com", {"user_principal_name", "okta_login", "email"}),
        ("o'brien/dev.ops@contoso.com", {"user_principal_name", "okta_login", "email"}),
        (" nora.lind@contoso.com ", {"user_principal_name", "okta_login", "email"}),
        ("sam_partner.example#EXT#@contoso.com", {"user_principal_name", "okta_login", "email"}),
    ],
)
def test_a_name_is_taken_for_what_it_looks_like(user: str, kinds: set[str]) -> None:
    assert {clue.kind for clue in clues_of(user)} == kinds
    assert all(clue.value == clue.value.strip() for clue in clues_of(user))
