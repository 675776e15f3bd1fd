"""Incidents of Microsoft Defender XDR as Microsoft Graph lists them: ``security/incidents``.

Persons are those of the alerts in it (``$expand=alerts``); without them an incident names nobody. A
SIEM that splits an incident sends it once for each alert, with that one in ``alerts``. Whoever an
incident is assigned to, and who commented on it, is nobody.

Vendor documentation: Microsoft Learn, Microsoft Graph resource type
``microsoft.graph.security.incident``, and what ``graph_security_alert_v2`` names.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, recognition
from detectors.adapters import graph_security_alert_v2 as alerts_v2
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.defender_incident import gather
from detectors.defender_verdict import closed, judge
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value",)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read incidents; ``event_id`` is their ``id``, with the alert's where they were split."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    if not row.text("displayName", "incidentName") or not row.text("status", "severity"):
        raise NotUnderstood(
            "it is no incident: no displayName, or neither status nor severity",
            "Send incidents of security/incidents as Microsoft Graph lists them, with their alerts.",
        )
    alerts = [found for found in map(Fields, row.items("alerts")) if found]
    split = isinstance(row.get("alerts"), dict)
    status, classification = row.text("status", limit=40), row.text("classification", limit=60)
    own = judge(
        row.text("displayName", "incidentName"),
        severity=row.text("severity", limit=20),
        status=status,
        classification=classification,
    )
    found = gather(
        own, alerts, alerts_v2.verdict_of, "evidence", over=closed(status, classification)
    )
    identity = row.text("id", limit=120)
    return compose.alert(
        source=source,
        kind="incident",
        raw=value,
        verdict=found.verdict,
        cast=found.cast,
        event_id=f"{identity}:{alerts[0].text('id', limit=79)}" if split and alerts else identity,
        title=row.text("displayName", "incidentName"),
        rule=next(filter(None, found.titles), ""),
        severity=row.get("severity"),
        occurred_at=_first(alerts, "firstActivityDateTime") or row.get("createdDateTime"),
        last_seen_at=row.get("lastUpdateDateTime"),
        session_ids=found.evidence.session_ids,
        user_agents=found.evidence.user_agents,
        networks=found.evidence.networks,
        devices=found.evidence.devices,
        apps=found.evidence.apps,
        tenant_hint=row.get("tenantId"),
        details={
            "status": status,
            "classification": classification,
            "redirected_to": row.text("redirectIncidentId", limit=80),
            "url": alerts_v2.link(row, "incidentWebUrl"),
        },
    )


def _first(alerts: list[Fields], name: str) -> str | None:
    times = [found for alert in alerts if (found := alert.text(name, limit=60))]
    return min(times, default=None)


DETECTOR = Detector(
    kind="graph_security_incident",
    title="Microsoft Defender XDR incidents by Microsoft Graph",
    documentation=(
        "https://learn.microsoft.com/en-us/graph/api/resources/security-incident",
        "https://learn.microsoft.com/en-us/graph/api/resources/security-alertevidence",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(values={"@odata.type": r"#?microsoft\.graph\.security\.incident"}, also=("displayName",)),
        Shape(
            needs=("displayName", "createdDateTime", "severity", "status", "incidentWebUrl|determination"),
            also=("incidentWebUrl", "alerts", "determination", "assignedTo", "lastUpdateDateTime"),
            never=("evidence", "incidentName", "title"),
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
