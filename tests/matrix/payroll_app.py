"""The practice app that is told of a theft: our key, and that it trusts it."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from config.signals import Signals
from connectors.signals.keys import published
from simulator.payroll_state import Trust
from simulator.tenant import Tenant

_ISSUER, _AUDIENCE = "https://rescind.contoso.com", "https://payroll.contoso.com"


@cache
def _key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def settings(url: str) -> Signals:
    """The app at this address of the practice tenant is told in both ways."""
    return Signals.model_validate(
        {
            "issuer": _ISSUER,
            "signing_key": _key(),
            "receivers": {"payroll": {"url": f"{url}/payroll/events", "audience": _AUDIENCE}},
            "revocation_endpoints": {"payroll": {"url": f"{url}/payroll/global-token-revocation"}},
        }
    )


def trust(tenant: Tenant) -> None:
    keys = [dict(key) for key in published(settings("http://127.0.0.1"))]
    tenant.payroll.trust = Trust(_ISSUER, _AUDIENCE, keys)
