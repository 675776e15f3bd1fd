"""Which of Entra's logs a tenant delivers, how long they are kept, and how late they are.

Sources: Microsoft Entra data retention (7 days, 30 with P1 or P2; risk detections 90 days with P2), list
signIns (v1.0 has the interactive ones alone, without sessions), list directoryAudits, list riskDetections.
Whether logs are exported is a setting of Azure Resource Manager, which our credential for Graph cannot ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import errors
from connectors.clock import instant
from connectors.entra import licences, stamps
from connectors.entra.auditlog import READ_LOGS
from connectors.entra.client import EntraClient, Request
from connectors.entra.sign_in_entries import RENEWAL
from connectors.entra.sign_in_log import PATH, PATIENCE_S, lacks_licence
from connectors.log_delivery import Log, seen, unread

SIGN_INS, RENEWALS = "entra.sign_ins", "entra.non_interactive_sign_ins"
AUDITS, RISKS, EXPORT = "entra.directory_audits", "entra.risk_detections", "entra.export"
READ_RISKS = "IdentityRiskEvent.Read.All"
#: A week holds a row of every log of a tenant that is in use, and a filter keeps Graph from looking at more.
_BACK = timedelta(days=7)
_WITHIN = "the last 7 days"
_LICENSED, _FREE = "30 days", "7 days"
_EITHER = "7 days, 30 with Entra ID P1 or P2"
_MINUTES = "2 to 5 minutes"
_MORE_MINUTES = "up to 15 minutes, now and then more"
_BUY = "Assign licences of Microsoft Entra ID P1 or P2: without one the tenant's sign-ins cannot be read."
#: A log's newest row, empty where it holds none, or why it was refused.
Answered = Mapping[str, Any] | errors.ConnectorError
_EXPORT = (
    "Look with `az rest --method get --url https://management.azure.com/providers/microsoft.aadiam"
    "/diagnosticSettings?api-version=2017-04-01`: hunts want SignInLogs, NonInteractiveUserSignInLogs,"
    " AuditLogs and UserRiskEvents."
)


async def of_tenant(client: EntraClient) -> tuple[Log, ...]:
    """Look at each log; never raises for a Graph that refuses."""
    since = datetime.now(UTC) - _BACK
    sign_ins, renewals, audits, risks = await asyncio.gather(
        _asked(client, _sign_ins(since)),
        _asked(client, _renewals(since)),
        _asked(client, _audits(since)),
        _asked(client, _risks()),
    )
    keeps = _keeps(sign_ins)
    return (
        _told(SIGN_INS, sign_ins, "createdDateTime", keeps, _MINUTES),
        _with_sessions(
            _told(RENEWALS, renewals, "createdDateTime", keeps, _MORE_MINUTES), renewals
        ),
        _told(AUDITS, audits, "activityDateTime", keeps, _MINUTES),
        await _risk(client, risks),
        Log(EXPORT, "unknown", "whether logs are exported, Graph does not tell", remedy=_EXPORT),
    )


async def _asked(client: EntraClient, request: Request) -> Answered:
    try:
        answer = await client.read(request)
    except errors.ConnectorError as error:
        return error
    rows = answer.body.get("value")
    first = rows[0] if isinstance(rows, list) and rows else {}
    return first if isinstance(first, dict) else {}


def _told(name: str, answered: Answered, stamp: str, keeps: str, late: str) -> Log:
    if not isinstance(answered, errors.ConnectorError):
        state, says = seen(instant(answered.get(stamp)), _WITHIN)
        return Log(name, state, says, keeps, late)
    if lacks_licence(answered):
        return Log(name, "missing", "the tenant has no licence for it", late=late, remedy=_BUY)
    return unread(name, answered, keeps, late)


def _with_sessions(log: Log, answered: Answered) -> Log:
    if isinstance(answered, errors.ConnectorError) or not answered or answered.get("sessionId"):
        return log
    return Log(
        log.name, log.state, f"{log.says}, without a session id", log.keeps, log.late,
        "Hunts over sessions need the Azure Monitor export, whose rows hold the session's id.",
    )  # fmt: skip


async def _risk(client: EntraClient, answered: Answered) -> Log:
    keeps, late = (
        "90 days with P2, 30 with P1, else 7",
        "minutes, or hours where it is found out later",
    )
    if not isinstance(answered, errors.ConnectorError):
        newest = instant(answered.get("activityDateTime") or answered.get("detectedDateTime"))
        # risk is rare: a log that is empty is no log that is missing
        says = seen(newest, "")[1] if newest else "it can be read, and holds no detection"
        return Log(RISKS, "delivered", says, keeps, late)
    if (
        isinstance(answered, errors.Forbidden)
        and await licences.holds(client, licences.P2) is False
    ):
        return Log(
            RISKS, "missing", "the tenant has no licence for it", late=late,
            remedy="Assign licences of Microsoft Entra ID P2: without one no risk is detected in full.",
        )  # fmt: skip
    return unread(RISKS, answered, keeps, late)


def _keeps(sign_ins: Answered) -> str:
    """Who may read sign-ins has a licence, and keeps them as long as one allows."""
    if not isinstance(sign_ins, errors.ConnectorError):
        return _LICENSED
    return _FREE if lacks_licence(sign_ins) else _EITHER


def _sign_ins(since: datetime) -> Request:
    return Request(
        "GET",
        PATH,
        lambda graph, _: graph.audit_logs.sign_ins,
        query={"filter": f"createdDateTime ge {stamps.write(since)}", "top": "1"},
        bucket="reports",
        needs=f"the permission {READ_LOGS}",
        patience_s=PATIENCE_S,
    )


def _renewals(since: datetime) -> Request:
    condition = (
        f"createdDateTime ge {stamps.write(since)} and signInEventTypes/any(t: t eq '{RENEWAL}')"
    )
    return Request(
        "GET",
        PATH,
        lambda graph, _: graph.audit_logs.sign_ins,
        query={"filter": condition, "top": "1"},
        bucket="reports",
        needs=f"the permission {READ_LOGS}",
        beta=True,
        patience_s=PATIENCE_S,
    )


def _audits(since: datetime) -> Request:
    return Request(
        "GET",
        "/auditLogs/directoryAudits",
        lambda graph, _: graph.audit_logs.directory_audits,
        query={"filter": f"activityDateTime ge {stamps.write(since)}", "top": "1"},
        bucket="reports",
        needs=f"the permission {READ_LOGS}",
        patience_s=PATIENCE_S,
    )


def _risks() -> Request:
    return Request(
        "GET",
        "/identityProtection/riskDetections",
        lambda graph, _: graph.identity_protection.risk_detections,
        query={"top": "1"},
        bucket="risk",
        needs=f"the permission {READ_RISKS}",
        patience_s=PATIENCE_S,
    )
