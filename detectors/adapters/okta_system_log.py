"""Okta's System Log as an API, a log stream or a SIEM hands it on, outside event hooks.

The events are those of event hooks, and are read and judged the same: see ``detectors.okta``. Here
they come bare, in a list, one a line, or in the envelope of an AWS EventBridge log stream
(``detail``).

Vendor documentation: developer.okta.com, "System Log API" (the event object) and "Log streaming";
"Event types".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import okta
from detectors.batch import Finding
from detectors.detector import Detector
from detectors.recognition import Shape, by_shapes
from detectors.wrapping import even_wrapped, events

_ENVELOPES = ("events", "logs", "value")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:
    """Read System Log events; ``event_id`` is the event's ``uuid``."""
    return okta.parse(events(payload, _EVENT, *_ENVELOPES), source, settings)


_EVENT_TYPE = r"[a-z0-9_]+(\.[a-z0-9_]+)+"
_EVENT = by_shapes(
    Shape(
        needs=("actor|target|client", "legacyEventType|debugContext|authenticationContext|published"),
        values={"eventType": _EVENT_TYPE},
        also=("outcome.result", "actor.alternateId", "displayMessage", "securityContext"),
        never=("data.events",),
    ),
    Shape(
        needs=("actor.alternateId", "actor.type"), values={"eventType": _EVENT_TYPE}, surety=0.8
    ),
    Shape(
        values={"eventType": r"(user|app|application|policy|security|system|group|device)"
                r"\.[a-z0-9_]+(\.[a-z0-9_]+)+"},
        also=("outcome.result", "severity", "displayMessage", "target"),
        never=("data.events",),
        surety=0.55,
        most=0.8,
    ),
    envelopes=_ENVELOPES,
)  # fmt: skip
DETECTOR = Detector(
    kind="okta_system_log",
    title="Okta System Log",
    documentation=(
        "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/",
        "https://developer.okta.com/docs/reference/api/event-types/",
        "https://help.okta.com/en-us/content/topics/reports/log-streaming/about-log-streams.htm",
    ),
    parse=parse,
    recognises=even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)
