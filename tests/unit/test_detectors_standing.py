"""A finding that its vendor has ended, judged harmless or prevented contains nobody, wherever it says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from detectors import registry
from detectors.alert import Alert

ADA = "ada@contoso.com"
COOKIE = "Session cookie theft"

CARBON_BLACK = {"org_key": "K", "id": "c", "reason": COOKIE, "device_name": "wks-1", "threat_id": "t",
                "device_username": ADA, "attack_technique": "T1539"}  # fmt: skip
CORTEX = {"alert_id": "x", "external_id": "e", "detection_timestamp": 1763780700000, "severity": "high",
          "name": COOKIE, "user_name": ADA, "mitre_technique_id_and_name": "T1539 - Steal Web Session Cookie",
          "action": "DETECTED"}  # fmt: skip
TREND = {"id": "WB-1", "workbenchLink": "https://example.com", "model": COOKIE, "severity": "high",
         "impactScope": {"entities": [{"entityType": "account", "entityValue": ADA}]}}  # fmt: skip
TREND_CLOUD = {
    **TREND,
    "impactScope": {"entities": [{"entityType": "cloudIdentity", "entityValue": ADA}]},
}
CYBEREASON = {"malopGuid": "1", "guid": "1", "status": "Active", "displayName": "chrome.exe",
              "malopDetectionType": COOKIE, "users": [{"displayName": ADA}]}  # fmt: skip
SENTINELONE: dict[str, Any] = {"id": "s", "agentRealtimeInfo": {}, "threatInfo": {
    "threatName": COOKIE, "classification": COOKIE, "processUser": ADA, "analystVerdict": "undefined",
    "incidentStatus": "unresolved"}}  # fmt: skip
DARKTRACE = {"id": "d", "summariser": "SaasHijackSummary", "category": "critical", "groupCategory": "critical",
             "title": "Possible Hijack of Zoom Account", "acknowledged": False,
             "breachDevices": [{"identifier": f"SaaS::Zoom: {ADA}"}]}  # fmt: skip
VECTRA = {"id": 7, "detection_type": COOKIE, "certainty": 80, "threat": 80, "state": "active",
          "filtered_by_user": False, "src_account": {"name": f"O365:{ADA}"}}  # fmt: skip
OCSF = {"class_uid": 2004, "category_uid": 2, "type_uid": 200401, "activity_id": 1, "severity_id": 4,
        "status_id": 1, "finding_info": {"uid": "f", "title": COOKIE},
        "evidences": [{"user": {"email_addr": ADA}}]}  # fmt: skip
HUB = {"Id": "h", "ProductArn": "p", "AwsAccountId": "1", "Title": "Stolen credentials used",
       "Types": ["TTPs/Initial Access"], "Severity": {"Label": "HIGH"}, "RecordState": "ACTIVE",
       "Workflow": {"Status": "NEW"},
       "Resources": [{"Type": "AwsIamUser", "Details": {"AwsIamUser": {"UserName": ADA}}}]}  # fmt: skip
RAPID7 = {"rrn": "rrn:alerts:us:o:alert:1", "alerted_at": "2026-11-22T03:05:00Z", "title": COOKIE,
          "priority": "HIGH", "status": "OPEN", "disposition": "UNDECIDED",
          "rule_matching_keys": [{"key": "user", "values": [ADA]}]}  # fmt: skip
SUMO = {"id": "i", "readableId": "INSIGHT-1", "name": COOKIE, "severity": "HIGH",
        "status": {"name": "new", "displayName": "New"}, "entity": {"entityType": "_username", "value": ADA}}  # fmt: skip
QRADAR = {"id": 4, "description": COOKIE, "offense_type": 3, "offense_source": ADA, "magnitude": 8, "status": "OPEN"}  # fmt: skip
SPLUNK = {"rule_name": COOKIE, "urgency": "high", "security_domain": "identity", "user": ADA,
          "event_id": "A@@notable@@b", "status": "1"}  # fmt: skip
FALCON = {"composite_id": "k:ind:1", "cid": "k", "product": "idp", "display_name": COOKIE, "severity_name": "High",
          "status": "new", "source_account_name": "ada", "source_account_upn": ADA}  # fmt: skip
SINGULARITY = {"id": "a", "attackSurfaces": ["IDENTITY"], "detectionSource": {"product": "Identity"}, "name": COOKIE,
               "analystVerdict": "UNDEFINED", "status": "NEW", "severity": "HIGH",
               "rawData": {"evidences": [{"actor": {"user": {"email_addr": ADA}}}]}}  # fmt: skip
SINGULARITY_DEVICE = {
    **SINGULARITY,
    "attackSurfaces": ["ENDPOINT"],
    "detectionSource": {"product": "EDR"},
}

ENDED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("carbonblack", CARBON_BLACK, {"workflow": {"status": "CLOSED"}}),
    ("carbonblack", CARBON_BLACK, {"workflow": {"state": "DISMISSED"}}),
    ("carbonblack", CARBON_BLACK, {"determination": {"value": "FALSE_POSITIVE"}}),
    ("carbonblack", CARBON_BLACK, {"run_state": "DID_NOT_RUN"}),
    ("cortex_xdr", CORTEX, {"action": "BLOCKED"}),
    ("cortex_xdr", CORTEX, {"action_pretty": "Prevented (Blocked)"}),
    ("cortex_xdr", CORTEX, {"resolution_status": "STATUS_060_RESOLVED_FALSE_POSITIVE"}),
    ("trend_vision_one", TREND, {"status": "Closed"}),
    ("trend_vision_one", TREND, {"investigationStatus": "False Positive"}),
    ("trend_vision_one", TREND_CLOUD, {"status": "Closed", "investigationResult": "True Positive"}),
    ("trend_vision_one", TREND_CLOUD, {"investigationResult": "Benign True Positive"}),
    ("cybereason", CYBEREASON, {"status": "Closed"}),
    ("sentinelone", SENTINELONE, {"threatInfo": {**SENTINELONE["threatInfo"], "analystVerdict": "false_positive"}}),
    ("sentinelone", SENTINELONE, {"threatInfo": {**SENTINELONE["threatInfo"], "incidentStatus": "resolved"}}),
    ("darktrace", DARKTRACE, {"acknowledged": True}),
    ("vectra", VECTRA, {"state": "fixed"}),
    ("vectra", VECTRA, {"filtered_by_user": True}),
    ("ocsf_event", OCSF, {"status_id": 3}),
    ("ocsf_event", OCSF, {"status_id": 4}),
    ("ocsf_event", OCSF, {"status_id": 5}),
    ("ocsf_event", OCSF, {"class_uid": 2005, "status_id": 5}),
    ("ocsf_event", OCSF, {"verdict_id": 1}),
    ("ocsf_event", OCSF, {"verdict": "False Positive"}),
    ("ocsf_event", OCSF, {"activity_id": 3}),
    ("aws_security_finding", HUB, {"RecordState": "ARCHIVED"}),
    ("aws_security_finding", HUB, {"Workflow": {"Status": "SUPPRESSED"}}),
    ("aws_security_finding", HUB, {"Sample": True}),
    ("insightidr_alert", RAPID7, {"status": "CLOSED"}),
    ("insightidr_alert", RAPID7, {"disposition": "BENIGN"}),
    ("sumo_logic_insight", SUMO, {"resolution": "False Positive"}),
    ("qradar_offense", QRADAR, {"status": "HIDDEN"}),
    ("crowdstrike_falcon", FALCON, {"status": "closed"}),
    ("crowdstrike_falcon", FALCON, {"status": "in_progress", "resolution": "false_positive"}),
    ("sentinelone_identity", SINGULARITY, {"status": "RESOLVED"}),
    ("sentinelone_identity", SINGULARITY, {"analystVerdict": "FALSE_POSITIVE_BENIGN"}),
    ("sentinelone_identity", SINGULARITY, {"analystVerdict": "BENIGN"}),
    ("sentinelone_identity", SINGULARITY_DEVICE, {"status": "RESOLVED"}),
    ("sentinelone_identity", SINGULARITY_DEVICE, {"analystVerdict": "FALSE_POSITIVE_BENIGN"}),
    ("splunk_alert", SPLUNK, {"status": "5"}),
    ("splunk_alert", SPLUNK, {"status_label": "In Progress", "disposition_label": "False Positive - Inaccurate Data"}),
    ("splunk_alert", SPLUNK, {"disposition": "disposition:2"}),
]  # fmt: skip


def read(kind: str, event: dict[str, Any]) -> Alert:
    (found,) = registry.read(kind, event, "x", registry.bare_source(kind))
    assert isinstance(found, Alert)
    return found


@pytest.mark.parametrize(("kind", "event", "change"), ENDED)
def test_what_has_ended_at_its_vendor_is_not_acted_upon(
    kind: str, event: dict[str, Any], change: dict[str, Any]
) -> None:
    assert read(kind, event).actionable
    ended = read(kind, {**event, **change})
    assert not ended.actionable
    assert ended.victims == read(kind, event).victims


@pytest.mark.parametrize("event", [TREND, TREND_CLOUD])
def test_a_new_alert_that_nobody_has_investigated_is_acted_upon(event: dict[str, Any]) -> None:
    """Trend Vision One says of every new alert that its investigation has no findings."""
    fresh = {"status": "Open", "investigationStatus": "New", "investigationResult": "No Findings"}
    assert read("trend_vision_one", {**event, **fresh}).actionable


@pytest.mark.parametrize(
    ("kind", "alert", "change"),
    [
        ("elastic_ecs_document", {"kibana.alert.rule.name": "Reported by users", "kibana.alert.severity": "low"},
         {"kibana.alert.workflow_status": "closed"}),
        ("splunk_alert", {"rule_name": "Reported by users", "urgency": "low", "security_domain": "identity",
                          "event_id": "A@@notable@@b", "status": "1"}, {"status": "5"}),
    ],
)  # fmt: skip
def test_the_event_inside_a_closed_alert_does_not_open_it_again(
    kind: str, alert: dict[str, Any], change: dict[str, Any]
) -> None:
    reported = json.dumps({
        "uuid": "u-1", "published": "2026-11-22T03:05:00Z", "outcome": {"result": "SUCCESS"}, "client": {},
        "eventType": "user.account.report_suspicious_activity_by_enduser", "debugContext": {"debugData": {}},
        "actor": {"id": "00uAda", "type": "User", "alternateId": ADA}, "target": [],
    })  # fmt: skip
    inside = (
        {"event": {"original": reported}} if kind == "elastic_ecs_document" else {"_raw": reported}
    )
    assert read(kind, {**alert, **inside}).actionable
    closed = read(kind, {**alert, **inside, **change})
    assert not closed.actionable
    assert closed.victims == read(kind, {**alert, **inside}).victims


def test_an_incident_on_hold_has_not_ended() -> None:
    assert read("ocsf_event", {**OCSF, "class_uid": 2005, "status_id": 3}).actionable


def test_how_grave_it_is_is_read_where_only_a_number_says_so() -> None:
    assert read("ocsf_event", OCSF).severity == "high"
    assert read("vectra", VECTRA).severity == "critical"
