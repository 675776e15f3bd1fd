"""No id can turn one request into another, and no list leads elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import errors
from connectors.okta.addresses import fill, is_user_id, next_page

NORA = "00uNoraLind000000001"
HERE = "https://contoso.okta.example/api/v1/users?limit=2"
NOT_A_USER = [
    "",
    ".",
    "..",
    "me",
    "nora.lind@contoso.com",
    "nora",
    NORA + "/../00uOther0000000000001",
    "00u/sessions00000000",
    NORA + "?x=1",
    NORA + "%2f..",
    NORA + "\n",
    NORA[:-1],
    NORA + "0",
    "0oaNoraLind000000001",
    "00uNoraLind00000000\u0661",
]


@pytest.mark.parametrize("value", NOT_A_USER)
def test_only_a_user_id_names_a_user(value: str) -> None:
    assert not is_user_id(value)
    with pytest.raises(errors.Refused) as refused:
        fill("/api/v1/users/{user}/sessions", {"user": value})
    assert len(value) < 4 or value not in str(refused.value)


def test_a_user_id_is_taken_as_it_is() -> None:
    assert fill("/api/v1/users/{user}/sessions?x=true", {"user": NORA}) == (
        f"/api/v1/users/{NORA}/sessions?x=true"
    )


@pytest.mark.parametrize("value", ["", ".", "..", "short", "a/b/c/d/e/f", "x" * 101, "white space"])
def test_other_ids_are_checked_too(value: str) -> None:
    with pytest.raises(errors.Refused):
        fill("/api/v1/users/{user}/factors/{factor}", {"user": NORA, "factor": value})
    with pytest.raises(errors.Refused):
        fill("/api/v1/users/{user}/clients/{client}/tokens", {"user": NORA, "client": value})


def test_a_client_id_may_be_a_chosen_name() -> None:
    path = fill("/clients/{client}/tokens", {"client": "my.app+one"})
    assert path == "/clients/my.app%2Bone/tokens"


@given(st.text(max_size=60))
def test_a_query_value_stays_in_its_place(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    filled = fill("/api/v1/users?filter={filter}&limit={limit}", {"filter": value, "limit": "1"})
    assert filled.startswith("/api/v1/users?filter=")
    assert filled.endswith("&limit=1")
    assert not set(filled[21:-8]) & set('&=?#/ "\\+')


@given(st.text(max_size=40))
def test_whatever_is_taken_for_a_path_has_the_same_number_of_steps(value: str) -> None:
    try:
        path = fill("/a/{factor}/b", {"factor": value})
    except errors.Refused:
        return
    assert path.count("/") == 3
    assert ".." not in path


@pytest.mark.parametrize(
    "link",
    [
        '<https://contoso.okta.example/api/v1/users?after=x>; rel="next"',
        '<https://contoso.okta.example/api/v1/users>; rel="self", '
        '<https://contoso.okta.example/api/v1/users?after=x>; rel="next"',
        '<https://contoso.okta.example/api/v1/users?after=x>; rel="next", '
        '<https://contoso.okta.example/api/v1/users>; rel="self"',
        "<https://contoso.okta.example/api/v1/users?after=x>;rel=next",
        '<https://contoso.okta.example/api/v1/users?after=x>; REL="NEXT"',
    ],
)
def test_the_next_page_is_found_however_it_is_spelt(link: str) -> None:
    assert next_page(link, HERE) == "https://contoso.okta.example/api/v1/users?after=x"


def test_commas_in_an_address_do_not_end_it() -> None:
    link = '<https://contoso.okta.example/api/v1/users?after=a,b;c>; rel="next"'
    assert next_page(link, HERE) == "https://contoso.okta.example/api/v1/users?after=a,b;c"


@pytest.mark.parametrize("link", ["", '<https://x.example/>; rel="self"', "nonsense", "<>"])
def test_a_list_without_a_next_page_ends(link: str) -> None:
    assert next_page(link, HERE) is None


def test_the_usual_port_may_be_named() -> None:
    link = '<https://contoso.okta.example:443/api/v1/users?after=x>; rel="next"'
    assert next_page(link, HERE) is not None


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/api/v1/users?after=x",
        "http://contoso.okta.example/api/v1/users?after=x",
        "https://contoso.okta.example:8443/api/v1/users?after=x",
        "https://contoso.okta.example@evil.example/api/v1/users?after=x",
        "https://someone@contoso.okta.example/api/v1/users?after=x",
        "https://contoso.okta.example.evil.example/api/v1/users",
        "https://contoso.okta.example/api/v1/logs?after=x",
        "https://contoso.okta.example:port/api/v1/users",
        "//evil.example/api/v1/users",
        "/api/v1/users?after=x",
        "",
    ],
)
def test_a_list_that_goes_on_elsewhere_is_refused(address: str) -> None:
    with pytest.raises(errors.Refused):
        next_page(f'<{address}>; rel="next"', HERE)
