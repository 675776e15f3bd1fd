"""Who is told that a person's sessions are over: receivers of signals, and apps that log her out.

Sources: RFC 8417 (SET), RFC 8935 (push), RFC 9493 (subject identifiers), OpenID CAEP 1.0 and RISC 1.0,
draft-parecki-oauth-global-token-revocation-06, Okta's SSF receiver and Universal Logout guides.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr

from config.section import Name, Section

#: The events a receiver may want: CAEP ``session-revoked`` and RISC ``credential-compromise``.
EventName = Literal["session_revoked", "credential_compromise"]
#: What a receiver may know a person by.
SubjectSource = Literal[
    "email",
    "okta_email",
    "user_principal_name",
    "okta_login",
    "entra_object_id",
    "okta_user_id",
    "auth0_user_id",
]


def _header_value(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.isascii() or not text.isprintable():
        raise ValueError("a header takes printable ASCII in one line")
    return secret


HeaderValue = Annotated[SecretStr, AfterValidator(_header_value)]


class Recipient(Section):
    """Whoever is told of a person: where, and by which name he knows her."""

    url: AnyHttpUrl = Field(description="where it takes the request")
    subject: Literal["email", "iss_sub", "opaque"] = Field(
        "email", description="the form of the person's name (RFC 9493)"
    )
    subject_from: SubjectSource | None = Field(
        None, description="what of her is that name; for email, her address"
    )
    subject_issuer: str | None = Field(
        None, min_length=1, max_length=500, description="iss_sub: whose name it is, word for word"
    )
    authorization: HeaderValue | None = Field(
        None, min_length=8, description="the whole value of the Authorization header"
    )

    @property
    def known_by(self) -> SubjectSource:
        """What of a person this recipient knows her by."""
        return self.subject_from or "email"


class Receiver(Recipient):
    """A receiver of security event tokens, pushed to it (RFC 8935)."""

    kind: Literal["standard", "okta"] = Field(
        "standard", description="okta: Okta's SSF receiver, which wants the subject in the event"
    )
    audience: str = Field(
        min_length=1, max_length=500, description="the aud it expects, word for word"
    )
    events: tuple[EventName, ...] = Field(
        (), description="what it is sent; empty: all that its kind takes"
    )
    complex: bool = Field(
        False, description="the person as the user of a complex subject (kind standard)"
    )

    @property
    def known_by(self) -> SubjectSource:
        """What of a person this receiver knows her by: Okta by the address that Okta has."""
        return self.subject_from or ("okta_email" if self.kind == "okta" else "email")

    @property
    def takes(self) -> tuple[EventName, ...]:
        """The events it is sent."""
        if self.events:
            return self.events
        return (
            ("session_revoked",)
            if self.kind == "okta"
            else ("session_revoked", "credential_compromise")
        )


class RevocationEndpoint(Recipient):
    """An app's Global Token Revocation endpoint; Okta calls its use Universal Logout.

    Without ``authorization`` each request carries a bearer token signed with our key.
    """

    member: Literal["sub_id", "subject"] = Field(
        "sub_id", description="the body's member; subject in older drafts, as Auth0 has it"
    )
    caller: str | None = Field(
        None, min_length=1, max_length=500, description="our name to it, the token's sub"
    )


class Signals(Section):
    """The transmitter: our name, our key, and who is told."""

    issuer: str = Field(
        pattern=r"^https?://[^\s?#]{1,480}$", description="our name to receivers, word for word"
    )
    signing_key: SecretStr = Field(
        description="RSA private key as PEM or JWK, 2048 bits or more, not encrypted"
    )
    key_id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._~-]{1,100}$",
        description="the key's kid; its RFC 7638 thumbprint by default",
    )
    previous_key: SecretStr | None = Field(
        None, description="an earlier or the next key, still or already published"
    )
    previous_key_id: str | None = Field(
        None, pattern=r"^[A-Za-z0-9._~-]{1,100}$", description="that key's kid"
    )
    receivers: dict[Name, Receiver] = Field(
        default_factory=dict, description="by name, who is sent security event tokens"
    )
    revocation_endpoints: dict[Name, RevocationEndpoint] = Field(
        default_factory=dict, description="by name, which apps are asked to log a person out"
    )
