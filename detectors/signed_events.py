"""Proof that a security event token comes from its transmitter and is meant for us.

Sources: RFC 8417 (tokens), RFC 8935 (push, error codes), RFC 8725 (best practice for JWTs), OpenID SSF 1.0.
The keys are given: they are fetched elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt

from config.origins import SecurityEvents
from detectors.alert import NotUnderstood
from detectors.genuine import NotAccepted, Proven, UnknownKey
from detectors.keyset import ALGORITHMS, KeySet
from detectors.payload import decode
from detectors.secret import any_equal, authorizations

CONTENT_TYPE = "application/secevent+jwt"
#: A jti longer than this is nobody's.
MAX_ID = 500

_COMPACT = re.compile(rb"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)


def prove(
    origin: SecurityEvents, headers: Mapping[str, str], body: bytes, now: datetime, keys: KeySet
) -> Proven:
    """Check a pushed token: who sent it, who signed it, for whom, and when.

    A token may be old: a transmitter that was down sends late, and one that is sent again is stored once.

    Returns:
        The proof; ``delivery_id`` is the token's ``jti``.

    Raises:
        UnknownKey: everything else may fit, and ``keys`` lacks the key.
        NotAccepted: anything is missing, malformed or wrong.
    """
    by_previous = _sender(origin, headers)
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != CONTENT_TYPE:
        raise NotAccepted("invalid_request", f"the content type is not {CONTENT_TYPE}")
    token = body.strip(b" \t\r\n")
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise NotAccepted("invalid_request", "the body is no signed token in its compact form")
    header, claims = _object(match[1], "header"), _object(match[2], "payload")
    algorithm = _header(header)
    # Looked at before the signature, so that a stranger's token makes nobody fetch keys.
    _addressed(origin, claims)
    _signed(token, header, algorithm, keys)
    _timely(origin, claims, now)
    return Proven(delivery_id=_id(claims), by_previous_secret=by_previous)


def _sender(origin: SecurityEvents, headers: Mapping[str, str]) -> bool:
    if origin.secret is None:
        return False
    candidates = authorizations(headers.get("authorization", ""))
    if any_equal(candidates, origin.secret):
        return False
    if any_equal(candidates, origin.previous_secret):
        return True
    raise NotAccepted("authentication_failed", "the header Authorization is not the stream's")


def _object(part: bytes, what: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
        value = decode(raw)
    except (binascii.Error, ValueError, NotUnderstood):
        raise NotAccepted(
            "invalid_request", f"the token's {what} is no base64url of JSON"
        ) from None
    if not isinstance(value, dict):
        raise NotAccepted("invalid_request", f"the token's {what} is no JSON object")
    return value


def _header(header: Mapping[str, Any]) -> str:
    kind = header.get("typ")
    plain = kind.lower().removeprefix("application/") if isinstance(kind, str) else ""
    if plain != "secevent+jwt":
        raise NotAccepted("invalid_request", "the token's typ is not secevent+jwt")
    if "crit" in header:
        raise NotAccepted("invalid_request", "the token's header asks for an extension (crit)")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise NotAccepted(
            "invalid_key", f"the token's alg is not one of {', '.join(sorted(ALGORITHMS))}"
        )
    return algorithm


def _addressed(origin: SecurityEvents, claims: Mapping[str, Any]) -> None:
    if claims.get("iss") != origin.issuer:
        raise NotAccepted("invalid_issuer", "the token's iss is not the source's issuer")
    audience = claims.get("aud")
    if origin.audience not in (audience if isinstance(audience, list) else [audience]):
        raise NotAccepted("invalid_audience", "the token's aud is not the source's audience")
    events = claims.get("events")
    if not isinstance(events, dict) or not events:
        raise NotAccepted("invalid_request", "the token has no events")
    _id(claims)


def _id(claims: Mapping[str, Any]) -> str:
    given = claims.get("jti")
    if not isinstance(given, str) or not 0 < len(given) <= MAX_ID or not given.isprintable():
        raise NotAccepted("invalid_request", f"the token's jti is not 1 to {MAX_ID} characters")
    return given


def _signed(token: bytes, header: Mapping[str, Any], algorithm: str, keys: KeySet) -> None:
    key_id = header.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise NotAccepted("invalid_request", "the token's kid is no text")
    fitting = keys.fitting(key_id, algorithm)
    if not fitting:
        raise UnknownKey("invalid_key", "no key of the issuer has the token's kid and alg")
    for key in fitting:
        try:
            jwt.PyJWS().decode_complete(token, key, algorithms=[algorithm])
        except jwt.InvalidTokenError:
            continue
        return
    raise NotAccepted("authentication_failed", "the token's signature does not fit")


def _timely(origin: SecurityEvents, claims: Mapping[str, Any], now: datetime) -> None:
    issued = claims.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, int | float) or issued <= 0:
        raise NotAccepted("invalid_request", "the token's iat is no time")
    if issued - now.timestamp() > origin.tolerance_s:
        raise NotAccepted(
            "invalid_request",
            f"the token's iat is more than {origin.tolerance_s} s ahead of our clock",
        )
    ends = claims.get("exp")
    if ends is None:
        return
    late = now.timestamp() - ends if isinstance(ends, int | float) else origin.tolerance_s + 1
    if late > origin.tolerance_s:
        raise NotAccepted("invalid_request", "the token's exp is over")
