"""Audit logs of the products people work together in, one row a product: what marks it, who acted, on whom, from where.

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
            needs=(
                "actor",
                "event_type._tag|event_type..tag|event_type",
                "involve_non_team_member",
            ),
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
            "payload.object.email", user_id="payload.object.id", name="payload.object.display_name",
            where=("event", r"user\..*"),
        ),
        person(
            "payload.object.owner_email|payload.object.email|payload.object.host_email",
            user_id="payload.object.owner_id|payload.object.host_id",
            where=("event", r"(?!user\.).*"),
        ),
        person(
            "payload.object.email", user_id="payload.object.id", name="payload.object.display_name",
            where=("event", r"user\..*"),
        ),
    ),
    actors=(person("payload.operator", user_id="payload.operator_id"),),
    action="event",
    event_id="payload.object.uuid",
    occurred_at="event_ts|payload.time_stamp",
    tenant="payload.account_id",
)  # fmt: skip
ZOOM_SIGN_IN = Product(
    kind="zoom_sign_in",
    title="Zoom sign-in and sign-out report",
    documentation=("https://developers.zoom.us/docs/api/meetings/#tag/reports",),
    shapes=(
        Shape(
            needs=("email", "client_type", "time"),
            values={"type": r"Sign (in|out)"},
            also=("ip_address", "version"),
        ),
    ),
    envelopes=("activity_logs",),
    targets=(person(email="email"),),
    action="type",
    occurred_at="time",
    ips=("ip_address",),
)
DETECTORS = table(
    ASANA, ATLASSIAN, BOX, DROPBOX, NOTION, ZENDESK, ZOOM_OPERATION, ZOOM_SIGN_IN, ZOOM_WEBHOOK
)
