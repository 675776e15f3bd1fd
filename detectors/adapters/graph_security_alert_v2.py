"""Alerts of Microsoft Defender as Microsoft Graph lists them: ``security/alerts_v2``, and the older v1.

Alerts come bare, in a list, or in ``value``. Whoever an alert is assigned to works on it and is nobody.

Vendor documentation: Microsoft Learn, Microsoft Graph resource type ``microsoft.graph.security.alert``
(alerts_v2), resource type ``alert`` (v1, ``userStates``), and what ``detectors.defender_evidence`` and
``detectors.defender_verdict`` name.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, recognition
from detectors.alert import Alert, IdKind, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.compose import Verdict
from detectors.defender_evidence import Evidence
from detectors.defender_verdict import judge
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value",)
_REMEDY = "Send alerts of security/alerts_v2 as Microsoft Graph lists them."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read alerts; ``event_id`` is their ``id``."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def verdict_of(alert: Fields, evidence: Evidence) -> Verdict:
    """Judge one alert by its own words and its evidence."""
    return judge(
        f"{alert.text('title')} {alert.text('category', limit=80)}",
        severity=alert.text("severity", limit=20),
        techniques=[value for value in alert.items("mitreTechniques") if isinstance(value, str)],
        status=alert.text("status", limit=40),
        classification=alert.text("classification", limit=60),
        compromised=evidence.compromised,
    )


def link(row: Fields, *names: str) -> str:
    """Return a web address among what people are told, or nothing."""
    found = row.text(*names, limit=1000)
    return found if found.startswith("https://") else ""


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    if "userStates" in row and "vendorInformation" in row:
        return _first_version(value, row, source)
    if not row.text("title") or not ("evidence" in row or "serviceSource" in row):
        raise NotUnderstood("it is no alert: no title, or no evidence and no source", _REMEDY)
    evidence = Evidence().add(row.items("evidence"))
    return compose.alert(
        source=source,
        kind="alert",
        raw=value,
        verdict=verdict_of(row, evidence),
        cast=evidence.cast(),
        event_id=row.get("id", "providerAlertId"),
        title=row.get("title"),
        rule=row.text("detectorId", "alertPolicyId") or row.text("title"),
        severity=row.get("severity"),
        occurred_at=row.get("firstActivityDateTime", "createdDateTime"),
        last_seen_at=row.get("lastActivityDateTime", "lastUpdateDateTime"),
        session_ids=evidence.session_ids,
        user_agents=evidence.user_agents,
        networks=evidence.networks,
        devices=evidence.devices,
        apps=evidence.apps,
        tenant_hint=row.get("tenantId"),
        details={
            "status": row.text("status", limit=40),
            "classification": row.text("classification", limit=60),
            "category": row.text("category", limit=80),
            "product": row.text("productName", "serviceSource", limit=80),
            "incident_id": row.text("incidentId", limit=80),
            "url": link(row, "alertWebUrl"),
        },
    )


def _first_version(value: JsonValue, row: Fields, source: str) -> Alert:
    people = Cast()
    networks = []
    for user in map(Fields, row.items("userStates")):
        people.add(
            Role.VICTIM,
            (IdKind.ENTRA_OBJECT_ID, user.get("aadUserId")),
            (IdKind.USER_PRINCIPAL_NAME, user.get("userPrincipalName")),
            (IdKind.USERNAME, user.get("accountName")),
        )
        networks.append(compose.network(user.get("logonIp"), None, user.get("logonLocation")))
    vendor = row.at("vendorInformation")
    return compose.alert(
        source=source,
        kind="alert (v1)",
        raw=value,
        verdict=judge(
            f"{row.text('title')} {row.text('category', limit=80)}",
            severity=row.text("severity", limit=20),
            status=row.text("status", limit=40),
            classification=row.text("feedback", limit=40),
        ),
        cast=people,
        event_id=row.get("id"),
        title=row.get("title"),
        rule=row.text("category", limit=80),
        severity=row.get("severity"),
        confidence=row.text("confidence", limit=10),
        occurred_at=row.get("eventDateTime", "createdDateTime"),
        last_seen_at=row.get("lastEventDateTime", "lastModifiedDateTime"),
        networks=networks,
        apps=[
            compose.thing(None, app.get("name", "destinationServiceName"))
            for app in map(Fields, row.items("cloudAppStates"))
        ],
        tenant_hint=row.get("azureTenantId"),
        details={
            "status": row.text("status", limit=40),
            "product": vendor.text("provider", limit=80),
        },
    )


DETECTOR = Detector(
    kind="graph_security_alert_v2",
    title="Microsoft Defender alerts by Microsoft Graph",
    documentation=(
        "https://learn.microsoft.com/en-us/graph/api/resources/security-alert",
        "https://learn.microsoft.com/en-us/graph/api/resources/security-alertevidence",
        "https://learn.microsoft.com/en-us/graph/api/resources/alert",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(values={"@odata.type": r"#?microsoft\.graph\.security\.alert"}, also=("title", "evidence")),
        Shape(
            needs=("title", "createdDateTime", "severity", "serviceSource|detectionSource", "evidence|incidentWebUrl|alertWebUrl"),
            also=("providerAlertId", "alertWebUrl", "firstActivityDateTime", "detectorId", "status"),
            never=("incidentName", "alerts"),
        ),
        Shape(needs=("vendorInformation.provider", "userStates", "eventDateTime"), also=("azureTenantId",)),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
