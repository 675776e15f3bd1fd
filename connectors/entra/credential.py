"""Which credential the application signs in with.

Certificate or client secret where the settings name one; otherwise the identity the platform lends
(workload identity federation where its token file is announced, managed identity else).
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from pathlib import Path
from typing import Any, Protocol

from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import AzureAuthorityHosts
from azure.identity.aio import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from pydantic import SecretStr

from config.tenants import Entra
from connectors import errors, grants

_AUTHORITIES = {
    "global": AzureAuthorityHosts.AZURE_PUBLIC_CLOUD,
    "us_gov": AzureAuthorityHosts.AZURE_GOVERNMENT,
    "us_dod": AzureAuthorityHosts.AZURE_GOVERNMENT,
    "china": AzureAuthorityHosts.AZURE_CHINA,
}
_AADSTS = re.compile(r"AADSTS\d{4,8}")
_CERTIFICATE = (
    "A PEM or PKCS#12 file that Rescind may read, with a certificate of the application client_id "
    "names and its RSA private key; certificate_password if the key is encrypted, and only then."
)
_REMEDY = (
    "Set client_id and certificate_path (or client_secret) of the tenant's application in the "
    "entra section, or run where a managed or workload identity is offered."
)


class Credential(Protocol):
    """What signs in, and is closed at the end."""

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        """Return an access token for ``scopes``."""

    async def close(self) -> None:
        """Close connections."""


class Attentive:
    """A credential of which is remembered what its last token says that it may do."""

    def __init__(self, credential: Credential) -> None:
        """Pass on what ``credential`` gives."""
        self._credential = credential
        #: The application permissions in the token (claim ``roles``); None where none was had or told.
        self.roles: frozenset[str] | None = None

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        """Return an access token for ``scopes``."""
        token = await self._credential.get_token(*scopes, **options)
        said = grants.claims(token.token)
        self.roles = grants.words(said.get("roles", [])) if said is not None else None
        return token

    async def close(self) -> None:
        """Close connections."""
        await self._credential.close()


class StaticToken:
    """A ready-made bearer token, for a simulator on this machine."""

    def __init__(self, token: SecretStr) -> None:
        """Keep ``token`` until it is asked for."""
        self._token = token

    async def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        """Return the token, whatever is asked for."""
        return AccessToken(self._token.get_secret_value(), int(time.time()) + 3600)

    async def close(self) -> None:
        """Nothing to close."""


def choose(settings: Entra, *, loopback: bool) -> Credential:
    """Build the credential the settings describe.

    Args:
        settings: the tenant's entra section.
        loopback: whether Graph is expected on this machine; only then a ready-made token is taken.

    Raises:
        errors.Unauthenticated: the settings do not describe a usable credential; the remedy says
            what is missing.
    """
    if settings.access_token is not None:
        if not loopback:
            raise errors.Unauthenticated(
                "access_token is for a simulator on this machine only", remedy=_REMEDY
            )
        return StaticToken(settings.access_token)
    refused = None
    try:
        return _own(settings) or _lent(settings)
    except (OSError, ValueError) as error:
        # Only the kind of error: a parser's message may quote what it read.
        refused = type(error).__name__
    raise errors.Unauthenticated(f"the credential cannot be read ({refused})", remedy=_REMEDY)


def sign_in_failure(error: AzureError) -> errors.ConnectorError:
    """What it means that there is no token: the error to raise, outside the handler."""
    if not isinstance(error, ClientAuthenticationError):
        return errors.Unavailable("the sign-in service does not answer")
    status = getattr(error, "status_code", None)
    if status == 429:
        return errors.Throttled("the sign-in service", status=status)
    if status is not None and status >= 500:
        return errors.Unavailable("the sign-in service", status=status)
    number = _AADSTS.search(str(error))
    return errors.Unauthenticated(
        "the sign-in service gave no token",
        status=status,
        code=number.group() if number else None,
        remedy=(
            "Check client_id and the client secret or certificate of the tenant's application "
            "(expired, or of another tenant?), or the machine's managed or workload identity."
        ),
    )


def app_id(token: str) -> str | None:
    """The client id an access token was issued to, in lower case; None where it names none.

    Our own token, from Entra itself: its signature is nothing to check here.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        name = claims["appid"] if "appid" in claims else claims["azp"]
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    return name.lower() if isinstance(name, str) else None


def own_ids(token: str) -> frozenset[str]:
    """The client id and the service principal's object id in an access token, in lower case.

    Source: Microsoft identity platform, access token claims (``appid``, ``azp``, ``oid``).
    """
    said = grants.claims(token) or {}
    named = (said.get(claim) for claim in ("appid", "azp", "oid"))
    return frozenset(name.lower() for name in named if isinstance(name, str))


def _own(settings: Entra) -> Credential | None:
    secret, certificate = settings.client_secret, settings.certificate_path
    if secret is None and certificate is None:
        return None
    if not settings.client_id:
        raise errors.Unauthenticated("client_id is not set", remedy=_REMEDY)
    who = (settings.tenant_id, settings.client_id)
    options: dict[str, Any] = {"authority": _AUTHORITIES[settings.cloud], "retry_total": 1}
    if certificate is not None:
        return _certified(certificate, settings.certificate_password, *who, **options)
    credential: Credential = ClientSecretCredential(
        *who, secret.get_secret_value() if secret else "", **options
    )
    return credential


def _certified(
    path: Path, password: SecretStr | None, tenant_id: str, client_id: str, **options: Any
) -> Credential:
    content = _content(path)
    credential: Credential | None
    try:
        credential = CertificateCredential(
            tenant_id,
            client_id,
            certificate_data=content,
            password=password.get_secret_value() if password else None,
            **options,
        )
    except Exception:  # noqa: BLE001 - the parsers' errors have no common root
        credential = None
    if credential is None:
        # Raised outside the handler: a parser's message may quote what it read.
        raise errors.Unauthenticated(
            "certificate_path holds no certificate with its RSA private key, or "
            "certificate_password is not the key's",
            remedy=_CERTIFICATE,
        )
    return credential


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
    except ValueError:
        why = "this is not the path of a file"
    raise errors.Unauthenticated(f"certificate_path cannot be read: {why}", remedy=_CERTIFICATE)


def _lent(settings: Entra) -> Credential:
    credential: Credential
    if os.environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        credential = WorkloadIdentityCredential(
            tenant_id=settings.tenant_id,
            client_id=settings.client_id,
            retry_total=1,
            authority=_AUTHORITIES[settings.cloud],
        )
    else:
        credential = ManagedIdentityCredential(client_id=settings.client_id, retry_total=1)
    return credential
