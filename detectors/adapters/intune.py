"""Microsoft Intune: its audit and operational logs by diagnostic settings, and audit events by Graph.

All are records. In operational logs (compliance, enrolment) the person is the device's user; in audit
logs whoever acted. Applications and Intune itself are nobody.

Vendor documentation: Microsoft Learn, "Route logs to Azure Monitor using Intune", tables
``IntuneAuditLogs``, ``IntuneOperationalLogs``, ``IntuneDeviceComplianceOrg``, ``IntuneDevices``; Microsoft
Graph resource types ``auditEvent`` and ``auditActor`` (Intune).
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


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read rows of Intune's logs; ``event_id`` is the audit event's id where there is one."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    outer = Fields(value)
    row = embedded.at(outer, "properties") or outer
    actor = embedded.at(row, "actor")
    operation = outer.text("operationName") or row.text("displayName", "activityType", "activity")
    if not operation and not actor and "upn" not in row and "userName" not in row:
        raise NotUnderstood(
            "it is no row of Intune's logs: no operationName, and nobody named",
            "Send rows as the diagnostic settings of Intune export them.",
        )
    people = Cast()
    if actor:
        _of_actor(actor, people)
    else:
        _of_device(row, people)
    return compose.alert(
        source=source,
        kind=outer.text("category", limit=80) or "auditEvent",
        raw=value,
        verdict=compose.record("A record of device management, and no finding."),
        cast=people,
        event_id=row.get("auditEventId") or (row.get("id") if actor else None),
        title=row.text("alertDisplayName") or operation,
        rule=row.text("alertType") or operation,
        severity="informational",
        occurred_at=row.get("activityDateTime", "startTimeUtc") or outer.get("time"),
        ips=[actor.get("ipAddress")],
        devices=[
            compose.thing(
                row.get("intuneDeviceId", "deviceId", "referenceId"),
                row.get("deviceHostName", "deviceName"),
            )
        ],
        apps=[compose.thing(actor.get("applicationId", "application"), actor.get("applicationDisplayName", "applicationName"))],
        tenant_hint=outer.get("tenantId"),
        details={
            "result": outer.text("resultType", limit=40) or row.text("activityResult", limit=40),
            "correlation_id": outer.text("correlationId", limit=80),
        },
    )  # fmt: skip


def _of_actor(actor: Fields, people: Cast) -> None:
    name = actor.get("userPrincipalName", "upn")
    if not (isinstance(name, str) and "@" in name):
        people.leave_out("an application or Intune itself, which is nobody")
        return
    people.add(
        Role.VICTIM,
        (IdKind.USER_PRINCIPAL_NAME, name),
        (IdKind.ENTRA_OBJECT_ID, actor.get("userId", "objectId")),
        name=actor.get("name"),
    )


def _of_device(row: Fields, people: Cast) -> None:
    name, suffix = row.text("userName", limit=200), row.text("upnSuffix", limit=200).lstrip("@")
    joined = f"{name}@{suffix}" if name and suffix and "@" not in name else None
    people.add(
        Role.VICTIM,
        (
            IdKind.USER_PRINCIPAL_NAME,
            row.get("upn", "userPrincipalName", "primaryUserUPN") or joined,
        ),
        (IdKind.EMAIL, row.get("userEmail")),
        (IdKind.USERNAME, row.get("userName")),
        (IdKind.USER_ID, row.get("intuneUserId", "userId")),
        name=row.get("userDisplayName"),
    )


DETECTOR = Detector(
    kind="intune",
    title="Microsoft Intune",
    documentation=(
        "https://learn.microsoft.com/en-us/intune/intune-service/fundamentals/review-logs-using-azure-monitor",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/intuneauditlogs",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/intuneoperationallogs",
        "https://learn.microsoft.com/en-us/graph/api/resources/intune-auditing-auditevent",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("properties.auditEventId|properties.activityType|properties.intuneAccountId",),
            values={"category": "AuditLogs|OperationalLogs|.*"},
            also=("operationName", "tenantId", "resultType", "time"),
        ),
        Shape(
            needs=("properties",),
            values={"category": "OperationalLogs|DeviceComplianceOrg|Devices|Windows365AuditLogs"},
            also=("operationName", "tenantId", "time", "properties.deviceName", "properties.upn"),
            surety=0.85,
        ),
        Shape(
            needs=("actor.auditActorType|actor.applicationDisplayName", "activityType", "componentName|resources"),
            also=("activityResult", "activityOperationType", "category"),
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
