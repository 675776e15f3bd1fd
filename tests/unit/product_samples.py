"""Invented events of products, and what has to come out of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from detectors.alert import Signal

ADA, BEN, EVE = "ada@contoso.com", "ben@contoso.com", "eve@example.com"
USER_ADA = {"email": ADA, "id": "W0000ADA", "name": "Ada"}
USER_BEN = {"email": BEN, "id": "W0000BEN", "name": "Ben"}
NOBODY = "svc-nobody"


@dataclass(frozen=True)
class Sample:
    """An invented event and what has to come out. ``victims`` and ``actors`` are found among the ids."""

    kind: str
    event: Any
    victims: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    bystanders: frozenset[str] = frozenset()
    acts: bool = False
    nameless: bool = False
    signal: Signal = Signal.OTHER


def sample(kind: str, event: Any, *victims: str, **more: Any) -> Sample:
    for role in ("actors", "bystanders"):
        more[role] = frozenset(more.get(role, ()))
    return Sample(kind, event, frozenset(victims), **more)


def push(kind: str, new: Any, **more: Any) -> Any:
    return {
        "id": "p-1",
        "version": "1",
        "object": kind,
        "timestamp": 1698604061.0,
        "new": new,
        **more,
    }


def slack(action: str, **more: Any) -> Any:
    return {"id": "s-1", "date_create": 1521214343, "action": action,
            "actor": {"type": "user", "user": USER_BEN},
            "context": {"location": {"type": "enterprise", "id": "E1"}, "ua": "x", "ip_address": "203.0.113.7"},
            **more}  # fmt: skip


def falcon(kind: str, **event: Any) -> Any:
    return {"metadata": {"customerIDString": "c1", "offset": 1, "eventType": kind, "version": "1.0"},
            "event": event}  # fmt: skip


def force(kind: str, **more: Any) -> Any:
    return {"EVENT_TYPE": kind, "ORGANIZATION_ID": "00D1", "USER_ID": "0055f1", "USER_NAME": ADA,
            "SESSION_KEY": "key-1", "TIMESTAMP_DERIVED": "2026-11-22 03:05:00.123", **more}  # fmt: skip


def ocsf(class_uid: int, **more: Any) -> Any:
    return {"class_uid": class_uid, "category_uid": class_uid // 1000, "activity_id": 1, "time": 1766372700000,
            "metadata": {"version": "1.3.0", "product": {"name": "x"}, "uid": "o-1"}, **more}  # fmt: skip


def ecs(**more: Any) -> Any:
    return {"@timestamp": "2026-11-22T03:05:00Z", "ecs": {"version": "8.11.0"}, **more}


OKTA = {"uuid": "u-1", "published": "2026-11-22T03:05:00Z",
        "eventType": "user.account.report_suspicious_activity_by_enduser",
        "actor": {"id": "00uAdaAdaAdaAdaAda1d7", "type": "User", "alternateId": ADA},
        "client": {}, "outcome": {"result": "SUCCESS"}, "debugContext": {"debugData": {}}, "target": []}  # fmt: skip
IDP = {"SourceAccountUpn": ADA, "SourceAccountName": "ada", "SeverityName": "High"}
CEF = "CEF:0|Contoso|Gate|1|7|{name}|9|duser={victim} suser={actor} src=203.0.113.7"
S1 = {"id": "i-1", "name": "Session cookie theft suspected", "detectedAt": "2026-11-22T03:05:00Z",
      "attackSurfaces": ["IDENTITY"], "detectionSource": {"product": "Identity"}, "status": "NEW"}  # fmt: skip

SAMPLES = [
    # Push Security
    sample("push_security", push("PASSWORD_PHISHING", {"employee": {"email": ADA}, "mode": "MONITOR"}),
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("push_security", push("PASSWORD_PHISHING", {"employee": {"email": ADA}, "mode": "BLOCK"}),
           ADA, signal=Signal.SESSION_THEFT),
    sample("push_security", push("PHISHING_TOOL_DETECTED", {"employee": {"email": ADA}, "mode": "WARN", "action": "DISPLAYED"}),
           ADA, signal=Signal.SESSION_THEFT),
    sample("push_security", push("PHISHING", {"employee": {"email": ADA}, "response": "EMPLOYEE_WARNED"}),
           ADA, signal=Signal.SESSION_THEFT),
    sample("push_security", push("PHISHING", {"employee": {"email": ADA}, "response": "EMPLOYEE_IGNORED_WARNING"}),
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("push_security", {"id": "p-1", "version": "1", "object": "EMPLOYEE", "type": "DELETE", "timestamp": 1698604061,
                             "old": {"email": ADA, "licensed": False}}, ADA),
    sample("push_security", push("ADMIN_LOADED_DATA", {"query": "events"}, actor={"email": BEN, "source": "UI"}), BEN),
    sample("push_security", push("ADMIN_LOADED_DATA", {"query": "events"}, actor={"apiKeyName": "export", "source": "API"})),
    sample("push_security", push("DETECTION", {"employee": {"email": ADA}, "detectionType": "STOLEN_SESSION_TOKEN"}),
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("push_security", push("ACCOUNT", {"email": ADA, "mfaMethods": []}, old={"mfaMethods": ["SMS"]}),
           ADA, signal=Signal.MFA),
    sample("push_security", push("ACCOUNT", {"email": ADA, "mfaMethods": ["APP_OTP"]}, old=None), ADA),
    sample("push_security", push("LOGIN", {"email": ADA, "leakedPassword": False}), ADA),
    sample("push_security", push("APP", {"type": "ZAPIER", "id": "a-1", "ownerId": "o-1"})),
    # CrowdStrike
    sample("crowdstrike_falcon", falcon("IdpDetectionSummaryEvent", DetectName="Stolen session token used", **IDP),
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("crowdstrike_falcon", falcon("IdpDetectionSummaryEvent", DetectName="Anomalous RPC",
                                        **{**IDP, "SeverityName": "Low"}), ADA, signal=Signal.RISK),
    sample("crowdstrike_falcon", {"composite_id": "c", "cid": "c", "product": "idp", "severity": 70, "status": "new",
                                  "display_name": "Credential stuffing", "source_account_upn": ADA},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("crowdstrike_falcon", {"composite_id": "c", "cid": "c", "product": "fcs", "severity": 70, "status": "new",
                                  "name": "Security group opened", "source_account_name": NOBODY, "user_name": "ada"},
           "ada"),
    sample("crowdstrike_falcon", {"composite_id": "c", "cid": "c", "product": "epp", "severity": 30, "status": "new",
                                  "name": "Tool disabled", "user_name": "SYSTEM", "user_id": "S-1-5-21-1-2-3-4"}),
    sample("crowdstrike_falcon", falcon("EppDetectionSummaryEvent", Name="Known Malware", UserName="ada"), "ada"),
    sample("crowdstrike_falcon", falcon("AuthActivityAuditEvent", OperationName="resetUserPassword", UserId=BEN,
                                        AuditKeyValues=[{"Key": "target_name", "ValueString": ADA},
                                                        {"Key": "actor_user", "ValueString": BEN}]),
           ADA, actors=[BEN], signal=Signal.CREDENTIAL),
    sample("crowdstrike_falcon", falcon("APIActivityAuditEvent", OperationName="logged", UserId="")),
    sample("crowdstrike_falcon", {"event_simpleName": "ProcessRollup2", "aid": "a", "cid": "c",
                                  "UserSid": "S-1-5-18", "UserName": "HOST-1$"}),
    # SentinelOne
    sample("sentinelone_identity", {**S1, "rawData": {"severity_id": 4, "evidences": [
        {"actor": {"user": {"name": "ada", "email_addr": ADA}}}]}}, ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("sentinelone_identity", {**S1, "name": "Domain Controller Discovery Detected"}),
    sample("sentinelone_identity", {"data": {"alerts": {"edges": [{"node": {
        **S1, "name": "Password change detected", "severity": "HIGH", "attackSurfaces": ["ENDPOINT"],
        "analystVerdict": "UNDEFINED", "detectionSource": {"product": "CWS"}}}]}}}),
    sample("sentinelone", {"threatInfo": {"threatId": "t", "processUser": "CONTOSO\\ada", "threatName": "x.exe"},
                           "agentRealtimeInfo": {"agentId": "1"},
                           "agentDetectionInfo": {"agentLastLoggedInUserName": "ben"}},
           "CONTOSO\\ada", bystanders=["ben"]),
    # Salesforce
    sample("salesforce_event", force("SessionHijackingEventStore", SCORE=0.9), ADA, acts=True,
           signal=Signal.SESSION_THEFT),
    sample("salesforce_event", {"EventIdentifier": "e-1", "EventDate": "2026-11-22T03:05:00Z", "UserId": "0055f1",
                                "Username": ADA, "LoginKey": "k", "eventType": "CredentialStuffingEvent"},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("salesforce_event", force("ApiAnomalyEventStore"), ADA, signal=Signal.RISK),
    sample("salesforce_event", force("LoginAs", DELEGATED_USER_NAME=BEN), ADA, actors=[BEN],
           signal=Signal.CREDENTIAL),
    sample("salesforce_event", force("Login", USER_TYPE="AutomatedProcess", USER_NAME=NOBODY)),
    # Slack
    sample("slack_audit", slack("user_session_reset_by_admin", entity={"type": "user", "user": USER_ADA}),
           ADA, actors=[BEN]),
    sample("slack_audit", slack("anomaly", details={"reason": ["session_fingerprint"]}), BEN, acts=True,
           signal=Signal.SESSION_THEFT),
    sample("slack_audit", slack("anomaly", details={"reason": ["asn"]}), BEN, signal=Signal.RISK),
    sample("slack_audit", {"entries": [slack("app_installed", entity={"type": "app", "app": {"id": "A1"}})]},
           BEN, signal=Signal.CONSENT),
    # OCSF
    sample("ocsf_event", ocsf(2004, finding_info={"title": "Session cookie replayed", "uid": "f"}, severity_id=4,
                              evidences=[{"user": {"name": "ada", "email_addr": ADA, "type_id": 1}}]),
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("ocsf_event", ocsf(2004, finding_info={"title": "Session cookie replayed"}, severity_id=4,
                              disposition_id=2, evidences=[{"user": {"email_addr": ADA}}]),
           ADA, signal=Signal.SESSION_THEFT),
    sample("ocsf_event", ocsf(3001, user={"email_addr": ADA}, actor={"user": {"email_addr": BEN}}), ADA, actors=[BEN]),
    sample("ocsf_event", ocsf(6003, actor={"user": {"name": NOBODY, "type_id": 3}})),
    sample("ocsf_event", ocsf(2002, finding_info={"title": "CVE-2026-1 token leak"}, severity_id=5)),
    # SIEMs
    sample("elastic_ecs_document", ecs(**{"kibana.alert.rule.name": "Stolen session cookie replay",
                                          "kibana.alert.severity": "high", "kibana.alert.uuid": "k",
                                          "user": {"name": "ada", "email": ADA}}),
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("elastic_ecs_document", {"context": {"alerts": [ecs(
        kibana={"alert": {"rule": {"name": "Session hijack"}, "severity": "high", "workflow_status": "closed"}},
        user={"email": ADA})]}}, ADA, signal=Signal.SESSION_THEFT),
    sample("elastic_ecs_document", ecs(event={"kind": "event", "action": "user-password-reset"},
                                       user={"name": "ben", "email": BEN, "target": {"email": ADA}}),
           ADA, actors=[BEN], signal=Signal.CREDENTIAL),
    sample("elastic_ecs_document", ecs(event={"kind": "event", "original": json.dumps(OKTA)}),
           ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("elastic_ecs_document", {"hits": {"hits": [{"_id": "h", "_source": ecs(event={"action": "login"},
                                    user={"email": ADA})}]}}, ADA),
    sample("splunk_alert", {"sid": "1", "search_name": "Okta session token theft", "owner": BEN, "app": "search",
                            "results_link": "https://x", "result": {"user": ADA, "src": "203.0.113.7"}},
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("splunk_alert", {"search_name": "Access - Password reset - Rule", "urgency": "low", "event_id": "n",
                            "security_domain": "access", "user": ADA, "src_user": BEN},
           ADA, actors=[BEN], signal=Signal.CREDENTIAL),
    sample("splunk_alert", {"rule_name": "Risk threshold", "risk_object": "HOST-9", "risk_object_type": "system",
                            "urgency": "critical"}, nameless=True, signal=Signal.RISK),
    sample("splunk_alert", {"sid": "1", "search_name": "Reported by users", "results_link": "https://x",
                            "result": {"_raw": json.dumps(OKTA)}}, ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("google_secops", {"id": "de_1", "type": "RULE_DETECTION", "detectionTime": "2026-11-22T03:05:00Z",
                             "detection": [{"ruleName": "session_cookie_theft", "alertState": "ALERTING",
                                            "severity": "HIGH"}],
                             "collectionElements": [{"references": [{"event": {
                                 "principal": {"user": {"emailAddresses": [BEN]}},
                                 "target": {"user": {"emailAddresses": [ADA]}}}}]}]},
           ADA, actors=[BEN], acts=True, signal=Signal.SESSION_THEFT),
    sample("google_secops", {"metadata": {"event_type": "USER_LOGIN", "vendor_name": "x"},
                             "principal": {"ip": ["203.0.113.7"]}, "target": {"user": {"userid": ADA}}}, ADA),
    sample("sigma_result", {"title": "Stolen web session cookie", "id": "r", "level": "high",
                            "tags": ["attack.t1539"], "matches": [{"userPrincipalName": ADA}]},
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("wazuh_alert", {"timestamp": "2026-11-22T03:05:00Z", "manager": {"name": "m"}, "agent": {"id": "000"},
                           "rule": {"id": "1", "level": 3, "description": "Logon", "groups": []},
                           "data": {"win": {"eventdata": {"targetUserName": "ada", "subjectUserName": "HOST$"}}}},
           "ada"),
    sample("wazuh_alert", {"agent": {"id": "000"}, "rule": {"id": "1", "level": 3, "description": "Okta event"},
                           "data": OKTA}, ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("cef", CEF.format(name="Password reset", victim=ADA, actor=BEN), ADA, actors=[BEN],
           signal=Signal.CREDENTIAL),
    sample("leef", "LEEF:1.0|Contoso|Gate|1|login|usrName=ada@contoso.com\tsev=3\tsrc=203.0.113.7", ADA),
    sample("varonis", "CEF:0|Varonis Inc.|DatAdvantage|8|1|Alert|3|cat=Alert suser=eve@example.com "
                      "cs2=Lockout cs2Label=RuleName duser=CONTOSO\\\\ada", "CONTOSO\\ada"),
    # monitoring names nobody and is never acted upon
    sample("monitoring_webhook", {"receiver": "soc", "status": "firing", "alerts": [
        {"labels": {"alertname": "Session token theft", "user": ADA}, "startsAt": "2026-11-22T03:05:00Z"}]}),
    sample("monitoring_webhook", {"title": "[Alerting] CPU", "ruleName": "CPU", "state": "alerting",
                                  "evalMatches": []}),
    sample("monitoring_webhook", {"title": "Token errors", "type": "metric alert", "query": "avg(x)",
                                  "monitor_id": "1"}),
    sample("monitoring_webhook", {"routing_key": "r", "event_action": "trigger",
                                  "payload": {"summary": "cookie jar full", "severity": "critical"}}),
    sample("monitoring_webhook", {"project_name": "shop", "level": "error", "culprit": "x", "message": "m",
                                  "event": {"event_id": "e", "user": {"email": ADA}}}),
    sample("monitoring_webhook", {"AlarmName": "CPU", "NewStateValue": "ALARM"}),
    sample("monitoring_webhook", {"trigger_id": "1", "hostname": "h", "trigger_severity": "High"}),
    sample("monitoring_webhook", {"message": "a credential was stolen"}),
    # audit logs
    sample("anthropic_audit", {"id": "a", "created_at": "2026-05-07T10:00:00Z", "organization_id": "o",
                               "type": "sso_login_succeeded",
                               "actor": {"type": "user_actor", "email_address": ADA}}, ADA),
    sample("anthropic_audit", {"id": "a", "created_at": "x", "organization_id": "o", "type": "x",
                               "actor": {"type": "api_actor", "user_id": NOBODY}}),
    sample("asana_audit", {"gid": "1", "event_type": "user_removed", "event_category": "users", "context": {},
                           "actor": {"actor_type": "user", "email": BEN, "gid": "b"},
                           "resource": {"resource_type": "user", "email": ADA, "gid": "a"}}, ADA, actors=[BEN]),
    sample("atlassian_audit", {"id": "1", "attributes": {"action": "user_logged_in_as_user",
                               "actor": {"email": BEN, "id": "b"},
                               "context": [{"type": "users", "id": "a", "attributes": {"email": ADA}}]}},
           ADA, actors=[BEN], signal=Signal.CREDENTIAL),
    sample("box_event", {"type": "event", "event_type": "SHIELD_ALERT",
                         "created_by": {"type": "user", "id": "a", "login": ADA},
                         "additional_details": json.dumps({"shield_alert": {
                             "rule_category": "Suspicious Sessions", "risk_score": 70}})},
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("box_event", {"type": "event", "event_type": "EDIT_USER",
                         "created_by": {"type": "user", "id": "b", "login": BEN},
                         "source": {"type": "user", "id": "a", "login": ADA}}, ADA, actors=[BEN]),
    sample("dropbox", {"involve_non_team_member": False, "event_type": {"_tag": "sign_in_as_session_start"},
                       "actor": {"_tag": "admin", "admin": {"email": BEN}},
                       "context": {"_tag": "team_member", "email": ADA}},
           ADA, actors=[BEN], signal=Signal.CREDENTIAL),
    sample("github_audit", {"action": "org.disable_two_factor_requirement", "actor": "ada", "org": "contoso"},
           "ada", signal=Signal.MFA),
    sample("github_audit", {"action": "org.enable_two_factor_requirement", "actor": "ada", "org": "contoso"}, "ada"),
    sample("github_audit", {"action": "oauth_authorization.destroy", "_document_id": "d-1", "created_at": 1795316700000,
                            "explanation": "expired", "user": "ada", "user_id": 7}, "ada", signal=Signal.CONSENT),
    sample("github_audit", {"action": "org.invite_member", "actor": "helper[bot]", "actor_id": 9, "org": "contoso"}),
    sample("github_audit", {"action": "org.invite_member", "actor": "ben", "user": "ada", "org": "contoso"},
           "ada", actors=["ben"]),
    sample("notion_audit", {"event": {"id": "n", "type": "user.login", "workspace_id": "w",
                                      "actor": {"type": "person", "id": "p", "person": {"email": ADA}}}}, ADA),
    sample("notion_audit", {"event": {"id": "n", "type": "page.edited", "workspace_id": "w",
                                      "actor": {"type": "bot", "id": NOBODY}}}),
    sample("openai_audit", {"id": "o", "object": "organization.audit_log", "type": "login.failed",
                            "actor": {"type": "session", "session": {"user": {"id": "u", "email": ADA}}}}, ADA),
    sample("openai_audit", {"id": "o", "object": "organization.audit_log", "type": "project.updated",
                            "actor": {"type": "api_key", "api_key": {"type": "service_account",
                                      "service_account": {"id": NOBODY}}}}),
    sample("snowflake_login", {"EVENT_ID": "1", "EVENT_TYPE": "LOGIN", "USER_NAME": ADA, "IS_SUCCESS": "YES",
                               "FIRST_AUTHENTICATION_FACTOR": "PASSWORD"}, ADA),
    sample("sublime", {"id": "s", "type": "rules.delete", "created_at": "2026-11-22 03:05:00",
                       "created_by": {"email_address": ADA, "id": "u"}, "data": {"request": {"ip": "203.0.113.7"}}},
           ADA),
    sample("sublime", {"type": "message.flagged", "created_at": "x", "data": {
        "flagged_rules": [{"name": "Credential phishing"}], "message": {"mailbox": {"email_address": ADA}}}},
           bystanders=[ADA]),
    sample("tines_audit", {"id": 1, "operation_name": "Login", "tenant_id": "8", "user_email": ADA}, ADA),
    sample("wiz", {"id": "w", "action": "DeleteUser", "actionParameters": {}, "requestId": "r",
                   "user": {"id": "x", "name": ADA}, "serviceAccount": None}, ADA),
    sample("wiz", {"id": "w", "action": "DeleteUser", "actionParameters": {}, "requestId": "r",
                   "user": None, "serviceAccount": {"id": NOBODY, "name": NOBODY}}),
    sample("zendesk_audit", {"id": 1, "actor_id": 5, "actor_name": "Ben", "source_id": 7, "source_type": "user",
                             "source_label": "Ada", "action": "update"}, "7", actors=["5"]),
    sample("zendesk_audit", {"id": 1, "actor_id": 5, "source_type": "account_setting", "action": "create",
                             "source_label": "Require Two Factor", "change_description": "Disabled"},
           "5", signal=Signal.MFA),
    sample("confluence_audit", {"results": [{
        "summary": "User added to group", "category": "Users and groups", "creationDate": 1795316700000,
        "author": {"type": "user", "username": "ben", "accountId": "b-1", "accountType": "atlassian"},
        "affectedObject": {"name": "admins", "objectType": "Group"}, "remoteAddress": "203.0.113.7",
        "associatedObjects": [{"name": "ada", "objectType": "User"}]}]}, "ada", actors=["ben"]),
    sample("confluence_audit", {"summary": "Space exported", "category": "Import/Export", "creationDate": 1795316700000,
                                "author": {"accountId": NOBODY, "accountType": "app"}, "changedValues": [],
                                "affectedObject": {"name": "wiki", "objectType": "Space"}}),
    sample("jira_audit", {"id": 3, "summary": "User added to group", "category": "group management",
                          "created": "2026-11-22T03:05:00.000+0000", "remoteAddress": "203.0.113.7", "authorKey": "ben",
                          "eventSource": "", "objectItem": {"name": "jira-admins", "typeName": "GROUP"},
                          "associatedItems": [{"id": "ada", "name": "ada", "typeName": "USER"}]}, "ada", actors=["ben"]),
    sample("jira_audit", {"records": [{"summary": "Global permission added", "category": "permissions", "eventSource": "",
                                       "created": "2026-11-22T03:05:00.000+0000", "authorKey": "ben"}]}, "ben"),
    sample("zoom_sign_in", {"activity_logs": [{"email": ADA, "client_type": "Browser", "type": "Sign in", "version": "-",
                                               "time": "2026-11-22T03:05:00Z", "ip_address": "203.0.113.7"}]}, ADA),
    sample("zoom_operation", {"action": "Update", "category_type": "Account", "operator": ADA,
                              "operation_detail": "Two-Factor Authentication: from On to Off"},
           ADA, signal=Signal.MFA),
    sample("zoom_webhook", {"event": "user.updated", "payload": {"account_id": "a", "operator": BEN,
                            "object": {"id": "z", "email": ADA}}}, ADA, actors=[BEN]),
    # platforms
    sample("cloudflare_audit", {"id": "c", "when": "2026-11-22T03:05:00Z", "action": {"type": "login"},
                                "actor": {"type": "user", "email": ADA, "id": "a"}, "resource": {}}, ADA),
    sample("gcp_audit", {"insertId": "i", "logName": "l", "protoPayload": {"methodName": "SetIamPolicy",
                         "authenticationInfo": {"principalEmail": ADA}}}, ADA),
    sample("gcp_audit", {"insertId": "i", "logName": "l", "protoPayload": {"methodName": "SetIamPolicy",
                         "authenticationInfo": {"principalEmail": "robot@x.iam.gserviceaccount.com"}}}),
    sample("gitlab_audit", {"id": 1, "author_id": 2, "entity_type": "Group", "event_type": "user_password_reset",
                            "details": {"author_name": "Ben", "target_type": "User", "target_id": 3,
                                        "target_details": "ada"}}, "ada", actors=["2"], signal=Signal.CREDENTIAL),
    sample("mongodb_atlas", {"id": "m", "created": "x", "eventTypeName": "REMOVED_FROM_ORG", "orgId": "o",
                             "username": BEN, "targetUsername": ADA}, ADA, actors=[BEN]),
    sample("snyk_audit", {"event": "org.user.invite", "groupId": "g", "userId": "u-1", "created": "x",
                          "content": {}}, "u-1"),
    sample("tailscale_audit", {"eventTime": "x", "eventGroupID": "g", "origin": "ADMIN_UI", "action": "UPDATE",
                               "actor": {"type": "USER", "id": "b", "loginName": BEN},
                               "target": {"type": "USER", "id": "a", "name": ADA}}, ADA, actors=[BEN]),
    sample("teleport_audit", {"event": "user.login", "code": "T1000I", "uid": "t", "time": "x", "user": ADA}, ADA),
    # SIEMs
    sample("panther_alert", {"id": "Okta.Stolen", "alertId": "p", "title": "Stolen session", "severity": "HIGH",
                             "type": "RULE", "alertContext": {"actor": {"alternateId": ADA}}},
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("qradar_offense", {"id": 1, "offense_type": 3, "offense_source": ADA, "magnitude": 8, "status": "OPEN",
                              "description": "Session hijack"}, ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("qradar_offense", {"id": 1, "offense_type": 0, "offense_source": "203.0.113.7", "magnitude": 8,
                              "status": "OPEN", "description": "Port scan"}),
    sample("sumo_logic_insight", {"id": "s", "readableId": "INSIGHT-1", "name": "Initial access with cookie",
                                  "severity": "HIGH", "signals": [],
                                  "entity": {"entityType": "_username", "value": ADA}},
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    # mail
    sample("abnormal_threat", {"affectedEmployee": ADA, "caseId": 1, "severity": "Account Takeover"},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("abnormal_threat", {"affectedEmployee": ADA, "caseId": 1, "severity": "Account Takeover",
                               "case_status": "Acknowledged (resolved)"}, ADA, signal=Signal.CREDENTIAL),
    sample("mimecast", {"id": "m", "auditType": "User Logged On", "user": ADA, "eventInfo": "x"}, ADA),
    sample("mimecast", {"processingId": "p", "aggregateId": "a", "senderEnvelope": EVE, "recipients": ADA,
                        "type": "av"}, bystanders=[ADA]),
    sample("proofpoint", {"clickTime": "2026-11-22T03:05:00Z", "classification": "phish", "recipient": ADA,
                          "sender": EVE, "threatID": "t", "GUID": "g"}, ADA, signal=Signal.CREDENTIAL),
    sample("proofpoint", {"messagesBlocked": [{"threatsInfoMap": [], "messageID": "m", "sender": EVE,
                          "recipient": [ADA]}]}, bystanders=[ADA]),
    sample("vade_m365", {"id": "v", "sender_ip": "203.0.113.7", "from_header": EVE, "from": EVE, "to": ADA,
                         "message_id": "<m>", "status": "PHISHING"}, bystanders=[ADA]),
    # endpoints
    sample("carbonblack", {"type": "CB_ANALYTICS", "id": "c", "org_key": "o", "threat_id": "t", "severity": 9,
                           "device_name": "d", "device_username": ADA}, ADA),
    sample("cisco_secure_endpoint", {"version": "v1", "metadata": {}, "data": {"id": 1, "event_type_id": 5,
                                     "event_type": "Threat Detected", "computer": {"user": "ada@CONTOSO"}}},
           "ada@CONTOSO"),
    sample("cortex_xdr", {"reply": {"alerts": [{"external_id": "e", "alert_id": "1", "matching_status": "MATCHED",
                          "name": "Cookie store read", "severity": "high", "user_name": "CONTOSO\\ada",
                          "mitre_technique_id_and_name": ["T1539 - Steal Web Session Cookie"]}]}},
           "CONTOSO\\ada", nameless=True, signal=Signal.SESSION_THEFT),
    sample("cybereason", {"@class": ".MalopInboxModel", "guid": "1", "users": [{"displayName": "h\\ada"}]}, "h\\ada"),
    sample("harfanglab", {"log_type": "alert", "rule_name": "x", "level": "high", "tags": ["attack.t1547.001"],
                          "agent": {"agentid": "a"}, "process": {"username": "NT AUTHORITY\\SYSTEM",
                                                                 "usersid": "S-1-5-18"}}),
    sample("lookout", {"id": "l", "enterprise_guid": "e", "change_type": "CREATED", "type": "THREAT",
                       "target": {"type": "DEVICE", "email": ADA}, "actor": {"type": "SYSTEM", "guid": NOBODY}}, ADA),
    sample("sophos_central", {"id": "s", "customer_id": "c", "endpoint_id": "e", "endpoint_type": "computer",
                              "type": "Event::Endpoint::Threat", "name": "x", "severity": "high",
                              "suser": "CONTOSO\\ada"}, "CONTOSO\\ada"),
    sample("trend_vision_one", {"id": "WB-1", "workbenchLink": "https://x", "model": "Stolen session cookie",
                                "severity": "high", "impactScope": {"entities": [
                                    {"entityType": "host", "entityValue": {"name": NOBODY}},
                                    {"entityType": "emailAddress", "entityValue": ADA}]}},
           ADA, acts=True, signal=Signal.SESSION_THEFT),
    sample("withsecure", {"id": "w", "engine": "AMSI", "serverTimestamp": 1678195081729, "device": {"name": "d"},
                          "details": {"userName": "D\\ada", "userPrincipalName": ADA}}, ADA),
    # networks
    sample("darktrace", {"id": "d", "summariser": "SaasHijackSummary", "groupCategory": "critical",
                         "category": "critical", "title": "Possible Hijack of Zoom Account",
                         "breachDevices": [{"hostname": f"SaaS::Zoom: {ADA}", "identifier": f"SaaS::Zoom: {ADA}"}]},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("darktrace", {"pbid": 1, "model": {"name": "Device::Scan"}, "device": {"hostname": NOBODY}}),
    sample("netskope", {"_id": "n", "ur_normalized": ADA, "user": ADA, "ccl": "high", "app": "x", "severity": "high",
                        "alert_type": "Compromised Credential", "alert_name": "Credential found"},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("netskope", {"_id": "n", "audit_log_event": "Login Successful", "user": ADA, "type": "admin_audit_logs"},
           ADA),
    sample("vectra", {"headend_addr": "203.0.113.9", "category": "LOCKDOWN", "account_uid": f"O365:{ADA}",
                      "user": "ben", "action": "unlock"}, ADA, actors=["ben"]),
    sample("vectra", {"headend_addr": "203.0.113.9", "category": "COMMAND & CONTROL", "host_name": NOBODY,
                      "d_type_vname": "Hidden Tunnel", "threat": 90}),
    # clouds
    sample("aws_cloudtrail", {"eventSource": "iam.amazonaws.com", "eventName": "UpdateLoginProfile",
                              "userIdentity": {"type": "IAMUser", "userName": "ben"},
                              "requestParameters": {"userName": "ada"}}, "ada", actors=["ben"]),
    sample("aws_cloudtrail", {"eventSource": "s3.amazonaws.com", "eventName": "GetObject", "userIdentity": {
        "type": "AssumedRole", "principalId": f"AROAEXAMPLE123:{ADA}"}}, ADA),
    sample("aws_cloudtrail", {"eventSource": "s3.amazonaws.com", "eventName": "GetObject",
                              "userIdentity": {"type": "AWSService", "invokedBy": NOBODY, "userName": NOBODY}}),
    sample("aws_guardduty", {"id": "g", "type": "CredentialAccess:IAMUser/AnomalousBehavior", "accountId": "1",
                             "service": {"detectorId": "d"}, "severity": 8, "resource": {"accessKeyDetails": {
                                 "userType": "AssumedRole", "userName": NOBODY,
                                 "principalId": f"AROAEXAMPLE123:{ADA}"}}},
           ADA, acts=True, signal=Signal.CREDENTIAL),
    sample("aws_guardduty", {"id": "g", "type": "CredentialAccess:IAMUser/AnomalousBehavior", "accountId": "1",
                             "service": {"detectorId": "d", "additionalInfo": {"sample": True}}, "severity": 8,
                             "resource": {"accessKeyDetails": {"userType": "IAMUser", "userName": "ada"}}},
           "ada", signal=Signal.CREDENTIAL),
    sample("aws_guardduty", {"id": "g", "type": "CredentialAccess:IAMUser/AnomalousBehavior", "accountId": "1",
                             "service": {"detectorId": "d"}, "severity": 5, "resource": {"accessKeyDetails": {
                                 "userType": "IAMUser", "userName": ADA}}}, ADA, signal=Signal.CREDENTIAL),
    sample("splunk_alert", {"_time": "2026-11-22T03:05:00Z", "_raw": "x", "source": "mfa.log", "user": ADA}, ADA,
           signal=Signal.MFA),
    sample("aws_security_finding", {"Id": "h", "ProductArn": "p", "AwsAccountId": "1", "Title": "Open bucket",
                                    "Types": ["Software and Configuration Checks"],
                                    "Resources": [{"Type": "AwsS3Bucket", "Id": NOBODY}]}),
    sample("lacework", {"alertId": 1, "alertType": "x", "alertName": "Root used", "startTime": "x",
                        "alertInfo": {"subject": "x"}}),
    sample("upwind", {"id": "u", "title": "Shell in container", "first_seen_time": "x", "occurrence_count": 1,
                      "resource": {"name": NOBODY}, "triggers": []}),
    # further ones
    sample("appomni_alert", {"appomni": {"event": {"id": "a"}}, "event": {"kind": "alert", "severity": 3},
                             "rule": {"name": "App installed"}, "related": {"user": [NOBODY]}}, bystanders=[NOBODY]),
    sample("atlassian_guard", {"alert": {"id": "a-1", "title": "High number of pages exported", "product": "CONFLUENCE"},
                               "atlassianAlertType": "beacon:create:alert", "activity": {"action": "READ"},
                               "actor": {"accountId": "a-ada", "name": "Ada", "sessions": [{"ipAddress": "203.0.113.7"}]}},
           "a-ada"),
    sample("insightidr_alert", {"rrn": "rrn:alerts:us1:x", "alerted_at": "x", "title": "Brute force",
                                "rule_matching_keys": [{"key": "orgId", "values": ["o"]},
                                                       {"key": "user", "values": [ADA]}]},
           ADA, signal=Signal.CREDENTIAL),
    sample("socradar", {"alarm_id": 1, "alarm_text": "Leak", "alarm_risk_level": "HIGH", "content": {"source": EVE}}),
    sample("thinkst_canary", {"incident_id": "i", "flock_id": "f", "logtype": "2000", "src_host": "203.0.113.7",
                              "description": "FTP Login Attempt", "USERNAME": "ada", "PASSWORD": "hunter2"}, "ada"),
    sample("tracebit_alert", {"alert_id": "a", "discriminator": {"subtype": "canary_credential_used"},
                              "canary_credential": {"name": "ada@laptop"}}),
    sample("zerofox_alert", {"id": 1, "alert_type": "search query", "offending_content_url": "x", "severity": 4,
                             "entity": {"name": "contoso"}, "perpetrator": {"username": EVE}}),
]  # fmt: skip
