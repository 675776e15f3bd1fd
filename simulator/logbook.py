"""Log records in the vendors' shapes: Graph's directoryAudit and Okta's LogEvent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.clock import graph_time, okta_time
from simulator.entra_state import EntraUser
from simulator.ids import guid, okta_id
from simulator.okta_scene import HOME, OURS, Scene
from simulator.okta_state import Factor, OktaUser

_CATEGORY = {
    "Application": "ApplicationManagement",
    "ServicePrincipal": "ApplicationManagement",
    "Device": "Device",
}
#: Rescind's own application in the practice tenant: its client id, and its service principal.
OUR_APP_ID, OUR_PRINCIPAL_ID = guid("appId", "rescind"), guid("servicePrincipal", "rescind")
#: Modified properties by name: what was there before, and what is there now.
Changes = Mapping[str, tuple[object, object]]


@dataclass(frozen=True)
class Affected:
    """What was changed where it is no user: its id, its name, and the kind the log calls it."""

    id: str
    display_name: str
    kind: str


def audit_json(
    number: int,
    at: float,
    activity: str,
    target: EntraUser | Affected,
    *,
    service: str,
    by: EntraUser | str,
    reason: str,
    changes: Changes,
    ip: str,
) -> dict[str, Any]:
    """One directoryAudit resource (Graph v1.0); ``by`` is a person, or the client id of an app."""
    user = by if isinstance(by, EntraUser) else None
    who = {"id": user.id, "userPrincipalName": user.upn, "ipAddress": ip} if user else None
    app = {
        "appId": by,
        "displayName": "Rescind",
        "servicePrincipalId": OUR_PRINCIPAL_ID if by == OUR_APP_ID else None,
        "servicePrincipalName": None,
    }
    return {
        "id": guid("audit", str(number)),
        "category": "UserManagement" if isinstance(target, EntraUser) else _CATEGORY[target.kind],
        "correlationId": guid("correlation", str(number)),
        "result": "success",
        "resultReason": reason,
        "activityDisplayName": activity,
        "activityDateTime": graph_time(at),
        "loggedByService": service,
        "operationType": "Update",
        "initiatedBy": {
            "user": who,
            "app": None if who else app,
        },
        "targetResources": [
            {
                "id": target.id,
                "displayName": target.display_name,
                "type": "User" if isinstance(target, EntraUser) else target.kind,
                "userPrincipalName": target.upn if isinstance(target, EntraUser) else None,
                "modifiedProperties": [
                    {
                        "displayName": name,
                        "oldValue": None if old is None else json.dumps(old),
                        "newValue": None if new is None else json.dumps(new),
                    }
                    for name, (old, new) in changes.items()
                ],
            }
        ],
        "additionalDetails": [],
    }


def event_json(
    number: int,
    at: float,
    event_type: str,
    target: OktaUser,
    transaction: str,
    by: OktaUser | None,
    *,
    debug: dict[str, str],
    scene: Scene | None,
    enrolment: Factor | None = None,
) -> dict[str, Any]:
    """One LogEvent (Okta System Log API); without `by` the API token's owner is the actor."""
    where = scene or (HOME if by else OURS)
    app = [_app(*where.app)] if where.app else []
    targets = [_who(target), *([] if where.by_app else app)]
    if enrolment is not None:
        targets.append(_enrolment(enrolment))
    return {
        "uuid": guid("okta-event", str(number)),
        "published": okta_time(at),
        "eventType": event_type,
        "version": "0",
        "severity": "INFO",
        "displayMessage": event_type,
        "actor": app[0] | {"type": "PublicClientApp"} if app and where.by_app else _who(by),
        "target": targets,
        "transaction": {"type": "WEB", "id": transaction, "detail": {}},
        "debugContext": {"debugData": {"requestId": transaction, **debug}},
        "request": {"ipChain": []},
        **where.facts(),
    }


def _who(user: OktaUser | None) -> dict[str, Any]:
    login = user.login if user else "rescind@contoso.com"
    return {
        "id": user.id if user else okta_id("00u", "rescind"),
        "type": "User",
        "alternateId": login,
        "displayName": login.partition("@")[0],
        "detailEntry": None,
    }


def _app(client_id: str, name: str) -> dict[str, Any]:
    return {
        "id": client_id,
        "type": "AppInstance",
        "alternateId": name,
        "displayName": name,
        "detailEntry": None,
    }


def _enrolment(factor: Factor) -> dict[str, Any]:
    return {
        "id": factor.enrolment_id,
        "type": "AuthenticatorEnrollment",
        "alternateId": "unknown",
        "displayName": "Okta Verify" if factor.okta_verify else factor.factor_type,
        "detailEntry": None,
    }
