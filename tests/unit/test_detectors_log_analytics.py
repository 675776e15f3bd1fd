"""What Log Analytics gives of Sentinel's tables: rows, exports of the portal and answers of queries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from detectors import registry
from detectors.alert import Alert, Role
from detectors.decoding import decode_any

ADA = "0a0a0a0a-1111-4222-8333-444444444444"
APP = "0c0c0c0c-1111-4222-8333-444444444444"
TENANT = "0e0e0e0e-1111-4222-8333-444444444444"
WHEN = "2026-11-22T03:05:00Z"

SECURITY_ALERT = {
    "TenantId": TENANT, "TimeGenerated": WHEN, "SystemAlertId": "sa-1", "ProviderName": "IPC",
    "VendorName": "Microsoft", "AlertType": "AnomalousToken", "AlertName": "Anomalous Token",
    "Description": "A token was used in an unusual way", "AlertSeverity": "High", "Status": "New",
    "ExtendedProperties": "{}", "CompromisedEntity": "ada@contoso.com",
    "Entities": json.dumps([
        {"$id": "1", "Name": "ada", "UPNSuffix": "contoso.com", "AadUserId": ADA, "Type": "account"},
        {"$id": "2", "Address": "203.0.113.7", "Type": "ip"}]),
}  # fmt: skip
INCIDENT = {
    "TenantId": TENANT, "TimeGenerated": WHEN, "IncidentName": "i-1", "IncidentNumber": 7,
    "Title": "Anomalous Token", "Severity": "High", "Status": "New", "AlertIds": '["sa-1"]',
    "Owner": '{"userPrincipalName": "root@contoso.com"}', "RelatedAnalyticRuleIds": "[]",
}  # fmt: skip
AZURE_ACTIVITY = {
    "TenantId": TENANT, "SourceSystem": "Azure", "CallerIpAddress": "203.0.113.7", "CategoryValue": "Administrative",
    "OperationNameValue": "Microsoft.Authorization/roleAssignments/write", "Caller": "ada@contoso.com",
    "EventDataId": "e-1", "TimeGenerated": WHEN, "ActivityStatusValue": "Succeeded", "Type": "AzureActivity",
    "Claims": "", "Properties": "{}", "SubscriptionId": "s",
}  # fmt: skip
BEHAVIOUR = {
    "TenantId": TENANT, "SourceRecordId": "b-1", "TimeGenerated": WHEN, "ActivityType": "LogOn",
    "ActionType": "Sign-in", "UserName": "ada", "UserPrincipalName": "ada@contoso.com", "EventSource": "Azure AD",
    "SourceIPAddress": "203.0.113.7", "SourceDevice": "laptop-1", "TargetPrincipalName": "",
    "UsersInsights": json.dumps({"AccountObjectID": ADA, "BlastRadius": "Low"}), "DevicesInsights": "{}",
    "ActivityInsights": json.dumps({"FirstTimeUserConnectedFromCountry": "True"}), "InvestigationPriority": 3,
    "Type": "BehaviorAnalytics",
}  # fmt: skip


def read(payload: Any) -> list[Alert]:
    known = registry.recognise(payload)
    assert known.kind is not None, known.why
    findings = registry.read(known.kind, payload, "x", registry.bare_source(known.kind))
    assert all(isinstance(each, Alert) for each in findings), findings
    return [each for each in findings if isinstance(each, Alert)]


def names(alert: Alert, role: Role) -> set[str]:
    return {each.value for person in alert.persons if person.role is role for each in person.ids}


def answer(*rows: dict[str, Any]) -> dict[str, Any]:
    """As the query API of Log Analytics gives rows: columns apart, a cell for each."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[row.get(name) for name in columns] for row in rows]
    named = [{"name": name, "type": "string"} for name in columns]
    return {"tables": [{"name": "PrimaryResult", "columns": named, "rows": cells}]}


def test_an_exported_alert_is_sentinels_and_no_decoys() -> None:
    assert registry.recognise(SECURITY_ALERT).kind == "sentinel"
    (alert,) = read(SECURITY_ALERT)
    assert {"ada@contoso.com", ADA} <= names(alert, Role.VICTIM)
    assert (alert.actionable, alert.signal.value, alert.ips) == (
        True,
        "token_theft",
        ("203.0.113.7",),
    )


def test_a_decoys_alert_is_still_known() -> None:
    alert = {
        "AlertType": "CanarytokenIncident", "Description": "Canarytoken triggered", "SourceIP": "203.0.113.7",
        "IncidentKey": "canarytoken:1", "Token": "t", "Reminder": "The laptop of Ada",
    }  # fmt: skip
    assert registry.recognise(alert).kind == "thinkst_canary"


def test_the_portals_export_says_the_zone_behind_the_name() -> None:
    text = (
        '\ufeffTenantId,"TimeGenerated [UTC]",Id,AppId,AppDisplayName,UserId,UserPrincipalName,IPAddress,'
        "ResultType,SessionId,RiskState,Type\n"
        f'"{TENANT}","11/22/2026, 3:05:00.123 AM","s-1","{APP}",Mail,"{ADA}","ada@contoso.com",203.0.113.7,'
        '0,"session-1",none,SigninLogs\n'
    )
    (alert,) = read(decode_any(text.encode()))
    assert names(alert, Role.VICTIM) == {ADA, "ada@contoso.com"}
    assert alert.occurred_at == datetime(2026, 11, 22, 3, 5, 0, 123000, UTC)
    assert (alert.session_ids, alert.ips) == (("session-1",), ("203.0.113.7",))


@pytest.mark.parametrize(
    ("row", "kind", "victims", "acts"),
    [
        (SECURITY_ALERT, "security_alert", {"ada@contoso.com", ADA}, True),
        (INCIDENT, "incident", set(), False),
        (AZURE_ACTIVITY, "Administrative", {"ada@contoso.com"}, False),
        (BEHAVIOUR, "BehaviorAnalytics", {"ada@contoso.com", "ada", ADA}, False),
    ],
)
def test_an_answer_may_hold_rows_of_any_table(
    row: dict[str, Any], kind: str, victims: set[str], acts: bool
) -> None:
    (alert,) = read(answer(row))
    assert alert.kind == kind
    assert names(alert, Role.VICTIM) == victims
    assert alert.actionable is acts


def test_of_a_scored_activity_the_target_is_whom_it_is_about() -> None:
    row = {
        **BEHAVIOUR,
        "ActionType": "Reset user password",
        "TargetPrincipalName": "ben@contoso.com",
    }
    (alert,) = read(row)
    assert names(alert, Role.VICTIM) == {"ben@contoso.com"}
    assert "ada@contoso.com" in names(alert, Role.ACTOR)
    assert not alert.actionable


def test_a_few_columns_of_the_office_log_still_tell_whose_mailbox_it_was() -> None:
    row = {
        "TimeGenerated": WHEN, "UserId": "root@contoso.com", "ClientIP": "203.0.113.7", "Operation": "Set-Mailbox",
        "Parameters": json.dumps([{"Name": "Identity", "Value": "ada@contoso.com"},
                                  {"Name": "ForwardingSmtpAddress", "Value": "smtp:x@example.com"}]),
    }  # fmt: skip
    assert registry.recognise(row).kind == "sentinel_table_row"
    (alert,) = read(row)
    assert names(alert, Role.VICTIM) == {"ada@contoso.com"}
    assert names(alert, Role.ACTOR) == {"root@contoso.com"}
    assert (alert.actionable, alert.signal.value) == (False, "mail_rule")


@pytest.mark.parametrize(
    ("more", "victims"),
    [
        ({"UserPrincipalObjectID": ADA, "servicePrincipalId": ""}, {ADA}),
        ({"UserPrincipalObjectID": APP, "servicePrincipalId": APP}, set()),
        ({"UserPrincipalObjectID": APP, "C_Idtyp": "app"}, set()),
        ({"userId": ADA, "C_Idtyp": "user"}, {ADA}),
    ],
)
def test_a_request_to_graph_of_an_application_is_nobodys(
    more: dict[str, str], victims: set[str]
) -> None:
    row = {
        "time": WHEN, "category": "MicrosoftGraphActivityLogs", "operationName": "Microsoft Graph Activity",
        "resourceId": "/TENANTS/X", "tenantId": TENANT, "callerIpAddress": "203.0.113.7",
        "properties": {"requestId": "r-1", "requestMethod": "GET", "requestUri": "https://graph.microsoft.com/v1.0/users",
                       "appId": APP, **more},
    }  # fmt: skip
    (alert,) = read(row)
    assert names(alert, Role.VICTIM) == victims


DOWNLOAD = (
    "Date (UTC),Request ID,User agent,Correlation ID,User ID,User,Username,Incoming token type,"
    "Unique token identifier,Application,Application ID ,Resource,Home tenant ID,IP address,Location,Status,"
    "Sign-in error code,Failure reason,Client app,Device ID,Session ID,Autonomous system  number,"
    "Incoming token type,Conditional Access\n"
)


def test_sign_ins_are_read_as_the_admin_center_downloads_them() -> None:
    text = DOWNLOAD + (
        f"2026-11-22T03:05:00Z,r-1,curl/8,c-1,{ADA},Ada,ada@contoso.com,primaryRefreshToken,uti-1,Mail,{APP},"
        f'Graph,{TENANT},203.0.113.7,"Graz, Styria, AT",Success,None,Other.,Browser,,session-1,64500,none,success\n'
        f"2026-11-22T03:06:00Z,r-2,curl/8,c-2,{ADA},Ada,ada@contoso.com,none,uti-2,Mail,{APP},"
        f'Graph,{TENANT},203.0.113.8,"Graz, Styria, AT",Failure,50126,Wrong,Browser,,,64500,none,failure\n'
    )
    payload = decode_any(text.encode())
    assert registry.recognise(payload).kind == "entra_graph_log"
    good, failed = read(payload)
    assert names(good, Role.VICTIM) == {ADA, "ada@contoso.com"}
    assert (good.event_id, good.session_ids, good.token_ids) == ("r-1", ("session-1",), ("uti-1",))
    assert (good.ips, good.app_ids, good.user_agents) == (("203.0.113.7",), (APP,), ("curl/8",))
    assert good.occurred_at == datetime(2026, 11, 22, 3, 5, tzinfo=UTC)
    assert "failed" in failed.why
    assert not good.actionable


def test_a_downloaded_sign_in_of_an_application_is_nobodys() -> None:
    row = {
        "Date (UTC)": WHEN, "Request ID": "r-1", "Correlation ID": "c-1", "Service principal ID": APP,
        "Service principal name": "Backup", "Application": "Backup", "IP address": "203.0.113.7", "Status": "Success",
    }  # fmt: skip
    (alert,) = read(row)
    assert (alert.persons, alert.ips) == ((), ("203.0.113.7",))
