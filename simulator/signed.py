"""Checking a signed token as strictly as a receiver may: key, type, issuer, audience, repetition."""

from __future__ import annotations

from typing import Any

import jwt

from simulator.payroll_state import JsonObject, Trust

SET_KIND = "secevent+jwt"
BEARER_KIND = "global-token-revocation+jwt"
_SKEW_S = 60.0


class Unacceptable(Exception):
    """Why a token is not taken: a code of RFC 8935 2.4, and words for people."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


def read_set(token: str, trust: Trust, now: float) -> JsonObject:
    """The claims of a security event token (RFC 8417, and the CAEP interoperability profile).

    Raises:
        Unacceptable: with what is wrong with it.
    """
    claims = _verified(token, trust, SET_KIND, trust.audience)
    for name in ("sub", "exp"):
        if name in claims:
            raise Unacceptable("invalid_request", f"a SET has no {name}")
    events = claims.get("events")
    if not isinstance(events, dict) or len(events) != 1:
        raise Unacceptable("invalid_request", "exactly one event")
    _timely(claims, now)
    return claims


def read_bearer(token: str, trust: Trust, url: str, now: float) -> JsonObject:
    """The claims of the token that opens a revocation endpoint (draft-06, 3.5).

    Raises:
        Unacceptable: with what is wrong with it.
    """
    claims = _verified(token, trust, BEARER_KIND, url)
    _timely(claims, now)
    expires = claims.get("exp")
    if not isinstance(expires, int) or not now - _SKEW_S < expires <= now + 600:
        raise Unacceptable("authentication_failed", "exp")
    if not isinstance(claims.get("sub"), str):
        raise Unacceptable("authentication_failed", "sub")
    return claims


def event_of(claims: JsonObject) -> tuple[str, JsonObject]:
    """The one event's type and content."""
    ((uri, content),) = claims["events"].items()
    return str(uri), content if isinstance(content, dict) else {}


def _verified(token: str, trust: Trust, kind: str, audience: str) -> JsonObject:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Unacceptable("invalid_request", "no signed token") from None
    if header.get("typ") != kind or header.get("alg") != "RS256":
        raise Unacceptable("invalid_request", "typ or alg")
    keys = [key for key in trust.keys if key.get("kid") == header.get("kid")]
    if not keys:
        raise Unacceptable("invalid_key", "no such kid")
    options: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False}
    try:
        claims: JsonObject = jwt.decode(
            token, jwt.PyJWK(keys[0]), algorithms=["RS256"], options=options
        )
    except jwt.PyJWTError:
        raise Unacceptable("invalid_key", "the signature") from None
    if claims.get("iss") != trust.issuer:
        raise Unacceptable("invalid_issuer", "iss")
    if claims.get("aud") not in (audience, [audience]):
        raise Unacceptable("invalid_audience", "aud")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise Unacceptable("invalid_request", "jti")
    return claims


def _timely(claims: JsonObject, now: float) -> None:
    issued = claims.get("iat")
    if not isinstance(issued, int) or issued > now + _SKEW_S:
        raise Unacceptable("invalid_request", "iat")
