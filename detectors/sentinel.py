"""Microsoft Sentinel: incidents as playbooks and the REST API send them, and security alerts.

Shapes: the incident trigger of automation rules and Logic Apps (an envelope with ``object``), the
resource ``Microsoft.SecurityInsights/incidents`` of the REST API, the same as the Python SDK writes
it (snake_case), and ``SecurityAlert`` with its ``Entities``.

Vendor documentation: Microsoft Learn, "Microsoft Sentinel entity types reference", "Security alert
schema reference", REST API "Incidents - Get" and "Incidents - List Entities".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import JsonValue

from config.settings import Source
from detectors import embedded, fields, notices, persons
from detectors import sentinel_entities as entities
from detectors.alert import Alert, NotUnderstood, Person
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes
from detectors.signals import is_technique, signal_of

_REMEDY = (
    "Send the incident as the Sentinel incident trigger delivers it (the whole trigger body), or a "
    "SecurityAlert with its Entities."
)
#: What may be wrapped around an incident: the trigger's envelope, an HTTP body in a run's output.
_ENVELOPES = ("object", "body")
_CLOSED = {"closed", "resolved", "dismissed"}
_HARMLESS = {"falsepositive": "a false positive", "benignpositive": "a benign positive"}


def parse(payload_value: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read one incident or security alert, or a list of them.

    An incident that is sent again, updated or not, keeps its ``event_id``. Victims are the accounts
    among its entities; the incident's owner is whoever works on it, and never a person of the alert.

    What is neither an incident nor a security alert is a ``NotUnderstood`` in its place.
    """
    return each(_incidents(payload_value), lambda item: alert_of(item, source))


def _incidents(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, list):
        return value
    many = value.get("value") if isinstance(value, dict) else None
    return many if isinstance(many, list) else [value]


class _Finding:
    """An incident or security alert with its parts where every shape has them."""

    def __init__(self, value: JsonValue) -> None:
        resource, self.workspace, schema = _unwrapped(value)
        properties = resource.at("properties")
        self.resource = resource
        self.body = properties or resource
        kind = resource.text("type", "objectSchemaType").lower()
        self.is_incident = (
            schema == "incident"
            or "securityinsights/incidents" in kind
            or "incidentNumber" in self.body
        )
        self.is_alert = "systemAlertId" in self.body or (
            not self.is_incident and "entities" in self.body
        )
        if not (self.is_incident or self.is_alert):
            raise NotUnderstood(
                "the payload is no Sentinel incident and no security alert", _REMEDY
            )
        self.inner = [_flat(item) for item in self.body.items("alerts")]
        self.more = self.body.at("additionalData")

    @property
    def id(self) -> str | None:
        """The finding's own id: an incident's GUID, or its number in its workspace."""
        if not self.is_incident:
            own = self.body.get("systemAlertId", "providerAlertId", "vendorOriginalId", "alertId")
            if own is not None:
                return fields.identifier(own)
        name = self.resource.get("name", "incidentName") or self.body.get("incidentName")
        resource_id = self.resource.get("id")
        tail = resource_id.rsplit("/", 1)[-1] if isinstance(resource_id, str) else None
        found = fields.identifier(name) or fields.identifier(tail)
        number = fields.identifier(self.body.get("incidentNumber"), 20)
        if found is None and number is not None:
            return f"{self.workspace or 'workspace'}:{number}"
        return found.lower() if found else None


def _unwrapped(value: JsonValue) -> tuple[Fields, str | None, str]:
    workspace, schema = None, ""
    current = Fields(value)
    for _ in range(4):
        workspace = workspace or fields.identifier(current.get("workspaceId"), 64)
        schema = schema or current.text("objectSchemaType").lower()
        inner = next((current.at(name) for name in _ENVELOPES if current.at(name)), None)
        if inner is None or "properties" in current:
            break
        current = inner
    return current, workspace, schema


def _flat(value: JsonValue) -> Fields:
    outer = Fields(value)
    return outer.at("properties") or outer


def alert_of(value: JsonValue, source: str) -> Alert:
    """Make an alert of one incident or security alert.

    Raises:
        NotUnderstood: it is neither, or it has no id.
    """
    finding = _Finding(value)
    if finding.id is None:
        raise NotUnderstood("the incident has no id (name, id or incidentNumber)", _REMEDY)
    body = finding.body
    named = list(_entities(finding))
    people, left_out = entities.people(named)
    techniques, tactics = _attack(finding)
    title = (
        body.text("title", "alertDisplayName", "alertName", "displayName") or "Untitled incident"
    )
    spoken = " ".join(
        [title, *(item.text("alertDisplayName", "alertName") for item in finding.inner)]
    )
    actionable, why = _judged(body, title, people, left_out)
    return Alert(
        source=source,
        kind="incident" if finding.is_incident else "security_alert",
        event_id=finding.id,
        title=title,
        rule=_rule(finding),
        severity=(body.text("severity", "alertSeverity", limit=20) or "unknown").lower(),
        confidence=body.text("confidenceLevel", limit=20).lower() or None,
        occurred_at=_moment(body, _BEGAN),
        last_seen_at=_moment(body, _LAST),
        persons=people,
        session_ids=fields.unique(
            fields.identifier(
                entity.get("sessionId") or entity.at("additionalData").get("sessionId")
            )
            for kind, entity in named
            if kind != "hostlogonsession"  # Windows numbers its own
        ),
        ips=fields.unique(
            fields.address(entity.get("address")) for kind, entity in named if kind == "ip"
        ),
        user_agents=fields.unique(
            entity.text("userAgent")
            for kind, entity in named
            if kind in {"cloudlogonsession", "cloudlogonrequest"}
        ),
        app_ids=fields.unique(
            persons.guid(entity.get("appId", "applicationId", "oAuthAppId"))
            for kind, entity in named
            if kind in {"cloudapplication", "oauthapplication"}
        ),
        actor_app_ids=_custom(finding, "actorAppId"),
        correlation_ids=_custom(finding, "correlationId"),
        attack=fields.unique([*techniques, *tactics]),
        tenant_hint=_tenant_hint(body, named),
        signal=signal_of(spoken, techniques),
        actionable=actionable,
        why=why,
        details=_details(finding, left_out),
    )


def _entities(finding: _Finding) -> Iterator[tuple[str, Fields]]:
    lists = [finding.body.get("relatedEntities"), finding.body.get("entities")]
    if finding.body is not finding.resource:
        lists.append(finding.resource.get("entities"))
    lists += [item.get("entities", "relatedEntities") for item in finding.inner]
    for found in lists:
        yield from entities.read(found)
    # A Logic App that posts what "Entities - Get Accounts" gave it.
    for account in finding.body.items("accounts"):
        yield "account", _flat(account)


def _judged(
    body: Fields, title: str, people: tuple[Person, ...], left_out: tuple[str, ...]
) -> tuple[bool, str]:
    status = body.text("status", limit=40)
    classification = body.text("classification", limit=40)
    harmless = _HARMLESS.get(classification.replace(" ", "").lower())
    if harmless:
        return False, f"People have classified it as {harmless}."
    if status.lower() in _CLOSED:
        return False, f"It is {status.lower()} in Sentinel already."
    if idle := notices.idle(title):
        return False, idle
    if not people:
        because = f" ({'; '.join(left_out)})" if left_out else ""
        return False, f"It names no account that can be contained{because}."
    return True, "An open finding that names the account."


def _attack(finding: _Finding) -> tuple[list[str], list[str]]:
    techniques: list[str] = []
    tactics: list[str] = []
    for part in (finding.body, finding.more, *finding.inner, *_inner_data(finding)):
        for value in (*part.items("techniques"), *part.items("subTechniques")):
            techniques += [found for found in _words(value) if is_technique(found)]
        for value in part.items("tactics"):
            tactics += _words(value)
    return techniques, tactics


def _custom(finding: _Finding, name: str) -> tuple[str, ...]:
    """Return the values of a custom detail, which the rule's author has named so.

    Only so can an incident say which application acted: its entities are whoever has to do with it.
    One that gathers several alerts says so only where each of them does: what one tells of its own cause
    is none of another's, and Sentinel puts a theft into the incident of a harmless change.
    """
    own = _details_named(finding.body, name)
    each_of = [_details_named(part, name) for part in finding.inner]
    counted = fields.text(finding.more.get("alertsCount"), 10)
    gathered = int(counted) if counted.isdigit() else 0
    if gathered > max(1, len(each_of)) or not all(each_of):
        return ()
    return fields.unique(value for values in (own, *each_of) for value in values)


def _details_named(part: Fields, name: str) -> list[str | None]:
    more = part.at("additionalData", "extendedProperties") or embedded.at(
        part, "extendedProperties"
    )
    details = embedded.at(more, "customDetails")
    return [fields.identifier(value) for value in details.items(name)]


def _inner_data(finding: _Finding) -> list[Fields]:
    return [item.at("additionalData") for item in finding.inner]


def _words(value: JsonValue) -> list[str]:
    """Split ``["T1539"]``, ``"T1539, T1550"`` and lists written as text into single words."""
    if not isinstance(value, str):
        return []
    cleaned = fields.text(value, 400)
    for mark in '[]"':
        cleaned = cleaned.replace(mark, " ")
    return [word.strip()[:60] for word in cleaned.split(",") if word.strip()]


def _rule(finding: _Finding) -> str | None:
    for item in (finding.body, *finding.inner):
        more = item.at("additionalData", "extendedProperties")
        name = more.text("analyticRuleName") or item.text("alertName", "alertRule")
        if name:
            return name
    for rule in finding.body.items("relatedAnalyticRuleIds"):
        if isinstance(rule, str):
            return fields.text(rule.rsplit("/", 1)[-1]) or None
    return None


_BEGAN = (
    "firstActivityTimeUtc", "firstActivityTime", "startTimeUtc", "startTime",
    "createdTimeUtc", "createdTime", "timeGenerated",
)  # fmt: skip
_LAST = ("lastActivityTimeUtc", "lastActivityTime", "endTimeUtc", "endTime")


def _moment(body: Fields, names: Sequence[str]) -> datetime | None:
    return next((found for name in names if (found := fields.moment(body.get(name)))), None)


def _tenant_hint(body: Fields, named: list[tuple[str, Fields]]) -> str | None:
    tenants = [
        persons.guid(entity.get("aadTenantId")) for kind, entity in named if kind == "account"
    ]
    hints = fields.unique(tenants)
    # Accounts of several tenants hint at none.
    return hints[0] if len(hints) == 1 else persons.guid(body.get("tenantId"))


def _details(finding: _Finding, left_out: tuple[str, ...]) -> dict[str, str | list[str]]:
    body = finding.body
    url = body.text("incidentUrl", "alertLink", limit=1000)
    products = body.items("alertProductNames") or finding.more.items("alertProductNames")
    found: dict[str, str | list[str]] = {
        "incident_number": fields.text(body.get("incidentNumber"), 20),
        "status": body.text("status", limit=40),
        "classification": body.text("classification", limit=40),
        "url": url if url.startswith("https://") else "",
        "products": list(
            fields.unique((fields.text(name, 80) for name in products), 10)
            or fields.unique([body.text("productName", "providerName", limit=80)])
        ),
        "left_out": list(left_out),
    }
    return {key: value for key, value in found.items() if value}


_INCIDENT = r".*securityinsights/incidents"
DETECTOR = Detector(
    kind="sentinel",
    title="Microsoft Sentinel incidents and security alerts",
    documentation=(
        "https://learn.microsoft.com/en-us/azure/sentinel/security-alert-schema",
        "https://learn.microsoft.com/en-us/azure/sentinel/entities-reference",
        "https://learn.microsoft.com/en-us/rest/api/securityinsights/incidents/get",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(values={"type": _INCIDENT}, also=("properties.incidentNumber", "properties.title")),
        Shape(values={"object.type": _INCIDENT}, also=("objectSchemaType", "workspaceId")),
        Shape(values={"body.object.type": _INCIDENT}),
        Shape(values={"objectSchemaType": "incident"}, needs=("object",)),
        Shape(
            needs=("incidentNumber|properties.incidentNumber", "properties|title"),
            also=("properties.relatedEntities", "properties.severity", "relatedAnalyticRuleIds"),
            surety=0.7,
            most=0.9,
        ),
        Shape(
            needs=("systemAlertId|properties.systemAlertId", "entities|properties.entities"),
            also=("alertName", "alertSeverity", "vendorName", "productName", "tactics"),
            surety=0.8,
            most=0.95,
        ),
        envelopes=("value",),
    ),
)
