"""Salesforce's Event Monitoring: event log files, real-time events and what Threat Detection stores.

Log files spell keys ``USER_ID``, real-time events ``UserId``; both are read. ``LoginAs`` names the user
who was logged in as (the one it is about) and, as delegated user, the administrator who did it.

Vendor documentation: Salesforce, "Object Reference: EventLogFile supported event types" and "Platform
Events: Real-Time Event Monitoring objects" (SessionHijackingEventStore: a stolen session identifier;
CredentialStuffingEventStore; ApiAnomalyEventStore; LoginAnomalyEventStore; LoginAsEvent).
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import findings, paths
from detectors.alert import Signal
from detectors.compose import Verdict, record
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape

_STANDARD = ("userType", r"(?!guest|automatedprocess|system|cloudintegrationuser).*")
_CONSENTS = ("connectedapp", "oauthauthori")


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    name = action.replace("_", "").lower()
    if "sessionhijacking" in name:
        return Verdict(
            True, "Salesforce found that a session identifier was stolen.",
            Signal.SESSION_THEFT, ("T1539",),
        )  # fmt: skip
    if "credentialstuffing" in name:
        return Verdict(
            True, "Salesforce found a sign-in that came of credential stuffing.",
            Signal.CREDENTIAL, ("T1110.004",),
        )  # fmt: skip
    if "anomaly" in name or "threatdetection" in name:
        return record("Unusual for this user; that says nothing about who acted.", Signal.RISK)
    if "tokenrevoked" in name:
        return record("A token was revoked, and no finding.", Signal.TOKEN_THEFT)
    if "oauthtoken" in name:
        if paths.text(event, "status", 40).lower().startswith("success"):
            return record("An app renewed its token.")
        why = "A token was refused; an app with an old one does the same."
        return record(why, Signal.TOKEN_THEFT)
    if name.startswith(_CONSENTS):
        kind = paths.text(event, "connectionType", 60).lower()
        return record("An app was used or allowed, and no finding.", Signal.CONSENT if kind != "login" else Signal.OTHER)  # fmt: skip
    return findings.change(action)


DETECTOR = detector_of(
    Product(
        kind="salesforce_event",
        title="Salesforce Event Monitoring",
        documentation=(
            "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_eventlogfile_supportedeventtypes.htm",
            "https://developer.salesforce.com/docs/platform/platform-events/guide/sforce-api-objects-sessionhijackingeventstore.html",
            "https://developer.salesforce.com/docs/platform/platform-events/guide/sforce-api-objects-credentialstuffingeventstore.html",
        ),
        shapes=(
            Shape(
                needs=("EVENT_TYPE", "organizationId", "userId|requestId|loginKey"),
                also=("sessionKey", "userIdDerived", "timestampDerived", "clientIp|sourceIp"),
                never=("eventSource", "eventVersion"),
            ),
            Shape(
                needs=(
                    "EVENT_TYPE", "USER",
                    "login_status|report_name|field_name|class_name|record_name|dashboard_id|login_url"
                    "|debug_log_id|object_type",
                ),
                values={"event_type": r"[A-Z][A-Za-z/ ]+"},
                never=("event_id", "client_ip", "id", "uuid", "actor", "user.id", "factor", "txid"),
                also=("ACTION", "TIMESTAMP", "login_status", "report_name", "object_type", "class_name"),
                surety=0.6,
                most=0.8,
            ),
            Shape(
                needs=("evaluationTime|eventDate|createdDate", "eventIdentifier", "userId|username"),
                also=("loginKey", "sessionKey", "score", "policyOutcome", "securityEventData"),
            ),
            Shape(
                values={"attributes.type": r"\w+Event(Store)?"},
                needs=("attributes.url|eventIdentifier",),
            ),
        ),
        envelopes=("records",),
        inner="data.payload|payload",
        targets=(
            person(username="userName|user|username", user_id="userId|userIdDerived", only=_STANDARD),
        ),
        actors=(
            person(
                username="delegatedUserName|delegatedUsername|loginAsUsername",
                user_id="delegatedUserId|delegatedUserIdDerived|loginAsUserId",
            ),
        ),
        action="eventType|attributes.type|action",
        headline="summary|eventType|attributes.type",
        event_id="eventIdentifier|eventUuid|requestId",
        severity="score",
        levels=(25, 50, 75),
        occurred_at="timestampDerived|timestamp|eventDate|loginTime|createdDate",
        ips=("currentIp|sourceIp|clientIp|ipAddress",),
        agents="userAgent|browserType|browser|currentUserAgent",
        sessions="sessionKey|sessionId",
        place="loginGeoLocation|city",
        apps=("connectedAppId|clientId", "connectedAppName|clientName"),
        tenant="organizationId",
        judge=_judge,
    )
)  # fmt: skip
