"""A transmitter's public keys: read from its JWK set (RFC 7517), and found again by a token's header.

Only keys that can prove something are kept: RSA of 2048 bits or more and the elliptic curves of RFC 7518
and RFC 8037. A shared key (``oct``) would let whoever can check a token also make one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import JsonValue

from detectors.alert import NotUnderstood
from detectors.payload import decode

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_CURVE = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
#: What a token may be signed by; never ``none``, and nothing symmetric.
ALGORITHMS = frozenset({*_RSA, *_BY_CURVE.values(), "EdDSA"})
_LEAST_BITS = 2048
#: A set of more keys is no transmitter's; each of them costs time.
_MOST_KEYS = 100


class UnusableKeys(Exception):
    """What should be a JWK set is none, or holds no key that could prove anything."""


@dataclass(frozen=True, slots=True)
class _Key:
    id: str | None
    algorithms: frozenset[str]
    public: PublicKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one transmitter."""

    keys: tuple[_Key, ...]

    @classmethod
    def read(cls, document: bytes) -> KeySet:
        """Read a JWK set.

        Raises:
            UnusableKeys: it is no JWK set, or none of its keys can be used.
        """
        try:
            value = decode(document)
        except NotUnderstood as error:
            raise UnusableKeys(f"it is no JWK set: {error.reason}") from None
        listed = value.get("keys") if isinstance(value, dict) else None
        if not isinstance(listed, list):
            raise UnusableKeys("it is no JWK set: it has no list named keys")
        keys = tuple(_usable(listed[:_MOST_KEYS]))
        if not keys:
            raise UnusableKeys("it holds no public key for signatures that is strong enough")
        return cls(keys)

    def fitting(self, key_id: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        """Return the keys a token can have been signed by.

        Args:
            key_id: the token's ``kid``. Without one, the only key of the set is meant; where there are
                several, none.
            algorithm: the token's ``alg``, one of ``ALGORITHMS``.
        """
        named = [key for key in self.keys if key_id is None or key.id == key_id]
        if key_id is None and len(self.keys) > 1:
            return ()
        return tuple(key.public for key in named if algorithm in key.algorithms)


def _usable(listed: list[JsonValue]) -> Iterator[_Key]:
    for jwk in listed:
        if not isinstance(jwk, dict) or "d" in jwk or jwk.get("use", "sig") != "sig":
            continue
        public = _public(jwk)
        able = _algorithms(public) if public is not None else frozenset[str]()
        said = jwk.get("alg")
        if isinstance(said, str):
            able &= {said}
        key_id = jwk.get("kid")
        if public is not None and able:
            yield _Key(key_id if isinstance(key_id, str) else None, able, public)


def _public(jwk: Mapping[str, Any]) -> PublicKey | None:
    readers: dict[str, type[RSAAlgorithm | ECAlgorithm | OKPAlgorithm]] = {
        "RSA": RSAAlgorithm,
        "EC": ECAlgorithm,
        "OKP": OKPAlgorithm,
    }
    reader = readers.get(str(jwk.get("kty")))
    if reader is None:
        return None
    try:
        key: object = reader.from_jwk(dict(jwk))
    except Exception:  # noqa: BLE001 - two libraries' errors without a common root
        return None
    return key if isinstance(key, PublicKey) else None


def _algorithms(key: PublicKey) -> frozenset[str]:
    if isinstance(key, RSAPublicKey):
        return frozenset(_RSA if key.key_size >= _LEAST_BITS else ())
    if isinstance(key, EllipticCurvePublicKey):
        return frozenset({_BY_CURVE[key.curve.name]} if key.curve.name in _BY_CURVE else ())
    return frozenset({"EdDSA"})
