"""Audit logs of cloud platforms and infrastructure tools, one row a product.

All are records of what was done: nobody is contained by one. Service accounts, agents and the platforms'
own systems are nobody.

Vendor documentation: named in each row.
"""

from __future__ import annotations

from detectors.product import Product, person, table
from detectors.recognition import Shape

_NO_SERVICE = r"(?!.*gserviceaccount\.com$)(?!.*\.google\.com$)[^:]*"

CLOUDFLARE = Product(
    kind="cloudflare_audit",
    title="Cloudflare audit log",
    documentation=("https://developers.cloudflare.com/fundamentals/account/account-security/review-audit-logs/",),
    shapes=(
        Shape(needs=("action.type", "actor.type|actor.email", "when", "resource|owner")),
        Shape(needs=("ActionType", "ActorType|ActorEmail", "When"), also=("ResourceType", "Interface", "OwnerID")),
    ),
    envelopes=("result",),
    actors=(person(email="actor.email|ActorEmail", user_id="actor.id|ActorID", only=("actor.type|ActorType", "user")),),
    action="action.type|ActionType",
    event_id="id|ID",
    occurred_at="when",
    ips=("actor.ip|ActorIP",),
)  # fmt: skip
GCP = Product(
    kind="gcp_audit",
    title="Google Cloud audit logs",
    documentation=("https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog",),
    shapes=(
        Shape(
            needs=("protoPayload.methodName|protoPayload.serviceName", "logName|insertId|resource"),
            also=("protoPayload.authenticationInfo", "protoPayload.requestMetadata", "timestamp"),
        ),
    ),
    envelopes=("entries",),
    actors=(
        person(
            google_email="protoPayload.authenticationInfo.principalEmail",
            only=("protoPayload.authenticationInfo.principalEmail", _NO_SERVICE),
        ),
    ),
    action="protoPayload.methodName",
    event_id="insertId",
    severity="severity",
    occurred_at="timestamp|protoPayload.timestamp",
    ips=("protoPayload.requestMetadata.callerIp",),
    agents="protoPayload.requestMetadata.callerSuppliedUserAgent",
    tenant="resource.labels.project_id",
)  # fmt: skip
GITLAB = Product(
    kind="gitlab_audit",
    title="GitLab audit events",
    documentation=("https://docs.gitlab.com/administration/compliance/audit_event_streaming/",),
    shapes=(
        Shape(
            needs=("author_id", "entity_type", "target_type|target_details|details"),
            also=("author_name", "entity_path", "event_type", "ip_address"),
        ),
    ),
    targets=(
        person(
            "details.target_details|target_details", user_id="details.target_id|target_id",
            where=("details.target_type|target_type", "User"),
        ),
    ),
    actors=(
        person(
            email="author_email|details.author_email", user_id="author_id", name="author_name|details.author_name",
            only=("details.author_class|author_class", "User"),
        ),
    ),
    action="event_type|event_name|details.event_name|details.custom_message|custom_message|change|details.change",
    occurred_at="created_at|time",
    ips=("ip_address|details.ip_address",),
)  # fmt: skip
MONGODB_ATLAS = Product(
    kind="mongodb_atlas",
    title="MongoDB Atlas events",
    documentation=("https://www.mongodb.com/docs/atlas/reference/api-resources-spec/v2/#tag/Events",),
    shapes=(
        Shape(
            needs=("eventTypeName", "created", "orgId|groupId|links"), also=("username", "remoteAddress", "links"),
        ),
    ),
    envelopes=("results",),
    targets=(person("targetUsername"),),
    actors=(person("username", user_id="userId"),),
    action="eventTypeName",
    occurred_at="created",
    ips=("remoteAddress",),
    tenant="orgId",
)  # fmt: skip
SNYK = Product(
    kind="snyk_audit",
    title="Snyk audit log",
    documentation=("https://docs.snyk.io/snyk-api/reference/audit-logs",),
    shapes=(
        Shape(
            needs=("event", "groupId|group_id|orgId|org_id", "userId|user_id", "created"),
            values={"event": r"(api|org|group|user|service|app)\.[a-z_.]+"},
            also=("content",),
        ),
    ),
    envelopes=("items", "data.items"),
    targets=(person(user_id="content.userPublicId|content.user_id", email="content.email"),),
    actors=(person(user_id="userId"),),
    action="event",
    occurred_at="created",
)
TAILSCALE = Product(
    kind="tailscale_audit",
    title="Tailscale configuration audit log",
    documentation=("https://tailscale.com/kb/1203/audit-logging",),
    shapes=(
        Shape(
            needs=("actor.loginName|actor.type", "target", "eventTime|eventGroupID", "origin|action"),
            also=("eventGroupID", "actor.displayName"),
        ),
        Shape(needs=("event.actor.loginName", "event.origin|event.eventGroupID")),
    ),
    envelopes=("logs",),
    inner="event",
    targets=(person("target.name", user_id="target.id", where=("target.type", "USER")),),
    actors=(
        person("actor.loginName", user_id="actor.id", name="actor.displayName", only=("actor.type", "USER")),
    ),
    action="action",
    event_id="eventGroupID",
    occurred_at="eventTime",
)  # fmt: skip
TELEPORT = Product(
    kind="teleport_audit",
    title="Teleport audit events",
    documentation=("https://goteleport.com/docs/reference/audit-events/",),
    shapes=(
        Shape(
            needs=("event", "uid|ei", "time"), values={"code": r"T[0-9A-Z]{3,8}[IWEG]"},
            also=("cluster_name", "user", "addr.remote"),
        ),
    ),
    actors=(person("user"),),
    action="event",
    event_id="uid",
    occurred_at="time",
    ips=("addr.remote",),
    agents="user_agent",
    sessions="sid",
)  # fmt: skip
DETECTORS = table(CLOUDFLARE, GCP, GITLAB, MONGODB_ATLAS, SNYK, TAILSCALE, TELEPORT)
