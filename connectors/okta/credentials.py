"""The credential and the address out of the settings, refused early where they cannot work."""

from __future__ import annotations

import ipaddress
import json
import re
from urllib.parse import urlsplit

from okta.jwt import JWT

from config.tenants import Okta
from connectors import errors
from connectors.okta.executor import ApiToken, ServiceApp

_ADMIN_HOST = re.compile(r"-admin\.(okta|oktapreview|okta-emea|okta-gov)\.com$", re.IGNORECASE)


def origin(settings: Okta) -> str:
    """Return the organization's address without a trailing slash.

    Raises:
        errors.Refused: for plain http to anything but this machine, and for the admin console's
            address, which does not serve the API.
    """
    address = str(settings.org_url).rstrip("/")
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise errors.Refused("org_url carries a user name", remedy="Leave it out of org_url.")
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise errors.Refused("org_url is not https", remedy="Use https:// in org_url.")
    if _ADMIN_HOST.search(parts.hostname or ""):
        raise errors.Refused(
            "org_url is the admin console's address", remedy="Leave -admin out of org_url."
        )
    return address


def credential(settings: Okta) -> ApiToken | ServiceApp:
    """Return what Okta shall know us by: the service app where one is set, else the API token.

    Raises:
        errors.Unauthenticated: where neither is complete, or the private key cannot be read.
    """
    if settings.client_id and settings.private_key:
        return ServiceApp(
            settings.client_id,
            _key(settings.private_key.get_secret_value()),
            settings.key_id,
            settings.scopes,
        )
    if settings.api_token:
        return ApiToken(settings.api_token.get_secret_value())
    raise errors.Unauthenticated(
        "no credential is set", remedy="Set okta.api_token, or okta.client_id and okta.private_key."
    )


def _key(text: str) -> str | dict[str, str]:
    """Read the key as the SDK will, so that a bad one is found at the start and not in an incident.

    The SDK takes a text that names a file for that file, and of a JWK only plain text values.
    """
    key: str | dict[str, str] = text.strip()
    readable = False
    try:
        if text.lstrip().startswith("{"):
            members = json.loads(text)
            key = {name: value for name, value in members.items() if isinstance(value, str)}
        if isinstance(key, dict) or "-----BEGIN" in key:
            JWT.get_PEM_JWK(key)
            readable = True
    except Exception:  # noqa: BLE001 - three libraries' errors without a common root
        readable = False
    if not readable:
        # Raised outside the handler: the library's message may quote the key.
        raise errors.Unauthenticated(
            "okta.private_key is not an RSA private key that can be read",
            remedy="Give the service app's RSA private key as PEM or JWK, not encrypted.",
        )
    return key


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
