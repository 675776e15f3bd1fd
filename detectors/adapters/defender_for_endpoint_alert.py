"""Alerts of Microsoft Defender for Endpoint by its own interface: ``api/alerts``, and its SIEM feed.

``relatedUser`` is whose account the alert is about; the users among the evidence are the same or more.
Who commented on the alert, and whom it is assigned to, is nobody.

Vendor documentation: Microsoft Learn, Defender for Endpoint "Alert resource type", "List alerts API",
"Pull detections" (the SIEM feed), and what ``detectors.defender_evidence`` names.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, recognition
from detectors.alert import Alert, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.defender_evidence import Evidence, add_account
from detectors.defender_verdict import judge
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value",)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read alerts; ``event_id`` is their ``id`` (``AlertId`` in the SIEM feed)."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    title = row.text("title", "alertTitle", "threatName")
    if not title or not ("machineId" in row or "computerDnsName" in row or "evidence" in row):
        raise NotUnderstood(
            "it is no alert of Defender for Endpoint: no title, or no machine",
            "Send alerts as api.security.microsoft.com/api/alerts lists them.",
        )
    evidence = Evidence().add(row.items("evidence"))
    related = row.at("relatedUser")
    flat = Fields({"accountName": row.get("userName"), "domainName": row.get("userDomain")})
    has_users = any(rank == "user" for rank, _ in evidence.accounts)
    evidence.accounts += [
        ("bystander" if has_users else "user", user) for user in (related, flat) if user
    ]
    people = evidence.cast()
    for user in map(Fields, row.items("loggedOnUsers")):
        add_account(people, Role.BYSTANDER, user)
    techniques = [each for each in row.items("mitreTechniques") if isinstance(each, str)]
    return compose.alert(
        source=source,
        kind="alert",
        raw=value,
        verdict=judge(
            f"{title} {row.text('category', limit=80)}",
            severity=row.text("severity", limit=20),
            techniques=techniques,
            status=row.text("status", limit=40),
            classification=row.text("classification", limit=60),
            compromised=evidence.compromised,
        ),
        cast=people,
        event_id=row.get("id", "alertId"),
        title=title,
        rule=row.text("detectorId") or title,
        severity=row.get("severity"),
        occurred_at=row.get("firstEventTime", "alertTime", "alertCreationTime"),
        last_seen_at=row.get("lastEventTime", "lastUpdateTime", "lastProcessedTimeUtc"),
        networks=[*evidence.networks, compose.network(row.get("remoteIp"))],
        devices=[
            compose.thing(
                row.get("machineId", "deviceId"), row.get("computerDnsName", "machineName")
            ),
            *evidence.devices,
        ],
        apps=evidence.apps,
        tenant_hint=row.get("aadTenantId"),
        details={
            "status": row.text("status", limit=40),
            "category": row.text("category", limit=80),
            "incident_id": row.text("incidentId", limit=40),
            "detection_source": row.text("detectionSource", "source", limit=80),
        },
    )


DETECTOR = Detector(
    kind="defender_for_endpoint_alert",
    title="Microsoft Defender for Endpoint alerts",
    documentation=(
        "https://learn.microsoft.com/en-us/defender-endpoint/api/alerts",
        "https://learn.microsoft.com/en-us/defender-endpoint/api/get-alerts",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("alertCreationTime|firstEventTime", "machineId|computerDnsName", "title"),
            also=("investigationState", "relatedUser", "evidence", "aadTenantId", "detectionSource"),
            never=("@odata.type",),
        ),
        Shape(
            needs=("alertTitle", "computerDnsName", "alertTime"),
            also=("linkToWDATP", "userDomain", "internalIPv4List", "fullId"),
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
