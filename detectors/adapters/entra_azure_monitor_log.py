"""Entra ID's logs as Azure Monitor exports them: diagnostic settings to an event hub or storage.

One row an event: ``category`` names the log (SignInLogs, NonInteractiveUserSignInLogs, AuditLogs,
UserRiskEvents, RiskyUsers, MicrosoftGraphActivityLogs and those of applications), ``properties`` is
the object Microsoft Graph has, which ``detectors.entra_alerts`` reads. An event hub's message wraps
rows in ``records``.

Vendor documentation: Microsoft Learn, "Common and service-specific schemas for Azure resource
logs", "Microsoft Entra activity logs in Azure Monitor", and what ``detectors.entra_rows`` names.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from config.settings import Source
from detectors import embedded, entra_alerts, recognition
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.entra_alerts import Frame
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
    properties = embedded.at(row, "properties")
    category = row.text("category", limit=80)
    if not category or not properties:
        raise NotUnderstood("it is no row of Entra's logs: no category, or no properties", _REMEDY)
    read = _READERS.get(category.lower(), _by_content(properties))
    frame = Frame(
        source=source,
        kind="AuditLogs" if read is entra_alerts.audit else category,
        raw=value,
        title=row.text("operationName"),
        time=row.get("time"),
        address=row.get("callerIpAddress"),
        tenant=row.get("tenantId"),
    )
    return read(frame, properties)


def _risk_event(frame: Frame, properties: Fields) -> Alert:
    return entra_alerts.risk(frame, properties)


def _risky_user(frame: Frame, properties: Fields) -> Alert:
    return entra_alerts.risk(frame, properties, of_user=True)


Reader = Callable[[Frame, Fields], Alert]
_READERS: dict[str, Reader] = {
    "signinlogs": entra_alerts.sign_in,
    "noninteractiveusersigninlogs": entra_alerts.sign_in,
    "serviceprincipalsigninlogs": entra_alerts.sign_in,
    "managedidentitysigninlogs": entra_alerts.sign_in,
    "adfssigninlogs": entra_alerts.sign_in,
    "auditlogs": entra_alerts.audit,
    "userriskevents": _risk_event,
    "riskyusers": _risky_user,
    "serviceprincipalriskevents": _risk_event,
    "riskyserviceprincipals": _risk_event,
    "microsoftgraphactivitylogs": entra_alerts.graph_activity,
}


def _by_content(properties: Fields) -> Reader:
    """Tell what a row of an unknown category is; a forwarder may have put another one there."""
    if "riskEventType" in properties or "riskType" in properties:
        return _risk_event
    if "initiatedBy" in properties or "targetResources" in properties:
        return entra_alerts.audit
    if "requestUri" in properties and "requestMethod" in properties:
        return entra_alerts.graph_activity
    return entra_alerts.sign_in


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
