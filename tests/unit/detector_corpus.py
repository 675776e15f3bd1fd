"""Every adapter's invented events, for tests that damage them."""

from __future__ import annotations

from typing import Any

from config.settings import Source
from detectors import registry
from detectors.decoding import decode_any
from tests.unit import identity_samples, microsoft_events, product_samples

ADA, ROOT = "0a0a0a0a-1111-4222-8333-444444444444", "0b0b0b0b-1111-4222-8333-444444444444"
APP = "0c0c0c0c-1111-4222-8333-444444444444"
WHEN = "2026-11-22T03:05:00Z"

_INCIDENT = {
    "name": "i-1", "type": "Microsoft.SecurityInsights/Incidents",
    "properties": {
        "title": "Anomalous token", "severity": "High", "status": "New", "incidentNumber": 7,
        "createdTimeUtc": WHEN, "owner": {"userPrincipalName": "olga@contoso.com", "objectId": ROOT},
        "relatedEntities": [
            {"kind": "Account", "properties": {"accountName": "ada", "upnSuffix": "contoso.com", "aadUserId": ADA}},
            {"kind": "Ip", "properties": {"address": "203.0.113.7"}},
            {"kind": "CloudApplication", "properties": {"appId": APP, "appName": "Mail"}},
        ],
    },
}  # fmt: skip
_SENTINEL_ALERT = {
    "SystemAlertId": "a-1", "AlertName": "Token replay", "AlertSeverity": "High", "TimeGenerated": WHEN,
    "Entities": '[{"$id":"1","Type":"account","Name":"ada","UPNSuffix":"contoso.com"},{"$ref":"1"}]',
}  # fmt: skip
_SIGN_IN = {
    "id": "s-1", "createdDateTime": WHEN, "userId": ADA, "userPrincipalName": "ada@contoso.com",
    "userDisplayName": "Ada", "appId": APP, "appDisplayName": "Mail", "ipAddress": "203.0.113.7",
    "riskLevelDuringSignIn": "high", "riskState": "atRisk", "riskEventTypes_v2": ["anomalousToken"],
    "status": {"errorCode": 0}, "sessionId": "s-9", "location": {"city": "Graz", "countryOrRegion": "AT"},
}  # fmt: skip
_APP_SIGN_IN = {**_SIGN_IN, "userId": "", "userPrincipalName": "", "servicePrincipalId": APP,
                "servicePrincipalName": "Backup"}  # fmt: skip
_AUDIT = {
    "id": "d-1", "activityDisplayName": "Reset user password", "activityDateTime": WHEN, "result": "success",
    "initiatedBy": {"user": {"id": ROOT, "userPrincipalName": "root@contoso.com", "ipAddress": "203.0.113.7"}},
    "targetResources": [{"id": ADA, "type": "User", "userPrincipalName": "ada@contoso.com", "displayName": "Ada"},
                        {"id": APP, "type": "ServicePrincipal", "displayName": "Mail"}],
}  # fmt: skip
_FRAUD = {**_AUDIT, "activityDisplayName": "Fraud reported - user is blocked for MFA"}
_FINDING = {
    "id": "h-1", "hunt": "refresh-token-reuse", "title": "A refresh token was used twice", "severity": "high",
    "provider": "entra", "user_id": ADA, "user_name": "ada@contoso.com", "signal": "token_theft",
    "ips": ["203.0.113.7"], "app_ids": [APP], "first_at": WHEN, "last_at": WHEN, "why": "Twice.",
    "session_id": "s-9", "user_agents": ["curl/8"], "attack": ["T1528"],
}  # fmt: skip


def _row(category: str, properties: Any) -> dict[str, Any]:
    return {"time": WHEN, "category": category, "operationName": "x", "tenantId": APP, "properties": properties,
            "resourceId": "/tenants/x/providers/Microsoft.aadiam"}  # fmt: skip


_MORE: tuple[tuple[str, Any], ...] = (
    ("sentinel", _INCIDENT),
    ("sentinel", {"objectSchemaType": "Incident", "objectEventType": "Create", "object": _INCIDENT}),
    ("sentinel", _SENTINEL_ALERT),
    ("entra_azure_monitor_log", _row("SignInLogs", _SIGN_IN)),
    ("entra_azure_monitor_log", _row("ServicePrincipalSignInLogs", _APP_SIGN_IN)),
    ("entra_azure_monitor_log", _row("AuditLogs", _AUDIT)),
    ("entra_azure_monitor_log", _row("AuditLogs", _FRAUD)),
    ("entra_graph_log", _FRAUD),
    (
        "splunk_alert",
        {"sid": "s-1", "search_name": "Stolen session token", "results_link": "x",
         "result": {"user": "ada@contoso.com", "src_user": "ben@contoso.com", "_time": WHEN}},
    ),
    (
        "panther_alert",
        {"id": "r-1", "title": "Session token theft", "severity": "HIGH", "type": "RULE", "alertId": "a-1",
         "alertContext": {"target_user": "ada@contoso.com", "actor": {"email": "ben@contoso.com"}}},
    ),
    (
        "elastic_ecs_document",
        {"@timestamp": WHEN, "event": {"kind": "signal"}, "kibana.alert.rule.name": "Session cookie theft",
         "kibana.alert.severity": "high", "kibana.alert.uuid": "k-1",
         "user": {"email": "ben@contoso.com", "target": {"email": "ada@contoso.com"}}},
    ),
    (
        "ocsf_event",
        {"class_uid": 2004, "category_uid": 2, "activity_id": 1, "time": 1766372700000, "severity_id": 4,
         "finding_info": {"title": "Stolen session cookie", "uid": "f-1"}, "metadata": {"version": "1.3.0"},
         "resources": [{"type": "user", "owner": {"email_addr": "ada@contoso.com"}}],
         "actor": {"user": {"email_addr": "ben@contoso.com"}}},
    ),
    ("hunt", _FINDING),
    ("generic", {"title": "Token replay", "mail": "ada@contoso.com", "id": "g-1", "app": APP}),
    (
        "okta_event_hook",
        {"eventType": "com.okta.event_hook", "data": {"events": [
            identity_samples.okta(
                "user.risk.change", identity_samples.okta_user("Ben", identity_samples.BEN),
                identity_samples.okta_user("Ada", identity_samples.ADA), risk="{level=HIGH}")]}},
    ),
)  # fmt: skip
_MAPPING = {"title": "title", "event_id": "id", "person.email": "mail", "app_ids": "app"}


#: By these schemas whoever acted is whom a finding is about where nobody was acted upon; with the whole target
#: gone, that is what such an event says.
LONE = frozenset({"google_secops", "cef", "elastic_ecs_document", "ocsf_event", "panther_alert"})
#: Named in some event in no role: whom a case is given to, who sent what was received, who wrote an app.
NOBODIES = (
    "olga@contoso.com",
    product_samples.EVE,
    product_samples.NOBODY,
    microsoft_events.APP,
    *microsoft_events.NEVER,
)


def _decoded(event: Any) -> Any:
    return decode_any(event.encode()) if isinstance(event, str) else event


#: Kind to its events.
CORPUS: dict[str, list[Any]] = {}
for _kind, _event in (
    *((each.kind, each.payload) for each in identity_samples.SAMPLES),
    *((kind, event) for kind, event, *_ in microsoft_events.EVENTS),
    *((each.kind, _decoded(each.event)) for each in product_samples.SAMPLES),
    *_MORE,
):
    CORPUS.setdefault(_kind, []).append(_event)


def source(kind: str) -> Source:
    """A source of a kind, with a mapping where it takes one."""
    return registry.bare_source(kind, _MAPPING if kind == "generic" else None)
