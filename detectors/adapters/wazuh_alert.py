"""Wazuh's alerts: what a rule of the manager found in a log, with the decoded event in ``data``.

``data`` holds the vendor's event under the integration's name (``data.office365``, ``data.aws``) or as it
came; ``full_log`` the line. Where its shape is known, its own adapter names the persons.

Vendor documentation: documentation.wazuh.com, "Alert management: alerts.json", "Ruleset: rule levels 0 to
16", "Integration with external APIs".
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
from detectors.recognition import Shape

_KIND = "wazuh_alert"
_ENVELOPES = ("hits.hits",)
_INSIDE = (
    "data.office365",
    "data.aws",
    "data.github",
    "data.gcp",
    "data.integration",
    "data",
    "full_log",
)


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    techniques = [str(one) for one in paths.values(event, "rule.mitre.id")]
    return findings.finding(action, severity, techniques)


_PRODUCT = Product(
    kind=_KIND,
    title="Wazuh",
    documentation=(
        "https://documentation.wazuh.com/current/user-manual/manager/alert-management.html",
        "https://documentation.wazuh.com/current/user-manual/ruleset/rules/rules-classification.html",
    ),
    shapes=(
        Shape(
            needs=("rule.id", "rule.level", "rule.description", "agent.id|manager.name"),
            also=("decoder.name", "location", "rule.groups", "manager.name", "full_log"),
        ),
    ),
    envelopes=_ENVELOPES,
    targets=(
        person("data.dstuser|data.win.eventdata.targetUserName", sid="data.win.eventdata.targetUserSid"),
    ),
    actors=(
        person("data.srcuser|data.win.eventdata.subjectUserName", sid="data.win.eventdata.subjectUserSid"),
        person("data.office365.UserId|data.aws.userIdentity.userName|data.user.email|data.user.name"),
    ),
    action="rule.description",
    rule="rule.id",
    severity="rule.level",
    levels=(7, 12, 15),
    occurred_at="timestamp|@timestamp",
    ips=("data.srcip|data.win.eventdata.ipAddress|data.office365.ClientIP",),
    devices=("agent.id", "agent.name"),
    judge=_judge,
)  # fmt: skip
_BARE = detector_of(_PRODUCT)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read alerts: one, a list, or one a line; ``event_id`` is the manager's id of the alert."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(item: JsonValue, source: str) -> Alert:
    event = item.get("_source", item) if isinstance(item, dict) else item
    outer = alert_of(_PRODUCT, event, source)
    for path in _INSIDE:
        inner = wrapped.original(paths.value(event, path), source, _KIND)
        if inner is not None:
            return wrapped.better(outer, inner)
    return outer


DETECTOR = Detector(
    kind=_KIND,
    title=_BARE.title,
    documentation=_BARE.documentation,
    parse=parse,
    recognises=_BARE.recognises,
    takes_lines=True,
)
