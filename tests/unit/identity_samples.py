"""Invented events of identity providers and password safes, and what they say of whom."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from detectors import lines


@dataclass(frozen=True)
class Sample:
    """An event, and what has to come out: each person by any one identifier, with her role."""

    kind: str
    payload: Any
    people: dict[str, str] = field(default_factory=dict)
    actionable: bool = False
    signal: str = "other"


ADA, BEN = "ada@contoso.com", "ben@contoso.com"


def okta(kind: str, actor: Any, *targets: Any, **debug: Any) -> dict[str, Any]:
    return {"uuid": "u-1", "published": "2026-11-22T03:05:00Z", "eventType": kind,
            "actor": actor, "target": list(targets), "outcome": {"result": "SUCCESS"},
            "debugContext": {"debugData": debug}}  # fmt: skip


def okta_user(name: str, login: str) -> dict[str, Any]:
    return {"id": f"00u{name:x<17}", "type": "User", "alternateId": login, "displayName": name}


def auth0(kind: str, **more: Any) -> dict[str, Any]:
    return {"log_id": "9002026", "data": {"log_id": "9002026", "type": kind, "client_id": "c1",
            "date": "2026-11-22T03:05:00Z", "ip": "203.0.113.7", **more}}  # fmt: skip


def management(path: str, description: str, **more: Any) -> dict[str, Any]:
    user = {"user_id": "auth0|ben", "email": BEN, "name": "Ben"}
    return {"description": description, "user_id": "auth0|ben",
            "details": {"request": {"path": path, "method": "patch", "auth": {"user": user}, **more}}}  # fmt: skip


def google(application: str, name: str, actor: str | None, **parameters: Any) -> dict[str, Any]:
    return {"kind": "admin#reports#activity", "actor": {"email": actor} if actor else {},
            "id": {"applicationName": application, "uniqueQualifier": "-1", "time": "2026-11-22T03:05:00Z"},
            "events": [{"type": "t", "name": name,
                        "parameters": [{"name": key, "value": value} for key, value in parameters.items()]}]}  # fmt: skip


def google_alert(kind: str, rule: str, **data: Any) -> dict[str, Any]:
    return {"alertId": "al-1", "customerId": "C1", "type": rule, "startTime": "2026-11-22T03:05:00Z",
            "data": {"@type": f"type.googleapis.com/google.apps.alertcenter.type.{kind}", **data},
            "metadata": {"assignee": "soc@contoso.com", "status": "NOT_STARTED", "severity": "HIGH"}}  # fmt: skip


def token(event: str, subject: Any = None, issuer: str = "https://idp.example.com/", **said: Any) -> dict[str, Any]:  # fmt: skip
    return {"iss": issuer, "jti": "j-1", "iat": 1795316700, "aud": "https://sp.example.com",
            "sub_id": subject or {"format": "email", "email": ADA},
            "events": {f"https://schemas.openid.net/secevent/{event}": said}}  # fmt: skip


def compact(claims: Any) -> str:
    """Return claims as a compact token with a signature that nobody made."""
    parts = ({"alg": "RS256", "typ": "secevent+jwt"}, claims)
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    ]
    return ".".join([*encoded, "c2ln"])


DUO = {"access_device": {"ip": "203.0.113.7"}, "application": {"key": "DI1", "name": "VPN"}, "txid": "t-1",
       "factor": "duo_push", "user": {"name": "ada", "key": "DU1"}, "email": ADA, "event_type": "authentication",
       "timestamp": 1795316700}  # fmt: skip
ONELOGIN = {"actor_user_id": 2, "actor_user_name": "Ben Roth", "user_id": 1, "user_name": "Ada Lind",
            "ipaddr": "203.0.113.7", "created_at": "2026-11-22T03:05:00Z", "id": 9}  # fmt: skip
KEYCLOAK = "2026-11-22 03:05:00,123 WARN  [org.keycloak.events] (executor-thread-1) "
SPS = "CEF:0|OneIdentity|SPS|7.5|1|ChannelAlert|5|src=203.0.113.7 suser=ada duser=svc-db start=1795316700000"
AUDITPLUS = "CEF:0|ManageEngine|ADAuditPlus|1|EventLog|ADObjectsAuditReports|1|cs1=User Management suser=ben "
PTA = "CEF:0|CyberArk|PTA|14.2|21|Suspected credentials theft|8|suser=ben duser=ada@contoso.com cs2=d-1"
RSA = ("03:05:00,123, host, audit.runtime.com.rsa.ims.authn.impl.Broker, INFO, e1,s1,203.0.113.7,192.0.2.1,"
       "AUTHN_LOGIN_EVENT,13002,FAIL,AUTHN_METHOD_FAILED,a,b,c,d,ada,Ada,Lind,x,y")  # fmt: skip


def duo_admin(action: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "isotimestamp": "2026-11-22T03:05:00+00:00", "username": "Ben Roth",
            "timestamp": 1795316700, "description": "{}", **more}  # fmt: skip


def jumpcloud(kind: str, **more: Any) -> dict[str, Any]:
    return {"event_type": kind, "service": "directory", "organization": "o1", "id": "jc-1",
            "initiated_by": {"type": "admin", "email": BEN, "id": "b1"}, "client_ip": "203.0.113.7", **more}  # fmt: skip


def ping(kind: str, *resources: Any, actors: Any = None) -> dict[str, Any]:
    ben = {"id": "p-ben", "name": BEN, "type": "USER"}
    return {"id": "pi-1", "recordedAt": "2026-11-22T03:05:00Z", "correlationId": "c", "action": {"type": kind},
            "actors": actors or {"client": {"id": "adminui", "name": "adminui", "type": "CLIENT"}, "user": ben},
            "resources": list(resources), "result": {"status": "SUCCESS"}}  # fmt: skip


def activity(action: str, actor: str, target: Any) -> dict[str, Any]:
    return {"activity_id": "a", "ts": "2026-11-22T03:05:00Z", "action": {"name": action},
            "actor": {"type": actor, "name": "Ben Roth", "key": "DE1"}, "target": target}  # fmt: skip


def without_type(rule: str, origin: str, **data: Any) -> dict[str, Any]:
    return {"alertId": "al-1", "customerId": "C1", "type": rule, "source": origin, "data": data,
            "createTime": "2026-11-22T03:05:00Z", "metadata": {"status": "NOT_STARTED", "severity": "HIGH"}}  # fmt: skip


def columns(*values: str) -> dict[str, Any]:
    return {"_format": "columns", "columns": list(values)}


VICTIM, ACTOR, BYSTANDER = "victim", "actor", "bystander"
ADA_ALONE = {ADA: VICTIM}
BOTH = {ADA: VICTIM, BEN: ACTOR}
SAMPLES = (
    Sample("okta_system_log", okta("user.account.reset_password", okta_user("Ben", BEN), okta_user("Ada", ADA)),
           BOTH, signal="credential"),
    Sample("okta_system_log", okta("user.risk.detect", {"type": "SystemPrincipal", "id": "s"}, okta_user("Ada", ADA),
           risk="{level=HIGH, reasons=Session suspected, of theft, previousLevel=LOW}"), ADA_ALONE, True, "risk"),
    Sample("okta_system_log", okta("application.user_membership.add", {"type": "PublicClientApp", "id": "0oa1"},
           okta_user("Ada", ADA), {"type": "AppUser", "id": "0ua1", "alternateId": ADA}), ADA_ALONE),
    Sample("okta_event_hook", {"eventType": "com.okta.event_hook", "data": {"events": [
           okta("app.oauth2.token.detect_reuse", {"type": "PublicClientApp", "id": "0oa1"}, okta_user("Ada", ADA))]}},
           ADA_ALONE, True, "token_theft"),
    Sample("auth0_log_stream", auth0("ferrt", user_id="auth0|ada", user_name=ADA,
           description="Unsuccessful Refresh Token exchange, reused refresh token detected"),
           {"auth0|ada": VICTIM}, True, "token_theft"),
    Sample("auth0_log_stream", auth0("ferrt", user_id="auth0|ada", description="Unknown or invalid refresh token."),
           {"auth0|ada": VICTIM}),
    Sample("auth0_log_stream", auth0("sapi", **management("/api/v2/users/auth0%7Cada", "Update a User")),
           {"auth0|ada": VICTIM, "auth0|ben": ACTOR}),
    Sample("auth0_log_stream", auth0("sapi", **management("/api/v2/guardian/policies", "Set policies")),
           {"auth0|ben": VICTIM}, signal="mfa"),
    Sample("auth0_log_stream", auth0("sapi", description="Update a User", user_id="", details={"request": {
           "path": "/api/v2/users/auth0|ada", "auth": {"credentials": {"jti": "x"}}}}), {"auth0|ada": VICTIM}),
    Sample("auth0_log_stream", {"_id": "4955", "date": "2026-11-22T03:05:00Z", "type": "fp", "client_id": "c1",
           "client_name": "Shop", "connection": "db", "ip": "203.0.113.7", "user_agent": "x", "user_id": "auth0|ada",
           "user_name": ADA}, {"auth0|ada": VICTIM}),
    Sample("okta_system_log", okta("app.oauth2.admin.consent.grant", {"type": "SystemPrincipal", "id": "s"},
           {"type": "ConsentGrant", "id": "oag1", "displayName": "okta.users.manage"}), signal="consent"),
    Sample("google_workspace_activity", google("login", "suspicious_login", None, affected_email_address=ADA),
           ADA_ALONE, True, "risk"),
    Sample("google_workspace_activity", google("login", "suspicious_login", BEN), signal="risk"),
    Sample("google_workspace_activity", google("admin", "CHANGE_PASSWORD", BEN, USER_EMAIL=ADA), BOTH,
           signal="credential"),
    Sample("google_workspace_activity", google("user_accounts", "email_forwarding_out_of_domain", ADA,
           email_forwarding_destination_address="ada@example.com"), ADA_ALONE, signal="mail_rule"),
    Sample("google_workspace_activity", google("token", "authorize", ADA, app_name="Sync",
           scope=["https://mail.google.com/"]), ADA_ALONE, signal="consent"),
    Sample("google_workspace_activity", google("token", "authorize", ADA, app_name="Sync", scope=["openid"]), ADA_ALONE),
    Sample("google_workspace_activity", google("drive", "change_owner", ADA, new_owner=BEN),
           {ADA: VICTIM, BEN: BYSTANDER}),
    Sample("google_workspace_alert", google_alert("AccountWarning", "Suspicious login", email=ADA),
           {ADA: VICTIM, "soc@contoso.com": BYSTANDER}, True, "risk"),
    Sample("google_workspace_alert", google_alert("AccountWarning", "User suspended (suspicious activity)", email=ADA),
           {ADA: VICTIM, "soc@contoso.com": BYSTANDER}, True, "credential"),
    Sample("google_workspace_alert", google_alert("AccountWarning", "User suspended (spam)", email=ADA),
           {ADA: VICTIM, "soc@contoso.com": BYSTANDER}),
    Sample("google_workspace_alert", google_alert("SensitiveAdminAction", "User's password reset", actorEmail=BEN,
           superAdminPasswordResetEvent={"userEmail": ADA}), {**BOTH, "soc@contoso.com": BYSTANDER}, signal="credential"),
    Sample("google_workspace_alert", without_type("Leaked password", "Google identity", email=ADA), ADA_ALONE, True,
           "credential"),
    Sample("google_workspace_alert", without_type("Government attack warning", "State Sponsored Attack", email=ADA),
           ADA_ALONE, signal="risk"),
    Sample("google_workspace_alert", google_alert("AppsOutage", "Apps outage"), {"soc@contoso.com": BYSTANDER}),
    Sample("ssf_set", token("risc/event-type/credential-compromise", credential_type="password"), ADA_ALONE, True,
           "credential"),
    Sample("ssf_set", token("caep/event-type/session-revoked", {"format": "complex", "user": {"format": "email",
           "email": ADA}, "device": {"format": "opaque", "id": "d-1"}}), ADA_ALONE),
    Sample("ssf_set", token("caep/event-type/device-compliance-change", {"format": "complex", "device":
           {"format": "iss_sub", "iss": "https://idp.example.com/", "sub": "d-1"}})),
    Sample("ssf_set", token("ssf/event-type/verification", {"format": "opaque", "id": "stream-1"})),
    Sample("ssf_set", token("caep/event-type/risk-level-change", current_level="HIGH", principal="DEVICE"),
           ADA_ALONE, signal="risk"),
    Sample("ssf_set", compact(token("okta/event-type/user-risk-change", {"format": "iss_sub", "iss":
           "https://contoso.okta.com", "sub": "00uAdaAdaAdaAdaAda1d7"}, current_level="high")),
           {"00uAdaAdaAdaAdaAda1d7": VICTIM}, True, "risk"),
    Sample("onelogin_event", {**ONELOGIN, "event_type_id": 11}, {"1": VICTIM, "2": ACTOR}, signal="credential"),
    Sample("onelogin_event", {"event_type_id": "5", "user_id": 1, "user_name": "Ada Lind", "app_name": "wiki"},
           {"1": VICTIM}),
    Sample("duo_auth_log", {**DUO, "result": "fraud", "reason": "user_marked_fraud"}, ADA_ALONE, True, "credential"),
    Sample("duo_auth_log", {**DUO, "result": "denied", "reason": "anomalous_push"}, ADA_ALONE, signal="mfa"),
    Sample("duo_auth_log", {"stat": "OK", "response": {"authlogs": [{**DUO, "result": "success"}]}}, ADA_ALONE),
    Sample("duo_auth_log", {"telephony_id": "t", "context": "authentication", "phone": "+15550100", "credits": 1}),
    Sample("duo_auth_log", {"stat": "OK", "response": {"admin_count": 1, "integration_count": 2, "user_count": 3}}),
    Sample("duo_auth_log", {"bypass_status_enabled": 1795316700, "sekey": "s", "enabled_by": {"name": BEN},
           "enabled_for": {"name": ADA}}, BOTH, signal="mfa"),
    Sample("duo_admin_log", duo_admin("bypass_create", object=ADA), {ADA: VICTIM, "Ben Roth": ACTOR}, signal="mfa"),
    *(Sample("duo_admin_log", duo_admin("bypass_create", object=ADA, description=json.dumps(
          {"auto_generated": True, "valid_secs": 3600, "remaining_uses": 1, **made})),
             {ADA: VICTIM, "Ben Roth": ACTOR}, signal=signal) for made, signal in (
          ({}, "other"), ({"auto_generated": False}, "mfa"), ({"valid_secs": 0}, "mfa"),
          ({"remaining_uses": None}, "mfa"))),
    Sample("duo_admin_log", duo_admin("policy_update", object="Global Policy"), {"Ben Roth": ACTOR}),
    Sample("duo_admin_log", duo_admin("admin_activate_duo_push", object="940-555-0100"), {"Ben Roth": ACTOR}),
    Sample("duo_admin_log", duo_admin("o2fa_user_provisioned", object="Laptop logon"), {"Ben Roth": VICTIM}),
    Sample("duo_admin_log", duo_admin("admin_2fa_error", description=json.dumps(
           {"email": BEN, "error": "Login request reported as fraudulent."})), {BEN: VICTIM}, True, "credential"),
    Sample("duo_admin_log", {"activity_id": "a", "ts": "2026-11-22T03:05:00Z", "action": {"name": "user_update"},
           "actor": {"type": "admin", "name": "Ben Roth", "key": "DE1"},
           "target": {"type": "user", "name": "ada", "key": "DU1"}}, {"DU1": VICTIM, "DE1": ACTOR}),
    Sample("duo_admin_log", activity("phone_update", "admin", {"type": "phone", "name": "+15550100", "key": "DP1"}),
           {"DE1": ACTOR}, signal="mfa"),
    Sample("duo_admin_log", activity("webauthncredential_create", "user", {"type": "webauthn_credential", "key": "WA1"}),
           {"DE1": VICTIM}, signal="mfa"),
    Sample("duo_admin_log", activity("admin_login", "admin", None), {"DE1": VICTIM}),
    Sample("duo_admin_log", duo_admin("azure_sync_by_user_begin", object="ada"), {"ada": VICTIM, "Ben Roth": ACTOR}),
    Sample("ping_identity", ping("USER.UPDATED", {"type": "USER", "id": "p-ada", "name": ADA}), BOTH),
    Sample("ping_identity", ping("APPLICATION.UPDATED", {"type": "APPLICATION", "id": "a", "name": ADA}), {BEN: VICTIM}),
    Sample("ping_identity", ping("USER.UPDATED", actors={"client": {"type": "CLIENT", "id": "c", "name": "sync"}})),
    Sample("pingfederate", lines.read('2026-11-22 03:05:00,123 trackingid="tid:x" event="SSO" subject="ada" '
           'ip="203.0.113.7" connectionid="sp" pfhost="pf" role="IdP" status="success" sri="s-1"'), {"ada": VICTIM}),
    Sample("pingfederate", lines.read("2026-11-22 03:05:00,123| tid:x| AUTHN_ATTEMPT| ada| 203.0.113.7 | | sp| SAML20|"
           " pf| IdP| failure| Form| | 7"), {"ada": VICTIM}),
    Sample("pingfederate", lines.read("2026-11-22 03:05:00,123| tid:x| AUTHN_ATTEMPT| ada| 203.0.113.7 | app| sp| SAML20|"
           " pf| IdP| success| Form| well| 7| t| email=eve@example.com, role=x| code| SP"), {"ada": VICTIM}),
    Sample("pingfederate", lines.read("2026-11-22 03:05:00,123 | ben | UserAdmin,Admin,CryptoAdmin | 203.0.113.7 | USER"
           " | LOGIN_ATTEMPT | d-1 | Login was successful"), {"ben": VICTIM}),
    Sample("pingfederate", lines.read("2026-11-22 03:05:00,123 | ben | UserAdmin,Admin,CryptoAdmin | 203.0.113.7 | USER"
           " | ROLE_CHANGE | d-1 | ada | Admin | UserAdmin,Admin"), {"ada": VICTIM, "ben": ACTOR}),
    Sample("pingfederate", lines.read("2026-11-22 03:05:00,123 | ben | Admin | 203.0.113.7 | USER | ROLE_CHANGE | d-1"
           " | changed the roles of ada"), {"ben": ACTOR}),
    Sample("pingfederate", lines.read("2026-11-22 03:05:00,123 | ben | Admin | 203.0.113.7 | SP_CONNECTION | CREATE | d-1"
           " | wiki"), {"ben": VICTIM}),
    Sample("keycloak_event", lines.read(KEYCLOAK + "type=REFRESH_TOKEN_ERROR, realmId=r, clientId=c, "
           "userId=k-ada, ipAddress=203.0.113.7, error=invalid_token, "
           "reason='Maximum allowed refresh token reuse exceeded', username=ada@contoso.com"),
           ADA_ALONE, True, "token_theft"),
    Sample("keycloak_event", {"operationType": "ACTION", "resourceType": "USER", "realmId": "r", "time": 1795316700000,
           "resourcePath": "users/k-ada/reset-password", "authDetails": {"userId": "k-ben", "ipAddress": "203.0.113.7"}},
           {"k-ada": VICTIM, "k-ben": ACTOR}, signal="credential"),
    Sample("keycloak_event", lines.read(KEYCLOAK + "operationType=CREATE, realmId=r, clientId=c, userId=k-ben, "
           "ipAddress=203.0.113.7, resourceType=USER, resourcePath=users/k-new"), {"k-ben": VICTIM, "k-new": BYSTANDER}),
    Sample("jumpcloud", jumpcloud("user_update", resource={"type": "user", "username": "ada", "id": "a1"},
           changes=[{"field": "mfa"}]), {"a1": VICTIM, "b1": ACTOR}, signal="mfa"),
    Sample("jumpcloud", jumpcloud("application_update", resource={"type": "application", "id": "x"}), {"b1": VICTIM}),
    Sample("forgerock", {"timestamp": "2026-11-22T03:05:00Z", "type": "application/json", "payload": {"_id": "f-1",
           "eventName": "AM-LOGIN-COMPLETED", "transactionId": "t", "userId": "id=ada,ou=user,ou=am-config"}},
           {"ada": VICTIM}),
    Sample("forgerock", {"timestamp": "2026-11-22T03:05:00Z", "type": "application/json", "payload": {"_id": "f-1",
           "eventName": "AM-LOGIN-COMPLETED", "transactionId": "t", "userId": "id=client,ou=agent,ou=am-config"}}),
    Sample("rsa_securid", lines.read(RSA), {"ada": VICTIM}),
    Sample("onepassword", {"uuid": "o-1", "session_uuid": "s-1", "category": "credentials_failed", "target_user":
           {"uuid": "A", "email": ADA, "name": "Ada"}, "client": {"ip_address": "203.0.113.7"}}, ADA_ALONE,
           signal="credential"),
    Sample("onepassword", {"uuid": "o-1", "actor_uuid": "B", "action": "suspend", "object_type": "user",
           "object_uuid": "A", "session": {"uuid": "s-1"}}, {"A": VICTIM, "B": ACTOR}),
    Sample("onepassword", {"uuid": "o-1", "actor_uuid": "B", "action": "create", "object_type": "vault",
           "object_uuid": "V"}, {"B": VICTIM}),
    Sample("lastpass_event", {"Time": "2026-11-22 03:05:00", "Username": BEN, "IP_Address": "203.0.113.7",
           "Action": "Master Password Reset", "Data": ADA}, BOTH, signal="credential"),
    Sample("lastpass_event", {"Time": "2026-11-22 03:05:00", "Username": BEN, "IP_Address": "203.0.113.7",
           "Action": "Remove from group", "Data": f"'Sales' '{ADA}'"}, BOTH),
    Sample("lastpass_event", {"Time": "2026-11-22 03:05:00", "Username": BEN, "IP_Address": "203.0.113.7",
           "Action": "Adding user to group", "Data": f"{ADA} - Sales"}, BOTH),
    Sample("lastpass_event", {"Time": "2026-11-22 03:05:00", "Username": ADA, "IP_Address": "203.0.113.7",
           "Action": "Add to shared folder", "Data": f"'Sales' '{BEN}'"}, ADA_ALONE),
    Sample("lastpass_event", {"Time": "2026-11-22 03:05:00", "Username": ADA, "IP_Address": "203.0.113.7",
           "Action": "Log in", "Data": "example.com"}, ADA_ALONE),
    Sample("bitwarden_event", {"object": "event", "type": 1003, "actingUserId": "w-ada", "date": "2026-11-22T03:05:00Z"},
           {"w-ada": VICTIM}, signal="mfa"),
    Sample("silverfort", {"user_principal_name": ADA, "risk_score": 92, "severity": "high", "risk_factors": [],
           "last_updated": "2026-11-22T03:05:00Z"}, ADA_ALONE, True, "risk"),
    Sample("silverfort", {"send_to_siem": True, "risk_level": "high", "allow_all_sources": True, "protocols": ["ldap"],
           "allow_all_destinations": False}),
    Sample("cyberark_audit", {"uuid": "c-1", "tenantId": "t", "auditCode": "IDP2001", "applicationCode": "IDP",
           "username": BEN, "action": "add-user", "identityType": "HUMAN", "customData": {"user_name": ADA}}, BOTH),
    Sample("cyberark_audit", {"uuid": "c-1", "tenantId": "t", "auditCode": "PAM1", "applicationCode": "PAM",
           "username": "sync", "identityType": "MACHINE", "targetAccount": ADA}),
    Sample("cyberark_identity", {"success": True, "Result": {"Columns": [], "Results": [{"Row": {"ID": "r-1",
           "NormalizedUser": ADA, "UserGuid": "g-ada", "EventType": "Cloud.Core.Login", "FromIPAddress": "203.0.113.7",
           "Tenant": "T1", "EntityType": None, "WhenOccurred": "/Date(1795316700000)/"}}]}}, ADA_ALONE),
    Sample("cyberark_identity", {"NormalizedUser": BEN, "UserGuid": "g-ben", "EventType": "Cloud.Core.ResetPassword",
           "FromIPAddress": "203.0.113.7", "Tenant": "T1", "EntityType": "User", "EntityName": ADA, "EntityUuid": "g-ada",
           "WhenOccurred": "/Date(1795316700000)/"}, BOTH, signal="credential"),
    Sample("cyberark_pta", lines.read(PTA), {ADA: VICTIM, "ben": ACTOR}, True, "credential"),
    Sample("one_identity", lines.read(SPS), {"ada": VICTIM, "svc-db": BYSTANDER}),
    Sample("adauditplus", lines.read(AUDITPLUS + "duser=ada type=user"), {"ada": VICTIM, "ben": ACTOR}),
    Sample("adauditplus", lines.read(AUDITPLUS + "duser=Address Book type=msExchOAB"), {"ben": VICTIM}),
    Sample("tenable_ad", columns("0", "1", "contoso.com", "ad.contoso.com", "C-PKI-DANG-ACCESS", "critical", "CN=x")),
    Sample("umbrella", columns("2026-11-22 03:05:00", f"Ada Lind ({ADA})", "x", "192.0.2.1", "203.0.113.7", "Blocked",
           "1 (A)", "NOERROR", "example.com.", "Malware", "AD Users", "AD Users,Networks", ""), ADA_ALONE),
    Sample("umbrella", columns("2026-11-22 03:05:00", "LAPTOP-1", "x", "192.0.2.1", "203.0.113.7", "Allowed",
           "1 (A)", "NOERROR", "example.com.", "Chat", "Roaming Computers", "Roaming Computers", "")),
)  # fmt: skip
