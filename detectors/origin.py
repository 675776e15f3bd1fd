"""Proof that an alert comes from its detector, before anything of it is read.

Standard Webhooks: specification at https://www.standardwebhooks.com (signature scheme ``v1``:
HMAC-SHA256 over ``id.timestamp.body``). Shared secrets: Okta event hooks and Logic Apps send a
fixed string in a header. No reason given here holds a secret, a signature or content.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from config.settings import SharedSecret, StandardWebhook

#: What a signed delivery carries (Standard Webhooks).
SIGNED_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
#: A delivery id longer than this is nobody's; it would not fit where deliveries are told apart.
MAX_ID = 128
#: Rotation needs two signatures; more only buy an attacker our computing time.
MAX_SIGNATURES = 8

_ID = re.compile(rf"[\x21-\x7e]{{1,{MAX_ID}}}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


class NotGenuine(Exception):
    """The request does not prove that it comes from the detector."""

    remedy = "Compare the sender's secret with the source's; look at the sender's clock."

    def __init__(self, reason: str) -> None:
        """Say what was missing or wrong."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Proven:
    """The request is genuine.

    ``delivery_id`` is the sender's own id of this delivery, the same when it is sent again; None
    where the proof carries none. ``by_previous_secret`` says that the sender has yet to be moved.
    """

    delivery_id: str | None = None
    by_previous_secret: bool = False


def prove(
    origin: SharedSecret | StandardWebhook,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> Proven:
    """Check that a request comes from whoever knows the source's secret.

    Args:
        origin: the source's kind of proof and its secrets.
        headers: the request's headers, names in lower case.
        body: the body as it arrived, byte for byte.
        now: the current time, with a time zone.

    Raises:
        NotGenuine: anything is missing, malformed, too old or wrong.
    """
    if isinstance(origin, SharedSecret):
        return _by_shared_secret(origin, headers)
    return _by_signature(origin, headers, body, now)


def _by_shared_secret(origin: SharedSecret, headers: Mapping[str, str]) -> Proven:
    name = origin.header.lower()
    sent = headers.get(name)
    if not sent:
        raise NotGenuine(f"the header {origin.header} is missing")
    candidates = [_bytes(sent.strip(" \t"))]
    scheme, _, rest = sent.strip(" \t").partition(" ")
    if name == "authorization" and scheme.lower() == "bearer":
        candidates.append(_bytes(rest.strip(" \t")))
    current = _any_equal(candidates, origin.secret)
    previous = origin.previous_secret is not None and _any_equal(candidates, origin.previous_secret)
    if not current and not previous:
        raise NotGenuine(f"the secret in the header {origin.header} is not the source's")
    return Proven(by_previous_secret=not current)


def _any_equal(candidates: list[bytes], secret: SecretStr) -> bool:
    # Digests, so that not even the length of the secret shows in the time it takes.
    expected = hashlib.sha256(secret.get_secret_value().encode()).digest()
    matches = [
        hmac.compare_digest(hashlib.sha256(candidate).digest(), expected)
        for candidate in candidates
    ]
    return any(matches)


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


def _bytes(value: str) -> bytes:
    # A web server hands header bytes over as Latin-1 text.
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
