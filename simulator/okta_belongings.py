"""What an Okta user owns besides sessions and factors: API tokens, devices, memberships, a risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.clock import okta_time

#: The two statuses a device goes to and fro between; DEACTIVATED is a third, and final here.
ACTIVE, SUSPENDED = "ACTIVE", "SUSPENDED"


@dataclass
class ApiToken:
    """The record of an SSWS token; its value was shown once, when it was made."""

    id: str
    name: str
    created: float

    def to_json(self, origin: str, user_id: str) -> dict[str, Any]:
        """The apiToken resource; it dies after 30 idle days."""
        return {
            "id": self.id,
            "name": self.name,
            "userId": user_id,
            "clientName": "Okta API",
            "tokenWindow": "P30D",
            "network": {"connection": "ANYWHERE"},
            "expiresAt": okta_time(self.created + 30 * 86400),
            "created": okta_time(self.created),
            "lastUpdated": okta_time(self.created),
            "_link": {"self": {"href": f"{origin}/api/v1/api-tokens/{self.id}"}},
        }


@dataclass
class Device:
    """A device as one user is linked to it; who shares it has a record with the same id."""

    id: str
    link_id: str
    name: str
    platform: str
    created: float
    linked: float
    status: str = ACTIVE

    def to_json(self, origin: str) -> dict[str, Any]:
        """The device resource."""
        url = f"{origin}/api/v1/devices/{self.id}"
        return {
            "id": self.id,
            "status": self.status,
            "created": okta_time(self.created),
            "lastUpdated": okta_time(self.created),
            "profile": {
                "displayName": self.name,
                "platform": self.platform,
                "registered": True,
                "secureHardwarePresent": True,
            },
            "resourceType": "UDDevice",
            "resourceDisplayName": {"value": self.name, "sensitive": False},
            "resourceAlternateId": None,
            "resourceId": self.id,
            "_links": {"self": {"href": url}, "users": {"href": f"{url}/users"}},
        }


@dataclass
class Group:
    """A group; only those of Okta's own type have members one can change."""

    id: str
    name: str
    kind: str = "OKTA_GROUP"

    def to_json(self, origin: str) -> dict[str, Any]:
        """The group resource."""
        return {
            "id": self.id,
            "type": self.kind,
            "objectClass": ["okta:user_group"],
            "profile": {"name": self.name, "description": ""},
            "_links": {"users": {"href": f"{origin}/api/v1/groups/{self.id}/users"}},
        }


@dataclass
class Risk:
    """A user's risk level; NONE until something has been found out or said."""

    level: str = "NONE"
    reason: str | None = None
