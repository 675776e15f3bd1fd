"""Entra's and Defender's findings and sign-ins by Microsoft Graph, read on by time.

Sources: Microsoft Graph, "List alerts_v2" (``lastUpdateDateTime``), "List riskDetections", "List signIns";
Microsoft Entra data retention; Microsoft Defender XDR data retention. An entry says when it was changed
last, and a changed one counts as new.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors import errors
from connectors.entra import auditlog, sign_in_log, stamps
from connectors.entra.client import EntraClient, Request
from connectors.entra.sign_in_entries import INTERACTIVE, RENEWAL
from connectors.polled import Answered, Json, Logged, LogReader, Stretches

READ_ALERTS = "SecurityAlert.Read.All"
READ_RISKS = "IdentityRiskEvent.Read.All"
#: So many entries are read for one stretch; of more, a shorter stretch is asked for.
_MOST = 5000
#: Pages of a pull: 20 million entries, so that what does not end ends.
_PAGES = 20_000
#: The page size that all of them take.
_TOP = "500"
#: Every wait for a turn ends within the window of the endpoint's limit.
_PATIENCE_S = sign_in_log.PATIENCE_S
_ALERTS_KEPT, _RISKS_KEPT = timedelta(days=180), timedelta(days=90)


def alerts(client: EntraClient, question: str, overlap: timedelta) -> LogReader:
    """Defender's alerts, by when each was changed last."""

    async def ask(since: datetime, until: datetime) -> Answered:
        condition = _within("lastUpdateDateTime", since, until, question)
        listed = await client.newest(_alerts(condition), _MOST)
        entries = [_by(item, "lastUpdateDateTime") for item in listed.items]
        # a full first page without a link to a next one has been seen there, too
        return Answered(entries, listed.cut or len(entries) == int(_TOP))

    return Stretches(ask, overlap=overlap, keeps=_ALERTS_KEPT)


def risk_detections(client: EntraClient, question: str, overlap: timedelta) -> LogReader:
    """ID Protection's detections, by when each was changed last, or else was made."""

    async def ask(since: datetime, until: datetime) -> Answered:
        try:
            condition = _within("lastUpdatedDateTime", since, until, question)
            listed = await client.newest(_risks(condition), _MOST)
        except errors.Invalid:
            # the documentation does not say by which times it can be filtered
            condition = _within("detectedDateTime", since, until, question)
            listed = await client.newest(_risks(condition), _MOST)
        entries = [_by(item, "lastUpdatedDateTime", "riskState") for item in listed.items]
        return Answered(entries, listed.cut)

    return Stretches(ask, overlap=overlap, keeps=_RISKS_KEPT)


def sign_ins(client: EntraClient, question: str, overlap: timedelta) -> LogReader:
    """Sign-ins and token renewals, by when they happened; Entra may say later that one is at risk."""

    async def ask(since: datetime, until: datetime) -> Answered:
        try:
            read = await sign_in_log.of_everybody(client, question, since, until, _MOST)
        except errors.Forbidden as error:
            raise errors.Forbidden(
                sign_in_log.why_not(error), status=error.status, code=error.code,
                request_id=error.request_id, remedy=error.remedy,
            ) from error  # fmt: skip
        entries = [_by(row, "riskState", "riskLevelDuringSignIn") for row in read.rows]
        return Answered(entries, read.cut, "; ".join(read.missing))

    return Stretches(ask, overlap=overlap, keeps=sign_in_log.KEEPS)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A log of which a stretch can be read whole, and the name of what it holds."""

    name: str
    request: Request


def between(since: datetime, until: datetime) -> tuple[Stretch, ...]:
    """The logs that tell what people and their tokens did in a stretch of time."""
    audits = auditlog.query(since, f"activityDateTime le {stamps.write(until)}")
    audits = replace(audits, query={**audits.query, "top": _TOP})
    return (
        Stretch("sign_ins", sign_in_log.all_of(INTERACTIVE, since, until)),
        Stretch("token_renewals", sign_in_log.all_of(RENEWAL, since, until)),
        Stretch("directory_audits", audits),
        Stretch("risk_detections", _risks(_within("detectedDateTime", since, until, ""))),
    )


async def pages(client: EntraClient, stretch: Stretch) -> AsyncIterator[list[Json]]:
    """Read a stretch page by page.

    Raises:
        errors.ConnectorError: the classified failure.
    """
    async with aclosing(client.pages(stretch.request, _PAGES)) as read:
        async for page in read:
            yield list(page)


def _alerts(condition: str) -> Request:
    return Request(
        "GET",
        "/security/alerts_v2",
        lambda graph, _: graph.security.alerts_v2,
        query={"filter": condition, "top": _TOP},
        bucket="alerts",
        needs=f"the permission {READ_ALERTS}",
        patience_s=_PATIENCE_S,
    )


def _risks(condition: str) -> Request:
    return Request(
        "GET",
        "/identityProtection/riskDetections",
        lambda graph, _: graph.identity_protection.risk_detections,
        query={"filter": condition, "top": _TOP},
        bucket="risk",
        needs=f"the permission {READ_RISKS} and a licence of Microsoft Entra ID P2",
        patience_s=_PATIENCE_S,
    )


def _within(field: str, since: datetime, until: datetime, question: str) -> str:
    window = f"{field} ge {stamps.write(since)} and {field} le {stamps.write(until)}"
    return f"{window} and ({question})" if question else window


def _by(item: Json, *fields: str) -> Logged:
    said = ":".join(str(item.get(field) or "") for field in fields)
    return Logged(f"{item.get('id')}:{said}", item)
