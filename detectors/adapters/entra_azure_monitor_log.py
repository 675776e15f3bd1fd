"""Entra ID's logs as Azure Monitor exports them: diagnostic settings to an event hub or storage.

One row an event: ``category`` names the log (SignInLogs, NonInteractiveUserSignInLogs, AuditLogs,
UserRiskEvents, RiskyUsers, MicrosoftGraphActivityLogs and those of applications), ``properties`` is
the object Microsoft Graph has. An event hub's message wraps rows in ``records``.

Vendor documentation: Microsoft Learn, "Common and service-specific schemas for Azure resource
logs", "Microsoft Entra activity logs in Azure Monitor", and what ``detectors.entra_rows`` names.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, entra_rows, recognition
from detectors.alert import Alert, IdKind, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("records",)
_REMEDY = "Send rows as the diagnostic settings of Microsoft Entra ID export them."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read rows of Entra's logs, bare, in a list, in ``records`` or one a line.

    ``event_id`` is ``properties.id``, the log's own id of the event.
    """
    return each(recognition.items(payload, *_ENVELOPES), lambda row: _alert(row, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    properties = row.at("properties")
    category = row.text("category", limit=80)
    if not category or not properties:
        raise NotUnderstood("it is no row of Entra's logs: no category, or no properties", _REMEDY)
    read = _READERS.get(category.lower(), _by_content(properties))
    return read(value, row, properties, source)


def _sign_in(value: JsonValue, row: Fields, properties: Fields, source: str) -> Alert:
    cast = Cast()
    if entra_rows.is_application(properties):
        cast.leave_out("an application, which is nobody")
    else:
        entra_rows.person_of(cast, Role.VICTIM, properties)
    seen = entra_rows.client(properties, row.get("callerIpAddress"))
    status = properties.at("status")
    return compose.alert(
        source=source,
        kind=row.text("category", limit=80),
        raw=value,
        verdict=entra_rows.sign_in_verdict(properties),
        cast=cast,
        event_id=properties.get("id"),
        title=row.text("operationName") or "Sign-in activity",
        rule=", ".join(entra_rows.risk_types(properties)),
        severity=_severity(properties),
        occurred_at=properties.get("createdDateTime") or row.get("time"),
        session_ids=[properties.get("sessionId")],
        token_ids=[properties.get("uniqueTokenIdentifier")],
        user_agents=[properties.get("userAgent")],
        networks=seen.networks,
        devices=seen.devices,
        apps=seen.apps,
        tenant_hint=row.get("tenantId"),
        details={
            "error_code": status.text("errorCode", limit=20),
            "failure_reason": status.text("failureReason"),
            "risk_state": properties.text("riskState", limit=40),
            "risk_detail": properties.text("riskDetail", limit=80),
            "protocol": properties.text("authenticationProtocol", limit=40),
            "incoming_token_type": properties.text("incomingTokenType", limit=40),
            "correlation_id": properties.text("correlationId", limit=80),
        },
    )


def _risk(value: JsonValue, row: Fields, properties: Fields, source: str) -> Alert:
    cast = Cast()
    entra_rows.person_of(cast, Role.VICTIM, properties)
    seen = entra_rows.client(properties, row.get("callerIpAddress"))
    return compose.alert(
        source=source,
        kind=row.text("category", limit=80),
        raw=value,
        verdict=entra_rows.risk_verdict(properties),
        cast=cast,
        event_id=properties.get("id"),
        title=row.text("operationName"),
        rule=", ".join(entra_rows.risk_types(properties)),
        severity=properties.get("riskLevel"),
        occurred_at=properties.get("activityDateTime", "riskLastUpdatedDateTime")
        or row.get("time"),
        last_seen_at=properties.get("lastUpdatedDateTime"),
        networks=seen.networks,
        tenant_hint=row.get("tenantId"),
        details={
            "risk_state": properties.text("riskState", limit=40),
            "risk_detail": properties.text("riskDetail", limit=80),
            "request_id": properties.text("requestId", limit=80),
        },
    )


def _audit(value: JsonValue, row: Fields, properties: Fields, source: str) -> Alert:
    activity = row.text("operationName") or properties.text("activityDisplayName", "operationName")
    user = properties.at("initiatedBy").at("user")
    return compose.alert(
        source=source,
        kind="AuditLogs",
        raw=value,
        verdict=entra_rows.audit_verdict(activity),
        cast=entra_rows.audit_cast(properties),
        event_id=properties.get("id"),
        title=activity,
        rule=activity,
        severity="informational",
        occurred_at=properties.get("activityDateTime") or row.get("time"),
        ips=[user.get("ipAddress"), row.get("callerIpAddress")],
        user_agents=[properties.get("userAgent")],
        apps=entra_rows.audit_apps(properties),
        tenant_hint=row.get("tenantId"),
        details={
            "result": properties.text("result", limit=40),
            "service": properties.text("loggedByService", limit=80),
            "correlation_id": properties.text("correlationId", limit=80),
        },
    )


def _graph_activity(value: JsonValue, row: Fields, properties: Fields, source: str) -> Alert:
    cast = Cast()
    cast.add(
        Role.VICTIM, (IdKind.ENTRA_OBJECT_ID, properties.get("userId", "userPrincipalObjectID"))
    )
    return compose.alert(
        source=source,
        kind=row.text("category", limit=80),
        raw=value,
        verdict=compose.record("A request to Microsoft Graph, and no finding."),
        cast=cast,
        event_id=properties.get("requestId"),
        title=row.text("operationName"),
        severity="informational",
        occurred_at=row.get("time"),
        session_ids=[properties.get("sessionId", "C_Sid")],
        token_ids=[properties.get("signInActivityId")],
        ips=[properties.get("ipAddress"), row.get("callerIpAddress")],
        user_agents=[properties.get("userAgent")],
        apps=[compose.thing(properties.get("appId"))],
        tenant_hint=row.get("tenantId"),
        details={"method": properties.text("requestMethod", limit=10)},
    )


Reader = Callable[[JsonValue, Fields, Fields, str], Alert]
_READERS: dict[str, Reader] = {
    "signinlogs": _sign_in,
    "noninteractiveusersigninlogs": _sign_in,
    "serviceprincipalsigninlogs": _sign_in,
    "managedidentitysigninlogs": _sign_in,
    "adfssigninlogs": _sign_in,
    "auditlogs": _audit,
    "userriskevents": _risk,
    "riskyusers": _risk,
    "microsoftgraphactivitylogs": _graph_activity,
}


def _by_content(properties: Fields) -> Reader:
    """Tell what a row of an unknown category is; a forwarder may have put another one there."""
    if "riskEventType" in properties or "riskType" in properties:
        return _risk
    if "initiatedBy" in properties or "targetResources" in properties:
        return _audit
    if "requestUri" in properties and "requestMethod" in properties:
        return _graph_activity
    return _sign_in


def _severity(properties: Fields) -> str:
    found = properties.text("riskLevelDuringSignIn", limit=20).lower()
    return found if found in {"low", "medium", "high"} else "informational"


_CATEGORIES = (
    r"(NonInteractiveUser|ServicePrincipal|ManagedIdentity|ADFS)?SignInLogs|AuditLogs|UserRiskEvents"
    r"|RiskyUsers|RiskyServicePrincipals|ServicePrincipalRiskEvents|MicrosoftGraphActivityLogs"
    r"|(Application|User|Group|Role|Policy|Device)Management"
)
DETECTOR = Detector(
    kind="entra_azure_monitor_log",
    title="Microsoft Entra ID logs by Azure Monitor",
    documentation=(
        "https://learn.microsoft.com/en-us/azure/azure-monitor/essentials/resource-logs-schema",
        "https://learn.microsoft.com/en-us/entra/identity/monitoring-health/concept-diagnostic-settings-logs-options",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/signinlogs",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/auditlogs",
        "https://learn.microsoft.com/en-us/entra/id-protection/concept-identity-protection-risks",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("properties", "operationName|time"),
            values={"category": _CATEGORIES},
            never=("properties.auditEventId", "properties.activityType"),  # Intune's
            also=("resourceId", "tenantId", "resultSignature", "correlationId", "callerIpAddress"),
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)
