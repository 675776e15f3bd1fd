"""Proof that an alert comes from its detector, before anything of it is understood.

Standard Webhooks: specification at https://www.standardwebhooks.com (signature scheme ``v1``:
HMAC-SHA256 over ``id.timestamp.body``). Shared secrets: Okta event hooks and Logic Apps send a
fixed string in a header. Security event tokens: ``detectors/signed_events.py``. Change notifications of
Microsoft Graph: ``detectors/client_state.py``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import SecretStr

from config.origins import ClientState, Origin, SecurityEvents, SharedSecret, StandardWebhook
from detectors import client_state
from detectors.genuine import NotGenuine, Proven
from detectors.secret import any_equal, authorizations

if TYPE_CHECKING:
    from detectors.keyset import KeySet

#: What a signed delivery carries (Standard Webhooks).
SIGNED_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
#: A delivery id longer than this is nobody's; it would not fit where deliveries are told apart.
MAX_ID = 128
#: Rotation needs two signatures; more only buy an attacker our computing time.
MAX_SIGNATURES = 8

_ID = re.compile(rf"[\x21-\x7e]{{1,{MAX_ID}}}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def prove(
    origin: Origin,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    keys: KeySet | None = None,
) -> Proven:
    """Check that a delivery comes from whoever knows the source's secret or has its key.

    Args:
        origin: the source's kind of proof and its secrets.
        headers: the delivery's headers, names in lower case.
        body: the body as it arrived, byte for byte.
        now: the current time, with a time zone.
        keys: the issuer's public keys, for security event tokens.

    Raises:
        NotGenuine: anything is missing, malformed, too old or wrong.
    """
    if isinstance(origin, SharedSecret):
        return _by_shared_secret(origin, headers)
    if isinstance(origin, ClientState):
        return client_state.prove(origin, body)
    if isinstance(origin, SecurityEvents):
        from detectors import signed_events  # noqa: PLC0415 - loads PyJWT

        if keys is None:
            raise NotGenuine("the issuer's keys are not known")
        return signed_events.prove(origin, headers, body, now, keys)
    return _by_signature(origin, headers, body, now)


def headers_of(origin: Origin) -> tuple[str, ...]:
    """Return the headers a proof stands in: one that says two things proves nothing."""
    if isinstance(origin, SharedSecret):
        return (origin.header.lower(),)
    if isinstance(origin, SecurityEvents):
        return ("authorization", "content-type")
    return SIGNED_HEADERS if isinstance(origin, StandardWebhook) else ()


def _by_shared_secret(origin: SharedSecret, headers: Mapping[str, str]) -> Proven:
    sent = headers.get(origin.header.lower())
    if not sent:
        raise NotGenuine(f"the header {origin.header} is missing")
    candidates = authorizations(sent, header=origin.header)
    current = any_equal(candidates, origin.secret)
    if not current and not any_equal(candidates, origin.previous_secret):
        raise NotGenuine(f"the secret in the header {origin.header} is not the source's")
    return Proven(by_previous_secret=not current)


def _by_signature(
    origin: StandardWebhook, headers: Mapping[str, str], body: bytes, now: datetime
) -> Proven:
    delivery, seconds, signatures = (headers.get(name, "") for name in SIGNED_HEADERS)
    for name in SIGNED_HEADERS:
        if not headers.get(name):
            raise NotGenuine(f"the header {name} is missing")
    if not _ID.fullmatch(delivery):
        raise NotGenuine(f"the header webhook-id is not up to {MAX_ID} printable characters")
    if not _SECONDS.fullmatch(seconds):
        raise NotGenuine("the header webhook-timestamp is not a number of seconds since 1970")
    # The bytes as they were sent are signed, so nothing is normalised before.
    signed = delivery.encode() + b"." + seconds.encode() + b"." + body
    given = _signatures(signatures)
    current = _signed_by(origin.secret, signed, given)
    previous = origin.previous_secret is not None and _signed_by(
        origin.previous_secret, signed, given
    )
    if not current and not previous:
        raise NotGenuine("no signature in the header webhook-signature fits")
    # After the signature: only the genuine sender is told about clocks.
    apart = abs(now.timestamp() - int(seconds))
    if apart > origin.tolerance_s:
        raise NotGenuine(
            f"the header webhook-timestamp is {int(apart)} s from our clock; "
            f"{origin.tolerance_s} s are allowed"
        )
    return Proven(delivery_id=delivery, by_previous_secret=not current)


def _signatures(header: str) -> list[bytes]:
    given = []
    for part in header.split(" ")[: MAX_SIGNATURES * 2]:
        version, _, value = part.partition(",")
        if version != "v1":
            continue
        try:
            signature = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(signature) == hashlib.sha256().digest_size:
            given.append(signature)
    if not given:
        raise NotGenuine("the header webhook-signature holds no v1 signature")
    return given[:MAX_SIGNATURES]


def _signed_by(secret: SecretStr, signed: bytes, given: list[bytes]) -> bool:
    expected = hmac.digest(_key(secret), signed, "sha256")
    matches = [hmac.compare_digest(signature, expected) for signature in given]
    return any(matches)


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value()
    if not text.startswith("whsec_"):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise NotGenuine("the source's own secret is not base64 after whsec_") from None
