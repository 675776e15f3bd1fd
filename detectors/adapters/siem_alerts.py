"""Alerts of further SIEMs, one row a product: Panther, QRadar, Sumo Logic.

The account stands in the alert's context or is the offense's source; whoever is assigned to it is nobody.

Vendor documentation: named in each row.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import findings, paths
from detectors.compose import Verdict
from detectors.product import Product, person, table
from detectors.recognition import Shape

_TECHNIQUE = re.compile(r".*\b(T\d{4}(?:\.\d{3})?)\b.*", re.ASCII)


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    tags = paths.values(event, "tags|reports.MITRE ATT&CK|mitre_mapping.techniques")
    found = [_TECHNIQUE.fullmatch(one) for one in tags if isinstance(one, str)]
    state = findings.standing(event, "status.displayName|status", "resolution|closing_reason")
    return findings.finding(action, severity, [one[1] for one in found if one], state=state)


PANTHER = Product(
    kind="panther_alert",
    title="Panther alerts",
    documentation=("https://docs.panther.com/alerts/destinations/webhook",),
    shapes=(
        Shape(
            needs=("alertContext|alert_context", "severity", "title", "type|link|alertId"),
            also=("alertId", "runbook", "createdAt", "version"),
        ),
    ),
    targets=(
        person(
            "alertContext.target_user|alertContext.target|alertContext.targetUser|alertContext.user_email"
            "|alertContext.user.email|alertContext.username|alertContext.user|alertContext.email",
        ),
    ),
    actors=(
        person(
            "alertContext.actor.alternateId|alertContext.actor.email|alertContext.actor_user|alertContext.actor",
        ),
    ),
    action="title",
    rule="id|name",
    event_id="alertId",
    severity="severity",
    occurred_at="createdAt",
    ips=("alertContext.ips|alertContext.ip|alertContext.source_ip|alertContext.client.ipAddress",),
    judge=_judge,
)  # fmt: skip
QRADAR = Product(
    kind="qradar_offense",
    title="IBM QRadar offenses",
    documentation=("https://ibmsecuritydocs.github.io/qradar_api_20.0/20.0--siem-offenses-GET.html",),
    shapes=(
        Shape(
            needs=("offense_source|offense_type", "magnitude|credibility", "status|description"),
            also=("offense_type", "log_sources", "start_time", "username_count"),
        ),
    ),
    targets=(
        # Offense type 3 is indexed by user name.
        person("offense_source", where=("offense_type|offense_type_str", r"3|username")),
    ),
    action="description",
    severity="magnitude",
    levels=(4, 7, 9),
    occurred_at="start_time",
    last_seen_at="last_updated_time",
    judge=_judge,
)  # fmt: skip
SUMO_LOGIC = Product(
    kind="sumo_logic_insight",
    title="Sumo Logic Cloud SIEM insights",
    documentation=("https://api.sumologic.com/docs/sec/#tag/Insights",),
    shapes=(
        Shape(
            needs=("entity.entityType", "signals|readableId|insightId", "severity|confidence"),
            also=("status.displayName", "resolution", "created"),
        ),
    ),
    envelopes=("data.objects",),
    targets=(person("entity.value", where=("entity.entityType", r"_?(username|email|user)")),),
    action="name|description",
    event_id="id|readableId",
    severity="severity",
    occurred_at="timestamp|created",
    judge=_judge,
)
DETECTORS = table(PANTHER, QRADAR, SUMO_LOGIC)
