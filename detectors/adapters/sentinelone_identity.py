"""SentinelOne Singularity's unified alerts: of the product Identity, accounts of Active Directory and Entra in trouble.

The unified alert holds ``attackSurfaces`` and ``detectionSource.product``; ``rawData`` is an OCSF
finding whose evidences and resources name the account. A host that asked too much of the directory is
nobody. Alerts of other products are about devices.

Vendor documentation: SentinelOne, "Singularity Operations Center: Unified Alert Management API (GraphQL)".
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.compose import Verdict
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape

_SEVERITIES = {1: "informational", 2: "low", 3: "medium", 4: "high", 5: "critical", 6: "critical"}


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    given = paths.value(event, "rawData.severity_id")
    rated = _SEVERITIES.get(given, severity) if isinstance(given, int) else severity
    techniques = [
        str(each) for each in paths.values(event, "rawData.finding_info.attacks.technique.uid")
    ]
    state = findings.standing(event, "analystVerdict", "status")
    surfaces = [str(each).upper() for each in paths.values(event, "attackSurfaces")]
    product = paths.text(event, "detectionSource.product", 40).lower()
    if surfaces and "IDENTITY" not in surfaces and not product.startswith("identity"):
        return findings.device(action, techniques, state=state)
    return findings.finding(action, compose.severity_of(rated), techniques, state=state)


DETECTOR = detector_of(
    Product(
        kind="sentinelone_identity",
        title="SentinelOne Singularity Identity",
        documentation=(
            "https://www.sentinelone.com/platform/singularity-identity/",
            "https://schema.ocsf.io/1.1.0/classes/detection_finding",
        ),
        shapes=(
            Shape(
                needs=("detectedAt", "name"),
                values={"detectionSource.product": r"identity.*"},
                also=("attackSurfaces", "analystVerdict", "confidenceLevel"),
            ),
            Shape(
                needs=("detectionSource.product", "attackSurfaces", "detectedAt"),
                also=("analystVerdict", "storylineId"),
                surety=0.7,
                most=0.8,
            ),
            Shape(
                needs=("node.detectionSource.product", "node.attackSurfaces", "node.detectedAt"),
                also=("node.analystVerdict", "node.storylineId"),
                surety=0.8,
            ),
        ),
        envelopes=("alerts", "edges", "data.alerts.edges"),
        inner="node",
        targets=(
            person(
                "name", user_principal_name="email_addr|upn", user_id="uid", samaccountname="account.name",
                each="rawData.evidences.actor.user",
            ),
            person(
                "name", user_principal_name="email_addr|upn", user_id="uid", each="rawData.resources",
                only=("type", r".*(user|account|identity::users).*"),
            ),
        ),
        action="name",
        event_id="id|externalId",
        severity="severity",
        confidence="confidenceLevel",
        occurred_at="firstSeenAt|detectedAt",
        last_seen_at="lastSeenAt",
        ips=("rawData.evidences.src_endpoint.ip",),
        devices=("asset.agentUuid", "rawData.evidences.src_endpoint.name|rawData.evidences.src_endpoint.hostname"),
        judge=_judge,
    )
)  # fmt: skip
