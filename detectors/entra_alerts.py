"""Alerts of Entra ID's objects (signIn, directoryAudit, riskDetection, riskyUser) in any frame.

Azure Monitor, Microsoft Graph and Log Analytics carry the same objects and put different things around
them; each adapter says what its frame adds. The objects are read and judged by ``detectors.entra_rows``.

Vendor documentation: what ``detectors.entra_rows`` names.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from detectors import compose, entra_rows
from detectors.alert import Alert, IdKind, Role
from detectors.cast import Cast
from detectors.compose import Verdict
from detectors.fields import Fields


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around an object: the log's name, the operation, time, caller's address, tenant."""

    source: str
    kind: str
    raw: JsonValue
    title: str = ""
    time: JsonValue = None
    address: JsonValue = None
    tenant: JsonValue = None


def sign_in(frame: Frame, row: Fields) -> Alert:
    """Make an alert of a ``signIn``: the user who signed in; an application is nobody."""
    cast = Cast()
    if entra_rows.is_application(row):
        cast.leave_out("an application, which is nobody")
    else:
        entra_rows.person_of(cast, Role.VICTIM, row)
    seen = entra_rows.client(row, frame.address)
    status = row.at("status")
    return compose.alert(
        source=frame.source,
        kind=frame.kind,
        raw=frame.raw,
        verdict=entra_rows.sign_in_verdict(row),
        cast=cast,
        event_id=row.get("id"),
        title=frame.title or "Sign-in activity",
        rule=", ".join(entra_rows.risk_types(row)),
        severity=_severity(row),
        occurred_at=row.get("createdDateTime") or frame.time,
        session_ids=[row.get("sessionId")],
        token_ids=[row.get("uniqueTokenIdentifier")],
        user_agents=[row.get("userAgent")],
        networks=seen.networks,
        devices=seen.devices,
        apps=seen.apps,
        tenant_hint=frame.tenant,
        details={
            "error_code": status.text("errorCode", limit=20),
            "failure_reason": status.text("failureReason"),
            "risk_state": row.text("riskState", limit=40),
            "risk_detail": row.text("riskDetail", limit=80),
            "protocol": row.text("authenticationProtocol", limit=40),
            "incoming_token_type": row.text("incomingTokenType", limit=40),
            "correlation_id": row.text("correlationId", limit=80),
        },
    )


def risk(frame: Frame, row: Fields, *, of_user: bool = False) -> Alert:
    """Make an alert of a ``riskDetection``, or of a ``riskyUser``, whose ``id`` is the user's own.

    A risk of a service principal names nobody, and nothing may follow it.
    """
    cast = Cast()
    application = entra_rows.is_application(row)
    if application:
        cast.leave_out("an application, which is nobody")
    else:
        entra_rows.person_of(cast, Role.VICTIM, row, own_id=of_user)
    seen = entra_rows.client(row, frame.address)
    verdict: Verdict = entra_rows.risk_verdict(row)
    if application:
        verdict = compose.record("The risk of an application: no person's tokens are concerned.")
    return compose.alert(
        source=frame.source,
        kind=frame.kind,
        raw=frame.raw,
        verdict=verdict,
        cast=cast,
        event_id=_state_of_user(row) if of_user else row.get("id"),
        title=frame.title or ("Risky user" if of_user else "Risk detection"),
        rule=", ".join(entra_rows.risk_types(row)),
        severity=row.get("riskLevel"),
        occurred_at=row.get("activityDateTime", "detectedDateTime", "riskLastUpdatedDateTime")
        or frame.time,
        last_seen_at=row.get("lastUpdatedDateTime", "riskLastUpdatedDateTime"),
        networks=seen.networks,
        apps=seen.apps,
        tenant_hint=frame.tenant,
        details={
            "risk_state": row.text("riskState", limit=40),
            "risk_detail": row.text("riskDetail", limit=80),
            "request_id": row.text("requestId", limit=80),
        },
    )


def audit(frame: Frame, row: Fields) -> Alert:
    """Make an alert of a ``directoryAudit``: who is changed, and who changed it."""
    activity = frame.title or row.text("activityDisplayName", "operationName")
    user, app = row.at("initiatedBy").at("user"), row.at("initiatedBy").at("app")
    return compose.alert(
        source=frame.source,
        kind=frame.kind,
        raw=frame.raw,
        verdict=entra_rows.audit_verdict(activity),
        cast=entra_rows.audit_cast(row, activity),
        event_id=row.get("id"),
        title=activity,
        rule=activity,
        severity="informational",
        occurred_at=row.get("activityDateTime") or frame.time,
        ips=[user.get("ipAddress"), frame.address],
        user_agents=[row.get("userAgent"), _agent(row)],
        apps=entra_rows.audit_apps(row),
        actor_app_ids=[app.get("appId") or app.get("servicePrincipalId")],
        correlation_ids=[row.get("correlationId")],
        tenant_hint=frame.tenant,
        details={
            "result": row.text("result", limit=40),
            "service": row.text("loggedByService", limit=80),
            "correlation_id": row.text("correlationId", limit=80),
        },
    )


def graph_activity(frame: Frame, row: Fields) -> Alert:
    """Make an alert of a request to Microsoft Graph (``MicrosoftGraphActivityLogs``)."""
    cast = Cast()
    caller, principal = row.get("userId", "userPrincipalObjectID"), row.get("servicePrincipalId")
    # The object id is of whoever holds the token, and with one of its own that is the application.
    if row.text("C_Idtyp", limit=20).lower() == "app" or (caller and caller == principal):
        cast.leave_out("an application, which is nobody")
    else:
        cast.add(Role.VICTIM, (IdKind.ENTRA_OBJECT_ID, caller))
    return compose.alert(
        source=frame.source,
        kind=frame.kind,
        raw=frame.raw,
        verdict=compose.record("A request to Microsoft Graph, and no finding."),
        cast=cast,
        event_id=row.get("requestId"),
        title=frame.title,
        severity="informational",
        occurred_at=frame.time,
        session_ids=[row.get("sessionId", "C_Sid")],
        token_ids=[row.get("signInActivityId")],
        ips=[row.get("ipAddress"), frame.address],
        user_agents=[row.get("userAgent")],
        apps=[compose.thing(row.get("appId"))],
        tenant_hint=frame.tenant,
        details={"method": row.text("requestMethod", limit=10)},
    )


def _state_of_user(row: Fields) -> str | None:
    """Name a risky user's state: the user's id alone would make the next theft a duplicate of this."""
    user, since = row.text("id", limit=80), row.text("riskLastUpdatedDateTime", limit=60)
    return f"{user}:{since}".replace(" ", "_") if user and since else None


def _severity(row: Fields) -> str:
    found = row.text("riskLevelDuringSignIn", limit=20).lower()
    return found if found in {"low", "medium", "high"} else "informational"


def _agent(row: Fields) -> str:
    for pair in map(Fields, row.items("additionalDetails")):
        if pair.text("key", limit=40).lower() == "user-agent":
            return pair.text("value")
    return ""
