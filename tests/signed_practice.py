"""A practice transmitter: it has keys, publishes them, and signs security event tokens."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER = "https://ssf.example.com"
AUDIENCE = "https://rescind.contoso.com"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"


def private_key(name: str = "k1", kind: str = "RSA", bits: int = 2048) -> Any:
    return _made(name, kind, bits)


@cache
def _made(name: str, kind: str, bits: int) -> Any:
    assert name
    if kind == "RSA":
        return rsa.generate_private_key(65537, bits)
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[kind])


def jwk(name: str = "k1", kind: str = "RSA", bits: int = 2048, **more: str) -> dict[str, Any]:
    public = private_key(name, kind, bits).public_key()
    maker = {"RSA": RSAAlgorithm, "Ed25519": OKPAlgorithm}.get(kind, ECAlgorithm)
    return {**maker.to_jwk(public, as_dict=True), "kid": name, **more}


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def claims(jti: str = "set-1", **changed: Any) -> dict[str, Any]:
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": int(time.time()),
        "jti": jti,
        "sub_id": {"format": "email", "email": "nora.lind@contoso.com"},
        "events": {f"{RISC}credential-compromise": {"credential_type": "password"}},
    } | changed
    return {name: value for name, value in said.items() if value is not None}


def token(
    said: dict[str, Any] | None = None,
    *,
    key: str | None = "k1",
    kind: str = "RSA",
    algorithm: str = "RS256",
    signed_by: Any = None,
    **header: Any,
) -> bytes:
    given = {"typ": "secevent+jwt", "kid": key} | header
    given = {name: value for name, value in given.items() if value is not None}
    signer = signed_by if signed_by is not None else private_key(key or "k1", kind)
    said_json = json.dumps(claims() if said is None else said).encode()
    return jwt.PyJWS().encode(said_json, signer, algorithm, headers=given).encode()
