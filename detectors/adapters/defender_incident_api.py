"""Incidents of Microsoft Defender XDR by its own interface: ``api.security.microsoft.com/api/incidents``.

Persons are those of the entities of its alerts. A SIEM that splits an incident sends it once for each
alert, with that one in ``alerts``.

Vendor documentation: Microsoft Learn, Defender XDR "List incidents API" and "Incidents resource
type", and what ``detectors.defender_evidence`` and ``detectors.defender_verdict`` name.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, recognition
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.compose import Verdict
from detectors.defender_evidence import Evidence
from detectors.defender_incident import gather
from detectors.defender_verdict import closed, judge
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value", "incidents")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read incidents; ``event_id`` is ``incidentId``, with the alert's where they were split."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    if not row.text("incidentId", limit=120) or not ("alerts" in row or "incidentName" in row):
        raise NotUnderstood(
            "it is no incident: no incidentId, or neither incidentName nor alerts",
            "Send incidents as api.security.microsoft.com/api/incidents lists them.",
        )
    alerts = [found for found in map(Fields, row.items("alerts")) if found]
    split = isinstance(row.get("alerts"), dict)
    status, classification = row.text("status", limit=40), row.text("classification", limit=60)
    own = judge(
        row.text("incidentName"), severity=row.text("severity", limit=20), status=status,
        classification=classification,
    )  # fmt: skip
    gathered = gather(own, alerts, _verdict, "entities", over=closed(status, classification))
    identity = row.text("incidentId", limit=120)
    for device in (item for alert in alerts for item in map(Fields, alert.items("devices"))):
        gathered.evidence.devices.append(
            compose.thing(device.get("aadDeviceId", "mdatpDeviceId"), device.get("deviceDnsName"))
        )
    return compose.alert(
        source=source,
        kind="incident",
        raw=value,
        verdict=gathered.verdict,
        cast=gathered.cast,
        event_id=f"{identity}:{alerts[0].text('alertId', limit=79)}"
        if split and alerts
        else identity,
        title=row.text("incidentName") or next(filter(None, gathered.titles), ""),
        rule=next(filter(None, gathered.titles), ""),
        severity=row.get("severity"),
        occurred_at=next((found.get("firstActivity") for found in alerts), None)
        or row.get("createdTime"),
        last_seen_at=row.get("lastUpdateTime"),
        session_ids=gathered.evidence.session_ids,
        networks=gathered.evidence.networks,
        devices=gathered.evidence.devices,
        apps=gathered.evidence.apps,
        details={
            "status": status,
            "classification": classification,
            "redirected_to": row.text("redirectIncidentId", limit=80),
        },
    )


def _verdict(alert: Fields, evidence: Evidence) -> Verdict:
    return judge(
        f"{alert.text('title')} {alert.text('category', limit=80)}",
        severity=alert.text("severity", limit=20),
        techniques=[value for value in alert.items("mitreTechniques") if isinstance(value, str)],
        status=alert.text("status", limit=40),
        classification=alert.text("classification", limit=60),
        compromised=evidence.compromised,
    )


DETECTOR = Detector(
    kind="defender_incident_api",
    title="Microsoft Defender XDR incidents",
    documentation=(
        "https://learn.microsoft.com/en-us/defender-xdr/api-list-incidents",
        "https://learn.microsoft.com/en-us/defender-xdr/api-incident",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("incidentId", "incidentName|incidentUri", "alerts|status"),
            also=("incidentName", "redirectIncidentId", "determination", "createdTime", "alerts.alertId"),
            never=("@odata.type", "properties", "evidence"),
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
