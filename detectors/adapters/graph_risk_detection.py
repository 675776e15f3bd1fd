"""Risk detections as Microsoft Graph lists them: ``identityProtection/riskDetections``.

Those of service principals (``servicePrincipalRiskDetections``) are understood and name nobody.

Vendor documentation: Microsoft Learn, Microsoft Graph resource types ``riskDetection`` and
``servicePrincipalRiskDetection``, and what ``detectors.entra_rows`` names.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import entra_alerts, recognition
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.entra_alerts import Frame
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value",)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read ``riskDetection`` objects; ``event_id`` is their ``id``."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    if "riskEventType" not in row and "riskType" not in row:
        raise NotUnderstood(
            "it is no riskDetection: no riskEventType",
            "Send objects of identityProtection/riskDetections as Microsoft Graph lists them.",
        )
    title = row.text("riskEventType", "riskType", limit=80)
    frame = Frame(
        source, "riskDetection", value, f"Risk detection: {title}", tenant=row.get("homeTenantId")
    )
    return entra_alerts.risk(frame, row)


DETECTOR = Detector(
    kind="graph_risk_detection",
    title="Microsoft Entra ID Protection risk detections",
    documentation=(
        "https://learn.microsoft.com/en-us/graph/api/resources/riskdetection",
        "https://learn.microsoft.com/en-us/graph/api/resources/serviceprincipalriskdetection",
        "https://learn.microsoft.com/en-us/entra/id-protection/concept-identity-protection-risks",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(values={"@odata.type": r"#?microsoft\.graph\.(servicePrincipal)?riskDetection"}),
        Shape(
            needs=("riskEventType|riskType", "riskLevel|riskState", "userPrincipalName|userId|servicePrincipalId"),
            also=("detectedDateTime", "riskDetail", "detectionTimingType", "tokenIssuerType", "activity"),
            never=("properties", "TimeGenerated", "category"),
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
