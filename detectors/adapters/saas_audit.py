"""Audit logs of SaaS products, one row a product: what marks it, who acted, on whom, from where.

All are records of what was done: nobody is contained by one, unless the vendor itself says in it that
something is wrong (Box Shield). Applications, API keys of service accounts and the products' own systems
are nobody.

Vendor documentation: named in each row.
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.alert import Signal
from detectors.compose import Verdict, record
from detectors.product import Product, person, table
from detectors.recognition import Shape

_BOT = r"(?!.*\[bot\]).*"


def _box(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    if action != "SHIELD_ALERT":
        return findings.change(action)
    category = paths.text(event, "additional_details.shield_alert.rule_category")
    rated = compose.severity_of(
        paths.value(event, "additional_details.shield_alert.risk_score"), 100
    )
    if "session" in category.lower():
        return findings.finding("session theft " + category, rated)
    if "location" in category.lower():
        return record("A sign-in from an unusual place; people travel.", Signal.RISK)
    return findings.finding(category, rated)


def _setting(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    said = paths.values(event, "source_label|operation_detail")
    how = paths.text(event, "change_description")
    return findings.change(" ".join((action, *(str(one) for one in said), how)))


ANTHROPIC = Product(
    kind="anthropic_audit",
    title="Anthropic activity log (Claude)",
    documentation=("https://docs.claude.com/en/api/compliance-api",),
    shapes=(
        Shape(
            needs=("type", "organization_id|organization_uuid", "created_at", "id"),
            values={"actor.type": r"\w+_actor"},
            also=("actor.user_id", "actor.email_address", "actor.ip_address"),
        ),
    ),
    envelopes=("data",),
    actors=(
        person(
            email="actor.email_address",
            user_id="actor.user_id",
            only=("actor.type", "user_actor|unauthenticated_user_actor"),
        ),
    ),
    bystanders=(person(user_id="target_id", only=("target_type", ".*(member|user).*")),),
    action="type",
    occurred_at="created_at",
    ips=("actor.ip_address",),
    agents="actor.user_agent",
    tenant="organization_id",
)
ASANA = Product(
    kind="asana_audit",
    title="Asana audit log",
    documentation=("https://developers.asana.com/docs/audit-log-events",),
    shapes=(
        Shape(
            needs=("event_type", "actor.actor_type", "context"),
            also=("event_category", "resource.resource_type", "gid"),
        ),
        Shape(needs=("event_type", "event_category", "gid", "resource")),
    ),
    envelopes=("data",),
    targets=(
        person(
            email="resource.email",
            user_id="resource.gid",
            name="resource.name",
            where=("resource.resource_type", "user"),
        ),
    ),
    actors=(
        person(
            email="actor.email",
            user_id="actor.gid",
            name="actor.name",
            only=("actor.actor_type", "user"),
        ),
    ),
    action="event_type",
    event_id="gid",
    occurred_at="created_at",
    ips=("context.client_ip_address",),
    agents="context.user_agent",
)
ATLASSIAN = Product(
    kind="atlassian_audit",
    title="Atlassian organization audit log",
    documentation=(
        "https://developer.atlassian.com/cloud/admin/organization/rest/api-group-events/",
    ),
    shapes=(
        Shape(
            needs=("attributes.action", "attributes.actor"),
            also=("attributes.context", "attributes.container", "message.content"),
        ),
    ),
    envelopes=("data",),
    targets=(
        person(
            email="attributes.email",
            user_id="id",
            name="attributes.name",
            each="attributes.context",
            where=("type", "users?"),
            only=("attributes.accountType", "atlassian|customer"),
        ),
    ),
    actors=(
        person(
            email="attributes.actor.email",
            user_id="attributes.actor.id",
            name="attributes.actor.name",
            only=("attributes.actor.accountType", "atlassian|customer"),
        ),
    ),
    action="attributes.action",
    headline="message.content|attributes.action",
    occurred_at="attributes.time",
    ips=("attributes.location.ip",),
    place="attributes.location.city|attributes.location.countryName",
)
BOX = Product(
    kind="box_event",
    title="Box enterprise events",
    documentation=(
        "https://developer.box.com/guides/events/enterprise-events/for-enterprise/",
        "https://developer.box.com/guides/events/event-triggers/shield-alert-events/",
    ),
    shapes=(
        Shape(
            needs=("event_type", "created_by"),
            values={"type": "event"},
            also=("event_id", "created_by.login", "source.type", "additional_details"),
        ),
    ),
    envelopes=("entries",),
    targets=(
        person(
            username="login",
            email="email",
            user_id="id",
            each="additional_details.shield_alert.user",
        ),
        person(
            username="source.login|source.user_email",
            user_id="source.id|source.user_id",
            name="source.name|source.user_name",
            where=("source.type|source.item_type", "user"),
        ),
    ),
    actors=(
        person(
            username="created_by.login",
            user_id="created_by.id",
            name="created_by.name",
            only=("created_by.type", "user"),
        ),
    ),
    action="event_type",
    event_id="event_id|id",
    occurred_at="created_at",
    ips=("ip_address",),
    sessions="session_id",
    judge=_box,
)
DROPBOX = Product(
    kind="dropbox",
    title="Dropbox team log",
    documentation=(
        "https://www.dropbox.com/developers/documentation/http/teams#team_log-get_events",
    ),
    shapes=(
        Shape(
            needs=("actor", "event_type._tag|event_type..tag|event_type", "involve_non_team_member"),
            also=("event_category", "origin", "context", "participants"),
        ),
    ),
    envelopes=("events",),
    targets=(
        person(
            email="context.email",
            user_id="context.account_id",
            name="context.display_name",
            where=("context._tag|context..tag", "team_member|non_team_member"),
        ),
        person(email="user.email", user_id="user.account_id", each="participants"),
    ),
    actors=(
        person(
            email="actor.user.email|actor.admin.email|actor.reseller.email",
            user_id="actor.user.account_id|actor.admin.account_id",
            name="actor.user.display_name|actor.admin.display_name",
        ),
    ),
    action="event_type._tag|event_type..tag|event_type.description",
    headline="event_type.description|event_type._tag",
    occurred_at="timestamp",
    ips=("origin.geo_location.ip_address",),
    sessions="origin.access_method.end_user.session_id|actor.user.session_id"
    "|origin.access_method.sign_in_as.session_id|origin.access_method.session_id",
    place="origin.geo_location.city|origin.geo_location.country",
)
GITHUB = Product(
    kind="github_audit",
    title="GitHub audit log",
    documentation=(
        "https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/audit-log-events-for-your-organization",
    ),
    shapes=(
        Shape(
            needs=("action", "actor", "org|org_id|business|repo|business_id|actor_id|_document_id"),
            values={"action": r"[a-z0-9_]+\.[a-z0-9_.]+"},
            also=("_document_id", "actor_location", "created_at", "@timestamp"),
            never=("actor.user", "actor.email", "event_type", "eventType"),
        ),
    ),
    targets=(person("user", user_id="user_id", only=("user", _BOT)),),
    actors=(
        person(
            "actor", email="external_identity_nameid", user_id="actor_id", only=("actor", _BOT)
        ),
    ),
    bystanders=(person("blocked_user"),),
    action="action",
    event_id="_document_id",
    occurred_at="@timestamp|created_at|at_sign_timestamp",
    ips=("actor_ip",),
    agents="user_agent",
    place="actor_location.country_code",
    apps=("oauth_application_id", "oauth_application_name|integration"),
    tenant="org",
)
NOTION = Product(
    kind="notion_audit",
    title="Notion audit log",
    documentation=("https://www.notion.com/help/audit-log",),
    shapes=(
        Shape(
            needs=("event.actor", "event.workspace_id"),
            values={"event.type": r"[a-z_]+\.[a-z_.]+"},
            also=("event.actor.person", "event.platform", "event.ip_address"),
        ),
    ),
    inner="event",
    actors=(
        person(email="actor.person.email", user_id="actor.id", only=("actor.type", "person|user")),
    ),
    bystanders=(person(email="details.entity.person.email", user_id="details.entity.id"),),
    action="type",
    occurred_at="timestamp",
    ips=("ip_address",),
    tenant="workspace_id",
)
OPENAI = Product(
    kind="openai_audit",
    title="OpenAI audit log",
    documentation=("https://platform.openai.com/docs/api-reference/audit-logs",),
    shapes=(
        Shape(
            needs=("actor", "type"),
            values={"object": r"organization\.audit_log"},
            also=("effective_at", "actor.session.user", "actor.type"),
        ),
        Shape(
            needs=("effective_at", "type", "actor.session|actor.api_key"),
            also=("id", "object"),
        ),
    ),
    envelopes=("data",),
    targets=(person(email="user.added.data.email", user_id="user.updated.id"),),
    actors=(
        person(
            email="actor.session.user.email|actor.api_key.user.email",
            user_id="actor.session.user.id|actor.api_key.user.id",
            only=("actor.api_key.type", "user"),
        ),
    ),
    action="type",
    occurred_at="effective_at",
    ips=("actor.session.ip_address",),
    agents="actor.session.user_agent",
)
SNOWFLAKE = Product(
    kind="snowflake_login",
    title="Snowflake login history",
    documentation=("https://docs.snowflake.com/en/sql-reference/account-usage/login_history",),
    shapes=(
        Shape(
            needs=("USER_NAME", "FIRST_AUTHENTICATION_FACTOR|REPORTED_CLIENT_TYPE", "EVENT_TYPE"),
            also=("IS_SUCCESS", "EVENT_ID", "CLIENT_IP", "RELATED_EVENT_ID"),
        ),
    ),
    targets=(person("USER_NAME"),),
    action="EVENT_TYPE",
    event_id="EVENT_ID",
    occurred_at="EVENT_TIMESTAMP",
    ips=("CLIENT_IP",),
    apps=("", "REPORTED_CLIENT_TYPE"),
)
TINES = Product(
    kind="tines_audit",
    title="Tines audit log",
    documentation=("https://www.tines.com/api/audit-logs/",),
    shapes=(
        Shape(
            needs=("operation_name", "user_email|user_id|user_name"),
            also=("tenant_id", "request_ip", "request_user_agent", "created_at"),
            surety=0.8,
        ),
    ),
    envelopes=("audit_logs",),
    actors=(person(email="user_email", user_id="user_id", name="user_name"),),
    action="operation_name",
    occurred_at="created_at",
    ips=("request_ip",),
    agents="request_user_agent",
    tenant="tenant_id",
)
WIZ = Product(
    kind="wiz",
    title="Wiz audit log and issues",
    documentation=(
        "https://docs.wiz.io/wiz-docs/docs/audit-log-overview",
        "https://docs.wiz.io/wiz-docs/docs/webhook-integration",
    ),
    shapes=(
        Shape(
            needs=("action", "actionParameters", "requestId|sourceIP|serviceAccount"),
            also=("status", "timestamp", "user", "serviceAccount"),
        ),
        Shape(needs=("issue", "trigger|control|resource"), also=("issue.severity", "resource.cloudPlatform"), surety=0.7),
        Shape(needs=("sourceRule", "entitySnapshot"), also=("severity", "status", "projects")),
        Shape(needs=("control", "entitySnapshot|entity", "severity"), surety=0.8),
    ),
    envelopes=("issues.nodes", "auditLogEntries.nodes"),
    actors=(person("user.name", email="user.email", user_id="user.id"),),
    action="action|control.name|sourceRule.name",
    event_id="id|issue.id",
    severity="severity|issue.severity",
    occurred_at="timestamp|createdAt|issue.created",
    ips=("sourceIP",),
    agents="userAgent",
)  # fmt: skip
ZENDESK = Product(
    kind="zendesk_audit",
    title="Zendesk audit log",
    documentation=(
        "https://developer.zendesk.com/api-reference/ticketing/account-configuration/audit_logs/",
    ),
    shapes=(
        Shape(
            needs=("actor_id", "source_type", "action"),
            also=("source_label", "change_description", "action_label", "source_id"),
        ),
    ),
    envelopes=("audit_logs",),
    targets=(person(user_id="source_id", name="source_label", where=("source_type", "user")),),
    actors=(person(user_id="actor_id", name="actor_name", only=("actor_id", r"\d+")),),
    action="action",
    headline="source_label",
    rule="source_type",
    occurred_at="created_at",
    ips=("ip_address",),
    judge=_setting,
)
ZOOM_OPERATION = Product(
    kind="zoom_operation",
    title="Zoom operation log",
    documentation=("https://developers.zoom.us/docs/api/users/#tag/reports",),
    shapes=(
        Shape(
            needs=("operator", "operation_detail"),
            also=("category_type", "action", "time"),
        ),
    ),
    envelopes=("operation_logs",),
    actors=(person("operator"),),
    action="action",
    headline="operation_detail",
    rule="category_type",
    occurred_at="time",
    judge=_setting,
)
ZOOM_WEBHOOK = Product(
    kind="zoom_webhook",
    title="Zoom webhook events",
    documentation=("https://developers.zoom.us/docs/api/webhooks/",),
    shapes=(
        Shape(
            needs=("payload.account_id",),
            values={"event": r"[a-z_]+\.[a-z_.]+"},
            also=("event_ts", "payload.object", "payload.operator"),
        ),
        Shape(needs=("zoom.payload",), values={"zoom.event": r"[a-z_]+\.[a-z_.]+"}),
    ),
    inner="zoom",
    targets=(
        person(
            "payload.object.owner_email|payload.object.email|payload.object.host_email",
            user_id="payload.object.owner_id|payload.object.host_id",
        ),
        person(user_id="payload.object.id", name="payload.object.display_name", where=("event", r"user\..*")),
    ),
    actors=(person("payload.operator", user_id="payload.operator_id"),),
    action="event",
    event_id="payload.object.uuid",
    occurred_at="event_ts|payload.time_stamp",
    tenant="payload.account_id",
)  # fmt: skip
SUBLIME = Product(
    kind="sublime",
    title="Sublime Security audit log and flagged messages",
    documentation=("https://docs.sublime.security/reference/listeventsinauditlog-1",),
    shapes=(
        Shape(
            needs=("created_at", "data.request", "created_by"),
            values={"type": r"[a-z_]+\.[a-z_.]+"},
            also=("created_by.email_address", "data.request.authentication_method"),
        ),
        Shape(needs=("data.flagged_rules|data.message", "type"), also=("data.message.canonical_id",)),
    ),
    envelopes=("events",),
    actors=(
        person(email="created_by.email_address", user_id="created_by.id", name="created_by.last_name"),
    ),
    bystanders=(person("data.message.mailbox.email_address"),),
    action="type",
    headline="data.flagged_rules.name|type",
    occurred_at="created_at",
    ips=("data.request.ip",),
    agents="data.request.user_agent",
)  # fmt: skip
DETECTORS = table(
    ANTHROPIC,
    ASANA,
    ATLASSIAN,
    BOX,
    DROPBOX,
    GITHUB,
    NOTION,
    OPENAI,
    SNOWFLAKE,
    SUBLIME,
    TINES,
    WIZ,
    ZENDESK,
    ZOOM_OPERATION,
    ZOOM_WEBHOOK,
)
