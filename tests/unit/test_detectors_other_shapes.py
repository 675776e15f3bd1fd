"""Shapes in which vendors send the same findings by other ways: their lines, their lists, other tools' files."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import registry
from detectors.alert import Role, Signal
from tests.unit.product_samples import ADA, BEN, EVE, NOBODY, Sample, sample
from tests.unit.test_detectors_products import named, payload, read

SAMPLES = [
    # Vectra: what it knows of an account or a host, and its lines
    sample("vectra", {"id": 3, "name": f"O365:{ADA}", "account_type": "o365", "threat": 60, "certainty": 35,
                      "severity": "High", "state": "active", "detection_summaries": [
                          {"detection_type": "O365 Suspicious Mail Forwarding",
                           "summary": {"destination_emails": [f"smtp:{EVE}"]}}]}, ADA),
    sample("vectra", {"id": 4, "name": NOBODY, "threat": 90, "certainty": 90, "severity": "critical",
                      "host_artifact_set": [], "detection_set": []}),
    sample("vectra", "Nov 22 03:05:00 v1 vectra_cef_account_detection -: CEF:0|Vectra Networks|X Series|8.1|x|"
                     f"Azure AD Session Hijacking|8|externalId=14 cat=COMMAND & CONTROL account=O365:{ADA} "
                     "flexNumber1Label=threat flexNumber1=80 cs5Label=triaged cs5=False",
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("vectra", "CEF:0|Vectra Networks|X Series|8.1|x|Azure AD Session Hijacking|8|externalId=14 cat=C2 "
                     f"account=O365:{ADA} flexNumber1Label=threat flexNumber1=80 cs5Label=triaged cs5=True",
           ADA, signal=Signal.SESSION_THEFT),
    sample("vectra", f"CEF:0|Vectra Networks|X Series|8.1|smb|SMB Brute-Force|7|cat=LATERAL MOVEMENT shost={NOBODY}"),
    sample("vectra", "CEF:0|Vectra Networks|X Series|8.1|lockdown|Account Lockdown|3|cat=LOCKDOWN suser=ben "
                     f"account=O365:{ADA}", ADA, actors=["ben"]),
    # Darktrace's lines
    sample("darktrace", "<165>Nov 22 03:05:00 d CEF:0|Darktrace|DCIP|6.1|5|SaaS/Compromise/Anomalous Sign-in|9|"
                        f"externalId=91 shost=SaaS::Office365: {ADA} src=203.0.113.9",
           ADA, acts=True, signal=Signal.RISK),
    sample("darktrace", f"CEF:0|Darktrace|DCIP|6.1|5|Device/New User Agent|9|externalId=92 shost={NOBODY}"),
    # Sigma results as Chainsaw and Hayabusa write them
    sample("sigma_result", {"group": "Sigma", "kind": "individual", "name": "Password Reset By User Account",
                            "level": "medium", "logsource": {"product": "windows"}, "id": "r",
                            "document": {"kind": "evtx", "data": {"Event": {"EventData": {
                                "TargetUserName": "ada", "SubjectUserName": "ben"}}}}},
           "ada", actors=["ben"], signal=Signal.CREDENTIAL),
    sample("sigma_result", {"Timestamp": "2026-11-22 03:05:00.000 +00:00", "RuleTitle": "Pass the Hash",
                            "Level": "high", "Channel": "Sec", "EventID": 4624, "RuleID": "r",
                            "Details": {"TgtUser": "ada", "SrcIP": "203.0.113.9"}},
           "ada", nameless=True, signal=Signal.CREDENTIAL),
    sample("sigma_result", {"RuleTitle": "Password Reset", "Level": "high", "Channel": "Sec", "EventID": 4724,
                            "Details": "TgtUser: ada ¦ SrcUser: ben", "MitreTags": ["T1098"]},
           "ada", actors=["ben"], acts=False, nameless=True, signal=Signal.CREDENTIAL),
    # OCSF as Security Hub sends it over EventBridge
    sample("ocsf_event", {"detail-type": "Findings Imported V2", "source": "aws.securityhub", "detail": {"findings": [
        {"class_uid": 2004, "category_uid": 2, "type_uid": 200401, "severity_id": 4, "metadata": {"version": "1.5.0"},
         "finding_info": {"uid": "f", "title": "Session cookie replayed"},
         "evidences": [{"actor": {"user": {"email_addr": ADA}}}]}]}},
        ADA, acts=True, signal=Signal.SESSION_THEFT),
    # Cortex: an incident with its alerts
    sample("cortex_xdr", {"reply": {"incident": {"incident_id": "2", "assigned_user_mail": BEN}, "alerts": {
        "total_count": 1, "data": [{"alert_id": "1", "detection_timestamp": 1575806904222, "is_whitelisted": "No",
                                    "name": "Local Analysis Malware", "user_name": "ada", "host_name": "h"}]}}}, "ada"),
    # Lacework over EventBridge and by webhook
    sample("lacework", {"source": "aws.lacework", "detail-type": "LW Event Summary", "detail": {
        "EVENT_ID": "42", "EVENT_TYPE": "NewUser", "SEVERITY": 2, "SUMMARY": "A new user"}}),
    sample("lacework", {"event_title": "Unusual Login", "lacework_account": "ACME", "event_id": "42",
                        "event_type": "UnusualLogin", "event_severity": "2"}),
    # Varonis by its own interface
    sample("varonis", {"Alert": [{"Alert.ID": "A1", "Alert.Rule.Name": "Password spraying",
                                  "Alert.Rule.Severity.Name": "High", "Alert.Status.Name": "Closed",
                                  "Alert.User.SamAccountName": ADA, "Alert.User.Name": "Ada (contoso.com)"}]},
           ADA, signal=Signal.CREDENTIAL),
    sample("varonis", {"Alert": [{"Alert.ID": "A1", "Alert.Rule.Name": "Password spraying",
                                  "Alert.Rule.Severity.Name": "High", "Alert.Status.Name": "New",
                                  "Alert.User.SamAccountName": ADA}]},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    # Abnormal's cases whose severity is a grade
    sample("abnormal_threat", {"caseId": 1, "affectedEmployee": ADA, "severity": "HIGH", "analysis": "Risk Event",
                               "description": "Account Compromised", "case_status": "Action Required"},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("abnormal_threat", {"caseId": 2, "affectedEmployee": ADA, "severity": "HIGH", "analysis": "Mail Received",
                               "description": "Credentials Compromised",
                               "case_status": "Acknowledged (Not an attack)"},
           ADA, signal=Signal.CREDENTIAL),
    # Elastic: what its fields say of an administrator and of whom he acted upon; one person by two names
    sample("elastic_ecs_document", {"kibana.alert.rule.name": "Session hijack suspected", "kibana.alert.uuid": "k",
                                    "kibana.alert.severity": "high", "user": {"name": BEN},
                                    "okta": {"target": [{"type": "User", "id": "00u1ada", "alternate_id": ADA},
                                                        {"type": "AppInstance", "alternate_id": EVE}]}},
           ADA, actors=[BEN], acts=True, signal=Signal.SESSION_THEFT),
    sample("elastic_ecs_document", {"kibana.alert.rule.name": "MFA method removed", "kibana.alert.uuid": "k",
                                    "kibana.alert.severity": "high", "azure": {"auditlogs": {"properties": {
                                        "initiated_by": {"user": {"userPrincipalName": BEN}},
                                        "target_resources": {"0": {"type": "User", "user_principal_name": ADA}}}}}},
           ADA, actors=[BEN], acts=True, signal=Signal.MFA),
    # Splunk's HTTP Event Collector around a notable event
    sample("splunk_alert", {"sourcetype": "stash", "index": "notable", "time": 1763780700, "event": {
        "rule_name": "Stolen session cookie", "urgency": "high", "security_domain": "identity", "user": ADA}},
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    # GuardDuty's sequences of an attack
    sample("aws_guardduty", {"id": "g", "type": "AttackSequence:IAM/CompromisedCredentials", "accountId": "1",
                             "severity": 9, "title": "Potential credential compromise",
                             "service": {"detectorId": "d", "detection": {"sequence": {"actors": [
                                 {"user": {"name": ADA, "type": "IAMUser"}},
                                 {"user": {"name": NOBODY, "type": "AWSService"}}]}}}},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    # a mark before the message of a line, and the row that Sentinel makes of one
    sample("cef", "<134>1 2026-11-22T03:05:00.000Z h app 1 - - \ufeffCEF:0|Example|IdP|1|9|Session hijack alert|9|"
                  f"duser={ADA} suser={BEN}",
           ADA, actors=[BEN], acts=True, signal=Signal.SESSION_THEFT),
    sample("leef", f"<134>1 2026-11-22T03:05:00.000Z h app 1 - - \ufeffLEEF:1.0|Example|IdP|1|logon|usrName={ADA}", ADA),
    sample("cef", {"Type": "CommonSecurityLog", "TimeGenerated": "2026-11-22T03:05:00Z", "DeviceVendor": "Example",
                   "DeviceProduct": "IdP", "DeviceEventClassID": "9", "Activity": "Session hijack alert",
                   "LogSeverity": "9", "DestinationUserName": ADA, "SourceUserName": BEN},
           ADA, actors=[BEN], acts=True, signal=Signal.SESSION_THEFT),
    # an application's account is nobody
    sample("google_secops", {"id": "de", "type": "RULE_DETECTION", "detection": [
        {"ruleName": "stolen_token", "severity": "HIGH", "alertState": "ALERTING"}],
        "collectionElements": [{"references": [{"event": {"metadata": {"eventType": "RESOURCE_READ"}, "principal": {
            "user": {"emailAddresses": ["ci@shop.iam.gserviceaccount.com"]}}}}]}]},
        nameless=True, signal=Signal.TOKEN_THEFT),
    # names that stand where nobody is named
    sample("cef", "CEF:0|Example|WAF|1|2|SQL injection|3|duser=Multiple"),
    sample("cef", "CEF:0|Example|Agent|1|2|Log Inspection|3|suser=(no user)"),
]  # fmt: skip

MONITORING: list[Any] = [
    {"event_type": "public_incident.incident_created_v2", "x": {"name": "Session errors", "creator": {"email": ADA}}},
    {"event": {"type": "incident.created", "issued_at": "2026-11-22"}, "data": {"title": "x", "user": {"email": ADA}}},
    {"event": {"operation": "CREATED", "resource_type": "incident"}, "data": {"incident": {"created_by": ADA}}},
    {"data": {"id": "1", "type": "incident", "attributes": {"cause": "Timeout", "acknowledged_by": ADA}}},
    {"page": {"id": "p", "status_indicator": "major"}, "incident": {"name": "Sign-in down"}},
    {"message_type": "CRITICAL", "entity_id": "disk", "state_message": "token service full"},
    {"messages": [{"type": "incident.trigger", "data": {"incident": {"assigned_to_user": {"email": ADA}}}}]},
    {"event_name": "new_item", "data": {"item": {"title": "SessionError", "last_occurrence": {"person": ADA}}}},
    {"project": {"name": "shop"}, "trigger": {"type": "firstException"}, "error": {"id": "e", "user": {"email": ADA}}},
    {"event": "occurred", "project": {"name": "shop"}, "fault": {"klass": "InvalidToken"}, "notice": {"email": ADA}},
    {"issue": {"id": "i", "state": "OPEN", "suggestion": "look", "fqdn": "h"}},
    {"alertid": "LM1", "level": "critical", "host": "h", "dpname": "cpu", "admin": "ada"},
    {"alertId": "a", "criticality": "WARNING", "resourceName": "vm", "status": "ACTIVE"},
    {"alert": {"id": 5, "name": "load"}, "conditions": [{}], "violations": {"h": []}, "account": ADA},
    {"check_result": {"triggered_condition": {"creator_user_id": "ada"}}, "stream": {"creator_user_id": "ada"}},
    {"action": "completed", "workflow_run": {"name": "CI"}, "repository": {"full_name": "a/b"}, "sender": {"login": ADA}},
    {"object_kind": "pipeline", "object_attributes": {"status": "failed"}, "user": {"email": ADA}},
    {"name": "job", "build": {"phase": "FINALIZED", "scm": {"culprits": ["ada"]}}},
    {"type": "workflow-completed", "workflow": {"status": "failed"}, "pipeline": {"author": ADA}},
    {"eventType": "build.complete", "publisherId": "tfs", "resource": {"requestedFor": {"uniqueName": ADA}}},
    {"event": "build.finished", "build": {"creator": {"email": ADA}}, "pipeline": {"slug": "x"}},
    {"kind": "Event", "reason": "BackOff", "involvedObject": {"kind": "Pod"}},
    {"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": {"alarmName": "cpu"}},
    {"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:x", "SubscribeURL": "https://example.com"},
]  # fmt: skip


def name_of(each: Sample) -> str:
    return f"{each.kind}-{SAMPLES.index(each)}"


@pytest.mark.parametrize("each", SAMPLES, ids=name_of)
def test_it_is_known_and_read_whatever_way_it_came(each: Sample) -> None:
    known = registry.recognise(payload(each))
    assert known.kind == each.kind, known.why
    (alert,) = read(each.kind, payload(each))
    victims, actors = named([alert], Role.VICTIM), named([alert], Role.ACTOR)
    assert each.victims <= victims
    assert bool(each.victims) == bool(victims)
    assert each.actors <= actors
    assert bool(each.actors) == bool(actors)
    assert not each.actors & victims
    assert EVE not in victims | actors
    assert (alert.actionable, alert.nameless, alert.signal) == (
        each.acts,
        each.nameless,
        each.signal,
    )


@pytest.mark.parametrize("event", MONITORING)
def test_an_alert_of_a_machine_names_nobody(event: Any) -> None:
    known = registry.recognise(event)
    assert known.kind == "monitoring_webhook", known.why
    (alert,) = read("monitoring_webhook", event)
    assert not alert.actionable
    assert not alert.persons


def test_an_address_and_an_id_of_one_person_are_one_person() -> None:
    event = {
        "event": "user.signed_in",
        "payload": {"account_id": "a", "object": {"id": "z", "email": ADA}},
    }
    (alert,) = read("zoom_webhook", event)
    (victim,) = alert.victims
    assert {each.value for each in victim.ids} == {ADA, "z"}


@pytest.mark.parametrize("users", [[ADA, BEN], f"{ADA}\n{BEN}"])
def test_several_users_in_one_field_of_splunk_are_all_named(users: Any) -> None:
    row = {"user": users, "sourcetype": "okta", "_time": "1763780700"}
    event = {"sid": "s", "search_name": "Session cookie replay", "results_link": "x", "result": row}
    (alert,) = read("splunk_alert", event)
    assert alert.actionable
    assert named([alert], Role.VICTIM) == {ADA, BEN}
    assert len(alert.victims) == 2


def test_a_sign_in_in_elastic_names_one_person_by_all_her_names() -> None:
    event = {
        "kibana.alert.rule.name": "Session hijack suspected",
        "kibana.alert.uuid": "k",
        "user": {"name": "ada"},
        "azure": {"signinlogs": {"properties": {"user_principal_name": ADA}}},
    }
    (alert,) = read("elastic_ecs_document", event)
    (victim,) = alert.victims
    assert {each.value for each in victim.ids} == {ADA, "ada"}
