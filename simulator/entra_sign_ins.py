"""Entra's sign-in log: one beta signIn for each time somebody was let in or turned away."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from simulator.clock import graph_time
from simulator.entra_state import EntraUser
from simulator.ids import guid
from simulator.okta_scene import Scene
from simulator.records import Application

INTERACTIVE, RENEWAL, APP = "interactiveUser", "nonInteractiveUser", "servicePrincipal"
GRAPH = ("00000003-0000-0000-c000-000000000000", "Microsoft Graph")
#: What v1.0 does not tell of a sign-in (Microsoft Graph v1.0 and beta, signIn).
BETA_ONLY = frozenset(
    {
        "authenticationProtocol",
        "autonomousSystemNumber",
        "incomingTokenType",
        "originalRequestId",
        "servicePrincipalId",
        "servicePrincipalName",
        "sessionId",
        "signInEventTypes",
        "uniqueTokenIdentifier",
        "userAgent",
    }
)


@dataclass(frozen=True)
class SignIn:
    """One sign-in: who, to which app, from where, by what.

    ``who`` is a person, or an app that signs in itself; ``device`` is id and name of a registered one;
    ``error`` is the AADSTS number, 0 for let in. ``risk`` is what ID Protection rates it as.
    """

    who: EntraUser | Application
    app: Application
    scene: Scene
    kind: str = INTERACTIVE
    session: str | None = None
    device: tuple[str, str] | None = None
    handed_in: str = "none"
    error: int = 0
    risk: str = "none"

    def to_json(self, number: int, at: float) -> dict[str, Any]:
        """The signIn resource of beta; an id of a request that is found in the token's, too."""
        known_as = guid("sign-in", str(number))
        user = self.who if isinstance(self.who, EntraUser) else None
        principal = self.who if isinstance(self.who, Application) else None
        city, country = self.scene.place or (None, None)
        device_id, device_name = self.device or ("", "")
        return {
            "id": known_as,
            "createdDateTime": graph_time(at),
            "userDisplayName": user.display_name if user else "",
            "userPrincipalName": user.upn.lower() if user else "",
            "userId": user.id if user else "",
            "servicePrincipalId": principal.service_principal_id if principal else "",
            "servicePrincipalName": principal.display_name if principal else "",
            "appId": self.app.app_id,
            "appDisplayName": self.app.display_name,
            "resourceId": GRAPH[0],
            "resourceDisplayName": GRAPH[1],
            "ipAddress": self.scene.ip,
            "autonomousSystemNumber": self.scene.asn or 0,
            "userAgent": self.scene.agent,
            "clientAppUsed": "Browser" if self.kind == INTERACTIVE else "",
            "correlationId": guid("sign-in-correlation", str(number)),
            "originalRequestId": known_as,
            "isInteractive": self.kind == INTERACTIVE,
            "signInEventTypes": [self.kind],
            "sessionId": self.session,
            "uniqueTokenIdentifier": base64.b64encode(known_as.encode()).decode(),
            "incomingTokenType": self.handed_in,
            "authenticationProtocol": "oAuth2" if self.kind == INTERACTIVE else "none",
            "conditionalAccessStatus": "notApplied",
            "riskDetail": "none",
            "riskLevelDuringSignIn": self.risk,
            "riskLevelAggregated": self.risk,
            "riskState": "none" if self.risk == "none" else "atRisk",
            "riskEventTypes_v2": [] if self.risk == "none" else ["anomalousToken"],
            "status": {
                "errorCode": self.error,
                "failureReason": "Other." if self.error == 0 else f"AADSTS{self.error}",
                "additionalDetails": None,
            },
            "deviceDetail": {
                "deviceId": device_id,
                "displayName": device_name,
                "operatingSystem": "",
                "browser": "",
                "isCompliant": False,
                "isManaged": False,
                "trustType": "",
            },
            "location": {"city": city, "state": None, "countryOrRegion": country},
        }
