"""Elastic Security's alerts and rule actions, and any document in the Elastic Common Schema.

``user`` did it, or is the one it is about where there is no ``user.target``. An alert holds the fields
of the document that it was raised on, and ``kibana.alert.*``; keys may be nested or flattened. A rule
action's body has the alerts in ``context.alerts``. ``event.original`` is the vendor's own event.

Vendor documentation: elastic.co, "ECS field reference: User fields (usage: user.target, user.effective)",
"Elastic Security: Alert schema", "Rule action variables".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import findings, paths, recognition, wrapped
from detectors.alert import Alert
from detectors.batch import Finding, each
from detectors.compose import Verdict
from detectors.detector import Detector
from detectors.product import Product, alert_of, detector_of, person
from detectors.recognition import Fit, Shape

_RULE = "kibana.alert.rule.name|signal.rule.name|rule.name"
_CLAIM = "http://schemas{0}xmlsoap{0}org/ws/2005/05/identity/claims/upn"
_AZURE = "azure.activitylogs.identity.claims." + _CLAIM
_SIGNED_IN = "azure.signinlogs.properties"
#: Elastic numbers the resources that an entry of Entra's audit log is about.
_CHANGED = "azure.auditlogs.properties.target_resources.0"
_ENVELOPES = ("context.alerts", "alerts", "hits.hits", "signals")
_KIND = "elastic_ecs_document"


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    kind = paths.text(event, "event.kind", 20).lower()
    rule = paths.text(event, "kibana.alert.rule.name|signal.rule.name")
    if rule or kind in {"alert", "signal"}:
        techniques = paths.values(
            event,
            "kibana.alert.rule.threat.technique.subtechnique.id|kibana.alert.rule.threat.technique.id"
            "|signal.rule.threat.technique.id|threat.technique.id",
        )
        title = rule or paths.text(event, f"rule.name|event.reason|message|{_RULE}") or action
        state = paths.text(event, "kibana.alert.workflow_status|signal.status", 30)
        return findings.finding(title, severity, [str(one) for one in techniques], state=state)
    return findings.change(action)


_PRODUCT = Product(
    kind=_KIND,
    title="Elastic Common Schema",
    documentation=(
        "https://www.elastic.co/docs/reference/ecs/ecs-user-usage",
        "https://www.elastic.co/docs/reference/security/fields-and-object-schemas/alert-schema",
        "https://www.elastic.co/docs/solutions/security/detect-and-alert/create-detection-rule",
    ),
    shapes=(
        Shape(
            needs=("kibana.alert.rule.name|signal.rule.name|kibana.alert.uuid",),
            also=("kibana.alert.severity|signal.rule.severity", "@timestamp", "user.name", "event.kind"),
        ),
        Shape(
            needs=("@timestamp", "ecs.version|data_stream.dataset|event.dataset|agent.ephemeral_id",
                   "event|user|source|host"),
            also=("event.kind", "event.category", "related.user"),
            surety=0.75,
            most=0.85,
        ),
        Shape(
            needs=("@timestamp", "event.kind|event.category|event.action|event.module"),
            also=("related", "user", "source.ip"),
            surety=0.6,
            most=0.75,
        ),
        Shape(
            needs=("event.kind|event.category", "event.action|event.outcome|event.module",
                   "user.name|user.email|source.ip|related"),
            never=("eventType", "class_uid"),
            surety=0.55,
        ),
    ),
    envelopes=_ENVELOPES,
    targets=(
        person("user.target.name", email="user.target.email", user_id="user.target.id",
               name="user.target.full_name"),
        person("alternate_id", okta_user_id="id", name="display_name", each="okta.target", where=("type", "User")),
        person(f"{_CHANGED}.user_principal_name", entra_object_id=f"{_CHANGED}.id", where=(f"{_CHANGED}.type", "User")),
    ),
    actors=(
        person(
            "user.name", email="user.email", user_id="user.id", name="user.full_name",
            user_principal_name=f"{_SIGNED_IN}.user_principal_name", entra_object_id=f"{_SIGNED_IN}.user_id",
        ),
        person(f"{_AZURE.format('_')}|{_AZURE.format('.')}"),
        person("azure.auditlogs.properties.initiated_by.user.userPrincipalName"),
    ),
    bystanders=(person("user.effective.name", email="user.effective.email"),),
    action="event.action|event.code|event.dataset|data_stream.dataset",
    headline=f"{_RULE}|kibana.alert.reason|event.reason|message|event.action",
    rule=f"{_RULE}|event.action",
    event_id="kibana.alert.uuid|_id|event.id",
    severity="kibana.alert.severity|signal.rule.severity|event.risk_score_norm",
    occurred_at="kibana.alert.original_time|event.created|@timestamp",
    last_seen_at="@timestamp",
    ips=("source.ip|client.ip",),
    agents="user_agent.original",
    sessions="okta.authentication_context.external_session_id|okta.authentication_context.root_session_id"
    "|azure.signinlogs.properties.session_id|onepassword.session_uuid|session.id",
    tokens="azure.signinlogs.properties.unique_token_identifier",
    asn="source.as.number|client.as.number",
    place="source.geo.city_name|source.geo.country_name",
    devices=("host.id|device.id", "host.name|host.hostname"),
    apps=("application.id", "application.name"),
    judge=_judge,
)  # fmt: skip
_BARE = detector_of(_PRODUCT)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read documents: bare, in a list, in a search's hits or in a rule action's body."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(item: JsonValue, source: str) -> Alert:
    event = _hit(item)
    outer = alert_of(_PRODUCT, event, source)
    return wrapped.better(
        outer, wrapped.original(paths.value(event, "event.original"), source, _KIND)
    )


def _hit(item: JsonValue) -> JsonValue:
    """Return the document of a search's hit; keys are compared exactly, for ``source`` is another."""
    document = item.get("_source") if isinstance(item, dict) else None
    if isinstance(item, dict) and isinstance(document, dict):
        return {"_id": item.get("_id"), **document}
    return item


def _recognises(payload: JsonValue) -> Fit:
    return _BARE.recognises([_hit(item) for item in recognition.items(payload, *_ENVELOPES)])


DETECTOR = Detector(
    kind=_KIND,
    title=_BARE.title,
    documentation=_BARE.documentation,
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)
