"""Risky users as Microsoft Graph lists them: ``identityProtection/riskyUsers`` and their history.

Vendor documentation: Microsoft Learn, Microsoft Graph resource types ``riskyUser``,
``riskyUserHistoryItem`` and ``riskyServicePrincipal``.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import entra_alerts, recognition
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.entra_alerts import Frame
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value",)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read ``riskyUser`` objects; ``event_id`` is the user's id and when the risk changed."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    if "riskState" not in row and "riskLevel" not in row:
        raise NotUnderstood(
            "it is no riskyUser: neither riskState nor riskLevel",
            "Send objects of identityProtection/riskyUsers as Microsoft Graph lists them.",
        )
    # A history item's own id is its; it carries the user's in userId.
    of_user = "userId" not in row and not _application(row)
    return entra_alerts.risk(Frame(source, "riskyUser", value, "Risky user"), row, of_user=of_user)


def _application(row: Fields) -> bool:
    kind = row.text("@odata.type", limit=80).lower()
    return "serviceprincipal" in kind or "appId" in row or "servicePrincipalType" in row


DETECTOR = Detector(
    kind="graph_risky_user",
    title="Microsoft Entra ID Protection risky users",
    documentation=(
        "https://learn.microsoft.com/en-us/graph/api/resources/riskyuser",
        "https://learn.microsoft.com/en-us/graph/api/resources/riskyuserhistoryitem",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(values={"@odata.type": r"#?microsoft\.graph\.risky(User|ServicePrincipal).*"}),
        Shape(
            needs=("riskLastUpdatedDateTime", "riskState|riskLevel"),
            also=("isProcessing", "isDeleted", "riskDetail", "userPrincipalName"),
            never=("properties", "riskEventType", "category", "TimeGenerated"),
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)
