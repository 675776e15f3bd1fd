"""Products that judge mail, one row a product: Abnormal, Mimecast, Proofpoint TAP, Vade for M365.

A sender is an address of anywhere, and nobody. Who got a message is named and in no trouble by that;
whoever clicked, reported or was found taken over is the one the event is about.

Vendor documentation: named in each row.
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.alert import Signal
from detectors.compose import Verdict, record
from detectors.product import Product, person, table
from detectors.recognition import Shape

#: A case's severity is what was found, in words; in some of Abnormal's answers it is how grave that is.
_GRADES = ("low", "medium", "high", "critical")


def _abnormal(event: JsonValue, action: str, severity: str) -> Verdict:
    if not paths.value(event, "affectedEmployee"):
        return findings.change(action) if paths.value(event, "user") else record()
    graded = compose.severity_of(paths.text(event, "severity", 20)) in _GRADES
    said = paths.text(event, "description" if graded else "severity|analysis|genai_summary")
    severity = paths.text(event, "severity", 20).lower() if graded else severity
    state = paths.text(event, "case_status|remediation_status", 60)
    rated = paths.text(event, "severity_level", 20).lower() or severity
    return findings.finding(said, "high" if "takeover" in said.lower() else rated, state=state)


def _clicked(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    if paths.text(event, "classification", 20).lower() == "phish":
        return record(
            "The person was let through to a phishing page; whether anything was entered there it does not say.",
            Signal.CREDENTIAL,
        )
    if paths.value(event, "auditType"):
        return findings.change(action)
    return record("A message, and nobody's account.")


ABNORMAL = Product(
    kind="abnormal_threat",
    title="Abnormal Security",
    documentation=("https://app.swaggerhub.com/apis-docs/abnormal-security/abx/",),
    shapes=(
        Shape(needs=("affectedEmployee", "caseId|severity|analysis")),
        Shape(needs=("threatId", "abxMessageId|attackType|recipientAddress|abxPortalUrl")),
        Shape(needs=("abxMessageId|abx_message_id", "recipient|recipientAddress|subject")),
        Shape(needs=("vendorCaseId|vendorDomain", "insights|timeline|vendorDomain")),
        Shape(needs=("campaignId", "attackType", "judgementStatus|overallStatus")),
        Shape(needs=("actionDetails", "category", "user.email", "sourceIp|tenantName|timestamp")),
    ),
    envelopes=("threats", "messages", "cases", "auditLogs"),
    targets=(
        person("affectedEmployee", "employee.email"),
        person(email="recipient.email", name="recipient.name"),
        person("recipientAddress"),
    ),
    actors=(person(email="user.email"),),
    bystanders=(person(email="reporter.email", name="reporter.name"),),
    action="attackType|action|description|severity|not_analyzed_reason",
    event_id="threatId|caseId|abxMessageId|campaignId|vendorCaseId",
    severity="severity_level",
    occurred_at="firstObserved|receivedTime|timestamp|reported_datetime|firstReported",
    ips=("sourceIp",),
    judge=_abnormal,
)
MIMECAST = Product(
    kind="mimecast",
    title="Mimecast",
    documentation=(
        "https://integrations.mimecast.com/documentation/endpoint-reference/logs-and-statistics/",
        "https://developer.services.mimecast.com/siem-tutorial-cg",
    ),
    shapes=(
        Shape(needs=("auditType", "eventInfo|eventTime"), also=("user", "id", "category")),
        Shape(
            needs=("processingId", "aggregateId"),
            also=("accountId", "senderEnvelope", "type|eventType", "messageId"),
        ),
        Shape(
            needs=("userEmailAddress", "ttpDefinition|scanResult|fromUserEmailAddress"),
            also=("userAwarenessAction", "sendingIp", "route"),
        ),
        Shape(needs=("senderAddress", "recipientAddress", "fileHash|definition|taggedMalicious|impersonationResults")),
    ),
    envelopes=("data.attachmentLogs", "data.clickLogs", "data.impersonationLogs", "data"),
    empty=(Shape(needs=("meta.status", "fail", "data")),),
    targets=(person("userEmailAddress"), person("internalUserName", where=("internalUserName", r".+@.+"))),
    actors=(person("user"),),
    bystanders=(person("@", each="recipients|recipient|recipientAddress"),),
    action="auditType|type|eventType|action|result",
    headline="auditType|eventInfo|subType|type|eventType|action",
    event_id="id|aggregateId|messageId",
    occurred_at="eventTime|timestamp|date|eventDate",
    ips=("sourceIp",),
    judge=_clicked,
)  # fmt: skip
PROOFPOINT = Product(
    kind="proofpoint",
    title="Proofpoint Targeted Attack Protection",
    documentation=(
        "https://help.proofpoint.com/Threat_Insight_Dashboard/API_Documentation/SIEM_API",
    ),
    shapes=(
        Shape(
            needs=("threatsInfoMap|malwareScore|impostorScore", "messageID|messageTime|spamScore|GUID"),
            also=("phishScore", "quarantineFolder", "toAddresses"),
        ),
        Shape(
            needs=("clickTime|clickIP", "threatID|threatURL|threatStatus|classification"),
            also=("campaignId", "recipient", "GUID"),
        ),
    ),
    envelopes=("messagesDelivered", "messagesBlocked", "clicksPermitted", "clicksBlocked"),
    targets=(person("recipient", where=("clickTime|clickIP", ".+")),),
    bystanders=(person("@", each="recipient|toAddresses"),),
    action="classification|threatsInfoMap.classification|type",
    headline="subject|classification",
    event_id="id|GUID|messageID",
    occurred_at="clickTime|messageTime",
    ips=("clickIP",),
    agents="userAgent",
    judge=_clicked,
)  # fmt: skip
VADE = Product(
    kind="vade_m365",
    title="Vade for Microsoft 365",
    documentation=("https://api-doc.m365.vadesecure.com/",),
    shapes=(
        Shape(
            needs=("sender_ip", "from_header|to_header", "message_id"),
            also=("remediation_type", "current_events", "whitelisted", "substatus"),
        ),
        Shape(needs=("remediation_type|remediation_ids|campaign_id", "status", "to|actions|nb_messages"), surety=0.8),
    ),
    bystanders=(person("to"),),
    action="status|action",
    headline="subject",
    occurred_at="date",
    judge=_clicked,
)  # fmt: skip
DETECTORS = table(ABNORMAL, MIMECAST, PROOFPOINT, VADE)
