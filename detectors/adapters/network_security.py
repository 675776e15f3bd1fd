"""Products that watch networks and SaaS traffic, one row a product: Darktrace, Netskope, Vectra.

Accounts of SaaS services stand in Darktrace as devices (``SaaS::Service: name``) and in Vectra behind the
service (``O365:name``). A host's own detection names nobody.

Vendor documentation: named in each row.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.compose import Verdict, record
from detectors.product import Product, person, table
from detectors.recognition import Shape

_SAAS = re.compile(r"SaaS::[^:]{1,80}:\s*(\S.*)")
#: Where medium, high and critical begin in CEF.
_CEF = (4, 7, 9)
#: Vectra's words for what a triage rule, its own model or a person has sorted out.
_SET_ASIDE = ("triaged", "is_triaged", "filtered_by_rule", "filtered_by_ai", "filtered_by_user")
_VECTRA_LINE = {
    "account_name": "account", "user": "suser", "category": "cat", "detection_id": "externalId", "src_ip": "src",
    "host_name": "shost", "threat": "threat", "certainty": "certainty", "timestamp": "start",
}  # fmt: skip
_SERVICE = re.compile(r"(?:O365|M365|Azure ?AD|AAD|AWS|Entra)\s*:\s*(\S+)", re.IGNORECASE)


def _darktrace_accounts(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    found = paths.values(
        event, "breachDevices.identifier|breachDevices.hostname|device.hostname|device.devicelabel|device.credentials.credential"
    )  # fmt: skip
    if paths.text(event, "_format", 8) == "cef":
        found = [
            paths.value(event, f"extension.{key}") for key in ("shost", "dhost", "suser", "duser")
        ]
        event = {**event, "priority_level": compose.graded(paths.value(event, "severity"), _CEF)}
    accounts: list[JsonValue] = [match[1] for one in found if isinstance(one, str) and (match := _SAAS.match(one))]  # fmt: skip
    return {**event, "namedAccounts": accounts}


def _darktrace(event: JsonValue, action: str, severity: str) -> Verdict:
    if not paths.values(event, "namedAccounts"):
        return findings.device(action)
    if severity == "unknown":
        score = paths.value(event, "score")
        severity = compose.severity_of(score, 1)
    rated = {"suspicious": "medium", "compliance": "low"}.get(severity, severity)
    state = "acknowledged" if paths.value(event, "acknowledged") is True else ""
    return findings.finding(action, rated, state=state)


def _netskope(event: JsonValue, action: str, severity: str) -> Verdict:
    kind = paths.text(event, "alert_type|netskope.alerts.alert.type|type", 80)
    if "audit" in kind.lower():
        return findings.change(paths.text(event, "audit_log_event"))
    if not re.search(r"compromised|uba|anomal", kind, re.IGNORECASE):
        return record("A finding about traffic or a file, and not about an account.")
    return findings.finding(f"{kind} {action}", severity)


def _vectra_line(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Name the fields of a line as Vectra's JSON names them."""
    said = {key: paths.value(event, f"extension.{place}") for key, place in _VECTRA_LINE.items()}
    signature = paths.text(event, "signatureId", 80)
    if signature in ("audit", "health"):
        said["category"] = signature  # their own is the name of what was done
    return {
        **{key: value for key, value in said.items() if value is not None},
        "d_type_vname": paths.value(event, "name"),
        "triaged": paths.text(event, "extension.triaged", 8).lower() == "true",
        "severity": compose.graded(paths.value(event, "severity"), _CEF),
    }


def _vectra_accounts(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if paths.text(event, "_format", 8) == "cef":
        event = _vectra_line(event)
    values = paths.values(
        event, "account_name|account_uid|src_account.name|linked_account|accounts"
    ) or (
        paths.values(event, "entity_uid|name")
        if paths.value(event, "account_type") or paths.text(event, "entity_type|type") == "account"
        else []
    )
    accounts: list[JsonValue] = []
    for one in values:
        service = _SERVICE.fullmatch(one.strip()) if isinstance(one, str) else None
        accounts.append({"shown": one, "plain": service[1] if service else one})
    rated = paths.value(event, "severity") or compose.severity_of(_threat(event), 100)
    return {**event, "namedAccounts": accounts, "severity": rated}


def _threat(event: JsonValue) -> JsonValue:
    return paths.value(event, "threat|threat_score")


def _vectra(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    category = paths.text(event, "category").upper()
    if "LOCKDOWN" in category or "HEALTH" in category or "audit" in category.lower():
        return findings.change(action)
    if not paths.values(event, "namedAccounts"):
        return findings.device(action)
    rated = compose.severity_of(_threat(event), 100)
    if "SCORING" in category or paths.values(event, "detection_summaries|detection_set"):
        return record("A score of everything seen of this account, and no finding.")
    set_aside = any(paths.value(event, each) is True for each in _SET_ASIDE)
    state = "filtered" if set_aside else paths.text(event, "state", 20)
    return findings.finding(action, rated, state=state)


DARKTRACE = Product(
    kind="darktrace",
    title="Darktrace",
    documentation=("https://customerportal.darktrace.com/product-guides/main/api-model-breaches",),
    shapes=(
        Shape(needs=("summariser", "groupCategory|aiaScore|breachDevices|incidentEventUrl"), also=("attackPhases",)),
        Shape(needs=("pbid", "model|triggeredComponents|breachUrl"), also=("creationTime", "device", "commentCount")),
        Shape(needs=("alert_name", "priority_level", "last_updated_status|acknowledge_timeout|child_id")),
        Shape(needs=("dtProduct|iris_event_type", "model|incidentEventUrl"), surety=0.8),
        Shape(values={"_format": "cef", "deviceVendor": "Darktrace"}),
    ),
    targets=(person("@", each="namedAccounts"),),
    action="title|model.then.name|model.name|alert_name|name",
    event_id="id|pbid|uuid|extension.externalId",
    severity="category|priority_level",
    occurred_at="createdAt|time|last_updated|extension.rt|extension.start",
    ips=("extension.src",),
    devices=("device.did", "device.hostname"),
    judge=_darktrace,
    prepare=_darktrace_accounts,
)  # fmt: skip
NETSKOPE = Product(
    kind="netskope",
    title="Netskope",
    documentation=(
        "https://docs.netskope.com/en/rest-api-v2-overview-312207/",
        "https://docs.netskope.com/en/alerts-and-events/",
    ),
    shapes=(
        Shape(needs=("audit_log_event", "severity_level|ur_normalized|user"), also=("_id", "supporting_data")),
        Shape(needs=("netskope.alerts|netskope.events",)),
        Shape(
            needs=("ur_normalized|organization_unit|_insertion_epoch_timestamp", "ccl|cci|access_method|alert_type|type", "app|alert|category|user"),
            also=("traffic_type", "_id", "appcategory", "page_id|transaction_id"),
        ),
    ),
    envelopes=("result", "data"),
    targets=(
        person("user.email.1|user.email|user|userkey|ur_normalized", user_principal_name="userPrincipalName",
               samaccountname="sAMAccountName", only=("user", r"(?!service-account$).*")),
    ),
    action="audit_log_event|alert_name|alert|activity|netskope.alerts.alert.name|type",
    event_id="_id|event.id",
    severity="severity|severity_level_id|netskope.alerts.severity",
    occurred_at="timestamp|_insertion_epoch_timestamp|netskope.alerts.insertion_epoch_timestamp",
    ips=("srcip|userip",),
    agents="useragent",
    sessions="app_session_id",
    apps=("", "app"),
    devices=("nsdeviceuid", "hostname"),
    judge=_netskope,
)  # fmt: skip
VECTRA = Product(
    kind="vectra",
    title="Vectra AI",
    documentation=(
        "https://support.vectra.ai/s/article/KB-VS-1233",
        "https://support.vectra.ai/s/article/KB-VS-1835",
    ),
    shapes=(
        Shape(needs=("headend_addr", "category|type|vectra_timestamp|version"), also=("href", "dvchost", "d_type")),
        Shape(needs=("detection_type|d_type_vname", "detection_href|detection_url|certainty"), also=("entity_uid", "threat")),
        Shape(needs=("alert_gid|alert_signature_id", "alert_signature", "src_ip"), surety=0.7),
        Shape(
            needs=("detection_summaries|detection_set", "threat|t_score", "certainty|c_score", "name|display_name"),
            also=("account_type", "host_artifact_set", "last_detection_timestamp", "privilege_level"),
        ),
        Shape(values={"_format": "cef", "deviceVendor": r"Vectra.*"}),
        Shape(needs=("entity_id|attack_profile", "urgency_score|is_prioritized|velocity_contrib|attack_rating")),
    ),
    envelopes=("events", "results"),
    targets=(person("plain", user_id="shown", each="namedAccounts"),),
    actors=(person("user"),),
    action="d_type_vname|detection_type|detection|last_detection_type|alert_signature|category|type",
    event_id="detection_id|id",
    severity="severity",
    levels=(4, 7, 9),
    occurred_at="event_timestamp|first_timestamp|vectra_timestamp|timestamp",
    last_seen_at="last_timestamp",
    ips=("src_ip",),
    devices=("host_id|src_host.id", "host_name|src_host.name"),
    judge=_vectra,
    prepare=_vectra_accounts,
)  # fmt: skip
DETECTORS = table(DARKTRACE, NETSKOPE, VECTRA)
