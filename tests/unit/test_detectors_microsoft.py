"""Microsoft's detectors: whose an event is, whom it is about, who only acted, and what may follow."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from detectors import registry
from detectors.alert import Alert, Role
from detectors.decoding import decode_any
from tests.unit import microsoft_events as events
from tests.unit.microsoft_events import ADA, EVENTS


def read(kind: str, payload: Any) -> list[Alert]:
    findings = registry.read(kind, payload, "x", registry.bare_source(kind))
    assert all(isinstance(each, Alert) for each in findings)
    return [each for each in findings if isinstance(each, Alert)]


def names(alert: Alert, role: Role) -> set[str]:
    """How each person of a role is told: by address where there is one."""
    found = set()
    for person in alert.persons:
        if person.role is role:
            values = [each.value for each in person.ids]
            found.add(next((value for value in values if "@" in value), values[0]))
    return found


@pytest.mark.parametrize(("kind", "event", "victims", "actors", "acts", "signal"), EVENTS)
def test_an_event_is_known_and_names_whom_it_is_about(
    kind: str, event: Any, victims: set[str], actors: set[str], acts: bool, signal: str
) -> None:
    known = registry.recognise(event)
    assert known.kind == kind, known
    (alert,) = read(kind, event)
    assert names(alert, Role.VICTIM) == victims
    assert names(alert, Role.ACTOR) == actors
    assert (alert.actionable, alert.signal.value) == (acts, signal), alert.why


@pytest.mark.parametrize(("kind", "event"), [(kind, event) for kind, event, *_ in EVENTS])
def test_a_batch_and_lines_are_read_as_one_by_one(kind: str, event: Any) -> None:
    if kind == "graph_change_notification":
        return  # Graph sends its own envelope, and no lines
    lines = b"\n".join(json.dumps(each).encode() for each in (event, event))
    assert len(registry.parse(kind, lines, "x", registry.bare_source(kind))) == 2
    assert registry.recognise(decode_any(lines)).kind == kind


@pytest.mark.parametrize(
    ("more", "victims", "actors"),
    [
        ([], {"ben@contoso.com"}, {"root@contoso.com"}),
        ([{"ID": "Group", "Type": 2}], {"root@contoso.com"}, set()),
    ],
)
def test_a_target_is_a_user_by_its_principal_name(
    more: list[Any], victims: set[str], actors: set[str]
) -> None:
    target = [{"ID": "ben@contoso.com", "Type": 5}, {"ID": "10037FFE0A0A0A0A", "Type": 3}, *more]
    record = events.audit(
        "Add user.", 8, "AzureActiveDirectory", UserId="root@contoso.com", ObjectId="ben@contoso.com",
        Target=target,
    )  # fmt: skip
    (alert,) = read("m365_unified_audit", record)
    assert names(alert, Role.VICTIM) == victims
    assert names(alert, Role.ACTOR) == actors


@pytest.mark.parametrize(
    "wrapped",
    [
        {"o365audit": events.RESET, "event": {"category": "web"}},
        {"o365": {"audit": events.RESET}},
        {"data": {"office365": events.RESET}},
        {"office365": events.RESET},
        {"event": events.RESET, "sourcetype": "o365:management:activity"},
        {"result": {"_raw": json.dumps(events.RESET)}},
        {"UserIds": "root@contoso.com", "RecordType": 8, "AuditData": json.dumps(events.RESET)},
        {"@odata.type": "#microsoft.graph.security.auditLogRecord", "auditData": events.RESET},
    ],
)
def test_the_audit_log_is_found_in_its_wrappings(wrapped: Any) -> None:
    assert registry.recognise(wrapped).kind == "m365_unified_audit"
    (alert,) = read("m365_unified_audit", wrapped)
    assert names(alert, Role.VICTIM) == {"ada@contoso.com"}
    assert names(alert, Role.ACTOR) == {"root@contoso.com"}


@pytest.mark.parametrize(
    ("more", "signal"),
    [
        ({"Value": "smtp:stranger@example.com"}, "mail_rule"),
        ({"Value": "ben@contoso.com"}, "other"),
        ({"Value": "ben@mail.contoso.com"}, "other"),
        ({"Value": "ben@contoso.com;stranger@example.com"}, "mail_rule"),
        ({"Value": "Ben Brown"}, "other"),
        ({"Value": "ben@evilcontoso.com"}, "mail_rule"),
    ],
)
def test_forwarding_is_marked_where_it_leaves_the_organisation(more: Any, signal: str) -> None:
    record = events.audit(
        "New-InboxRule", 1, "Exchange", Parameters=[{"Name": "ForwardTo", **more}]
    )
    (alert,) = read("m365_unified_audit", record)
    assert alert.signal == signal
    assert not alert.actionable


@pytest.mark.parametrize(
    "user",
    ["NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)", "Certificate", "AirInvestigation", "DlpAgent",
     "ServicePrincipal_0c0c", "app@sharepoint", "SHAREPOINT\\system", "Not Available", "MS-PIM"],
)  # fmt: skip
def test_a_service_of_microsoft_365_is_nobody(user: str) -> None:
    for record in (
        events.audit(
            "Set-Mailbox", 1, "Exchange", UserId=user, UserType=4, ObjectId="host/x/SystemBox"
        ),
        events.audit(
            "Update user.", 8, "AzureActiveDirectory", UserId=user, UserType=4, ObjectId="Policy_1"
        ),
    ):
        (alert,) = read("m365_unified_audit", record)
        assert alert.persons == ()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"status": "resolved"}, "resolved in Defender"),
        ({"classification": "falsePositive"}, "a false positive"),
        ({"severity": "low"}, "as low only"),
        ({"severity": "informational"}, "as informational only"),
        ({"title": "Suspicious file", "mitreTechniques": [], "category": "Malware"}, "no token"),
    ],
)
def test_an_alert_is_acted_upon_only_while_defender_means_it(more: Any, why: str) -> None:
    (alert,) = read("graph_security_alert_v2", {**events.ALERT_V2, **more})
    assert not alert.actionable
    assert why in alert.why


def test_an_alert_is_known_without_its_evidence() -> None:
    alert = {
        key: value
        for key, value in events.ALERT_V2.items()
        if key not in {"evidence", "@odata.type"}
    }
    alert["alertWebUrl"] = "https://security.microsoft.com/alerts/a"
    assert registry.recognise(alert).kind == "graph_security_alert_v2"
    (found,) = read("graph_security_alert_v2", alert)
    assert (found.actionable, found.nameless, found.persons) == (False, True, ())


def test_an_incident_that_is_over_contains_nobody_whatever_its_alerts_say() -> None:
    for more in (
        {"status": "resolved"},
        {"status": "redirected"},
        {"classification": "falsePositive"},
    ):
        (alert,) = read("graph_security_incident", {**events.GRAPH_INCIDENT, **more})
        assert not alert.actionable
    (split,) = read("graph_security_incident", {**events.GRAPH_INCIDENT, "alerts": events.ALERT_V2})
    assert split.actionable
    assert split.event_id == "29:alert-1"


def test_an_incident_s_victims_are_those_of_the_alerts_that_ask_for_it() -> None:
    (alert,) = read("graph_security_incident", events.GRAPH_INCIDENT)
    assert "ben@contoso.com" in names(alert, Role.BYSTANDER)
    (theft,) = read("graph_security_incident", {**events.GRAPH_INCIDENT, "displayName": "Anomalous token",
                                                "alerts": []})  # fmt: skip
    assert theft.nameless


def test_whose_process_it_was_counts_where_no_user_is_named() -> None:
    process = {**events.PROCESS_EVIDENCE, "userAccount": {"userPrincipalName": "ada@contoso.com"}}
    (alert,) = read("graph_security_alert_v2", {**events.ALERT_V2, "evidence": [process]})
    assert names(alert, Role.VICTIM) == {"ada@contoso.com"}
    cleared = {**events.USER_EVIDENCE, "verdict": "noThreatsFound"}
    (alert,) = read("graph_security_alert_v2", {**events.ALERT_V2, "evidence": [cleared]})
    assert names(alert, Role.BYSTANDER) == {"ada@contoso.com"}
    assert alert.nameless


@pytest.mark.parametrize("severity", ["medium", "high"])
def test_an_account_that_defender_has_as_compromised_is_acted_upon(severity: str) -> None:
    evidence = [{**events.USER_EVIDENCE, "roles": ["compromised"]}]
    event = {**events.OTHER_ALERT, "severity": severity, "evidence": evidence}
    (alert,) = read("graph_security_alert_v2", event)
    assert alert.actionable


def test_a_row_of_an_alert_that_is_of_no_account_is_not_set_aside() -> None:
    row = copy.deepcopy(events.ALERT_EVIDENCE)
    row["properties"] |= {"EntityType": "Ip", "AccountUpn": "", "AccountObjectId": ""}
    (alert,) = read("defender_advanced_hunting", row)
    assert not alert.nameless
    assert not alert.actionable


@pytest.mark.parametrize(
    ("more", "actionable"),
    [
        ({"Title": "Session token replayed"}, True),
        ({"AlertTitle": "Password spray", "Severity": "High"}, True),
        ({"RuleName": "Password spray", "Severity": "Low"}, False),
        ({"Title": "New laptop", "Severity": "High"}, False),
        ({}, False),
    ],
)
def test_a_query_s_row_is_acted_upon_where_it_says_what_it_found(
    more: dict[str, str], actionable: bool
) -> None:
    (alert,) = read("defender_advanced_hunting", {**events.LOGON_ROW, **more})
    assert alert.actionable is actionable
    streamed = events.hunting("DeviceLogonEvents", **{**events.LOGON_ROW, **more})
    (alert,) = read("defender_advanced_hunting", streamed)
    assert not alert.actionable


@pytest.mark.parametrize("names_of", [str, str.lower], ids=["Defender", "Graph"])
def test_an_answer_is_known_whatever_columns_the_query_has_kept(names_of: Any) -> None:
    row = {
        "Timestamp": events.WHEN, "AccountUpn": "ada@contoso.com", "Title": "Token replay", "Severity": "High",
    }  # fmt: skip
    answer = {
        names_of("Schema"): [{names_of("Name"): name, names_of("Type"): "String"} for name in row],
        names_of("Results"): [row, {**row, "AccountUpn": "ben@contoso.com"}],
    }
    assert registry.recognise(answer).kind == "defender_advanced_hunting"
    alerts = read("defender_advanced_hunting", answer)
    assert [names(alert, Role.VICTIM) for alert in alerts] == [
        {"ada@contoso.com"},
        {"ben@contoso.com"},
    ]
    assert all(alert.actionable for alert in alerts)


def test_rows_of_a_query_are_read_one_by_one() -> None:
    answer = {"schema": [], "results": [events.LOGON_ROW, events.LOGON_ROW]}
    assert registry.recognise(answer).kind == "defender_advanced_hunting"
    assert len(read("defender_advanced_hunting", answer)) == 2
    table = {"tables": [{"name": "PrimaryResult", "columns": [{"name": key} for key in events.RISK_TABLE_ROW],
                         "rows": [list(events.RISK_TABLE_ROW.values())]}]}  # fmt: skip
    assert registry.recognise(table).kind == "sentinel_table_row"
    (alert,) = read("sentinel_table_row", table)
    assert alert.actionable


def test_the_siem_agent_of_cloud_apps_names_the_user() -> None:
    payload = decode_any(events.CLOUD_CEF.encode())
    assert registry.recognise(payload).kind == "defender_cloud_apps"
    (alert,) = read("defender_cloud_apps", payload)
    assert names(alert, Role.VICTIM) == {"ada@contoso.com"}
    assert alert.actionable
    assert alert.ips == ("203.0.113.7",)


@pytest.mark.parametrize(
    ("kind", "event"),
    [("entra_graph_log", events.GRAPH_SIGN_IN), ("graph_risk_detection", events.RISK_DETECTION)],
)
def test_the_id_of_a_sign_in_or_detection_is_not_its_user_s(kind: str, event: Any) -> None:
    (alert,) = read(kind, {**event, "userId": None})
    assert [each.value for each in alert.victims[0].ids] == ["ada@contoso.com"]
    (alert,) = read(kind, {**event, "userId": None, "userPrincipalName": None})
    assert alert.persons == ()


def test_a_risky_user_s_next_risk_is_another_finding() -> None:
    (first,) = read("graph_risky_user", events.RISKY_USER)
    (later,) = read(
        "graph_risky_user", {**events.RISKY_USER, "riskLastUpdatedDateTime": "2026-12-01T00:00:00Z"}
    )
    assert first.event_id != later.event_id
    assert first.victims[0].ids[0].value == ADA


def test_a_notification_never_tells_the_subscription_s_secret() -> None:
    for event in (events.NOTIFICATION, events.LIFECYCLE):
        (alert,) = read("graph_change_notification", event)
        assert "hunter2" not in alert.model_dump_json()
        changed = copy.deepcopy(event)
        changed["value"][0]["clientState"] = "other"
        (same,) = read("graph_change_notification", changed)
        assert same.event_id == alert.event_id


@pytest.mark.parametrize(
    ("resource", "person"),
    [
        (f"users/{ADA}/mailFolders('inbox')/messages", ADA),
        (f"Users/{ADA}", ADA),
        ("users/ada@contoso.com/messages", "ada@contoso.com"),
        (f"identityProtection/riskyUsers/{ADA}", ADA),
        ("groups/0c0c0c0c-1111-4222-8333-444444444444/members", None),
        ("security/alerts_v2/da-1", None),
        ("users", None),
    ],
)
def test_a_notification_s_resource_names_the_person_where_it_does(
    resource: str, person: str | None
) -> None:
    (alert,) = read(
        "graph_change_notification",
        {"subscriptionId": "s", "changeType": "updated", "resource": resource},
    )
    assert [each.value for who in alert.victims for each in who.ids] == ([person] if person else [])
    assert not alert.actionable


def test_of_mail_that_leaves_the_sender_is_the_person() -> None:
    out = {
        **events.MESSAGE,
        "SenderAddress": "ada@contoso.com",
        "RecipientAddress": "stranger@example.com",
    }
    (alert,) = read("exchange_message_trace", out)
    assert names(alert, Role.VICTIM) == {"ada@contoso.com"}


def test_who_is_given_a_role_in_azure_is_the_one_it_is_about() -> None:
    body = {"Properties": {"PrincipalId": ADA, "PrincipalType": "User"}}
    row = copy.deepcopy(events.AZURE_ROW) | {"properties": {"requestbody": json.dumps(body)}}
    row["identity"]["claims"] = {"upn": "root@contoso.com"}
    (alert,) = read("azure_activity_log", row)
    assert names(alert, Role.VICTIM) == {ADA}
    assert names(alert, Role.ACTOR) == {"root@contoso.com"}


@pytest.mark.parametrize(
    ("more", "signal"),
    [
        ({"authenticationProtocol": "deviceCode", "appId": "29d9ed98-a469-4536-ade2-f981bc1d605e"}, "token_theft"),
        ({"authenticationProtocol": "deviceCode"}, "other"),
        ({"appId": "aebc6443-996d-45c2-90f0-388ff96faa56", "resourceDisplayName": "Microsoft Graph"}, "token_theft"),
        ({"appId": "aebc6443-996d-45c2-90f0-388ff96faa56", "resourceDisplayName": "Else"}, "other"),
        ({"authenticationProtocol": "ropc"}, "credential"),
        ({"status": {"errorCode": 50053}}, "credential"),
        ({"status": {"errorCode": 50053}, "autonomousSystemNumber": 8075}, "other"),
    ],
)  # fmt: skip
def test_a_sign_in_of_a_kind_that_phishing_needs_is_marked_and_contains_nobody(
    more: Any, signal: str
) -> None:
    (alert,) = read("entra_graph_log", {**events.GRAPH_SIGN_IN, **more})
    assert alert.signal == signal
    assert not alert.actionable


@pytest.mark.parametrize(
    ("life", "what"),
    [
        ("reauthorizationRequired", "Renew the subscription"),
        ("subscriptionRemoved", "Make the subscription anew"),
        ("missed", "Look by hand"),
        ("somethingNew", "Look at the subscription"),
    ],
)
def test_a_lifecycle_event_says_what_people_have_to_do_and_contains_nobody(
    life: str, what: str
) -> None:
    event = {"subscriptionId": "s", "lifecycleEvent": life, "resource": f"Users('{ADA}')/Messages",
             "subscriptionExpirationDateTime": "2026-03-02T10:00:00Z"}  # fmt: skip
    (alert,) = read("graph_change_notification", {"value": [event]})
    assert alert.to_do.startswith(what)
    assert "2026-03-02T10:00:00Z" in alert.why
    assert not alert.persons
    (change,) = read("graph_change_notification", events.NOTIFICATION)
    assert change.to_do == ""
