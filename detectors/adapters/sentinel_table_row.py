"""Rows of a Log Analytics workspace (Microsoft Sentinel): what a query, a playbook or an export gives.

Columns are written in capitals, objects often as text. Tables: ``AuditLogs``, ``SigninLogs`` and its
kin, ``AADUserRiskEvents``, ``AADRiskyUsers``, ``MicrosoftGraphActivityLogs``, ``OfficeActivity``. Rows of
``SecurityAlert`` and ``SecurityIncident`` are the kind ``sentinel``.

Vendor documentation: Microsoft Learn, Azure Monitor Logs table reference of those tables.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import embedded, entra_alerts, recognition
from detectors.adapters import m365_unified_audit
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.entra_alerts import Frame
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value", "rows", "results", "records")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read rows, bare, in a list, one a line, or a query's answer (``tables`` of columns and rows)."""
    return each(_rows(payload), lambda row: _alert(row, source))


def _rows(payload: JsonValue) -> list[JsonValue]:
    tables = payload.get("tables") if isinstance(payload, dict) else None
    if not isinstance(tables, list):
        return recognition.items(payload, *_ENVELOPES)
    found: list[JsonValue] = []
    for table in map(Fields, tables):
        names = [Fields(column).text("name", limit=200) for column in table.items("columns")]
        for row in table.items("rows"):
            cells = row if isinstance(row, list) else []
            found.append(dict(zip(names, cells, strict=False)))
    return found


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(embedded.whole(value))
    table = row.text("type", limit=80)
    title = row.text("operationName", "activityDisplayName", "operation")
    frame = Frame(
        source=source,
        kind=table or "row",
        raw=value,
        title=title,
        time=row.get("timeGenerated"),
        address=row.get("callerIpAddress"),
        tenant=row.get("aadTenantId", "resourceTenantId"),
    )
    if "initiatedBy" in row or "targetResources" in row:
        return entra_alerts.audit(frame, row)
    if "riskEventType" in row or "riskType" in row:
        return entra_alerts.risk(frame, row)
    if "riskLastUpdatedDateTime" in row:
        return entra_alerts.risk(frame, row, of_user=True)
    if "officeWorkload" in row or "officeId" in row:
        return m365_unified_audit.alert_of(_office(row), value, source)
    if "requestUri" in row and "requestMethod" in row:
        return entra_alerts.graph_activity(frame, row)
    if ("userPrincipalName" in row or "servicePrincipalId" in row) and "appId" in row:
        return entra_alerts.sign_in(frame, _sign_in(row))
    raise NotUnderstood(
        "it is a row of no table that is known (AuditLogs, SigninLogs, AADUserRiskEvents, ...)",
        "Send the table's own columns; project away none that name the account.",
    )


def _sign_in(row: Fields) -> Fields:
    """Put a row's result where a ``signIn`` has it."""
    if row.at("status"):
        return row
    return Fields({**row.everything(), "status": {"errorCode": row.get("resultType")}})


def _office(row: Fields) -> Fields:
    renamed = {
        "workload": "officeWorkload",
        "objectId": "officeObjectId",
        "id": "officeId",
        "clientIP": "client_IPAddress",
    }
    more = {key: row.get(key, name) for key, name in renamed.items()}
    return Fields({**row.everything(), **{key.lower(): item for key, item in more.items()}})


_query = Shape(needs=("tables.columns.name", "tables.rows"), surety=0.85)
DETECTOR = Detector(
    kind="sentinel_table_row",
    title="Microsoft Sentinel (Log Analytics) table rows",
    documentation=(
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/auditlogs",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/signinlogs",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/aaduserriskevents",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/officeactivity",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("timeGenerated", "sourceSystem|type|tenantId",
                   "initiatedBy|targetResources|riskEventType|riskLastUpdatedDateTime|officeWorkload|officeId"
                   "|requestUri|appDisplayName|userPrincipalName"),
            also=("tenantId", "sourceSystem", "type", "aadTenantId", "operationName"),
            never=("properties", "systemAlertId", "incidentNumber", "operationNameValue"),
        ),
        _query,
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
