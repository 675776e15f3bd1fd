"""What our credential may do: read from its own token, and not guessed where it does not tell."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from connectors import grants
from tasks.systems import SPECS

REVOKE = SPECS["entra.revoke_sessions"]


def jwt(said: object) -> str:
    part = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"e30.{part}.c2ln"


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        (None, ()),
        ({"User.RevokeSessions.All", "User.Read.All", "Mail.Read"}, ()),
        ({"User.ReadWrite.All"}, ()),
        ({"User.Read.All"}, ("User.RevokeSessions.All",)),
        (set(), ("User.RevokeSessions.All", "User.Read.All")),
    ],
)
def test_what_is_missing_is_named(held: set[str] | None, missing: tuple[str, ...]) -> None:
    assert grants.lacking(REVOKE, held) == missing


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (jwt({"roles": ["User.Read.All"]}), {"roles": ["User.Read.All"]}),
        (jwt([1]), None),
        ("simulated-graph-token", None),
        ("a.b.c", None),
        ("a.\N{SNOWMAN}.c", None),
        ("", None),
    ],
)
def test_a_token_tells_or_does_not(token: str, said: dict[str, Any] | None) -> None:
    assert grants.claims(token) == said


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        ("read:users  update:users", {"read:users", "update:users"}),
        (["a", 1, "b"], {"a", "b"}),
        (None, None),
        (7, None),
    ],
)
def test_permissions_are_read_as_either_vendor_writes_them(
    claim: object, found: set[str] | None
) -> None:
    assert grants.words(claim) == found
