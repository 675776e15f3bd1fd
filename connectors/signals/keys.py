"""The transmitter's keys: read from the settings, signing, and published as a JWK set.

Sources: RFC 7517 (JWK), RFC 7638 (thumbprint), RFC 8417 and the CAEP interoperability profile (RS256,
at least 2048 bits).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from jwt.algorithms import RSAAlgorithm
from pydantic import SecretStr

from config.signals import Signals
from connectors import errors

ALGORITHM = "RS256"
_BITS = 2048
_REMEDY = (
    "Give an RSA key of 2048 bits or more as PEM or JWK, not encrypted: "
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out signals.pem"
)


class SigningKey:
    """The key that signs, and its name."""

    def __init__(self, signals: Signals) -> None:
        """Read the key.

        Raises:
            errors.Unauthenticated: it cannot be read, or is too weak.
        """
        key = _read(signals.signing_key, "signals.signing_key")
        if not isinstance(key, RSAPrivateKey):
            raise errors.Unauthenticated("signals.signing_key is no private key", remedy=_REMEDY)
        self._key = key
        self.id = signals.key_id or thumbprint(key.public_key())

    def sign(self, claims: Mapping[str, Any], kind: str) -> str:
        """Return the claims as a compact JWS; ``kind`` is the header's ``typ``.

        Claims of the same content give the same token, to the letter: RS256 draws nothing at random.
        """
        headers = {"typ": kind, "kid": self.id}
        return jwt.encode(dict(claims), self._key, algorithm=ALGORITHM, headers=headers)


def published(signals: Signals) -> list[dict[str, str]]:
    """Return the public JWKs receivers may see: the key that signs, and the one beside it.

    Raises:
        errors.Unauthenticated: a key cannot be read.
    """
    given = [(signals.signing_key, signals.key_id, "signals.signing_key")]
    if signals.previous_key is not None:
        given.append((signals.previous_key, signals.previous_key_id, "signals.previous_key"))
    found: dict[str, dict[str, str]] = {}
    for secret, name, where in given:
        key = _read(secret, where)
        public = key.public_key() if isinstance(key, RSAPrivateKey) else key
        jwk = _jwk(public, name or thumbprint(public))
        if found.setdefault(jwk["kid"], jwk) != jwk:
            raise errors.Unauthenticated(
                f"{where} has the key id of another key",
                remedy="Give each key an id of its own, or leave the ids out.",
            )
    return list(found.values())


def thumbprint(key: RSAPublicKey) -> str:
    """Return the key's RFC 7638 thumbprint."""
    members = {"e": _number(key.public_numbers().e), "kty": "RSA"}
    members["n"] = _number(key.public_numbers().n)
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64(hashlib.sha256(text.encode()).digest())


def _jwk(key: RSAPublicKey, name: str) -> dict[str, str]:
    numbers = key.public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": ALGORITHM,
        "kid": name,
        "n": _number(numbers.n),
        "e": _number(numbers.e),
    }


def _read(secret: SecretStr, where: str) -> RSAPrivateKey | RSAPublicKey:
    key = _parsed(secret.get_secret_value().strip())
    if key is None:
        # Raised here and not where it was read: a library's message may quote the key.
        raise errors.Unauthenticated(f"{where} is not an RSA key that can be read", remedy=_REMEDY)
    if key.key_size < _BITS:
        raise errors.Unauthenticated(f"{where} has fewer than {_BITS} bits", remedy=_REMEDY)
    return key


def _parsed(text: str) -> RSAPrivateKey | RSAPublicKey | None:
    key: object = None
    try:
        if text.startswith("{"):
            key = RSAAlgorithm.from_jwk(text)
        elif "PRIVATE KEY-----" in text:
            key = load_pem_private_key(text.encode(), password=None)
        else:
            key = load_pem_public_key(text.encode())
    except Exception:  # noqa: BLE001 - two libraries' errors without a common root
        return None
    return key if isinstance(key, RSAPrivateKey | RSAPublicKey) else None


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
