"""The alert of the demonstration: a Microsoft Sentinel incident as an automation rule posts it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

_SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-00000000c0de/resourceGroups/soc"
_WORKSPACE = f"{_SUBSCRIPTION}/providers/Microsoft.OperationalInsights/workspaces/soc-logs"


def incident(*, name: str, object_id: str, display_name: str) -> dict[str, Any]:
    """Return an incident that says this account's token is replayed from another network.

    Args:
        name: the account's sign-in name.
        object_id: its object id in Entra.
        display_name: the person's name.
    """
    now = datetime.now(UTC)
    incident_id = str(uuid.uuid4())
    account, _, domain = name.partition("@")
    return {
        "eventUniqueId": str(uuid.uuid4()),
        "objectSchemaType": "Incident",
        "objectEventType": "Create",
        "workspaceInfo": {"WorkspaceName": "soc-logs", "ResourceGroupName": "soc"},
        "workspaceId": "00000000-0000-0000-0000-0000000010c5",
        "object": {
            "id": f"{_WORKSPACE}/providers/Microsoft.SecurityInsights/Incidents/{incident_id}",
            "name": incident_id,
            "type": "Microsoft.SecurityInsights/Incidents",
            "properties": {
                "title": "Anomalous token: refresh token replayed from an unfamiliar network",
                "description": "One session, two networks, within minutes.",
                "severity": "High",
                "status": "New",
                "incidentNumber": 1042,
                "createdTimeUtc": _utc(now),
                "lastModifiedTimeUtc": _utc(now),
                "firstActivityTimeUtc": _utc(now - timedelta(minutes=40)),
                "lastActivityTimeUtc": _utc(now - timedelta(minutes=1)),
                "owner": {"objectId": None, "email": None, "assignedTo": None},
                "labels": [],
                "additionalData": {
                    "alertsCount": 1,
                    "alertProductNames": ["Microsoft Entra ID Protection"],
                    "tactics": ["CredentialAccess"],
                    "techniques": ["T1528"],
                },
                "relatedEntities": [
                    {
                        "kind": "Account",
                        "properties": {
                            "accountName": account,
                            "upnSuffix": domain,
                            "aadUserId": object_id,
                            "displayName": display_name,
                            "friendlyName": account,
                        },
                    },
                    {"kind": "Ip", "properties": {"address": "203.0.113.77"}},
                ],
            },
        },
    }


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
