"""What is sent: the claims of a security event token, and of the token that opens a revocation endpoint.

Sources: RFC 8417 (no ``sub``, no ``exp``), OpenID CAEP 1.0 (session-revoked), OpenID RISC 1.0
(credential-compromise), Okta API (a SET's body), draft-parecki-oauth-global-token-revocation-06 3.5.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from config.signals import EventName, Receiver, RevocationEndpoint

Json = dict[str, Any]

SET_KIND = "secevent+jwt"
#: As Okta names it in Universal Logout; the draft names none.
BEARER_KIND = "global-token-revocation+jwt"
BEARER_LIVES_S = 300
URIS: Mapping[EventName, str] = {
    "session_revoked": "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
    "credential_compromise": (
        "https://schemas.openid.net/secevent/risc/event-type/credential-compromise"
    ),
}
_REASON_ADMIN = {"en": "Containment of a stolen token (CISA CM0080)"}
_REASON_USER = {"en": "You were signed out for security reasons."}


def set_claims(
    issuer: str,
    receiver: Receiver,
    subject: Json,
    event: EventName,
    details: Mapping[str, Any],
    *,
    jti: str,
    at: int,
    txn: str | None = None,
) -> Json:
    """Return the claims of one security event token; the same arguments give the same claims.

    Args:
        issuer: our name.
        receiver: whom it is for.
        subject: whom it is about (RFC 9493).
        event: what has happened.
        details: members of the event beyond those every one has.
        jti: the token's id; a receiver takes a repeated one as the same token.
        at: when it happened and was issued, in seconds since 1970.
        txn: what has caused it, the same in every token it has caused (RFC 8417 2.2); left out where
            that is not known.
    """
    content: Json = {
        **details,
        "event_timestamp": at,
        "reason_admin": _REASON_ADMIN,
        "reason_user": _REASON_USER,
    }
    claims: Json = {"iss": issuer, "jti": jti, "iat": at, "aud": receiver.audience}
    if txn is not None:
        claims["txn"] = txn
    if receiver.kind == "okta":
        content["subject"] = {"user": subject}
    elif receiver.complex:
        claims["sub_id"] = {"format": "complex", "user": subject}
    else:
        claims["sub_id"] = subject
    claims["events"] = {URIS[event]: content}
    return claims


def bearer_claims(issuer: str, endpoint: RevocationEndpoint, at: int) -> Json:
    """Return the claims of the bearer token for one request; it is used once."""
    return {
        "iss": issuer,
        "sub": endpoint.caller or issuer,
        "aud": str(endpoint.url),
        "jti": uuid.uuid4().hex,
        "iat": at,
        "exp": at + BEARER_LIVES_S,
    }
