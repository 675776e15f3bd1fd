"""Products that watch devices, one row a product; a device's user is named and in no trouble by that.

A finding is acted upon only where its ATT&CK technique says that cookies or tokens were taken from the
device.

Vendor documentation: named in each row.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.compose import Verdict
from detectors.product import Product, person, table
from detectors.recognition import Shape

_TECHNIQUES = (
    "mitre_technique_id_and_name|matchedRules.matchedFilters.mitreTechniqueIds|tags|ttps|mitreTechniques"
    "|tactics.techniques.external_id|attack_technique|details.mitreTechniques"
)
_ID = re.compile(r"(?:attack\.)?(t\d{4}(?:\.\d{3})?)\b.*", re.IGNORECASE)
#: Who works on it, what was found, and what the product did at once.
_STANDING = (
    "status", "resolution_status", "workflow.status|workflow.state", "investigationStatus",
    "investigationResult", "determination.value", "action_pretty", "action", "run_state",
)  # fmt: skip
_ACCOUNT = ("entityType", "account|emailAddress|cloudIdentity")


def _device(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    found = [_ID.match(str(one)) for one in paths.values(event, _TECHNIQUES)]
    return findings.device(
        action, [one[1] for one in found if one], state=findings.standing(event, *_STANDING)
    )


def _workbench(event: JsonValue, action: str, severity: str) -> Verdict:
    named = paths.values(event, "impactScope.entities.entityType")
    cloud = {"cloudIdentity", "emailAddress"} & {str(one) for one in named}
    if cloud:
        techniques = [str(one) for one in paths.values(event, _TECHNIQUES)]
        state = findings.standing(event, *_STANDING)
        return findings.finding(action, compose.severity_of(severity), techniques, state=state)
    return _device(event, action, severity)


CARBON_BLACK = Product(
    kind="carbonblack",
    title="Carbon Black Cloud",
    documentation=("https://developer.carbonblack.com/reference/carbon-black-cloud/platform/latest/alerts-api/",),
    shapes=(
        Shape(needs=("org_key", "device_name|device_id", "legacy_alert_id|threat_id|reason_code|alert_notes_present")),
        Shape(needs=("deviceInfo", "ruleName|threatInfo", "eventTime|url")),
    ),
    envelopes=("results",),
    targets=(person("device_username|deviceInfo.email", "process_username"),),
    action="type",
    headline="reason",
    severity="severity",
    levels=(4, 7, 9),
    occurred_at="first_event_time|first_event_timestamp|create_time",
    last_seen_at="last_event_time",
    ips=("device_external_ip",),
    devices=("device_id", "device_name"),
    judge=_device,
)  # fmt: skip
CISCO = Product(
    kind="cisco_secure_endpoint",
    title="Cisco Secure Endpoint",
    documentation=("https://developer.cisco.com/docs/secure-endpoint/events/",),
    shapes=(
        Shape(needs=("data.event_type_id|data.connector_guid", "data.event_type|metadata"), also=("data.computer",)),
        Shape(needs=("event_type_id", "connector_guid|computer"), also=("group_guids", "event_type")),
    ),
    inner="data",
    targets=(person("computer.user"),),
    action="event_type",
    headline="detection|event_type",
    severity="severity",
    occurred_at="date|timestamp",
    ips=("computer.external_ip",),
    devices=("computer.connector_guid", "computer.hostname"),
    judge=_device,
)  # fmt: skip
CORTEX = Product(
    kind="cortex_xdr",
    title="Palo Alto Networks Cortex XDR",
    documentation=(
        "https://docs-cortex.paloaltonetworks.com/r/Cortex-XDR-REST-API/Get-Alerts",
        "https://docs-cortex.paloaltonetworks.com/r/Cortex-XDR-REST-API/Get-Incidents",
    ),
    shapes=(
        Shape(
            needs=("external_id", "matching_status|local_insert_ts|bioc_indicator|detection_timestamp|attempt_counter"),
            also=("alert_id", "mitre_technique_id_and_name", "is_whitelisted"),
        ),
        Shape(
            needs=("agent_install_type|association_strength", "event_type", "story_id|actor_process_instance_id"),
            also=("event_timestamp", "module_id"),
        ),
        Shape(needs=("alert_id", "detection_timestamp", "action_pretty|is_whitelisted", "host_name|user_name")),
        Shape(needs=("incident_id", "xdr_url|alert_count|rule_based_score|detection_time"), also=("host_count",)),
    ),
    envelopes=("reply.alerts", "reply.alerts.data", "reply.incidents", "alerts"),
    empty=(Shape(needs=("reply.alerts|reply.incidents", "reply.total_count|reply.result_count")),),
    targets=(person("events.user_name|user_name|users|actor_effective_username"),),
    action="name|category|event_type|description",
    event_id="alert_id|external_id|incident_id|event_id",
    severity="severity",
    occurred_at="detection_timestamp|event_timestamp|events.event_timestamp|creation_time",
    ips=("action_remote_ip|host_ip",),
    devices=("endpoint_id", "host_name"),
    judge=_device,
)  # fmt: skip
CYBEREASON = Product(
    kind="cybereason",
    title="Cybereason",
    documentation=("https://nest.cybereason.com/documentation/api-documentation",),
    shapes=(
        Shape(values={"@class": r".*Model"}, needs=("guid|malopGuid|metadata",), also=("displayName", "malopType")),
        Shape(needs=("malopGuid|metadata.malopGuid", "guid|status|timestamp"), surety=0.7),
    ),
    envelopes=("malops", "data.malops"),
    targets=(person("displayName", each="users"), person("displayName", where=("@class", r".*User\w*Model"))),
    action="malopDetectionType|detectionTypes|@class",
    headline="displayName",
    event_id="guid|malopGuid",
    severity="severity",
    occurred_at="creationTime|metadata.timestamp",
    last_seen_at="lastUpdateTime",
    devices=("machines.guid", "machines.displayName"),
    judge=_device,
)  # fmt: skip
HARFANGLAB = Product(
    kind="harfanglab",
    title="HarfangLab EDR",
    documentation=("https://docs.harfanglab.io/",),
    shapes=(
        Shape(
            needs=("log_type|alert_subtype|detection_origin", "rule_name|agent.agentid|agent.osproducttype", "agent"),
            also=("aggregation_key", "threat_key", "alert_type", "maturity"),
        ),
    ),
    targets=(person("process.username|username|details_authentication.target_username", sid="process.usersid"),),
    action="rule_name|log_type",
    event_id="alert_unique_id|id",
    severity="level",
    occurred_at="alert_time|@event_create_date|@timestamp",
    ips=("agent.ipaddress",),
    devices=("agent.agentid", "agent.hostname"),
    judge=_device,
)  # fmt: skip
LOOKOUT = Product(
    kind="lookout",
    title="Lookout Mobile Endpoint Security",
    documentation=("https://enterprise.support.lookout.com/hc/en-us/articles/115002741773",),
    shapes=(
        Shape(
            needs=("enterprise_guid", "change_type", "type"), also=("target", "actor", "created_time"),
        ),
    ),
    envelopes=("events",),
    targets=(person(email="target.email|target.email_address", where=("target.type", "DEVICE|USER|ADMIN|EMPLOYEE")),),
    actors=(person(email="actor.email|actor.email_address", where=("actor.type", "USER|ADMIN|EMPLOYEE")),),
    action="threat.classifications|audit.type|type",
    severity="threat.severity",
    occurred_at="created_time",
    devices=("actor.guid", ""),
    judge=_device,
)  # fmt: skip
SOPHOS = Product(
    kind="sophos_central",
    title="Sophos Central",
    documentation=("https://developer.sophos.com/docs/siem-v1/1/overview",),
    shapes=(
        Shape(
            needs=("customer_id", "endpoint_type|endpoint_id|datastream", "type|name"),
            also=("source_info.ip", "group", "severity", "when|rt"),
        ),
        Shape(values={"type": r"Event::\w+.*"}, needs=("id|name", "severity")),
    ),
    envelopes=("items",),
    targets=(person("suser|source|core_remedy_items.user"),),
    action="type",
    headline="name|description|threat",
    severity="severity",
    occurred_at="end|when|created_at|rt",
    devices=("endpoint_id", "dhost|location"),
    judge=_device,
)  # fmt: skip
TREND = Product(
    kind="trend_vision_one",
    title="Trend Vision One Workbench",
    documentation=("https://automation.trendmicro.com/xdr/api-v3/#tag/Workbench",),
    shapes=(
        Shape(
            needs=("workbenchLink|alertProvider", "model|impactScope|id"),
            also=("investigationStatus", "impactScope.entities", "matchedRules", "schemaVersion"),
        ),
    ),
    envelopes=("items",),
    targets=(person("entityValue", each="impactScope.entities", where=_ACCOUNT),),
    action="model",
    event_id="id",
    severity="severity",
    occurred_at="createdDateTime",
    last_seen_at="updatedDateTime",
    ips=("indicators.srcIp",),
    judge=_workbench,
)
WITHSECURE = Product(
    kind="withsecure",
    title="WithSecure Elements",
    documentation=("https://connect.withsecure.com/api-reference/security-events",),
    shapes=(
        Shape(
            needs=("engine", "serverTimestamp|persistenceTimestamp", "device|details"),
            also=("organization", "subscription", "action"),
        ),
    ),
    envelopes=("items",),
    targets=(person("details.userName|userName", user_principal_name="details.userPrincipalName"),),
    action="engine",
    headline="details.ruleName|details.infectionName|details.alertType|engine",
    severity="severity",
    occurred_at="details.clientTimestamp|serverTimestamp",
    devices=("device.id", "device.name"),
    judge=_device,
)
DETECTORS = table(
    CARBON_BLACK, CISCO, CORTEX, CYBEREASON, HARFANGLAB, LOOKOUT, SOPHOS, TREND, WITHSECURE
)
