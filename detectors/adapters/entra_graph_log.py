"""Entra ID's logs as Microsoft Graph lists them: ``auditLogs/signIns`` and ``auditLogs/directoryAudits``.

Objects come bare, in a list, one a line, or in ``value`` of an answer; sign-ins also as the admin center
downloads them (CSV).

Vendor documentation: Microsoft Learn, Microsoft Graph resource types ``signIn`` (v1.0 and beta) and
``directoryAudit``, and what ``detectors.entra_rows`` names.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import entra_alerts, entra_download, recognition
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.entra_alerts import Frame
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value",)
_REMEDY = "Send signIn or directoryAudit objects as Microsoft Graph lists them."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read ``signIn`` and ``directoryAudit`` objects; ``event_id`` is their ``id``."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    tenant = row.get("homeTenantId", "tenantId")
    if "initiatedBy" in row or "targetResources" in row:
        return entra_alerts.audit(Frame(source, "directoryAudit", value, tenant=tenant), row)
    if "createdDateTime" in row and ("appId" in row or "userPrincipalName" in row):
        return entra_alerts.sign_in(Frame(source, "signIn", value, tenant=tenant), row)
    if entra_download.is_sign_in(row):
        frame = Frame(source, "signIn", value, tenant=tenant)
        return entra_alerts.sign_in(frame, entra_download.sign_in(row))
    raise NotUnderstood("it is neither a signIn nor a directoryAudit", _REMEDY)


DETECTOR = Detector(
    kind="entra_graph_log",
    title="Microsoft Entra ID logs by Microsoft Graph",
    documentation=(
        "https://learn.microsoft.com/en-us/graph/api/resources/signin",
        "https://learn.microsoft.com/en-us/graph/api/resources/directoryaudit",
        "https://learn.microsoft.com/en-us/entra/identity/monitoring-health/howto-download-logs",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("activityDisplayName", "initiatedBy|targetResources", "activityDateTime|loggedByService"),
            also=("initiatedBy", "targetResources", "correlationId", "operationType", "result"),
            never=("properties", "TimeGenerated", "time"),
        ),
        Shape(values={"@odata.type": r"#?microsoft\.graph\.(signIn|directoryAudit)"}),
        Shape(
            needs=(
                "createdDateTime",
                "userPrincipalName|userId|servicePrincipalId|servicePrincipalName",
                "appId|appDisplayName",
                "status|conditionalAccessStatus|riskLevelDuringSignIn|clientAppUsed",
            ),
            also=("ipAddress", "location", "deviceDetail", "isInteractive", "riskState"),
            never=("properties", "TimeGenerated", "category"),
            surety=0.8,
        ),
        Shape(needs=entra_download.COLUMNS, also=("Session ID", "Sign-in error code"), never=("properties",)),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
