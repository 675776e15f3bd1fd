"""Microsoft Defender for Cloud Apps: activities and alerts of its interface, and its SIEM agent's CEF.

An activity is a record. An alert is judged by its policy and severity; its accounts are victims. In
activities the person is ``resolvedActor`` and ``user``, of a failed sign-in ``failedUserData``.

Vendor documentation: Microsoft Learn, Defender for Cloud Apps "Activities API", "Alerts API",
"Entities API", "Generic SIEM integration" (CEF samples).
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, embedded, persons, recognition
from detectors.alert import Alert, IdKind, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast
from detectors.defender_verdict import judge
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("data",)
_SEVERITIES = {"0": "low", "1": "medium", "2": "high", "3": "informational"}
#: What built-in policies of alerts are called, where the title is the tenant's own.
_POLICIES = {
    "ALERT_ANUBIS_DETECTION_VELOCITY": "impossible travel",
    "ALERT_ANUBIS_DETECTION_TOR": "anonymous ip",
    "ALERT_ANUBIS_DETECTION_NEW_COUNTRY": "risk of an unfamiliar country",
    "ALERT_ANUBIS_DETECTION_REPEATED_FAILED_LOGIN": "credential brute force",
}


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read activities and alerts, bare, in ``data``, or as CEF; ``event_id`` is their ``_id``."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _read(item, source))


def _read(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    if row.text("_format", limit=10) == "cef":
        return _cef(value, row, source)
    if "entities" in row or "stories" in row or "idValue" in row:
        return _alert(value, row, source)
    if "eventTypeValue" in row or "resolvedActor" in row or "eventTypeName" in row:
        return _activity(value, row, source)
    raise NotUnderstood(
        "it is neither an activity nor an alert of Defender for Cloud Apps",
        "Send activities or alerts as its interface lists them, or the SIEM agent's CEF.",
    )


def _activity(value: JsonValue, row: Fields, source: str) -> Alert:
    people = Cast()
    actor, raw = row.at("resolvedActor"), embedded.at(row, "rawDataJson")
    user, failed = row.at("user"), row.at("failedUserData")
    candidates: list[Candidate] = [
        (IdKind.USER_PRINCIPAL_NAME, name)
        for name in (raw.get("upn"), user.get("userName"), failed.get("userName"))
    ]
    # Microsoft 365's accounts (11161) are Entra's; their ids in other applications are not.
    if actor.text("saasId", limit=10) in {"11161", ""}:
        candidates.append((IdKind.ENTRA_OBJECT_ID, persons.guid(actor.get("id"))))
    candidates.append((IdKind.ENTRA_OBJECT_ID, persons.guid(raw.get("userPrincipalObjectID"))))
    people.add(Role.VICTIM, *candidates, name=actor.get("name"))
    device, place = row.at("device"), row.at("location")
    return compose.alert(
        source=source,
        kind=row.text("eventTypeValue", "eventTypeName", limit=80) or "activity",
        raw=value,
        verdict=compose.record("An activity, and no finding."),
        cast=people,
        event_id=row.get("_id", "uid"),
        title=row.text("description") or row.text("eventTypeName", limit=80),
        severity="informational",
        occurred_at=row.get("timestamp", "timestampRaw", "created"),
        session_ids=[row.at("session").get("sessionId")],
        networks=[
            compose.network(
                device.get("clientIP"), None, place.get("city"), place.get("countryCode")
            )
        ],
        user_agents=[device.get("userAgent"), row.at("userAgent").get("userAgent")],
        apps=[compose.thing(row.get("appId", "saasId"), row.get("appName"))],
        tenant_hint=row.get("aadTenantId"),
    )


def _alert(value: JsonValue, row: Fields, source: str) -> Alert:
    people = Cast()
    networks, apps = [], []
    for entity in map(Fields, row.items("entities")):
        kind = entity.text("type", limit=40).lower()
        if kind in {"account", "user"}:
            people.add(
                Role.VICTIM,
                *((IdKind.USER_PRINCIPAL_NAME, entity.get(name)) for name in ("pa", "em", "label")),
                (IdKind.ENTRA_OBJECT_ID, persons.guid(entity.get("id"))),
            )
        elif kind == "ip":
            networks.append(compose.network(entity.get("id", "label")))
        elif kind in {"service", "discoveredservice"}:
            apps.append(compose.thing(entity.get("id"), entity.get("label")))
    code = row.text("severityValue", "severity", limit=20)
    policy = row.text("idValue", limit=120)
    over = row.get("isOpen") is False or bool(row.get("closeTime", "resolveTime"))
    return compose.alert(
        source=source,
        kind="alert",
        raw=value,
        verdict=judge(
            f"{row.text('title')} {_POLICIES.get(policy, '')}",
            severity=_SEVERITIES.get(code, code),
            status="resolved" if over else row.text("statusValue", limit=40),
        ),
        cast=people,
        event_id=row.get("_id"),
        title=row.text("title") or policy,
        rule=policy or row.at("policy").text("label"),
        severity=_SEVERITIES.get(code, code),
        occurred_at=row.get("timestamp"),
        networks=networks,
        apps=apps,
        details={"url": row.text("url", "URL", limit=500)},
    )


def _cef(value: JsonValue, row: Fields, source: str) -> Alert:
    more = row.at("extension")
    people = Cast()
    for name in more.text("suser", limit=1000).split(","):
        people.add_named(Role.VICTIM, name.strip())
    signature = row.text("signatureId", limit=120)
    finding = signature.upper().startswith("ALERT_")
    verdict = compose.record("An activity, and no finding.")
    severity = compose.severity_of(row.get("severity"), 10)
    if finding:
        verdict = judge(f"{row.text('name')} {_POLICIES.get(signature, '')}", severity=severity)
    return compose.alert(
        source=source,
        kind=signature,
        raw=value,
        verdict=verdict,
        cast=people,
        event_id=more.get("externalId"),
        title=row.get("name"),
        rule=signature if finding else None,
        severity=severity,
        occurred_at=more.get("start", "rt"),
        ips=[*more.text("dvc", limit=300).split(","), *more.text("src", limit=300).split(",")],
        user_agents=[more.get("requestClientApplication")],
        apps=[compose.thing(None, more.get("destinationServiceName"))],
    )


DETECTOR = Detector(
    kind="defender_cloud_apps",
    title="Microsoft Defender for Cloud Apps",
    documentation=(
        "https://learn.microsoft.com/en-us/defender-cloud-apps/api-activities",
        "https://learn.microsoft.com/en-us/defender-cloud-apps/api-alerts",
        "https://learn.microsoft.com/en-us/defender-cloud-apps/siem",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("eventTypeValue|eventTypeName", "resolvedActor|entityData|mainInfo|saasId"),
            also=("aadTenantId", "appName", "description_id", "genericEventType", "uid"),
        ),
        Shape(
            needs=("entities|stories", "idValue|severityValue|statusValue", "title"),
            also=("threatScore", "isSystemAlert", "policy", "stories", "contextId"),
        ),
        Shape(
            values={"_format": "cef", "deviceVendor": "MCAS|Microsoft", "deviceProduct": "SIEM_Agent|.*Cloud App Security.*"},
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)  # fmt: skip
