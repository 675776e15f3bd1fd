"""Invented events of Microsoft's detectors, one of each shape, in their vendors' own fields."""

from __future__ import annotations

import json
from typing import Any

ADA = "0a0a0a0a-1111-4222-8333-444444444444"
ROOT = "0b0b0b0b-1111-4222-8333-444444444444"
APP = "0c0c0c0c-1111-4222-8333-444444444444"
TENANT = "0e0e0e0e-1111-4222-8333-444444444444"
WHEN = "2026-11-22T03:05:00Z"
#: Whoever is named in these events and must never be contained: analysts, services, the other end.
NEVER = (
    "analyst@contoso.com", "stranger@example.com", "backup", "securitycompliancealerts", "serviceprincipal",
    "shared-with@example.com", "system", "guest@example.com", "logged.on",
)  # fmt: skip

GRAPH_SIGN_IN = {
    "id": "0d0d0d0d-1111-4222-8333-444444444444", "createdDateTime": WHEN, "userId": ADA,
    "userPrincipalName": "ada@contoso.com", "appId": APP, "appDisplayName": "Mail",
    "ipAddress": "203.0.113.7", "status": {"errorCode": 0}, "conditionalAccessStatus": "success",
    "riskState": "none", "location": {"city": "Graz"}, "deviceDetail": {"displayName": "LAPTOP-1"},
}  # fmt: skip
GRAPH_AUDIT = {
    "id": "audit-1", "activityDateTime": WHEN, "activityDisplayName": "Reset user password",
    "loggedByService": "Core Directory",
    "initiatedBy": {"user": {"id": ROOT, "userPrincipalName": "root@contoso.com"}},
    "targetResources": [{"type": "User", "id": ADA, "userPrincipalName": "ada@contoso.com"}],
}  # fmt: skip
RISK_DETECTION = {
    "@odata.type": "#microsoft.graph.riskDetection", "id": "0f0f0f0f-1111-4222-8333-444444444444",
    "userId": ADA, "userPrincipalName": "ada@contoso.com", "riskEventType": "anomalousToken",
    "riskLevel": "high", "riskState": "atRisk", "detectedDateTime": WHEN, "ipAddress": "203.0.113.7",
}  # fmt: skip
APP_RISK = {
    "@odata.type": "#microsoft.graph.servicePrincipalRiskDetection", "id": "risk-2",
    "servicePrincipalId": APP, "servicePrincipalDisplayName": "Backup",
    "riskEventType": "leakedCredentials", "riskLevel": "high", "riskState": "atRisk",
}  # fmt: skip
RISKY_USER = {
    "@odata.type": "#microsoft.graph.riskyUser", "id": ADA, "userPrincipalName": "ada@contoso.com",
    "riskLevel": "high", "riskState": "atRisk", "riskLastUpdatedDateTime": WHEN, "isDeleted": False,
}  # fmt: skip
USER_EVIDENCE = {
    "@odata.type": "#microsoft.graph.security.userEvidence", "verdict": "suspicious",
    "userAccount": {"accountName": "ada", "domainName": "contoso", "azureAdUserId": ADA,
                    "userPrincipalName": "ada@contoso.com"},
}  # fmt: skip
DEVICE_EVIDENCE = {
    "@odata.type": "#microsoft.graph.security.deviceEvidence", "deviceDnsName": "laptop-1.contoso.com",
    "roles": ["compromised"], "loggedOnUsers": [{"accountName": "logged.on", "domainName": "contoso"}],
}  # fmt: skip
PROCESS_EVIDENCE = {
    "@odata.type": "#microsoft.graph.security.processEvidence",
    "userAccount": {"accountName": "SYSTEM", "domainName": "NT AUTHORITY", "userSid": "S-1-5-18"},
}  # fmt: skip
ALERT_V2 = {
    "@odata.type": "#microsoft.graph.security.alert", "id": "alert-1", "title": "Stolen session cookie was used",
    "severity": "high", "status": "new", "category": "CredentialAccess", "createdDateTime": WHEN,
    "serviceSource": "microsoftDefenderForCloudApps", "assignedTo": "analyst@contoso.com",
    "mitreTechniques": ["T1539"], "evidence": [
        DEVICE_EVIDENCE, PROCESS_EVIDENCE, USER_EVIDENCE,
        {"@odata.type": "#microsoft.graph.security.ipEvidence", "ipAddress": "203.0.113.7"},
        {"@odata.type": "#microsoft.graph.security.oauthApplicationEvidence", "appId": APP, "displayName": "Backup"},
    ],
}  # fmt: skip
OTHER_ALERT = {
    **ALERT_V2, "id": "alert-2", "title": "Suspicious file", "mitreTechniques": [], "category": "Malware",
    "evidence": [{**USER_EVIDENCE, "userAccount": {"userPrincipalName": "ben@contoso.com"}}],
}  # fmt: skip
ALERT_V1 = {
    "id": "alert-3", "title": "Impossible travel", "severity": "high", "status": "newAlert",
    "eventDateTime": WHEN, "vendorInformation": {"provider": "IPC", "vendor": "Microsoft"},
    "userStates": [{"aadUserId": ADA, "userPrincipalName": "ada@contoso.com", "logonIp": "203.0.113.7"}],
}  # fmt: skip
GRAPH_INCIDENT = {
    "@odata.type": "#microsoft.graph.security.incident", "id": "29", "displayName": "Multi-stage incident",
    "createdDateTime": WHEN, "severity": "high", "status": "active", "classification": "unknown",
    "determination": "unknown", "assignedTo": "analyst@contoso.com", "alerts": [OTHER_ALERT, ALERT_V2],
}  # fmt: skip
DEFENDER_INCIDENT = {
    "incidentId": 29, "incidentName": "Incident on one endpoint", "createdTime": WHEN, "status": "Active",
    "severity": "High", "classification": "NotAvailable", "assignedTo": "analyst@contoso.com", "alerts": [{
        "alertId": "a-1", "title": "Anomalous Token", "severity": "High", "status": "New",
        "category": "CredentialAccess", "firstActivity": WHEN, "mitreTechniques": ["T1528"],
        "devices": [{"deviceDnsName": "laptop-1", "loggedOnUsers": [{"accountName": "logged.on"}]}],
        "entities": [
            {"entityType": "User", "aadUserId": ADA, "userPrincipalName": "ada@contoso.com"},
            {"entityType": "MailMessage", "sender": "stranger@example.com"},
            {"entityType": "Ip", "ipAddress": "203.0.113.7"},
        ],
    }],
}  # fmt: skip
ENDPOINT_ALERT = {
    "id": "da-1", "title": "Possible attempt to access Primary Refresh Token (PRT)", "severity": "Medium",
    "status": "New", "alertCreationTime": WHEN, "firstEventTime": WHEN, "machineId": "m-1",
    "computerDnsName": "laptop-1", "category": "CredentialAccess", "assignedTo": "analyst@contoso.com",
    "relatedUser": {"userName": "ada", "domainName": "contoso"},
    "comments": [{"comment": "Look", "createdBy": "analyst@contoso.com"}], "evidence": [
        {"entityType": "User", "accountName": "ada", "domainName": "contoso", "userPrincipalName": "ada@contoso.com",
         "aadUserId": ADA},
        {"entityType": "Process", "accountName": "system", "domainName": "nt authority"},
    ],
}  # fmt: skip


def hunting(table: str, **columns: Any) -> dict[str, Any]:
    """A row as the streaming API sends it."""
    return {
        "time": WHEN, "tenantId": TENANT, "operationName": "Publish", "Tenant": "DefaultTenant",
        "category": f"AdvancedHunting-{table}", "properties": {"Timestamp": WHEN, **columns},
    }  # fmt: skip


ALERT_EVIDENCE = hunting(
    "AlertEvidence", AlertId="a-1", Title="Token replay from two networks", Severity="High",
    EntityType="User", EvidenceRole="Impacted", ServiceSource="Microsoft Defender XDR",
    DetectionSource="Custom detection", AccountUpn="ada@contoso.com", AccountObjectId=ADA,
    AttackTechniques='["Steal Application Access Token (T1528)"]',
)  # fmt: skip
LOGON_ROW = {
    "Timestamp": WHEN, "ReportId": 7, "DeviceId": "d-1", "DeviceName": "laptop-1", "ActionType": "LogonSuccess",
    "AccountUpn": "ada@contoso.com", "InitiatingProcessAccountName": "system",
    "InitiatingProcessAccountDomain": "nt authority",
}  # fmt: skip
DIRECTORY_ROW = hunting(
    "IdentityDirectoryEvents", ReportId="r-1", ActionType="Account Password changed",
    AccountUpn="root@contoso.com", TargetAccountUpn="ada@contoso.com",
)  # fmt: skip
MAIL_ROW = hunting(
    "EmailEvents", ReportId="r-2", NetworkMessageId="n-1", EmailDirection="Inbound",
    SenderFromAddress="stranger@example.com", RecipientEmailAddress="ada@contoso.com",
)  # fmt: skip
APP_ROW = hunting(
    "CloudAppEvents", ReportId="r-3", ActionType="Sync", AccountObjectId=APP,
    AccountDisplayName="Backup", AccountType="Application",
)  # fmt: skip
CLOUD_ACTIVITY = {
    "_id": "act-1", "timestamp": 1795316700000, "eventTypeValue": "EVENT_AAD_LOGIN_FAILED", "appName": "Mail",
    "appId": 20893, "saasId": 20893, "description": "Failed log on", "session": {"sessionId": "s-1"},
    "failedUserData": {"userName": "ada@contoso.com"}, "device": {"clientIP": "203.0.113.7"},
    "resolvedActor": {"id": ADA, "saasId": "11161", "name": "Ada"},
}  # fmt: skip
CLOUD_ALERT = {
    "_id": "al-1", "title": "Tenant's own title", "idValue": "ALERT_ANUBIS_DETECTION_VELOCITY", "severityValue": 2,
    "timestamp": 1795316700000, "statusValue": 0, "isOpen": True, "handledByUser": "analyst@contoso.com",
    "entities": [
        {"type": "account", "id": ADA, "label": "Ada", "pa": "ada@contoso.com"},
        {"type": "ip", "id": "203.0.113.7"}, {"type": "service", "id": 20893, "label": "Mail"},
        {"type": "policyRule", "label": "analyst@contoso.com"},
    ],
}  # fmt: skip
CLOUD_CEF = (
    "CEF:0|MCAS|SIEM_Agent|0.1|ALERT_CABINET_EVENT_MATCH_AUDIT|Stolen session cookie|8|externalId=x-1 "
    "start=1795316700000 suser=ada@contoso.com destinationServiceName=Mail dvc=203.0.113.7"
)


def audit(operation: str, kind: int, workload: str, **more: Any) -> dict[str, Any]:
    """A record of the Microsoft 365 audit log."""
    return {
        "CreationTime": "2026-11-22T03:05:00", "Id": "r-1", "Operation": operation, "OrganizationId": TENANT,
        "RecordType": kind, "UserKey": "10030000", "UserType": 0, "Workload": workload,
        "UserId": "ada@contoso.com", "ClientIP": "203.0.113.7:443", **more,
    }  # fmt: skip


RESET = audit(
    "Reset user password.", 8, "AzureActiveDirectory", UserId="root@contoso.com", ObjectId="ada@contoso.com",
    Target=[{"ID": f"User_{ADA}", "Type": 2}, {"ID": "User", "Type": 2}, {"ID": "ada@contoso.com", "Type": 5}],
)  # fmt: skip
DELEGATE_READS = audit(
    "MailItemsAccessed",
    50,
    "Exchange",
    UserId="ben@contoso.com",
    MailboxOwnerUPN="ada@contoso.com",
    LogonType=2,
)
FORWARDING = audit(
    "Set-Mailbox", 1, "Exchange", UserId="root@contoso.com", ObjectId="ada", Parameters=[
        {"Name": "Identity", "Value": "ada@contoso.com"},
        {"Name": "ForwardingSmtpAddress", "Value": "smtp:stranger@example.com"}],
)  # fmt: skip
OWN_RULE = audit(
    "New-InboxRule", 1, "Exchange", ObjectId="host/contoso.com/ada\\rule", SessionId="s-1",
    Parameters=[{"Name": "ForwardTo", "Value": "ben@contoso.com"}],
)  # fmt: skip
RESTRICTED = audit(
    "AlertEntityGenerated", 40, "SecurityComplianceCenter", UserId="SecurityComplianceAlerts", UserType=4,
    Name="User restricted from sending email", Severity="High", Status="Active", EntityType="User",
    AlertId="al-1", AlertEntityId="ada@contoso.com",
)  # fmt: skip
SERVICE_RECORD = audit(
    "Update user.", 8, "AzureActiveDirectory", UserId=f"ServicePrincipal_{APP}", UserType=4
)
SHARED = audit(
    "AddedToSecureLink", 14, "OneDrive", TargetUserOrGroupName="shared-with@example.com",
    TargetUserOrGroupType="Guest", AppAccessContext={"AADSessionId": "s-1", "UniqueTokenId": "uti-1"},
)  # fmt: skip

AZURE_ROW = {
    "time": WHEN, "resourceId": "/SUBSCRIPTIONS/1/RESOURCEGROUPS/X", "category": "Administrative",
    "operationName": "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE", "callerIpAddress": "203.0.113.7",
    "identity": {"claims": {
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "ada@contoso.com", "appid": APP,
        "http://schemas.microsoft.com/identity/claims/objectidentifier": ADA}},
}  # fmt: skip
AZURE_BY_APP = {
    **AZURE_ROW,
    "identity": {"claims": {"appid": APP, "idtyp": "app", "name": "Backup",
                            "http://schemas.microsoft.com/identity/claims/objectidentifier": APP}},
}  # fmt: skip
INTUNE_AUDIT = {
    "time": WHEN, "category": "AuditLogs", "operationName": "wipe ManagedDevice", "tenantId": TENANT,
    "properties": {"AuditEventId": "ev-1", "ActivityType": 0, "Actor": {"ActorType": 1, "UPN": "ada@contoso.com"}},
}  # fmt: skip
INTUNE_DEVICE = {
    "time": WHEN, "category": "OperationalLogs", "operationName": "Compliance", "tenantId": TENANT,
    "properties": {"IntuneAccountId": TENANT, "AlertType": "Managed Device Not Compliant", "UserName": "ada",
                   "UPNSuffix": "contoso.com", "DeviceHostName": "LAPTOP-1"},
}  # fmt: skip
MESSAGE = {
    "Organization": "contoso.com", "MessageId": "<m@example.com>", "Received": WHEN, "Status": "Delivered",
    "SenderAddress": "stranger@example.com", "RecipientAddress": "ada@contoso.com", "MessageTraceId": "t-1",
    "Index": 0,
}  # fmt: skip
NOTIFICATION = {"value": [{
    "subscriptionId": "sub-1", "changeType": "updated", "clientState": "hunter2", "tenantId": TENANT,
    "resource": f"Users('{ADA}@{TENANT}')/Messages('m-1')", "resourceData": {"@odata.type": "#Microsoft.Graph.Message"},
}]}  # fmt: skip
LIFECYCLE = {"value": [{
    "subscriptionId": "sub-1", "lifecycleEvent": "reauthorizationRequired", "clientState": "hunter2",
    "resource": f"Users('{ADA}')/Messages", "tenantId": TENANT,
}]}  # fmt: skip
AUDIT_TABLE_ROW = {
    "TimeGenerated": WHEN, "TenantId": TENANT, "SourceSystem": "Azure AD", "Type": "AuditLogs", "Id": "audit-1",
    "OperationName": "Reset user password", "InitiatedBy": json.dumps(GRAPH_AUDIT["initiatedBy"]),
    "TargetResources": json.dumps(GRAPH_AUDIT["targetResources"]),
}  # fmt: skip
RISK_TABLE_ROW = {
    "TimeGenerated": WHEN, "TenantId": TENANT, "Type": "AADUserRiskEvents", "Id": "risk-1", "UserId": ADA,
    "UserPrincipalName": "ada@contoso.com", "RiskEventType": "anomalousToken", "RiskLevel": "high",
    "RiskState": "atRisk",
}  # fmt: skip
SIGN_IN_TABLE_ROW = {
    "TimeGenerated": WHEN, "TenantId": TENANT, "Type": "SigninLogs", "Id": "s-1", "AppId": APP, "UserId": ADA,
    "AppDisplayName": "Mail", "UserPrincipalName": "ada@contoso.com", "ResultType": "50126",
    "RiskLevelDuringSignIn": "high", "RiskState": "atRisk", "LocationDetails": '{"city": "Graz"}',
    "IPAddress": "203.0.113.7",
}  # fmt: skip
OFFICE_TABLE_ROW = {
    "TimeGenerated": WHEN, "TenantId": TENANT, "Type": "OfficeActivity", "OfficeWorkload": "Exchange",
    "Operation": "MailItemsAccessed", "UserId": "ben@contoso.com", "MailboxOwnerUPN": "ada@contoso.com",
    "RecordType": "ExchangeItemAggregated", "OfficeId": "r-1", "Client_IPAddress": "203.0.113.7",
}  # fmt: skip

#: Kind, event, victims, actors, whether it is acted upon, its signal.
EVENTS: tuple[tuple[str, Any, set[str], set[str], bool, str], ...] = (
    ("entra_graph_log", GRAPH_SIGN_IN, {"ada@contoso.com"}, set(), False, "other"),
    ("entra_graph_log", GRAPH_AUDIT, {"ada@contoso.com"}, {"root@contoso.com"}, False, "credential"),
    ("graph_risk_detection", RISK_DETECTION, {"ada@contoso.com"}, set(), True, "token_theft"),
    ("graph_risk_detection", APP_RISK, set(), set(), False, "other"),
    ("graph_risky_user", RISKY_USER, {"ada@contoso.com"}, set(), True, "risk"),
    ("graph_security_alert_v2", ALERT_V2, {"ada@contoso.com"}, set(), True, "session_theft"),
    ("graph_security_alert_v2", OTHER_ALERT, {"ben@contoso.com"}, set(), False, "other"),
    ("graph_security_alert_v2", ALERT_V1, {"ada@contoso.com"}, set(), True, "risk"),
    ("graph_security_incident", GRAPH_INCIDENT, {"ada@contoso.com"}, set(), True, "session_theft"),
    ("defender_incident_api", DEFENDER_INCIDENT, {"ada@contoso.com"}, set(), True, "token_theft"),
    ("defender_for_endpoint_alert", ENDPOINT_ALERT, {"ada@contoso.com"}, set(), True, "token_theft"),
    ("defender_advanced_hunting", ALERT_EVIDENCE, {"ada@contoso.com"}, set(), True, "token_theft"),
    ("defender_advanced_hunting", LOGON_ROW, {"ada@contoso.com"}, set(), False, "other"),
    ("defender_advanced_hunting", DIRECTORY_ROW, {"ada@contoso.com"}, {"root@contoso.com"}, False, "other"),
    ("defender_advanced_hunting", MAIL_ROW, {"ada@contoso.com"}, set(), False, "other"),
    ("defender_advanced_hunting", APP_ROW, set(), set(), False, "other"),
    ("defender_cloud_apps", CLOUD_ACTIVITY, {"ada@contoso.com"}, set(), False, "other"),
    ("defender_cloud_apps", CLOUD_ALERT, {"ada@contoso.com"}, set(), True, "risk"),
    ("m365_unified_audit", RESET, {"ada@contoso.com"}, {"root@contoso.com"}, False, "credential"),
    ("m365_unified_audit", DELEGATE_READS, {"ada@contoso.com"}, {"ben@contoso.com"}, False, "other"),
    ("m365_unified_audit", FORWARDING, {"ada@contoso.com"}, {"root@contoso.com"}, False, "mail_rule"),
    ("m365_unified_audit", OWN_RULE, {"ada@contoso.com"}, set(), False, "other"),
    ("m365_unified_audit", RESTRICTED, {"ada@contoso.com"}, set(), True, "credential"),
    ("m365_unified_audit", SERVICE_RECORD, set(), set(), False, "other"),
    ("m365_unified_audit", SHARED, {"ada@contoso.com"}, set(), False, "other"),
    ("azure_activity_log", AZURE_ROW, {"ada@contoso.com"}, set(), False, "other"),
    ("azure_activity_log", AZURE_BY_APP, set(), set(), False, "other"),
    ("intune", INTUNE_AUDIT, {"ada@contoso.com"}, set(), False, "other"),
    ("intune", INTUNE_DEVICE, {"ada@contoso.com"}, set(), False, "other"),
    ("exchange_message_trace", MESSAGE, {"ada@contoso.com"}, set(), False, "other"),
    ("graph_change_notification", NOTIFICATION, {ADA}, set(), False, "other"),
    ("graph_change_notification", LIFECYCLE, set(), set(), False, "other"),
    ("sentinel_table_row", AUDIT_TABLE_ROW, {"ada@contoso.com"}, {"root@contoso.com"}, False, "credential"),
    ("sentinel_table_row", RISK_TABLE_ROW, {"ada@contoso.com"}, set(), True, "token_theft"),
    ("sentinel_table_row", SIGN_IN_TABLE_ROW, {"ada@contoso.com"}, set(), False, "risk"),
    ("sentinel_table_row", OFFICE_TABLE_ROW, {"ada@contoso.com"}, {"ben@contoso.com"}, False, "other"),
)  # fmt: skip
