"""What an application proves itself with: secrets, certificates, federated identities."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import graph_time

CERTIFICATE = "AsymmetricX509Cert"
_YEAR = 365 * 86400.0


@dataclass
class Secret:
    """A passwordCredential; its text is nowhere, as in Graph after the day it was made."""

    key_id: str
    display_name: str
    start: float

    def to_json(self) -> dict[str, Any]:
        """The passwordCredential; ``hint`` is how the secret begins."""
        return {
            "customKeyIdentifier": None,
            "displayName": self.display_name,
            "endDateTime": graph_time(self.start + _YEAR),
            "hint": "Xy7",
            "keyId": self.key_id,
            "secretText": None,
            "startDateTime": graph_time(self.start),
        }


@dataclass
class Certificate:
    """A keyCredential; ``readable`` is false where Graph never gives its bytes."""

    key_id: str
    display_name: str
    start: float
    kind: str = CERTIFICATE
    usage: str = "Verify"
    readable: bool = True

    @property
    def key(self) -> str:
        """Invented bytes, in base64."""
        return base64.b64encode(hashlib.sha512(self.key_id.encode()).digest()).decode()

    def to_json(self, *, with_key: bool) -> dict[str, Any]:
        """The keyCredential; its bytes only where one object's keyCredentials were selected."""
        return {
            "customKeyIdentifier": self.key_id.replace("-", "").upper(),
            "displayName": self.display_name,
            "endDateTime": graph_time(self.start + _YEAR),
            "key": self.key if with_key and self.readable else None,
            "keyId": self.key_id,
            "startDateTime": graph_time(self.start),
            "type": self.kind,
            "usage": self.usage,
        }


@dataclass
class Federation:
    """A federatedIdentityCredential: whose tokens are taken instead of a secret. It has no date."""

    id: str
    name: str
    issuer: str
    subject: str

    def to_json(self) -> dict[str, Any]:
        """The federatedIdentityCredential resource."""
        return {
            "id": self.id,
            "name": self.name,
            "issuer": self.issuer,
            "subject": self.subject,
            "description": "",
            "audiences": ["api://AzureADTokenExchange"],
        }


@dataclass
class AppKeys:
    """All credentials of one application or service principal."""

    secrets: list[Secret] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    federations: list[Federation] = field(default_factory=list)

    def described(self) -> list[str]:
        """Every secret and certificate as the audit log's KeyDescription spells it."""
        spelled = [(s.key_id, "Password", "Verify", s.display_name) for s in self.secrets]
        spelled += [(c.key_id, c.kind, c.usage, c.display_name) for c in self.certificates]
        return [
            f"[KeyIdentifier={key},KeyType={kind},KeyUsage={usage},DisplayName={name}]"
            for key, kind, usage, name in spelled
        ]
