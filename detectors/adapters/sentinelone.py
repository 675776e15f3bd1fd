"""SentinelOne's endpoint side: threats, alerts of custom rules, and the console's activities.

A threat names who ran the process; whoever logged in to the device last may be somebody else, and is a
bystander. They are named, and a device's malware is no reason to end their sessions.

Vendor documentation: SentinelOne Management Console API, "Threats" (threatInfo, agentDetectionInfo,
agentRealtimeInfo), "Alerts" (STAR custom rules), "Activities" (activityType, primaryDescription).
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import findings, paths
from detectors.compose import Verdict
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape

_THREATS = {"18", "19", "20", "3608", "4003", "4108", "4109", "4110"}


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    found = paths.values(event, "threatInfo|ruleInfo|alertInfo")
    if found or paths.text(event, "activityType") in _THREATS:
        techniques = paths.values(event, "indicators.tactics.techniques.name")
        state = findings.standing(
            event,
            "threatInfo.analystVerdict|alertInfo.analystVerdict",
            "threatInfo.incidentStatus|alertInfo.incidentStatus",
        )
        return findings.device(action, [str(each) for each in techniques], state=state)
    return findings.change(action)


DETECTOR = detector_of(
    Product(
        kind="sentinelone",
        title="SentinelOne",
        documentation=(
            "https://usea1-partners.sentinelone.net/api-doc/api-details?category=threats",
            "https://usea1-partners.sentinelone.net/api-doc/api-details?category=activities",
        ),
        shapes=(
            Shape(
                needs=("threatInfo|alertInfo", "agentDetectionInfo|agentRealtimeInfo"),
                also=("mitigationStatus", "indicators", "whiteningOptions", "ruleInfo"),
            ),
            Shape(
                needs=("activityType", "primaryDescription"),
                also=("accountId", "siteName", "agentId", "secondaryDescription", "activityUuid"),
            ),
        ),
        envelopes=("data",),
        targets=(
            person("threatInfo.processUser|sourceProcessInfo.user|threatInfo.processUserName"),
            person("data.username|data.byUser"),
        ),
        bystanders=(
            person(
                "agentDetectionInfo.agentLastLoggedInUserName",
                user_principal_name="agentDetectionInfo.agentLastLoggedInUpn",
            ),
        ),
        action="threatInfo.classification|activityType",
        headline="threatInfo.threatName|ruleInfo.name|primaryDescription",
        rule="ruleInfo.name|data.ruleName|threatInfo.classification",
        event_id="threatInfo.threatId|alertInfo.alertId|activityUuid|id",
        severity="ruleInfo.severity|threatInfo.confidenceLevel",
        confidence="threatInfo.confidenceLevel|data.confidenceLevel",
        occurred_at="threatInfo.identifiedAt|alertInfo.createdAt|createdAt",
        last_seen_at="threatInfo.updatedAt|updatedAt",
        ips=("agentDetectionInfo.externalIp",),
        devices=(
            "agentRealtimeInfo.agentId|agentId",
            "agentRealtimeInfo.agentComputerName|data.computerName",
        ),
        judge=_judge,
    )
)
