"""Google SecOps (Chronicle): detections of its rules, and events in the Unified Data Model.

A detection's persons stand in the UDM events it collected. ``target.user`` is the account acted upon or
signed in to, ``principal.user`` who acted; ``outcomes`` and ``detectionFields`` may name them, too.

Vendor documentation: cloud.google.com, "Chronicle Detection Engine API: detections", "UDM field list: noun,
user, metadata.event_type".
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.compose import Verdict
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape

_EVENT = "collectionElements.references.event."


def _user(noun: str) -> tuple[str, str, str]:
    prefixes = (_EVENT, "event.", "udm.", "")
    return (
        "|".join(f"{before}{noun}.user.userid" for before in prefixes),
        "|".join(f"{before}{noun}.user.emailAddresses" for before in prefixes),
        "|".join(f"{before}{noun}.user.windowsSid" for before in prefixes),
    )


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    if not paths.values(event, "detection.ruleName|ruleName"):
        return findings.change(action)
    if paths.text(event, "detection.alertState", 30).upper() == "NOT_ALERTING":
        severity = "informational"
    elif severity == "unknown":
        severity = compose.severity_of(paths.value(event, "detection.riskScore"), 100)
    said = " ".join((action, paths.text(event, "detection.description")))
    techniques = paths.values(
        event, "detection.ruleLabels.value|detection.outcomes.value|detection.detectionFields.value"
    )
    state = paths.text(event, "feedbackSummary.status|feedbackSummary.verdict", 40)
    return findings.finding(said, severity, [str(one) for one in techniques], state=state)


_PRINCIPAL, _TARGET = _user("principal"), _user("target")
DETECTOR = detector_of(
    Product(
        kind="google_secops",
        title="Google SecOps (Chronicle)",
        documentation=(
            "https://cloud.google.com/chronicle/docs/reference/detection-engine-api",
            "https://cloud.google.com/chronicle/docs/reference/udm-field-list",
        ),
        shapes=(
            Shape(
                needs=("detection.ruleName|detection.ruleId", "collectionElements|type|detectionTime"),
                also=("detection.alertState", "id", "timeWindow", "createdTime"),
            ),
            Shape(
                needs=("metadata.eventType", "principal|target"),
                also=("metadata.productName", "metadata.vendorName", "securityResult", "principal.user"),
                values={"metadata.event_type": r"[A-Z][A-Z_]+"},
                never=("metadata.customerIDString",),
            ),
            Shape(needs=("udm.metadata.eventType",)),
        ),
        envelopes=("detections", "alerts.alert", "events"),
        targets=(person(_TARGET[0], google_email=_TARGET[1], sid=_TARGET[2]),),
        actors=(person(_PRINCIPAL[0], google_email=_PRINCIPAL[1], sid=_PRINCIPAL[2]),),
        action="detection.ruleName|ruleName|metadata.eventType|udm.metadata.eventType",
        event_id="id|metadata.id|udm.metadata.id",
        severity="detection.severity|securityResult.severity",
        occurred_at="detectionTime|timeWindow.startTime|metadata.eventTimestamp|udm.metadata.eventTimestamp",
        ips=(f"{_EVENT}principal.ip|principal.ip|udm.principal.ip",),
        agents=f"{_EVENT}network.http.userAgent|network.http.userAgent",
        sessions=f"{_EVENT}network.sessionId|network.sessionId",
        devices=(f"{_EVENT}principal.assetId|principal.assetId", f"{_EVENT}principal.hostname|principal.hostname"),
        judge=_judge,
    )
)  # fmt: skip
