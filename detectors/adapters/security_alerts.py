"""Alerts of further products, one row a product: decoys, brand watching, SIEM and SaaS posture.

A decoy that was touched tells of an address, and not whose account was used; a name that was tried on
one is named. What a brand watcher found on the web is nobody.

Vendor documentation: named in each row.
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.compose import Verdict, record
from detectors.product import Product, person, table
from detectors.recognition import Shape


def _decoy(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    return record("A decoy was touched; it does not say whose account was used.")


def _outside(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    return record("Something found outside, and nobody's session.", findings.finding(action).signal)


def _alert(event: JsonValue, action: str, severity: str) -> Verdict:
    if paths.text(event, "event.kind", 20) == "event":
        return findings.change(action)
    techniques = paths.values(event, "rule.threat.technique.id|rule.mitre_tcodes")
    said = " ".join((action, paths.text(event, "message|type")))
    state = findings.standing(event, "disposition", "status")
    return findings.finding(said, compose.severity_of(severity), [str(one) for one in techniques], state=state)  # fmt: skip


def _varonis(event: JsonValue, action: str, severity: str) -> Verdict:
    said = " ".join((paths.text(event, "extension.cs2|attributes.cs2"), action))
    state = findings.standing(event, "Alert.CloseReason.Name", "Alert.Status.Name")
    return findings.finding(said, severity, state=state)


APPOMNI = Product(
    kind="appomni_alert",
    title="AppOmni",
    documentation=("https://docs.appomni.com/",),
    shapes=(Shape(needs=("appomni", "event"), also=("appomni.organization", "event.kind", "rule")),),
    actors=(
        person("user.name", email="user.email", user_id="user.id"),
    ),
    bystanders=(person("@", each="related.user"),),
    action="rule.name|event.action|event.code",
    headline="message|rule.name|event.action",
    event_id="appomni.event.id|event.id",
    severity="event.severity",
    levels=(2, 3, 4),
    occurred_at="@timestamp|timestamp|event.created",
    ips=("source.ip|related.ip",),
    judge=_alert,
)  # fmt: skip
ATLASSIAN_GUARD = Product(
    kind="atlassian_guard",
    title="Atlassian Guard Detect (Beacon) alerts",
    documentation=(
        "https://support.atlassian.com/security-and-access-policies/docs/alert-payloads/",
    ),
    shapes=(
        Shape(
            needs=("alert.title|alertTitle", "actor.accountId|actor.name"),
            values={"atlassianAlertType": r"\w+:\w+.*"},
            also=("alert.product", "activity", "atlassianWorkspace"),
        ),
        Shape(needs=("alert.title", "alert.product", "actor.accountId", "activity"), surety=0.8),
    ),
    targets=(person(user_id="actor.accountId", name="actor.name"),),
    action="alert.title|alertTitle",
    event_id="alert.id|alertId",
    occurred_at="activity.time.start|alert.created",
    last_seen_at="activity.time.end",
    ips=("actor.sessions.ipAddress",),
    agents="actor.sessions.userAgent",
    apps=("", "alert.product"),
    judge=_alert,
)
INSIGHTIDR = Product(
    kind="insightidr_alert",
    title="Rapid7 InsightIDR",
    documentation=("https://docs.rapid7.com/insightidr/insightidr-rest-api/",),
    shapes=(
        Shape(
            values={"rrn": r"rrn:(alerts|investigation):.*"},
            also=("alerted_at", "organization", "rule.rrn", "external_source"),
        ),
        Shape(needs=("rrn", "alerted_at|first_alert_time|rule_matching_keys")),
    ),
    envelopes=("alerts", "data"),
    targets=(
        person(
            "values", each="rule_matching_keys",
            where=("key", r"user|account|username|user_name|source_user|destination_user|email"),
        ),
    ),
    action="title|type",
    event_id="rrn",
    severity="priority|severity",
    occurred_at="alerted_at|created_at|created_time",
    judge=_alert,
)  # fmt: skip
SOCRADAR = Product(
    kind="socradar",
    title="SOCRadar",
    documentation=("https://platform.socradar.com/docs/api/incidents",),
    shapes=(Shape(needs=("alarm_id", "alarm_type_details|alarm_risk_level|alarm_text"), also=("content",)),),
    envelopes=("data",),
    action="alarm_type_details.alarm_sub_type|alarm_type_details.alarm_main_type",
    headline="alarm_text",
    event_id="alarm_id",
    severity="alarm_risk_level",
    occurred_at="date",
    judge=_outside,
)  # fmt: skip
THINKST = Product(
    kind="thinkst_canary",
    title="Thinkst Canary",
    documentation=(
        "https://docs.canary.tools/incidents/",
        "https://help.canary.tools/hc/en-gb/articles/360012727537-How-do-I-configure-notifications-for-a-Generic-Webhook",
    ),
    shapes=(
        # Other vendors' alerts have a type and a description, too.
        Shape(needs=("IncidentKey|IncidentHash|AlertType", "SourceIP|Token|CanaryName|Intro"), also=("AdditionalDetails", "Reminder")),
        Shape(needs=("flock_id|flock_name", "logtype|incident_id|src_host"), also=("created_std", "node_id")),
        Shape(needs=("canarytoken|manage_url", "src_data|memo|additional_data|channel")),
    ),
    envelopes=("incidents", "queue"),
    targets=(person("USERNAME|events.USERNAME|description.events.USERNAME"),),
    action="AlertType|description.description|description|event_type",
    headline="Description|description.description|description",
    event_id="IncidentKey|incident_id|id",
    occurred_at="Timestamp|timestamp|created",
    ips=("SourceIP|src_host|src_ip",),
    devices=("node_id|CanaryID", "CanaryName|name"),
    judge=_decoy,
)  # fmt: skip
TRACEBIT = Product(
    kind="tracebit_alert",
    title="Tracebit",
    documentation=("https://docs.tracebit.com/",),
    shapes=(
        Shape(needs=("alert_id", "canary|canary_credential|discriminator"), also=("event", "discriminator.subtype")),
        Shape(values={"discriminator.type": r"tracebit\w*"}),
    ),
    action="discriminator.subtype",
    headline="message",
    event_id="alert_id|id",
    occurred_at="timestamp|event.timestamp|created_at",
    ips=("event.request.ip",),
    agents="event.request.user_agent.raw",
    judge=_decoy,
)  # fmt: skip
VARONIS = Product(
    kind="varonis",
    title="Varonis DatAdvantage and DatAlert",
    documentation=(
        "https://help.varonis.com/s/document-item?topicId=datalert-syslog-cef",
        "https://xsoar.pan.dev/docs/reference/integrations/varonis-saa-s",
    ),
    shapes=(
        Shape(values={"_format": "cef", "deviceVendor": r"Varonis.*"}),
        Shape(values={"_format": "leef", "vendor": r"Varonis.*"}),
        Shape(needs=("Alert.Rule.Name", "Alert.ID|Alert.User.Name", "Alert.Rule.Severity.Name|Alert.Status.Name")),
    ),
    envelopes=("Alert",),
    targets=(person("extension.duser|attributes.usrName|Alert.User.SamAccountName"),),
    action="name|eventId|Alert.Rule.Name",
    headline="extension.cs2|attributes.cs2|name|Alert.Rule.Name",
    rule="extension.cs2|attributes.cs2|name|Alert.Rule.Name",
    event_id="extension.externalId|attributes.externalId|Alert.ID",
    severity="severity|Alert.Rule.Severity.Name",
    levels=(4, 7, 9),
    occurred_at="extension.start|extension.rt|Alert.TimeUTC",
    last_seen_at="extension.end",
    ips=("extension.src",),
    devices=("", "extension.dhost"),
    judge=_varonis,
)  # fmt: skip
ZEROFOX = Product(
    kind="zerofox_alert",
    title="ZeroFox",
    documentation=("https://api.zerofox.com/1.0/docs/",),
    shapes=(
        Shape(needs=("offending_content_url|perpetrator", "alert_type", "entity|network|severity"), also=("asset_term", "protected_account")),
    ),
    envelopes=("alerts",),
    action="alert_type",
    headline="rule_name|alert_type",
    severity="severity",
    levels=(3, 4, 5),
    occurred_at="content_created_at|timestamp",
    last_seen_at="last_modified",
    judge=_outside,
)  # fmt: skip
DETECTORS = table(
    APPOMNI, ATLASSIAN_GUARD, INSIGHTIDR, SOCRADAR, THINKST, TRACEBIT, VARONIS, ZEROFOX
)
