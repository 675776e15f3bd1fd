"""Which logs can be read at a vendor that does not push them, and how often at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PolledLog(StrEnum):
    """A log that is read by polling."""

    OKTA_SYSTEM_LOG = "okta_system_log"
    GRAPH_ALERTS = "graph_alerts"
    GRAPH_RISK_DETECTIONS = "graph_risk_detections"
    GRAPH_SIGN_INS = "graph_sign_ins"
    AUTH0_LOGS = "auth0_logs"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is fixed about a log.

    ``system`` keeps it, ``kind`` is the detector that reads its entries, and ``least_s`` is the shortest
    period in seconds it is asked at: reading leaves most of the vendor's limit to containments.
    """

    system: str
    kind: str
    least_s: int


#: Limits: Okta gives `/logs` 20 to 120 requests a minute and an application half of it; Graph's report
#: endpoints 5 in ten seconds, Identity Protection one a second for all applications of a tenant; Auth0
#: two a second on its smallest plan.
FACTS: Mapping[PolledLog, Facts] = {
    PolledLog.OKTA_SYSTEM_LOG: Facts("okta", "okta_system_log", 10),
    PolledLog.GRAPH_ALERTS: Facts("entra", "graph_security_alert_v2", 10),
    PolledLog.GRAPH_RISK_DETECTIONS: Facts("entra", "graph_risk_detection", 30),
    PolledLog.GRAPH_SIGN_INS: Facts("entra", "entra_graph_log", 30),
    PolledLog.AUTH0_LOGS: Facts("auth0", "auth0_log_stream", 15),
}
