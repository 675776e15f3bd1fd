"""The companies that are looked after: the systems their people are in, and how we sign in to them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AnyHttpUrl, Field, SecretStr

from config.section import Section, ServerUrl
from config.signals import Signals


class Entra(Section):
    """A Microsoft Entra ID tenant and the application Rescind uses in it."""

    tenant_id: str = Field(
        pattern=r"^[A-Za-z0-9.-]{1,253}$", description="the tenant's GUID or a verified domain"
    )
    client_id: str | None = Field(
        None,
        description="the application's id; without secret and certificate, a managed identity's",
    )
    client_secret: SecretStr | None = Field(None, description="the application's secret")
    certificate_path: Path | None = Field(
        None, description="PEM or PKCS#12 with certificate and key, instead of the secret"
    )
    certificate_password: SecretStr | None = Field(None, description="if the key is encrypted")
    access_token: SecretStr | None = Field(
        None, description="a ready-made bearer token, accepted only with a loopback base_url"
    )
    base_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://graph.microsoft.com/v1.0"), description="Microsoft Graph"
    )
    cloud: Literal["global", "us_gov", "us_dod", "china"] = Field(
        "global", description="the national cloud the tenant lives in"
    )


class Exchange(Section):
    """Exchange Online of the Entra tenant, asked for what Microsoft Graph does not show of a mailbox.

    Signs in as the application of the tenant's ``entra`` section, in its cloud.
    """

    enabled: bool = Field(True, description="false: as if this section were not there")
    organization: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9.-]{1,253}$",
        description="the organization's GUID or domain; without it, entra.tenant_id",
    )
    base_url: ServerUrl | None = Field(
        None, description="instead of the cloud's own, for a simulator on this machine only"
    )


class Okta(Section):
    """An Okta organization and the credential Rescind uses in it."""

    org_url: ServerUrl = Field(description="https://contoso.okta.com, without -admin")
    api_token: SecretStr | None = Field(None, description="an SSWS token, or else a service app:")
    client_id: str | None = Field(None, description="the service app's id (0oa...)")
    private_key: SecretStr | None = Field(None, description="PEM or JWK of the service app")
    key_id: str | None = Field(None, description="the key's kid, where the app has several")
    scopes: tuple[str, ...] = Field(
        ("okta.users.read", "okta.users.manage"), description="what the service app asks for"
    )


class Auth0(Section):
    """An Auth0 tenant and the machine-to-machine application Rescind uses in it."""

    domain: str = Field(
        pattern=r"^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,7}$",
        description="the tenant's own domain, as contoso.eu.auth0.com; not a custom domain",
    )
    client_id: str | None = Field(None, description="the application's id")
    client_secret: SecretStr | None = Field(None, description="the application's secret")
    access_token: SecretStr | None = Field(
        None, description="a ready-made bearer token, accepted only with a loopback base_url"
    )
    base_url: ServerUrl | None = Field(
        None, description="instead of https://DOMAIN, for a simulator on this machine only"
    )


class Tenant(Section):
    """One company: the systems its people have accounts in."""

    domains: tuple[str, ...] = Field(
        (), description="the mail and sign-in domains that belong to it"
    )
    entra: Entra | None = None
    okta: Okta | None = None
    auth0: Auth0 | None = None
    signals: Signals | None = None
    exchange: Exchange | None = None

    @property
    def systems(self) -> tuple[str, ...]:
        """The names of the systems that are set and know people; ``signals`` knows nobody."""
        return tuple(name for name in ("entra", "okta", "auth0") if getattr(self, name) is not None)
