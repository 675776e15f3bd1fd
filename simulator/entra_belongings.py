"""What hangs on a person in the directory besides the account: consents, app roles, devices."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import Any

from simulator.clock import graph_time

NO_ROLE = "00000000-0000-0000-0000-000000000000"


def consent_id(client_id: str, resource_id: str, principal_id: str | None) -> str:
    """A grant's id, which spells client, resource and person: the same for the same three."""
    parts = (client_id, resource_id, principal_id or NO_ROLE)
    raw = b"".join(uuid.UUID(part).bytes_le for part in parts)
    return base64.urlsafe_b64encode(raw).decode()


@dataclass
class Consent:
    """An oAuth2PermissionGrant; without a principal it holds for everybody. It has no date."""

    client_id: str
    resource_id: str
    scope: str
    principal_id: str | None = None

    @property
    def id(self) -> str:
        """The grant's id."""
        return consent_id(self.client_id, self.resource_id, self.principal_id)

    def to_json(self) -> dict[str, Any]:
        """The oAuth2PermissionGrant resource."""
        return {
            "id": self.id,
            "clientId": self.client_id,
            "consentType": "Principal" if self.principal_id else "AllPrincipals",
            "principalId": self.principal_id,
            "resourceId": self.resource_id,
            "scope": self.scope,
        }


@dataclass
class RoleAssignment:
    """An appRoleAssignment: that a person, or a group of hers, may use an app."""

    id: str
    principal_id: str
    principal_name: str
    resource_id: str
    resource_name: str
    created: float | None
    app_role_id: str = NO_ROLE
    principal_type: str = "User"

    def to_json(self) -> dict[str, Any]:
        """The appRoleAssignment resource."""
        return {
            "id": self.id,
            "deletedDateTime": None,
            "appRoleId": self.app_role_id,
            "createdDateTime": None if self.created is None else graph_time(self.created),
            "principalDisplayName": self.principal_name,
            "principalId": self.principal_id,
            "principalType": self.principal_type,
            "resourceDisplayName": self.resource_name,
            "resourceId": self.resource_id,
        }


@dataclass
class Device:
    """A device object; ``trust`` is Workplace, AzureAd or ServerAd (joined on premises, too)."""

    id: str
    device_id: str
    display_name: str
    registered: float | None
    trust: str = "Workplace"
    account_enabled: bool = True
    synced: bool = False
    owner: bool = True

    def to_json(self) -> dict[str, Any]:
        """The device resource, as far as anybody here asks."""
        registered = None if self.registered is None else graph_time(self.registered)
        return {
            "@odata.type": "#microsoft.graph.device",
            "id": self.id,
            "deviceId": self.device_id,
            "displayName": self.display_name,
            "accountEnabled": self.account_enabled,
            "registrationDateTime": registered,
            "approximateLastSignInDateTime": registered,
            "operatingSystem": "Windows",
            "operatingSystemVersion": "10.0.22631.4460",
            "trustType": self.trust,
            "onPremisesSyncEnabled": True if self.synced else None,
            "isManagementRestricted": None,
        }
