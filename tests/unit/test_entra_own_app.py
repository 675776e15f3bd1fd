"""Who we are, by the token Entra gave us."""

from __future__ import annotations

import base64
import json

import pytest

from connectors.entra import credential

NAME = "AB12C300-0000-4000-8000-00000000000A"


def token(payload: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    return f"e30.{body}.signature"


@pytest.mark.parametrize("claim", ["appid", "azp"])
def test_either_version_of_a_token_names_the_application(claim: str) -> None:
    assert credential.app_id(token({claim: NAME})) == NAME.lower()


@pytest.mark.parametrize(
    "text", ["opaque", "a.b.c", token({}), token([]), token({"appid": 7}), "", "e30..x"]
)
def test_a_token_that_names_none_is_no_error(text: str) -> None:
    assert credential.app_id(text) is None
