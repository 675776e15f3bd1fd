"""The keys receivers verify our signals by: public, kept for an hour, and none where none is used."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from web_house import open_house, visiting

from config.signals import Signals
from connectors.signals.keys import SigningKey
from tasks.service import Service

pytest_plugins = ("web_fixtures",)

PATH = "/.well-known/jwks.json"


@cache
def key(name: str) -> str:
    assert name
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def signals(**more: Any) -> dict[str, Any]:
    app = {"url": "https://crm.example.com/log-out"}
    return {
        "issuer": "https://rescind.contoso.com",
        "signing_key": key("now"),
        "revocation_endpoints": {"crm": app},
        **more,
    }


def asked(folder: Path, tenants: dict[str, Any], method: str = "GET") -> httpx.Response:
    service = open_house(folder, tenants=tenants)
    try:
        with visiting(service) as client:
            return client.request(method, PATH)
    finally:
        service.database.close()


def tenant(name: str, **more: Any) -> dict[str, Any]:
    okta = {"org_url": f"https://{name}.okta.com", "api_token": "practice"}
    return {"domains": [f"{name}.com"], "okta": okta, "signals": signals(**more)}


def test_whoever_asks_is_given_the_public_keys_and_may_keep_them(tmp_path: Path) -> None:
    earlier = {"previous_key": key("before"), "previous_key_id": "before"}
    answer = asked(tmp_path, {"contoso": tenant("contoso", **earlier)})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=3600")
    one, other = answer.json()["keys"]
    assert other["kid"] == "before"
    assert all(set(each) == {"kty", "use", "alg", "kid", "n", "e"} for each in (one, other))
    # a receiver with these keys and nothing else reads what we sign, with the key before, too
    for given, jwk in ((signals(), one), (signals(signing_key=key("before")), other)):
        token = SigningKey(Signals.model_validate(given)).sign({"jti": "x"}, "secevent+jwt")
        assert jwt.decode(token, jwt.PyJWK(jwk), algorithms=["RS256"]) == {"jti": "x"}


def test_all_tenants_keys_are_in_one_set(tmp_path: Path) -> None:
    tenants = {
        "contoso": tenant("contoso"),
        "fabrikam": tenant("fabrikam", signing_key=key("fabrikam")),
        "again": tenant("again"),
    }
    assert len({each["kid"] for each in asked(tmp_path, tenants).json()["keys"]}) == 2
    assert asked(tmp_path, tenants, "HEAD").content == b""


def test_where_nobody_is_told_there_are_no_keys(house: Service) -> None:
    with visiting(house) as client:
        assert client.get(PATH).status_code == 404


def test_a_key_that_cannot_be_read_takes_no_console_away(tmp_path: Path) -> None:
    service = open_house(tmp_path, tenants={"contoso": tenant("contoso", signing_key="no key")})
    with visiting(service) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get(PATH).status_code == 404
    service.database.close()
