"""Records of the Microsoft 365 (Office 365) audit log, by whatever way they come.

Ways: the Office 365 Management Activity API, ``Search-UnifiedAuditLog`` and exports of Purview
(``AuditData`` holds the record as text), audit queries of Microsoft Graph (``auditData``), and the
wrappings of Elastic (``o365audit``, ``o365.audit``), Wazuh (``office365``) and Splunk (``event``).

Vendor documentation: what ``detectors.unified_audit`` names; Microsoft Graph resource type
``microsoft.graph.security.auditLogRecord``; "Search-UnifiedAuditLog".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, embedded, recognition, unified_audit
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, Shape, by_shapes
from detectors.unified_audit_verdict import verdict_of

_ENVELOPES = ("value", "records")
#: Where wrappings keep the record, innermost names last.
_WRAPPINGS = (
    "o365audit",
    "o365.audit",
    "data.office365",
    "office365",
    "auditData",
    "event",
    "result",
    "_raw",
)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read records of the audit log; ``event_id`` is their ``Id``."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def unwrapped(item: JsonValue) -> JsonValue:
    """Return the record of a wrapping, or the item itself."""
    for _ in range(3):
        if not isinstance(item, dict) or _is_record(Fields(item)):
            return item
        inner = (embedded.opened(recognition.at(item, path)) for path in _WRAPPINGS)
        item = next((found for found in inner if isinstance(found, dict)), None) or {}
    return item


def _is_record(row: Fields) -> bool:
    return (
        "recordType" in row
        and ("creationTime" in row or "organizationId" in row)
        and "auditData" not in row
    )


def alert_of(row: Fields, value: JsonValue, source: str) -> Alert:
    """Make an alert of one record; ``value`` is what arrived."""
    more = unified_audit.properties(row, "extendedProperties", "deviceProperties")
    access = embedded.at(row, "appAccessContext")
    operation = row.text("operation", limit=120)
    is_alert = unified_audit.is_alert(row)
    return compose.alert(
        source=source,
        kind=operation or "audit record",
        raw=value,
        verdict=verdict_of(row),
        cast=unified_audit.cast_of(row),
        event_id=row.get("id", "officeId"),
        title=row.text("name") if is_alert else operation,
        rule=row.text("name") if is_alert else operation,
        severity=row.get("severity") if is_alert else "informational",
        occurred_at=row.get("creationTime", "timeGenerated"),
        session_ids=[row.get("sessionId"), access.get("aadSessionId"), more.get("sessionid")],
        token_ids=[access.get("uniqueTokenId")],
        ips=[
            row.get(name)
            for name in (
                "clientIP",
                "clientIPAddress",
                "actorIpAddress",
                "userIp",
                "client_IPAddress",
            )
        ],
        user_agents=[row.get("userAgent"), more.get("useragent"), row.get("clientInfoString")],
        devices=[compose.thing(more.get("id"), more.get("displayname") or row.get("deviceName"))],
        apps=[
            compose.thing(
                row.get("applicationId", "appId", "clientAppId"),
                row.get("applicationDisplayName", "appName"),
            )
        ],
        actor_app_ids=unified_audit.acting_applications(row),
        tenant_hint=row.get("organizationId"),
        details={
            "workload": row.text("workload", "officeWorkload", limit=60),
            "result": row.text("resultStatus", limit=60),
            "logon_type": row.text("logonType", limit=20),
            "logon_error": row.text("logonError", limit=80),
            "alert_id": row.text("alertId", limit=80),
            "policy": row.text("policyId", limit=80),
        },
    )


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(unwrapped(value))
    if not _is_record(row):
        raise NotUnderstood(
            "it is no record of the Microsoft 365 audit log: no RecordType, or no CreationTime",
            "Send the records as the Office 365 Management Activity API gives them.",
        )
    return alert_of(row, value, source)


_shaped = by_shapes(
    Shape(
        needs=("recordType", "creationTime", "operation", "organizationId|workload|userType"),
        also=("workload", "organizationId", "userType", "userKey", "id"),
    ),
    Shape(needs=("recordType", "creationTime", "id"), surety=0.6, most=0.6),
)


def _recognises(payload: JsonValue) -> Fit:
    found = recognition.items(payload, *_ENVELOPES)
    return _shaped([unwrapped(item) for item in found[:8]])


DETECTOR = Detector(
    kind="m365_unified_audit",
    title="Microsoft 365 audit log",
    documentation=(
        "https://learn.microsoft.com/en-us/office/office-365-management-api/office-365-management-activity-api-schema",
        "https://learn.microsoft.com/en-us/purview/audit-mailboxes",
        "https://learn.microsoft.com/en-us/graph/api/resources/security-auditlogrecord",
    ),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)
