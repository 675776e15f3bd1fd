"""Rows of a Log Analytics workspace (Microsoft Sentinel): what a query, a playbook or an export gives.

Columns are written in capitals, objects often as text. Tables: ``AuditLogs``, ``SigninLogs`` and its
kin, ``AADUserRiskEvents``, ``AADRiskyUsers``, ``MicrosoftGraphActivityLogs``, ``OfficeActivity``,
``BehaviorAnalytics``. By themselves rows of ``SecurityAlert`` and ``SecurityIncident`` are the kind
``sentinel``, and those of ``AzureActivity`` are ``azure_activity_log``; a query's answer may hold any.

Vendor documentation: Microsoft Learn, Azure Monitor Logs table reference of those tables.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, embedded, entra_alerts, parts, recognition, sentinel, wrapped
from detectors.adapters import m365_unified_audit
from detectors.alert import Alert, IdKind, NotUnderstood
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast
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
    opened = embedded.whole(value)
    row = Fields(opened)
    if "systemAlertId" in row or "incidentNumber" in row:
        return sentinel.alert_of(opened, source)
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
    if "officeWorkload" in row or "officeId" in row or _is_projected_office(row):
        return m365_unified_audit.alert_of(_office(row), value, source)
    if "usersInsights" in row and "activityInsights" in row:
        return _behaviour(row, value, source)
    found = _of_entra(frame, row) or wrapped.original(opened, source, "sentinel_table_row")
    if found is not None:
        return found
    raise NotUnderstood(
        "it is a row of no table that is known (AuditLogs, SigninLogs, AADUserRiskEvents, ...)",
        "Send the table's own columns; project away none that name the account.",
    )


def _of_entra(frame: Frame, row: Fields) -> Alert | None:
    """Read a row of Entra's logs by what it holds; None where it is none."""
    if "initiatedBy" in row or "targetResources" in row:
        return entra_alerts.audit(frame, row)
    if "riskEventType" in row or "riskType" in row:
        return entra_alerts.risk(frame, row)
    if "riskLastUpdatedDateTime" in row:
        return entra_alerts.risk(frame, row, of_user=True)
    if "requestUri" in row and "requestMethod" in row:
        return entra_alerts.graph_activity(frame, row)
    if ("userPrincipalName" in row or "servicePrincipalId" in row) and "appId" in row:
        return entra_alerts.sign_in(frame, _sign_in(row))
    return None


def _is_projected_office(row: Fields) -> bool:
    """Whether it is what a query has kept of ``OfficeActivity``: who did what, and with what."""
    return "operation" in row and "userId" in row and ("parameters" in row or "clientIP" in row)


def _behaviour(row: Fields, value: JsonValue, source: str) -> Alert:
    """Read a row of ``BehaviorAnalytics``: what somebody did, and how unusual that is."""
    people = Cast()
    known: list[Candidate] = [
        (IdKind.ENTRA_OBJECT_ID, embedded.at(row, "usersInsights").get("accountObjectId")),
        (IdKind.USER_PRINCIPAL_NAME, row.get("userPrincipalName")),
        (IdKind.USERNAME, row.get("userName")),
    ]
    target: list[Candidate] = [(IdKind.USER_PRINCIPAL_NAME, row.get("targetPrincipalName"))]
    parts.acted(people, known, target)
    return compose.alert(
        source=source,
        kind=row.text("type", limit=80) or "BehaviorAnalytics",
        raw=value,
        verdict=compose.record("An activity that Sentinel has scored, and no finding."),
        cast=people,
        event_id=row.get("sourceRecordId"),
        title=row.text("actionType") or row.text("activityType"),
        rule=row.text("activityType"),
        severity="informational",
        occurred_at=row.get("timeGenerated"),
        networks=[compose.network(row.get("sourceIPAddress"), None, row.get("sourceIPLocation"))],
        devices=[compose.thing(None, row.get("sourceDevice"))],
        details={"investigation_priority": row.text("investigationPriority", limit=10)},
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
        Shape(
            needs=("timeGenerated", "operation", "userId", "parameters"),
            also=("clientIP", "resultStatus"),
            never=("properties", "operationNameValue"),
            surety=0.6,
            most=0.7,
        ),
        _query,
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
