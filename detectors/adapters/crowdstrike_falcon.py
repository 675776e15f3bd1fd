"""CrowdStrike Falcon: the event stream, the sensor's telemetry and alerts of the Alerts API.

The stream wraps each event in ``metadata.eventType``. Identity Protection's detections are about an
account; those of endpoints and phones are about a device, whose user is named and not in trouble by
that. In audit events ``UserId`` acted; ``AuditKeyValues`` names the account acted upon.

Vendor documentation: CrowdStrike Falcon, "Streaming API Event Dictionary" (IdpDetectionSummaryEvent,
EppDetectionSummaryEvent, AuthActivityAuditEvent, UserActivityAuditEvent); "Alerts API"; "Events Data
Dictionary" (event_simpleName).
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.compose import Verdict, record
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape

_IDENTITY = re.compile(r"(Idp|IdentityProtection|Identity).*", re.IGNORECASE)
_TARGET_KEYS = r"target_name|action_target_name|target_user|target_user_name|target_uid"


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    kind = paths.text(event, "metadata.eventType|type|event_simpleName", 80)
    title = paths.text(event, _NAMES)
    techniques = [str(each) for each in paths.values(event, "event.TechniqueId|technique_id")]
    if _IDENTITY.match(kind) or paths.text(event, "product", 20).lower() == "idp":
        said = " ".join(
            (title, paths.text(event, "event.DetectDescription|event.Description|description"))
        )
        state = findings.standing(event, "event.State|status", "resolution")
        return findings.finding(said, compose.severity_of(severity), techniques, state=state)
    if not paths.values(event, "metadata.eventType") and paths.text(event, "event_simpleName"):
        return record("What a sensor saw, and no finding.")
    if "Detection" in kind or "Incident" in kind or paths.value(event, "composite_id"):
        state = findings.standing(event, "status", "resolution")
        return findings.device(title, techniques, state=state)
    return findings.change(action)


def _rated(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Add the word for a severity that is given as a number only: 1 to 5 once, 1 to 100 now."""
    given = paths.value(event, "event.Severity|severity")
    if isinstance(given, bool) or not isinstance(given, int | float):
        return event
    levels = (3.0, 4.0, 5.0) if given <= 5 else (40.0, 60.0, 80.0)
    return {**event, "ratedSeverity": compose.graded(given, levels)}


_NAMES = "event.DetectName|event.Name|event.IncidentType|display_name|name"
DETECTOR = detector_of(
    Product(
        kind="crowdstrike_falcon",
        title="CrowdStrike Falcon",
        documentation=(
            "https://falcon.crowdstrike.com/documentation/page/f3c6ca35/streaming-api-event-dictionary",
            "https://falcon.crowdstrike.com/documentation/page/d02475a5/converting-from-detects-api-to-alerts-api",
            "https://falcon.crowdstrike.com/documentation/page/e3ce0b24/events-data-dictionary",
        ),
        shapes=(
            Shape(
                needs=("metadata.customerIDString|metadata.offset|event",),
                values={"metadata.eventType": r"\w+Event|\w*Audit\w*|\w*Summary\w*|ScheduledReport\w*"},
                also=("metadata.eventCreationTime", "metadata.customerIDString", "event"),
            ),
            Shape(needs=("event_simpleName", "aid|cid|aip|ConfigBuild|event_platform"), also=("aid", "cid")),
            Shape(
                needs=("composite_id|CompositeId", "cid|falcon_host_link|FalconHostLink"),
                also=("agent_id", "tactic", "severity_name"),
            ),
            Shape(needs=("OperationName", "ServiceName", "UserId", "UTCTimestamp"), also=("AuditKeyValues",)),
        ),
        envelopes=("resources", "detections"),
        targets=(
            person("ValueString", each="event.AuditKeyValues|AuditKeyValues", where=("Key", _TARGET_KEYS)),
            person(
                "event.SourceAccountName|source_account_name|SourceAccountName",
                user_principal_name="event.SourceAccountUpn|source_account_upn|event.SourceAccountUpnName",
                sid="event.SourceAccountObjectSid|source_account_object_sid",
                where=("product", r"(?!fcs$).*"),  # a cloud's account, of Falcon Cloud Security, is no person's
            ),
        ),
        actors=(
            person("event.UserName|event.AccountName|user_name|UserName", sid="UserSid|user_id"),
            person("event.UserId|UserId", where=("event.UserId|UserId", r"(?!S-1-).*")),  # those are above
        ),
        bystanders=(person("event.TargetAccountName|target_account_name"),),
        action="event.OperationName|OperationName|metadata.eventType|event_simpleName|type",
        headline=f"{_NAMES}|event.OperationName|OperationName|metadata.eventType|event_simpleName",
        rule=f"{_NAMES}|event.OperationName|metadata.eventType|event_simpleName",
        event_id="event.CompositeId|event.DetectId|event.IncidentID|composite_id|id",
        severity="event.SeverityName|severity_name|ratedSeverity",
        occurred_at="event.ContextTimeStamp|event.StartTime|event.ProcessStartTime|event.UTCTimestamp"
        "|metadata.eventCreationTime|timestamp|created_timestamp",
        ips=("event.UserIp|event.SourceEndpointIpAddress|event.SourceIp|source_endpoint_address_ip4|source_ip_address|aip",),
        devices=(
            "event.AgentId|event.SensorId|event.HostID|aid|agent_id",
            "event.ComputerName|event.Hostname|event.SourceEndpointHostName|ComputerName|device.hostname",
        ),
        tenant="metadata.customerIDString|cid",
        judge=_judge,
        prepare=_rated,
    )
)  # fmt: skip
