"""What is asked of a log that is read at its vendor, and which of its entries become alerts.

A log is mostly what people do all day. A detector that posts has chosen what it sends; here we choose:
what a containment may follow, what would be and names nobody, and what cannot be understood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from config.polling import FACTS, PolledLog
from config.settings import Poller, Source
from detectors import okta_events, registry
from detectors.alert import NotUnderstood

#: By log, the vendor's own expression for what its detector may act upon; findings are asked for whole.
_QUESTIONS: Mapping[PolledLog, str] = {
    PolledLog.OKTA_SYSTEM_LOG: " or ".join(
        f'eventType eq "{each}"' for each in okta_events.MAY_BE_ACTED_UPON
    ),
    PolledLog.GRAPH_SIGN_INS: "riskState eq 'atRisk' or riskState eq 'confirmedCompromised'",
    PolledLog.AUTH0_LOGS: 'type:"ferrt" OR type:"pwd_leak"',
}


def question(poller: Poller) -> str:
    """The filter expression a poller asks with; empty for the whole log."""
    return poller.filter or _QUESTIONS.get(poller.log, "")


def is_worth_an_alert(entry: Mapping[str, Any], poller: Poller, name: str, source: Source) -> bool:
    """Tell whether an entry is to be stored and taken up; what nobody understands is, for people to see."""
    payload: JsonValue = dict(entry)
    try:
        findings = registry.read(FACTS[poller.log].kind, payload, name, source)
    except NotUnderstood:
        return True
    return any(
        isinstance(each, NotUnderstood) or each.actionable or each.nameless for each in findings
    )


def as_delivered(entry: Mapping[str, Any]) -> bytes:
    """The entry as the bytes of a delivery."""
    return json.dumps(dict(entry), sort_keys=True).encode()
