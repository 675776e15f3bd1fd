"""How a source proves that it is the sender: by a secret, a signature, a signed token or a word in the body.

Sources: Standard Webhooks; RFC 8935 and 8417 (security event tokens); Microsoft Learn, "Receive change
notifications through webhooks" (``clientState``).
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr

from config.section import Section

_STILL = "still accepted while senders are moved to the new secret"


class SharedSecret(Section):
    """Proof of origin by a secret in a header."""

    proof: Literal["shared_secret"] = "shared_secret"
    header: str = Field(
        "Authorization", pattern=r"^[A-Za-z0-9-]{1,64}$", description="the header that carries it"
    )
    secret: SecretStr = Field(
        min_length=16, description="what the sender sends; `openssl rand -base64 32` makes one"
    )
    previous_secret: SecretStr | None = Field(None, min_length=16, description=_STILL)


def _signing_key(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if text.startswith("whsec_"):
        try:
            key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("what follows whsec_ is not base64") from None
        if len(key) < 16:
            raise ValueError("the key after whsec_ is too short: at least 16 bytes, better 24")
    return secret


SigningKey = Annotated[SecretStr, AfterValidator(_signing_key)]


class StandardWebhook(Section):
    """Proof of origin by HMAC-SHA256 over id, timestamp and raw body (Standard Webhooks)."""

    proof: Literal["standard_webhooks"] = "standard_webhooks"
    secret: SigningKey = Field(min_length=24, description="whsec_ and base64, or the raw secret")
    previous_secret: SigningKey | None = Field(None, min_length=24, description=_STILL)
    tolerance_s: int = Field(
        300, ge=10, le=3600, description="how far the sender's clock may differ, in seconds"
    )


class SecurityEvents(Section):
    """Proof of origin by the transmitter's signature over each security event token (RFC 8935)."""

    proof: Literal["ssf"] = "ssf"
    issuer: str = Field(
        min_length=1, max_length=500, description="the transmitter's iss, word for word"
    )
    audience: str = Field(
        min_length=1, max_length=500, description="what its aud calls us, word for word"
    )
    jwks_url: AnyHttpUrl | None = Field(
        None, description="where it publishes its keys (jwks_uri of its configuration)"
    )
    jwks_path: Path | None = Field(None, description="a file with its keys (RFC 7517), instead")
    secret: SecretStr | None = Field(
        None, min_length=16, description="what it sends as Authorization, besides signing"
    )
    previous_secret: SecretStr | None = Field(None, min_length=16, description=_STILL)
    tolerance_s: int = Field(
        300, ge=10, le=3600, description="how far the sender's clock may differ, in seconds"
    )


class ClientState(Section):
    """Proof of origin by the ``clientState`` in each of Microsoft Graph's change notifications."""

    proof: Literal["client_state"] = "client_state"
    secret: SecretStr = Field(
        min_length=16, max_length=128, description="the subscription's clientState"
    )
    previous_secret: SecretStr | None = Field(
        None, min_length=16, max_length=128, description=_STILL
    )


Origin = Annotated[
    SharedSecret | StandardWebhook | SecurityEvents | ClientState, Field(discriminator="proof")
]
