"""Slack's audit log (Enterprise Grid): who did what to which user, app or workspace.

Anomalies are entries, too (``action`` is ``anomaly``); ``details.reason`` says what was unusual, and
``session_fingerprint`` means that a session's cookie came from another client than it was given to.

Vendor documentation: docs.slack.dev, "Audit Logs API: audit log entries, actions", "Audit logs anomaly
events" (its reasons).
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import findings, paths
from detectors.alert import Signal
from detectors.compose import Verdict, record
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:  # noqa: ARG001 - a Judge
    if action != "anomaly":
        return findings.change(action)
    reasons = {str(each).lower() for each in paths.values(event, "details.reason")}
    if "session_fingerprint" in reasons:
        return Verdict(
            True, "Slack saw a session come from another client than it was given to.",
            Signal.SESSION_THEFT, ("T1539",),
        )  # fmt: skip
    return record("Unusual for this user; a VPN or a journey does the same.", Signal.RISK)


DETECTOR = detector_of(
    Product(
        kind="slack_audit",
        title="Slack audit log",
        documentation=(
            "https://docs.slack.dev/admins/audit-logs-api/",
            "https://docs.slack.dev/reference/audit-logs-api/methods-actions-reference",
            "https://docs.slack.dev/reference/audit-logs-api/anomalous-events-reference",
        ),
        shapes=(
            Shape(
                needs=("action", "actor.user|actor.type", "context.location|context.ua"),
                also=("date_create", "entity.type", "context.ip_address", "actor.user.team"),
                never=("event_type", "resource", "eventType"),
            ),
            Shape(
                needs=("action", "actor.user", "entity", "date_create"),
                values={"actor.type": "user"},
            ),
        ),
        envelopes=("entries",),
        targets=(
            person(
                email="entity.user.email",
                user_id="entity.user.id",
                name="entity.user.name",
                only=("entity.type", "user"),
            ),
        ),
        actors=(
            person(
                email="actor.user.email",
                user_id="actor.user.id",
                name="actor.user.name",
                only=("actor.type", "user"),
            ),
        ),
        action="action",
        occurred_at="date_create",
        ips=("context.ip_address",),
        agents="context.ua",
        sessions="context.session_id|details.session_id",
        apps=("entity.app.id", "entity.app.name"),
        tenant="context.location.id",
        judge=_judge,
    )
)
