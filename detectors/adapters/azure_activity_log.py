"""Azure's activity log and resource logs: what was done to subscriptions, vaults and storage.

Shapes: rows of diagnostic settings (``resourceId``, ``identity``), events of the REST API (``caller``,
``claims``), rows of Log Analytics (``AzureActivity``). All are records. A person is named by the claims
of a token that a user has; a token of an application (``idtyp`` app, or no name of a user) names nobody,
and a bare object id may be either's.

Vendor documentation: Microsoft Learn, "Azure activity log event schema", REST API "Activity Logs -
List" (``EventData``), "AzureActivity" table, "Azure Storage monitoring data reference" (resource logs),
"Access token claims reference".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, embedded, recognition
from detectors.alert import Alert, IdKind, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("records", "value")
_NAMES = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_UPN = (f"{_NAMES}upn", "upn", "unique_name", "preferred_username", f"{_NAMES}name")
_EMAIL = (f"{_NAMES}emailaddress", "email")
_OBJECT = ("http://schemas.microsoft.com/identity/claims/objectidentifier", "oid")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read rows of the log; ``event_id`` is ``eventDataId`` where there is one."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    operation = _word(row, "operationName", "operationNameValue")
    if not operation:
        raise NotUnderstood(
            "it is no row of Azure's activity log: no operationName",
            "Send rows as diagnostic settings export them, or events of the REST API.",
        )
    identity, request = embedded.at(row, "identity"), embedded.at(row, "httpRequest")
    claims = embedded.at(row, "claims", "claims_d") or embedded.at(identity, "claims", "claim")
    more = embedded.at(row, "properties")
    return compose.alert(
        source=source,
        kind=_word(row, "category", "categoryValue") or "activity",
        raw=value,
        verdict=compose.record("A record of a change or access in Azure, and no finding."),
        cast=_cast(row, identity, claims, more),
        event_id=row.get("eventDataId"),
        title=operation,
        rule=operation,
        severity="informational",
        occurred_at=row.get("time", "eventTimestamp", "timeGenerated"),
        ips=[row.get("callerIpAddress"), request.get("clientIpAddress"), claims.get("ipaddr")],
        user_agents=[more.get("userAgentHeader", "clientInfo")],
        apps=[compose.thing(claims.get("appid", "azp", "aio_appid"))],
        tenant_hint=row.get("tenantId"),
        details={
            "result": _word(row, "resultType", "status", "activityStatusValue"),
            "resource": row.text("resourceId", limit=500),
            "correlation_id": row.text("correlationId", limit=80),
        },
    )


def _word(row: Fields, *names: str) -> str:
    """Return a value that the REST API writes as ``{"value": ..., "localizedValue": ...}``."""
    for name in names:
        found = row.text(name, limit=200) or row.at(name).text("value", limit=200)
        if found:
            return found
    return ""


def _cast(row: Fields, identity: Fields, claims: Fields, more: Fields) -> Cast:
    people = Cast()
    changed = _assigned(more, people)
    role = Role.ACTOR if changed else Role.VICTIM
    requester = identity.at("requester")
    caller = row.text("caller", limit=320)
    name = claims.get(*_UPN) or requester.get("upn")
    is_user = (
        isinstance(name, str) and "@" in name and claims.text("idtyp", limit=10).lower() != "app"
    )
    if is_user:
        oid = claims.get(*_OBJECT) or requester.get("objectId")
        people.add(
            role,
            (IdKind.USER_PRINCIPAL_NAME, name),
            (IdKind.ENTRA_OBJECT_ID, oid),
            (IdKind.EMAIL, claims.get(*_EMAIL)),
            name=claims.get("name"),
        )
        return people
    if "@" in caller:
        people.add(role, (IdKind.USER_PRINCIPAL_NAME, caller))
        return people
    evidence = embedded.at(embedded.at(identity, "authorization"), "evidence") or embedded.at(
        embedded.at(row, "authorization"), "evidence"
    )
    if evidence.text("principalType", limit=40).lower() == "user":
        # The assignment that allowed it is the user's own.
        people.add(role, (IdKind.ENTRA_OBJECT_ID, evidence.get("principalId")))
    else:
        people.leave_out("an application or an unnamed caller, which is nobody")
    return people


def _assigned(more: Fields, people: Cast) -> bool:
    """Add the user to whom a role is assigned."""
    body = embedded.at(more, "requestbody")
    wanted = embedded.at(body, "properties")
    if wanted.text("principalType", limit=40).lower() != "user":
        return False
    return people.add(Role.VICTIM, (IdKind.ENTRA_OBJECT_ID, wanted.get("principalId")))


_RESOURCE = r"/?(subscriptions|providers)/.*"
DETECTOR = Detector(
    kind="azure_activity_log",
    title="Azure activity and resource logs",
    documentation=(
        "https://learn.microsoft.com/en-us/azure/azure-monitor/platform/activity-log-schema",
        "https://learn.microsoft.com/en-us/rest/api/monitor/activity-logs/list",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/azureactivity",
        "https://learn.microsoft.com/en-us/azure/storage/blobs/monitor-blob-storage-reference",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("operationName|operationNameValue",),
            values={"resourceId": _RESOURCE},
            also=("callerIpAddress", "correlationId", "resultType", "identity", "category"),
        ),
        Shape(
            needs=("operationName",),
            values={"category": "Storage(Read|Write|Delete)|AuditEvent|Administrative|ServiceHealth|Autoscale"},
            also=("uri", "callerIpAddress", "statusCode", "identity", "correlationId"),
            surety=0.8,
        ),
        Shape(needs=("eventDataId", "operationName", "caller|claims"), also=("eventTimestamp", "httpRequest")),
        Shape(needs=("operationNameValue", "caller|callerIpAddress", "timeGenerated"), also=("categoryValue",)),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
