"""Audit logs of products that developers and security teams use, one row a product.

All are records of what was done: nobody is contained by one. Bots, service accounts, API keys of services
and the products' own systems are nobody.

Vendor documentation: named in each row.
"""

from __future__ import annotations

from detectors.product import Product, person, table
from detectors.recognition import Shape

_BOT = r"(?!.*\[bot\]).*"

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
        # What GitHub does by itself, such as letting a token expire, names no actor.
        Shape(
            needs=("_document_id", "user|user_id|org|repo|business", "created_at|@timestamp"),
            values={"action": r"[a-z0-9_]+\.[a-z0-9_.]+"},
            also=("operation_type", "actor"),
            never=("actor.user", "actor.email", "event_type", "eventType"),
        ),
    ),
    targets=(person("user", user_id="user_id", only=("user", _BOT)),),
    actors=(
        person("actor", email="external_identity_nameid", user_id="actor_id", only=("actor", _BOT)),
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
CONFLUENCE = Product(
    kind="confluence_audit",
    title="Confluence audit records",
    documentation=("https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-audit/",),
    shapes=(
        Shape(
            needs=("summary", "creationDate", "author", "affectedObject|associatedObjects"),
            also=("category", "remoteAddress", "changedValues", "author.accountId"),
            never=("eventType", "severity"),
        ),
    ),
    envelopes=("results",),
    targets=(
        person("affectedObject.name", where=("affectedObject.objectType", "user")),
        person("name", each="associatedObjects", where=("objectType", "user")),
    ),
    actors=(
        person(
            "author.username", user_id="author.accountId|author.userKey", name="author.displayName",
            only=("author.accountType", "atlassian|customer"),
        ),
    ),
    action="summary",
    rule="category",
    event_id="",
    occurred_at="creationDate",
    ips=("remoteAddress",),
)  # fmt: skip
JIRA = Product(
    kind="jira_audit",
    title="Jira audit records",
    documentation=(
        "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-audit-records/",
    ),
    shapes=(
        Shape(
            needs=("summary", "category", "created", "eventSource|objectItem"),
            also=(
                "authorKey|authorAccountId",
                "objectItem.typeName",
                "associatedItems",
                "remoteAddress",
            ),
            never=("eventType", "severity"),
        ),
    ),
    envelopes=("records",),
    targets=(
        person("objectItem.name", user_id="objectItem.id", where=("objectItem.typeName", "user")),
        person("name", user_id="id", each="associatedItems", where=("typeName", "user")),
    ),
    actors=(person("authorKey", user_id="authorAccountId"),),
    action="summary",
    rule="category",
    occurred_at="created",
    ips=("remoteAddress",),
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
TINES = Product(
    kind="tines_audit",
    title="Tines audit log",
    documentation=("https://www.tines.com/api/audit-logs/",),
    shapes=(
        Shape(
            needs=("operation_name", "user_email|user_id|user_name", "tenant_id|request_ip"),
            also=("request_user_agent", "created_at", "inputs"),
            never=("event_type_id", "actor_system"),
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
DETECTORS = table(ANTHROPIC, CONFLUENCE, GITHUB, JIRA, OPENAI, SNOWFLAKE, SUBLIME, TINES, WIZ)
