"""The shapes logs come in, and how each becomes rows of the normalised tables.

A shape says by which fields it is known and, for every column, an SQL expression in which ``{path}``
stands for what the log holds there; ``{a|b.c}`` is the first of several that says something. The
resolver in ``detectors.hunts.paths`` turns paths into JSON extraction or into columns.

Sources: Entra, sign-in and audit log schema of Azure Monitor and of Log Analytics, Graph beta
``signIn`` and ``directoryAudit``; Office 365 Management Activity API schema; Microsoft Defender
``CloudAppEvents``; Okta System Log API; Auth0 tenant log schemas and log type codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

View = Literal["sign_in", "token", "audit"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of a log row.

    ``known_by`` is an SQL condition over placeholders; shapes are asked in order, the first that holds
    takes the row. ``parsed`` names roots that may hold JSON as text. ``lowered``: some pipelines write
    the roots in lower case.
    """

    name: str
    view: View
    known_by: str
    columns: Mapping[str, str]
    parsed: frozenset[str] = frozenset()
    lowered: bool = False


def _found(path: str, name: str) -> str:
    """The value of the named entry of a list of Name/Value pairs."""
    return (
        f"list_extract(json_extract_string(TRY_CAST({{{path}}} AS JSON), '$[*].Value'), "
        f"list_position(json_extract_string(TRY_CAST({{{path}}} AS JSON), '$[*].Name'), '{name}')::INTEGER)"
    )


def _changes(path: str, name: str, old: str, new: str) -> str:
    """Modified properties under our three names."""
    return (
        f"to_json(list_transform(TRY_CAST(json_extract(TRY_CAST({{{path}}} AS JSON), '$[*]') AS JSON[]), "
        f"lambda each: {{'name': each->>'$.{name}', 'old': each->>'$.{old}', 'new': each->>'$.{new}'}}))"
    )


def _entra_sign_in(prefix: str, kind: str, at: str, error: str) -> dict[str, str]:
    """The columns of an Entra sign-in; ``prefix`` is where its properties stand."""
    p = prefix
    return {
        "provider": "'entra'",
        "time": f"moment({{{at}}})",
        "event_id": f"{{{p}id}}",
        "kind": kind,
        "ok": f"coalesce(lower({{{error}}}) IN ('0', 'success'), true)",
        "error": f"{{{error}}}",
        "user_id": f"{{{p}userId}}",
        "user_name": f"{{{p}userPrincipalName}}",
        "ip": f"{{{p}ipAddress|callerIpAddress}}",
        "asn": f"{{{p}autonomousSystemNumber}}",
        "country": f"{{{p}location.countryOrRegion|location}}",
        "city": f"{{{p}location.city}}",
        "lat": f"{{{p}location.geoCoordinates.latitude}}",
        "lon": f"{{{p}location.geoCoordinates.longitude}}",
        "agent": f"{{{p}userAgent}}",
        "os": f"{{{p}deviceDetail.operatingSystem|{p}userAgent}}",
        "browser": f"{{{p}deviceDetail.browser}}",
        "device": f"{{{p}deviceDetail.deviceId}}",
        "session_id": f"{{{p}sessionId}}",
        "app_id": f"{{{p}appId}}",
        "app_name": f"{{{p}appDisplayName}}",
        "protocol": f"{{{p}authenticationProtocol}}",
        "transfer": f"{{{p}originalTransferMethod}}",
        "incoming_token": f"{{{p}incomingTokenType}}",
        "binding": f"{{{p}tokenProtectionStatusDetails.signInSessionStatus|{p}signInTokenProtectionStatus}}",
        "risk": f"{{{p}riskLevelDuringSignIn|{p}riskLevelAggregated}}",
        "risk_state": f"{{{p}riskState}}",
        "anonymous": "NULL",
    }


def _log_analytics_sign_in() -> dict[str, str]:
    return {
        "provider": "'entra'",
        "time": "moment({TimeGenerated|CreatedDateTime})",
        "event_id": "{Id}",
        "kind": "CASE WHEN contains(concat({Category}, {Type}), 'ServicePrincipal')"
        " OR contains(concat({Category}, {Type}), 'ManagedIdentity') THEN 'service'"
        " WHEN lower({IsInteractive}) = 'true' THEN 'interactive'"
        " WHEN lower({IsInteractive}) = 'false' THEN 'non_interactive'"
        " WHEN contains(concat({Category}, {Type}), 'NonInteractive') THEN 'non_interactive'"
        " ELSE 'interactive' END",
        "ok": "coalesce(lower({ResultType}) IN ('0', 'success'), true)",
        "error": "{ResultType}",
        "user_id": "{UserId}",
        "user_name": "{UserPrincipalName}",
        "ip": "{IPAddress}",
        "asn": "{AutonomousSystemNumber}",
        "country": "{LocationDetails.countryOrRegion|Location}",
        "city": "{LocationDetails.city}",
        "lat": "{LocationDetails.geoCoordinates.latitude}",
        "lon": "{LocationDetails.geoCoordinates.longitude}",
        "agent": "{UserAgent}",
        "os": "{DeviceDetail.operatingSystem|UserAgent}",
        "browser": "{DeviceDetail.browser}",
        "device": "{DeviceDetail.deviceId}",
        "session_id": "{SessionId}",
        "app_id": "{AppId}",
        "app_name": "{AppDisplayName}",
        "protocol": "{AuthenticationProtocol}",
        "transfer": "{OriginalTransferMethod}",
        "incoming_token": "{IncomingTokenType}",
        "binding": "{TokenProtectionStatusDetails.signInSessionStatus|SignInTokenProtectionStatus}",
        "risk": "{RiskLevelDuringSignIn|RiskLevelAggregated}",
        "risk_state": "{RiskState}",
        "anonymous": "NULL",
    }


def _audit(prefix: str, at: str, operation: str) -> dict[str, str]:
    """The columns of an Entra directory audit (Azure Monitor and Graph spell its parts alike)."""
    p = prefix
    return {
        "provider": "'entra'",
        "time": f"moment({{{at}}})",
        "event_id": f"{{{p}id}}",
        "operation": f"{{{operation}}}",
        "ok": f"coalesce(lower({{{p}result}}) = 'success', true)",
        "actor_id": f"{{{p}initiatedBy.user.id}}",
        "actor_name": f"{{{p}initiatedBy.user.userPrincipalName}}",
        "actor_app": f"{{{p}initiatedBy.app.displayName}}",
        "target_id": f"{{{p}targetResources[0].id}}",
        "target_name": f"{{{p}targetResources[0].userPrincipalName|{p}targetResources[0].displayName}}",
        "target_kind": f"{{{p}targetResources[0].type|{p}targetResources[0].Type}}",
        "ip": f"{{{p}initiatedBy.user.ipAddress|callerIpAddress}}",
        "agent": f"{{{p}userAgent}}",
        "changes": _changes(
            f"{p}targetResources[0].modifiedProperties", "displayName", "oldValue", "newValue"
        ),
        "details": f"{{{p}resultReason|{p}additionalDetails}}",
    }


_LA_AUDIT = {
    "provider": "'entra'",
    "time": "moment({TimeGenerated|ActivityDateTime})",
    "event_id": "{Id}",
    "operation": "{OperationName|ActivityDisplayName}",
    "ok": "coalesce(lower({Result}) = 'success', true)",
    "actor_id": "{InitiatedBy.user.id}",
    "actor_name": "{InitiatedBy.user.userPrincipalName}",
    "actor_app": "{InitiatedBy.app.displayName}",
    "target_id": "{TargetResources[0].id}",
    "target_name": "{TargetResources[0].userPrincipalName|TargetResources[0].displayName}",
    "target_kind": "{TargetResources[0].type}",
    "ip": "{InitiatedBy.user.ipAddress}",
    "changes": _changes(
        "TargetResources[0].modifiedProperties", "displayName", "oldValue", "newValue"
    ),
    "details": "{ResultReason|AdditionalDetails}",
}


def _office(prefix: str) -> dict[str, str]:
    """The columns of a record of the unified audit log (also inside Defender's ``RawEventData``)."""
    p = prefix
    person = f"{{{p}UserKey}}"
    return {
        "provider": "'entra'",
        "time": f"moment({{{p}CreationTime}})",
        "event_id": f"{{{p}Id}}",
        "operation": f"rtrim({{{p}Operation}}, '.')",
        "ok": f"coalesce(lower({{{p}ResultStatus}}) IN ('success', 'succeeded', 'true', 'partiallysucceeded'), true)",
        # a user key may be an id of another kind; then the object id stands among the actor's names
        "actor_id": f"CASE WHEN regexp_matches({person}, '^[0-9a-fA-F-]{{36}}$') THEN {person}"
        f" ELSE nullif(regexp_extract({{{p}Actor}}, 'User_([0-9a-fA-F-]{{36}})', 1), '') END",
        "actor_name": f"{{{p}UserId}}",
        "actor_app": f"CASE WHEN NOT contains({{{p}UserId}}, '@') THEN {{{p}UserId}} END",
        # the target's sign-in name or name, else the object's id
        "target_id": f"coalesce({{{p}Target[1].ID}}, {{{p}ObjectId}})",
        "target_name": f"coalesce({{{p}Target[3].ID}}, {{{p}ObjectId}})",
        "target_kind": f"{{{p}Target[2].ID}}",
        "ip": f"{{{p}ClientIP|{p}ActorIpAddress|{p}ClientIPAddress}}",
        "agent": f"coalesce({_found(p + 'ExtendedProperties', 'UserAgent')}, {{{p}ClientInfoString}})",
        "changes": _changes(f"{p}ModifiedProperties", "Name", "OldValue", "NewValue"),
        "details": f"{{{p}Parameters|{p}ExtendedProperties}}",
    }


_OFFICE_SIGN_IN = {
    "provider": "'entra'",
    "time": "moment({CreationTime})",
    "event_id": "{Id}",
    "kind": "CASE WHEN contains("
    + _found("ExtendedProperties", "RequestType")
    + ", 'OAuth2:Token')"
    " THEN 'non_interactive' ELSE 'interactive' END",
    "ok": "{Operation} = 'UserLoggedIn'",
    "error": "{ErrorNumber}",
    "user_id": "CASE WHEN regexp_matches({Actor[0].ID}, '^[0-9a-fA-F-]{36}$') THEN {Actor[0].ID} END",
    "user_name": "{UserId}",
    "ip": "{ClientIP|ActorIpAddress}",
    "agent": _found("ExtendedProperties", "UserAgent"),
    "os": f"coalesce({_found('DeviceProperties', 'OS')}, {_found('ExtendedProperties', 'UserAgent')})",
    "browser": _found("DeviceProperties", "BrowserType"),
    "device": _found("DeviceProperties", "Id"),
    "session_id": _found("DeviceProperties", "SessionId"),
    "app_id": "{ApplicationId}",
}

_RISK = {
    "provider": "'entra'",
    "kind": "'risk'",
    "ok": "true",
}


_LA_RISK = {
    **_RISK,
    "time": "moment({ActivityDateTime|DetectedDateTime|TimeGenerated})",
    "event_id": "{Id}",
    "user_id": "{UserId}",
    "user_name": "{UserPrincipalName}",
    "ip": "{IpAddress|IPAddress}",
    "country": "{Location.countryOrRegion}",
    "city": "{Location.city}",
    "protocol": "{RiskEventType}",
    "risk": "{RiskLevel}",
    "risk_state": "{RiskState}",
}


def _risk(prefix: str, at: str) -> dict[str, str]:
    """The columns of a risk detection; its time is the sign-in's, however late it was found out."""
    p = prefix
    return {
        **_RISK,
        "time": f"moment({{{at}}})",
        "event_id": f"{{{p}id}}",
        "user_id": f"{{{p}userId}}",
        "user_name": f"{{{p}userPrincipalName}}",
        "ip": f"{{{p}ipAddress}}",
        "country": f"{{{p}location.countryOrRegion}}",
        "city": f"{{{p}location.city}}",
        "protocol": f"{{{p}riskEventType}}",
        "risk": f"{{{p}riskLevel}}",
        "risk_state": f"{{{p}riskState}}",
    }


_OKTA_CLIENT = {
    "provider": "'okta'",
    "time": "moment({published})",
    "event_id": "{uuid}",
    "ip": "{client.ipAddress|request.ipChain[0].ip}",
    "asn": "{securityContext.asNumber}",
    "as_org": "{securityContext.asOrg}",
    "country": "{client.geographicalContext.country}",
    "city": "{client.geographicalContext.city}",
    "lat": "{client.geographicalContext.geolocation.lat}",
    "lon": "{client.geographicalContext.geolocation.lon}",
    "agent": "{client.userAgent.rawUserAgent}",
    "os": "{client.userAgent.os|client.userAgent.rawUserAgent}",
    "anonymous": "TRY_CAST({securityContext.isProxy} AS BOOLEAN)",
    "session_id": "{authenticationContext.externalSessionId}",
}
_OKTA_TARGET = (
    "list_extract(list_filter(TRY_CAST(json_extract(TRY_CAST({target} AS JSON), '$[*]') AS JSON[]), "
    "lambda each: each->>'$.type' = 'User'), 1)"
)
_OKTA_USER = "{actor.type} = 'User'"

_AUTH0_CLIENT = {
    "provider": "'auth0'",
    "time": "moment({data.date|date})",
    "event_id": "{data.log_id|log_id|_id}",
    "user_id": "{data.user_id|user_id}",
    "user_name": "{data.user_name|user_name}",
    "ip": "{data.ip|ip}",
    "asn": "{data.details.asn|details.asn}",
    "country": "{data.location_info.country_code|location_info.country_code}",
    "city": "{data.location_info.city_name|location_info.city_name}",
    "lat": "{data.location_info.latitude|location_info.latitude}",
    "lon": "{data.location_info.longitude|location_info.longitude}",
    "agent": "{data.user_agent|user_agent}",
    "os": "{data.user_agent|user_agent}",
    # the id is as good as the cookie in places, so a digest of it is enough to join by
    "session_id": "md5({data.details.session_id|details.session_id"
    "|data.details.refresh_token.session_id|details.refresh_token.session_id})",
}
_AUTH0 = "{data.type|type} IS NOT NULL AND {data.date|date} IS NOT NULL AND {data.log_id|log_id|_id} IS NOT NULL"
_AUTH0_EXCHANGES = "('seacft', 'sertft', 'feacft', 'fertft', 'ferrt', 'sercft', 'sepft', 'seccft')"
_AUTH0_SIGN_IN = "('s', 'ssa', 'scoa', 'f', 'fp', 'fu', 'fcoa', 'fsa')"

_OKTA = "{eventType} IS NOT NULL AND {published} IS NOT NULL"
_OKTA_EXCHANGES = "{eventType} LIKE 'app.oauth2.%token.%'"
_OKTA_SIGN_IN = (
    "({eventType} LIKE 'user.authentication.%' OR {eventType} IN ('user.session.start', "
    "'policy.evaluate_sign_on', 'user.session.access_admin_app'))"
)
_LOGGED_IN = "{Operation} IN ('UserLoggedIn', 'UserLoginFailed')"
_OFFICE_KNOWN = "{CreationTime} IS NOT NULL AND {Operation} IS NOT NULL AND {Workload} IS NOT NULL"
_LA = frozenset(
    [
        "LocationDetails",
        "DeviceDetail",
        "Status",
        "TokenProtectionStatusDetails",
        "InitiatedBy",
        "TargetResources",
        "AdditionalDetails",
    ]
)

SHAPES: tuple[Shape, ...] = (
    Shape(
        "azure_monitor_sign_in", "sign_in",
        "contains({category}, 'SignInLogs') AND {properties.appId} IS NOT NULL",
        _entra_sign_in(
            "properties.",
            "CASE WHEN contains({category}, 'ServicePrincipal') OR contains({category}, 'ManagedIdentity')"
            " THEN 'service' WHEN contains({category}, 'NonInteractive') THEN 'non_interactive'"
            " ELSE 'interactive' END",
            "properties.createdDateTime|time", "properties.status.errorCode|resultType",
        ),
        parsed=frozenset({"properties"}), lowered=True,
    ),
    Shape(
        "azure_monitor_audit", "audit",
        "{category} = 'AuditLogs' OR {properties.activityDisplayName} IS NOT NULL",
        _audit(
            "properties.", "properties.activityDateTime|time",
            "properties.activityDisplayName|operationName",
        ),
        parsed=frozenset({"properties"}), lowered=True,
    ),
    Shape(
        "azure_monitor_risk", "sign_in",
        "{category} = 'UserRiskEvents'",
        _risk("properties.", "properties.activityDateTime|properties.detectedDateTime|time"),
        parsed=frozenset({"properties"}), lowered=True,
    ),
    Shape(
        "log_analytics_sign_in", "sign_in",
        "{TimeGenerated|CreatedDateTime} IS NOT NULL AND {ResultType} IS NOT NULL"
        " AND {AppId} IS NOT NULL AND {UserPrincipalName|UserId|ServicePrincipalId} IS NOT NULL",
        _log_analytics_sign_in(), parsed=_LA,
    ),
    Shape(
        "log_analytics_audit", "audit",
        "{TimeGenerated|ActivityDateTime} IS NOT NULL AND {OperationName|ActivityDisplayName} IS NOT NULL"
        " AND {TargetResources} IS NOT NULL",
        _LA_AUDIT, parsed=_LA,
    ),
    Shape(
        "log_analytics_risk", "sign_in",
        "{RiskEventType} IS NOT NULL AND {ActivityDateTime|DetectedDateTime|TimeGenerated} IS NOT NULL",
        _LA_RISK, parsed=frozenset({"Location"}),
    ),
    Shape(
        "graph_sign_in", "sign_in",
        "{createdDateTime} IS NOT NULL AND {appId} IS NOT NULL AND {userPrincipalName|userId} IS NOT NULL"
        " AND {clientAppUsed|ipAddress} IS NOT NULL",
        _entra_sign_in(
            "",
            "CASE WHEN contains({signInEventTypes}, 'servicePrincipal')"
            " OR contains({signInEventTypes}, 'managedIdentity') THEN 'service'"
            " WHEN contains({signInEventTypes}, 'nonInteractiveUser')"
            " OR lower({isInteractive}) = 'false' THEN 'non_interactive' ELSE 'interactive' END",
            "createdDateTime", "status.errorCode",
        ),
        parsed=frozenset({"status", "location", "deviceDetail"}),
    ),
    Shape(
        "graph_risk_detection", "sign_in",
        "{riskEventType} IS NOT NULL AND {detectedDateTime|activityDateTime} IS NOT NULL",
        _risk("", "activityDateTime|detectedDateTime"),
        parsed=frozenset({"location"}),
    ),
    Shape(
        "graph_audit", "audit",
        "{activityDateTime} IS NOT NULL AND {activityDisplayName} IS NOT NULL",
        _audit("", "activityDateTime", "activityDisplayName"),
        parsed=frozenset({"initiatedBy", "targetResources"}),
    ),
    Shape(
        "office_365_sign_in", "sign_in", f"{_OFFICE_KNOWN} AND {_LOGGED_IN}", _OFFICE_SIGN_IN,
        parsed=frozenset({"ExtendedProperties", "DeviceProperties", "Actor"}),
    ),
    Shape(
        "office_365_audit", "audit", _OFFICE_KNOWN, _office(""),
        parsed=frozenset({"ExtendedProperties", "ModifiedProperties", "Target", "Parameters"}),
    ),
    Shape(
        "defender_cloud_app", "audit",
        "{ActionType} IS NOT NULL AND {RawEventData} IS NOT NULL",
        {
            **_office("RawEventData."),
            "time": "moment({Timestamp|TimeGenerated|RawEventData.CreationTime})",
            "operation": "rtrim({ActionType|RawEventData.Operation}, '.')",
            "actor_id": "{AccountObjectId}",
            "actor_name": "{RawEventData.UserId|AccountDisplayName}",
            "ip": "{IPAddress|RawEventData.ClientIP|RawEventData.ActorIpAddress}",
            "anonymous": "lower({IsAnonymousProxy}) IN ('true', '1')",
            "isp": "{ISP}",
            "agent": "{UserAgent}",
        },
        parsed=frozenset({"RawEventData"}),
    ),
    Shape(
        "okta_token", "token", f"{_OKTA} AND {_OKTA_EXCHANGES}",
        {
            **_OKTA_CLIENT,
            "event": "{eventType}",
            "kind": "CASE WHEN contains({eventType}, 'detect_reuse') THEN 'reuse'"
            " WHEN {outcome.result} = 'FAILURE' THEN 'refused'"
            " WHEN {debugContext.debugData.grantType} = 'refresh_token' THEN 'refresh_exchange'"
            " WHEN {debugContext.debugData.grantType} = 'authorization_code' THEN 'code_exchange'"
            " ELSE 'grant' END",
            "ok": "coalesce({outcome.result} = 'SUCCESS', true)",
            "user_id": f"CASE WHEN {_OKTA_USER} THEN {{actor.id}} ELSE coalesce({_OKTA_TARGET}->>'$.id',"
            " {debugContext.debugData.userId}) END",
            "user_name": f"CASE WHEN {_OKTA_USER} THEN {{actor.alternateId}}"
            f" ELSE {_OKTA_TARGET}->>'$.alternateId' END",
            "client_id": f"CASE WHEN NOT {_OKTA_USER} THEN {{actor.id}} ELSE {{debugContext.debugData.clientId}} END",
            "client_name": f"CASE WHEN NOT {_OKTA_USER} THEN {{actor.displayName}} END",
        },
        parsed=frozenset({"target"}), lowered=True,
    ),
    Shape(
        "okta_sign_in", "sign_in", f"{_OKTA} AND {_OKTA_SIGN_IN}",
        {
            **_OKTA_CLIENT,
            "kind": f"CASE WHEN NOT coalesce({_OKTA_USER}, true) THEN 'service'"
            " WHEN {eventType} IN ('user.session.start', 'user.authentication.auth_via_mfa')"
            " THEN 'interactive' ELSE 'non_interactive' END",
            "ok": "coalesce({outcome.result} IN ('SUCCESS', 'ALLOW'), true)",
            "error": "{outcome.reason}",
            "user_id": "{actor.id}",
            "user_name": "{actor.alternateId}",
            "browser": "{client.userAgent.browser}",
            "device": "{debugContext.debugData.dtHash|device.id}",
            "app_id": "{target[0].id}",
            "app_name": "{target[0].displayName}",
            "protocol": "{eventType}",
            "risk": "lower(regexp_extract({debugContext.debugData.risk"
            "|debugContext.debugData.logOnlySecurityData}, 'level\\W{1,4}(\\w+)', 1))",
            "risk_state": "NULL",
        },
        lowered=True,
    ),
    Shape(
        "okta_audit", "audit", _OKTA,
        {
            "provider": "'okta'",
            "time": "moment({published})",
            "event_id": "{uuid}",
            "operation": "{eventType}",
            "ok": "coalesce({outcome.result} IN ('SUCCESS', 'ALLOW'), true)",
            "actor_id": "{actor.id}",
            "actor_name": f"CASE WHEN {_OKTA_USER} THEN {{actor.alternateId}} END",
            "actor_app": f"CASE WHEN NOT {_OKTA_USER} THEN {{actor.displayName}} END",
            "target_id": "{target[0].id}",
            "target_name": "{target[0].alternateId|target[0].displayName}",
            "target_kind": "{target[0].type}",
            "ip": "{client.ipAddress|request.ipChain[0].ip}",
            "agent": "{client.userAgent.rawUserAgent}",
            "details": "{debugContext.debugData|displayMessage}",
            "anonymous": "TRY_CAST({securityContext.isProxy} AS BOOLEAN)",
            "isp": "{securityContext.isp}",
        },
        lowered=True,
    ),
    Shape(
        "auth0_token", "token", f"{_AUTH0} AND {{data.type|type}} IN {_AUTH0_EXCHANGES}",
        {
            **_AUTH0_CLIENT,
            "event": "{data.type|type}",
            "kind": "CASE {data.type|type} WHEN 'seacft' THEN 'code_exchange'"
            " WHEN 'sertft' THEN 'refresh_exchange' WHEN 'ferrt' THEN 'reuse'"
            " WHEN 'feacft' THEN 'refused' WHEN 'fertft' THEN 'refused' ELSE 'grant' END",
            "ok": "NOT starts_with({data.type|type}, 'f')",
            "client_id": "{data.client_id|client_id}",
            "client_name": "{data.client_name|client_name}",
            "family": "{data.details.familyId|details.familyId}",
        },
    ),
    Shape(
        "auth0_sign_in", "sign_in", f"{_AUTH0} AND {{data.type|type}} IN {_AUTH0_SIGN_IN}",
        {
            **_AUTH0_CLIENT,
            "kind": "CASE {data.type|type} WHEN 'ssa' THEN 'non_interactive' WHEN 'fsa'"
            " THEN 'non_interactive' ELSE 'interactive' END",
            "ok": "starts_with({data.type|type}, 's')",
            "app_id": "{data.client_id|client_id}",
            "app_name": "{data.client_name|client_name}",
            "risk": "CASE lower({data.riskAssessment.confidence|riskAssessment.confidence"
            "|data.details.riskAssessment.confidence}) WHEN 'low' THEN 'high' WHEN 'medium' THEN 'medium' END",
            "protocol": "{data.type|type}",
        },
    ),
    Shape(
        "auth0_audit", "audit", _AUTH0,
        {
            "provider": "'auth0'",
            "time": "moment({data.date|date})",
            "event_id": "{data.log_id|log_id|_id}",
            "operation": "{data.type|type}",
            "ok": "NOT starts_with({data.type|type}, 'f')",
            "actor_id": "{data.user_id|user_id|data.client_id|client_id}",
            "actor_name": "{data.user_name|user_name|data.details.request.auth.user.email"
            "|details.request.auth.user.email}",
            "target_id": "{data.user_id|user_id}",
            "target_name": "{data.user_name|user_name}",
            "ip": "{data.ip|ip}",
            "agent": "{data.user_agent|user_agent}",
            "details": "{data.description|description}",
        },
    ),
)  # fmt: skip
