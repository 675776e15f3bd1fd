"""Events in the Open Cybersecurity Schema Framework, whoever wrote them (Amazon Security Lake, SIEMs).

``class_uid`` tells what it is. In identity classes ``user`` is the account acted upon (or signed in)
and ``actor.user`` who did it; findings name accounts in ``evidences`` and ``resources``.

Documentation: schema.ocsf.io, classes Detection Finding (2004), Security Finding (2001), Account Change
(3001), Authentication (3002), User Access Management (3005), Group Management (3006), API Activity (6003);
object User (``type_id`` 3 is a system, 4 a service).
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import findings, paths
from detectors.compose import Verdict, record
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape

_FINDINGS = {"2001", "2004", "2005", "2006"}
_SEVERITIES = {"1": "informational", "2": "low", "3": "medium", "4": "high", "5": "critical", "6": "critical"}  # fmt: skip
#: What ``status_id`` ends a finding by class; an incident (2005) has other numbers than the rest.
_ENDED = {"3": "suppressed", "4": "resolved", "5": "archived", "6": "deleted"}
_ENDED_INCIDENT = {"4": "resolved", "5": "closed"}
_CLOSE = "3"
_FALSE_POSITIVE = "1"
_TITLE = "finding_info.title|finding.title|message"
_HUMAN = ("type_id", r"[0125-9]|99")


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    uid = paths.text(event, "class_uid", 20)
    if uid in _FINDINGS:
        techniques = paths.values(
            event,
            "attacks.technique.uid|finding_info.attacks.technique.uid|attacks.sub_technique.uid",
        )
        said = " ".join(
            (paths.text(event, _TITLE), paths.text(event, "finding_info.types|finding.types"))
        )
        blocked = paths.text(event, "disposition_id", 4) == "2"
        if blocked:
            return record("It was blocked.", findings.finding(said).signal)
        return findings.finding(
            said, severity, [str(each) for each in techniques], state=_standing(event, uid)
        )
    if uid.startswith("2"):
        return record("A weakness or a failed control, and nobody's doing.")
    return findings.change(action)


def _standing(event: JsonValue, uid: str) -> str:
    if paths.text(event, "activity_id", 4) == _CLOSE:
        return "closed"
    if paths.text(event, "verdict_id", 4) == _FALSE_POSITIVE:
        return "false positive"
    ended = _ENDED_INCIDENT if uid == "2005" else _ENDED
    said = ended.get(paths.text(event, "status_id", 4))
    return said or findings.standing(event, "status", "verdict")


def _graded(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Say in words how grave it is: the number is required of every event, the word is not."""
    rated = _SEVERITIES.get(paths.text(event, "severity_id", 4))
    return {**event, "severity": rated} if rated else event


DETECTOR = detector_of(
    Product(
        kind="ocsf_event",
        title="OCSF",
        documentation=(
            "https://schema.ocsf.io/1.3.0/classes/detection_finding",
            "https://schema.ocsf.io/1.3.0/classes/authentication",
            "https://schema.ocsf.io/1.3.0/classes/account_change",
            "https://schema.ocsf.io/1.3.0/objects/user",
        ),
        shapes=(
            Shape(
                needs=("class_uid", "category_uid|type_uid|activity_id"),
                values={"class_uid": r"\d{4,9}"},
                also=("metadata.version", "metadata.product", "severity_id", "time"),
            ),
        ),
        envelopes=("events", "records", "detail.findings"),
        targets=(
            person("user.name", email="user.email_addr", user_id="user.uid", only=("user.type_id", _HUMAN[1])),
            person("name", email="email_addr", user_id="uid", each="evidences.user", only=_HUMAN),
            person(
                "name|owner.name", email="owner.email_addr", user_id="uid", each="resources",
                where=("type", r".*(user|account)\b.*"), only=("type", r"(?!.*service).*"),
            ),
        ),
        actors=(
            person(
                "actor.user.name", email="actor.user.email_addr", user_id="actor.user.uid",
                only=("actor.user.type_id", _HUMAN[1]),
            ),
            person("name", email="email_addr", user_id="uid", each="evidences.actor.user", only=_HUMAN),
        ),
        action="metadata.event_code|api.operation|type_name|activity_name|class_name",
        headline=f"{_TITLE}|type_name|class_name",
        rule="finding_info.analytic.name|finding_info.title|finding.title|metadata.event_code|type_name",
        event_id="finding_info.uid|finding.uid|metadata.uid",
        severity="severity",
        confidence="confidence",
        occurred_at="finding_info.first_seen_time|time_dt|time",
        last_seen_at="finding_info.last_seen_time",
        ips=("src_endpoint.ip|evidences.src_endpoint.ip",),
        agents="http_request.user_agent",
        sessions="actor.session.uid|session.uid",
        asn="src_endpoint.autonomous_system.number|evidences.src_endpoint.autonomous_system.number",
        place="src_endpoint.location.city|src_endpoint.location.country|evidences.src_endpoint.location.country",
        devices=("device.uid", "device.hostname|device.name"),
        apps=("app.uid", "app.name"),
        tenant="cloud.account.uid",
        judge=_judge,
        prepare=_graded,
    )
)  # fmt: skip
