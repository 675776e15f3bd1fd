"""What Microsoft has found by itself: Defender's alerts, and risk detections of ID Protection (P2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import GraphError, graph_page
from simulator.clock import graph_time
from simulator.entra_state import EntraUser
from simulator.graph_io import matching
from simulator.ids import guid
from simulator.okta_scene import THIEF, Scene
from simulator.tenant import P2, Tenant


def found_risk(
    tenant: Tenant,
    user: EntraUser,
    *,
    kind: str = "anomalousToken",
    level: str = "high",
    state: str = "atRisk",
    scene: Scene = THIEF,
    at: float | None = None,
) -> dict[str, Any]:
    """Write down a riskDetection of a person's sign-in, now or as if it had been detected at ``at``."""
    moment = graph_time(tenant.now() if at is None else at)
    known_as = guid("riskDetection", str(len(tenant.findings.risks)))
    city, country = scene.place or (None, None)
    detection = {
        "id": known_as,
        "requestId": known_as,
        "correlationId": guid("riskCorrelation", known_as),
        "riskEventType": kind,
        "riskState": state,
        "riskLevel": level,
        "riskDetail": "none",
        "source": "IdentityProtection",
        "detectionTimingType": "offline",
        "activity": "signin",
        "tokenIssuerType": "AzureAD",
        "ipAddress": scene.ip,
        "location": {"city": city, "state": None, "countryOrRegion": country},
        "activityDateTime": moment,
        "detectedDateTime": moment,
        "lastUpdatedDateTime": moment,
        "userId": user.id,
        "userDisplayName": user.display_name,
        "userPrincipalName": user.upn,
        "additionalInfo": None,
    }
    tenant.findings.risks.append(detection)
    return detection


def raised_alert(
    tenant: Tenant, user: EntraUser, *, title: str = "Anomalous token", severity: str = "high"
) -> dict[str, Any]:
    """Write down an alert of Defender (alerts_v2) that has a person's account as evidence."""
    moment, number = graph_time(tenant.now()), str(len(tenant.findings.alerts))
    alert = {
        "@odata.type": "#microsoft.graph.security.alert",
        "id": guid("securityAlert", number),
        "providerAlertId": guid("providerAlert", number),
        "incidentId": number,
        "status": "new",
        "severity": severity,
        "classification": None,
        "determination": None,
        "serviceSource": "azureAdIdentityProtection",
        "detectionSource": "azureAdIdentityProtection",
        "productName": "AAD Identity Protection",
        "detectorId": "AnomalousToken",
        "title": title,
        "description": "A token was used in an unusual way.",
        "category": "CredentialAccess",
        "mitreTechniques": ["T1528"],
        "createdDateTime": moment,
        "lastUpdateDateTime": moment,
        "firstActivityDateTime": moment,
        "lastActivityDateTime": moment,
        "alertWebUrl": f"https://security.example.com/alerts/{number}",
        "evidence": [
            {
                "@odata.type": "#microsoft.graph.security.userEvidence",
                "createdDateTime": moment,
                "verdict": "suspicious",
                "remediationStatus": "none",
                "roles": ["compromised"],
                "userAccount": {
                    "accountName": user.upn.partition("@")[0],
                    "azureAdUserId": user.id,
                    "userPrincipalName": user.upn,
                    "displayName": user.display_name,
                },
            }
        ],
    }
    tenant.findings.alerts.append(alert)
    return alert


@dataclass
class _Handlers:
    tenant: Tenant

    async def risks(self, request: Request) -> Response:
        if self.tenant.subscriptions.get(P2) not in ("Enabled", "Warning"):
            raise GraphError(403, "Forbidden", "Your tenant is not licensed for this feature.")
        newest = self.arrived(self.tenant.findings.risks, "lastUpdatedDateTime")
        items, most = matching(request, newest), self.tenant.page_size
        return graph_page(request, "identityProtection/riskDetections", items, most)

    async def alerts(self, request: Request) -> Response:
        newest = self.arrived(self.tenant.findings.alerts, "lastUpdateDateTime")
        items, most = matching(request, newest), self.tenant.page_size
        return graph_page(request, "security/alerts_v2", items, most)

    def arrived(self, items: list[dict[str, Any]], field: str) -> list[dict[str, Any]]:
        heard = graph_time(self.tenant.now() - self.tenant.signin_lag_s)
        known = [item for item in items if str(item[field]) <= heard]
        return sorted(known, key=lambda item: str(item[field]), reverse=True)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        Route("/identityProtection/riskDetections", on.risks, methods=["GET"]),
        Route("/security/alerts_v2", on.alerts, methods=["GET"]),
    ]
