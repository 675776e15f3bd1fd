"""Alerts of monitoring systems: understood, about nobody, and never acted upon.

They speak of machines, checks and errors. A user who stands in one (a visitor whose request failed, who is
on call, who pressed a button) is nobody whose session was stolen.

Vendor documentation: Prometheus "Alertmanager webhook receiver"; Grafana "Webhook notifier", "Alert rule
provisioning"; Datadog "Webhooks", "Monitors API"; PagerDuty "Events API v2", "V3 webhooks"; Sentry "Issue
alerts webhook"; Zabbix "Webhook media type"; Amazon CloudWatch over SNS; Google Cloud "Notification channels:
webhooks"; Azure Monitor "Common alert schema"; Checkmk, Nagios, New Relic, Dynatrace, Splunk Observability,
Graylog, Opsgenie, Pingdom, UptimeRobot, Checkly, ThousandEyes, Coralogix, StatusCake, Uptime Kuma, Statuspage,
incident.io, Rootly, FireHydrant, Better Stack, Splunk On-Call, Rollbar, Bugsnag, Honeybadger, Instana, LogicMonitor,
VMware Aria Operations; GitHub Actions, GitLab, Jenkins, CircleCI, Azure DevOps, Buildkite; Kubernetes events.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, paths, recognition
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, Shape, by_shapes

_WHY = "An alert of a monitoring system, which is about nobody."
_TITLE = (
    "title|commonAnnotations.summary|alerts.annotations.summary|alerts.labels.alertname|annotations.summary"
    "|labels.alertname|Message.AlarmName|AlarmName|incident.policy_name|incident.summary|payload.summary"
    "|event.title|event.data.title|data.event.title|check_name|alert_name|event_definition_title|summary"
    "|data.item.title|data.incident.name|data.attributes.name|incident.name|workflow_run.name|workflow.name"
    "|entity_display_name|state_message|detail.alarmName|resourceName"
    "|ruleName|name|messageTitle|monitor.name|problemTitle|ProblemTitle|data.essentials.alertRule|message"
)
_IDS = "fingerprint|groupKey|alert_id|event_id|incident.incident_id|dedup_key|incidentId|uuid|eventId|id"

_SHAPES = (
    # Alertmanager, Grafana
    Shape(needs=("alerts.labels|alerts.startsAt", "receiver|groupKey|commonLabels|externalURL|status")),
    Shape(needs=("labels.alertname|labels.instance|labels.job", "annotations|startsAt|summary|fingerprint")),
    Shape(needs=("noDataState", "execErrState")),
    Shape(needs=("ruleName|ruleId", "evalMatches|ruleUrl"), values={"state": r"\w+"}),
    # Datadog
    Shape(values={"type": r".*(metric|query|service check|log|process|composite|slo|trace-analytics|event-v2) alert"}, needs=("query|monitor_id", "title|name|message")),
    Shape(needs=("alert_transition|alert_metric|alert_cycle_key|alert_query",), also=("event_type", "last_updated")),
    Shape(needs=("monitor_id", "scopes|alert_type|transition")),
    # Amazon CloudWatch, Google Cloud, Azure Monitor
    Shape(needs=("AlarmName", "NewStateValue|MetricName|Trigger|AlarmDescription|StateChangeTime")),
    Shape(needs=("Message.AlarmName|Message.AlarmDescription",)),
    Shape(needs=("incident.incident_id", "incident.policy_name|incident.condition_name|incident.resource|incident.state")),
    Shape(needs=("data.essentials.alertRule", "data.essentials.monitoringService"), never=("data.alertContext.properties.userPrincipalName",)),
    # Incident tools
    Shape(needs=("routing_key|event_action", "payload.summary")),
    Shape(needs=("event.event_type", "event.resource_type", "event.data")),
    Shape(needs=("messages.event", "messages.incident")),
    Shape(needs=("action", "alert.alertId", "integrationId|source|integrationName")),
    Shape(needs=("incident.id|incident.key", "alerts.id|alert_ids|event_name", "status_page|account_id"), surety=0.6),
    # Sentry, Rollbar, Bugsnag
    Shape(needs=("culprit|project_slug|project_name", "event|issue|level", "url|message|title")),
    Shape(needs=("data.event.event_id|data.issue.culprit|data.issue.shortId", "action|installation")),
    Shape(needs=("event.logentry|event.exception|event.culprit|event.platform", "event.event_id"), surety=0.8),
    # Checks and uptime
    Shape(needs=("check_name|check_id", "check_type|alert_type|state_changed_timestamp|current_state")),
    Shape(needs=("check_command|notification_type", "host|HOSTNAME|output|what")),
    Shape(needs=("monitorID|monitorFriendlyName", "alertType|alertTypeFriendlyName")),
    Shape(needs=("heartbeat", "monitor")),
    Shape(needs=("alert.testLabels|alert.ruleExpression|alert.testName", "eventId|eventType"), also=("alert.agents",)),
    # Zabbix, Nagios, Dynatrace, New Relic, Splunk Observability, Coralogix, Graylog, Elastic watchers
    Shape(needs=("trigger_id|triggerid|trigger_name|event_value|EVENT.ID|eventid", "trigger_status|trigger_severity|hostname|host|hosts|trigger_description|nseverity|update_status")),
    Shape(needs=("ProblemID|problemId|PID", "ProblemTitle|ProblemImpact|impactLevel|ProblemSeverity|title")),
    Shape(needs=("incident_id|issueId|issue_id|current_state", "condition_name|policy_name|accumulations|issueUrl|conditionName|alertPolicyNames")),
    Shape(needs=("detectorUrl|originatingMetric|detectOnCondition|sf_schema", "incidentId|severity|messageBody")),
    Shape(needs=("alert_action|alert_url|timewindow", "alert_id|uuid", "threshold|log_url|query_text"), also=("log_url", "group_by_labels")),
    Shape(needs=("event_definition_id|event_definition_title", "event|backlog|job_definition_id")),
    Shape(needs=("num_hits|num_matches", "@timestamp|rule_name|match_body"), surety=0.6),
    Shape(needs=("chart|chart_context|chart_name", "alarm|alarm_name|alert", "host|node_name|space")),
    Shape(needs=("deviceName|host_name", "monitorName|dataPoint|datasource|alertDetailUrl|LMD|datapoint"), surety=0.7),
    Shape(needs=("check_result", "stream|check_result.triggered_condition")),
    Shape(needs=("alertid", "datasource|dpname|datapoint", "level|host")),
    Shape(needs=("alertId", "criticality", "resourceName|resourceKind")),
    Shape(needs=("violations", "conditions", "alert.name|alert.id")),
    Shape(needs=("issue.id", "issue.suggestion|issue.fqdn|issue.entity", "issue.state|issue.severity")),
    # Further incident tools and errors
    Shape(values={"event_type": r"(public|private)_(incident|alert)\..*"}),
    Shape(needs=("event.issued_at", "data"), values={"event.type": r"(incident|alert|retrospective)\.\w+"}),
    Shape(needs=("data.incident", "event.operation", "event.resource_type")),
    Shape(needs=("data.attributes.cause|data.attributes.started_at",), values={"data.type": "incident|monitor"}),
    Shape(needs=("page.status_indicator|page.status_description", "incident|component|meta")),
    Shape(needs=("entity_id", "message_type", "state_message|entity_display_name|monitoring_tool")),
    Shape(needs=("messages.type", "messages.data.incident")),
    Shape(needs=("data.item|data.occurrence", "event_name"), values={"event_name": r"\w*(item|occurrence|deploy)\w*"}),
    Shape(needs=("trigger.type", "error.errorId|error.exceptionClass|error.id", "project")),
    Shape(needs=("fault.klass|fault.id", "project", "message|event")),
    # Builds and deployments
    Shape(needs=("workflow_run|workflow_job|check_run|check_suite|deployment_status", "repository")),
    Shape(values={"object_kind": "pipeline|build|deployment|job"}, needs=("project|project_name|object_attributes",)),
    Shape(needs=("build.phase|build.full_url", "name|url")),
    Shape(values={"type": r"(workflow|job)-completed"}, needs=("pipeline|workflow|job",)),
    Shape(values={"eventType": r"(build|release|ms\.vss-\w+)\..*"}, needs=("publisherId", "resource")),
    Shape(values={"event": r"(build|job|agent)\.\w+"}, needs=("build|job|agent", "pipeline|organization")),
    Shape(needs=("involvedObject", "reason"), values={"kind": "Event"}),
    # Amazon's bus and topics
    Shape(values={"source": r"aws\.(cloudwatch|health|ecs|rds|autoscaling)"}, needs=("detail-type", "detail")),
    Shape(values={"Type": r"(Uns|S)ubscriptionConfirmation"}, needs=("TopicArn", "SubscribeURL|Token")),
    Shape(needs=("probe|sensor|sensorid|lastvalue", "device|group", "status|statusid|message"), surety=0.6),
)  # fmt: skip
_SHAPED = by_shapes(*_SHAPES)
#: Keys that a notice of anything has; an object of nothing else names nobody.
_PLAIN = frozenset(
    [
        "message",
        "title",
        "summary",
        "description",
        "severity",
        "status",
        "state",
        "level",
        "createdat",
        "timestamp",
        "time",
        "text",
        "linktoupstreamdetails",
        "alertuid",
        "imageurl",
    ]
)


def _recognises(payload: JsonValue) -> Fit:
    fit = _SHAPED(payload)
    if fit.surety >= recognition.ENOUGH:
        return fit
    known = Fields(payload).everything()
    texts = [known.get(name) for name in ("message", "title", "summary", "text")]
    if any(isinstance(one, str) and one for one in texts) and set(known) <= _PLAIN:
        return Fit(recognition.ENOUGH, "it has a message, and nothing that could name anybody")
    return fit


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read a monitoring alert, or a list of them; a group of alerts counts as one."""
    return each(recognition.items(payload), lambda item: _alert(item, source))


def _alert(item: JsonValue, source: str) -> Alert:
    if not isinstance(item, dict) or not item:
        raise NotUnderstood("it is no alert: no JSON object", "Send the tool's own webhook.")
    return compose.alert(
        source=source,
        kind="monitoring",
        raw=item,
        verdict=compose.record(_WHY),
        event_id=paths.value(item, _IDS),
        title=paths.text(item, _TITLE),
        severity=paths.value(
            item,
            "commonLabels.severity|alerts.labels.severity|labels.severity|payload.severity|severity"
            "|level|priority|Message.Priority|alert.severity",
        ),
        occurred_at=paths.value(
            item,
            "alerts.startsAt|startsAt|incident.started_at|payload.timestamp|StateChangeTime|started_at"
            "|created_at|timestamp|event.timestamp",
        ),
    )


DETECTOR = Detector(
    kind="monitoring_webhook",
    title="Monitoring systems (Alertmanager, Grafana, Datadog, PagerDuty, Sentry, Zabbix and others)",
    documentation=(
        "https://prometheus.io/docs/alerting/latest/configuration/#webhook_config",
        "https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/",
        "https://docs.datadoghq.com/integrations/webhooks/",
        "https://developer.pagerduty.com/docs/send-alert-event",
        "https://docs.sentry.io/organization/integrations/integration-platform/webhooks/",
        "https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook",
    ),
    parse=parse,
    recognises=_recognises,
)
