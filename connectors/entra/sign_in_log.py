"""Reading Entra's sign-in log: bounded in time and number, newest first.

Source: Microsoft Graph beta, "List signIns" and signIn: without a filter by event type only interactive
sign-ins come; sessions, tokens and networks are in beta only. The documentation filters by one event type
at a time and does not say whether several go together, or whether ``sessionId`` can be filtered by: what
is refused is asked in another way, or told as not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors import errors
from connectors.entra import ids, stamps
from connectors.entra.auditlog import READ_LOGS
from connectors.entra.client import EntraClient, Request
from connectors.entra.sign_in_entries import APP, INTERACTIVE, RENEWAL

Json = dict[str, Any]

PATH = "/auditLogs/signIns"
#: How long sign-ins are kept with a licence (Microsoft Entra data retention).
KEEPS = timedelta(days=30)
#: What is said of the log's lag: Microsoft names minutes, others measured more for renewals.
LATE = "sign-ins may be 15 minutes late and token renewals later still"
#: A turn comes within ten seconds, which is the window of the report endpoints' limit; or within the next
#: ten, where others have taken it.
PATIENCE_S = 21.0
#: What only reads leaves two of the five turns to what cleans up: that the one has its answer ten seconds
#: later harms nobody, that the thief keeps what he has added does.
LEAVES = 2
_PAGE = 1000
_PEOPLE = (INTERACTIVE, RENEWAL)
#: Tells that the tenant has no licence for the log, and not that a permission is missing.
_NO_LICENCE = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
_REFUSED = (errors.Invalid, errors.NotFound)


@dataclass(frozen=True, slots=True)
class SignIns:
    """What a question answered, newest first.

    ``cut``: there are more, older than these. ``missing`` says what was not read, and why.
    """

    rows: tuple[Json, ...]
    cut: bool = False
    missing: tuple[str, ...] = ()


async def of_person(
    client: EntraClient, user_id: str, since: datetime, until: datetime, most: int
) -> SignIns:
    """Read a person's sign-ins and token renewals.

    Where beta refuses, v1.0 is asked, which has the interactive ones alone.

    Raises:
        errors.ConnectorError: the log cannot be read at all.
    """
    who = f"userId eq '{ids.object_id(user_id)}'"
    try:
        return await _asked(client, who, _PEOPLE, since, until, most)
    except _REFUSED as error:
        request = replace(_request(_filter(since, until, who), most), beta=False)
        listed = await client.newest(request, most)
        missing = f"token renewals and sessions were not read, beta refuses: {error}"
        return SignIns(listed.items, listed.cut, (missing,))


async def from_places(
    client: EntraClient, ips: Iterable[str], since: datetime, until: datetime, most: int
) -> SignIns:
    """Read whoever signed in from these addresses, apps included.

    Raises:
        errors.ConnectorError: the log cannot be read.
    """
    return await _asked(client, _any_of("ipAddress", ips), (*_PEOPLE, APP), since, until, most)


async def in_sessions(
    client: EntraClient, sessions: Iterable[str], since: datetime, until: datetime, most: int
) -> SignIns:
    """Read whoever was let in by these sessions; their ids go to Graph and nowhere else.

    Raises:
        errors.ConnectorError: the log cannot be read.
    """
    return await _asked(client, _any_of("sessionId", sessions), _PEOPLE, since, until, most)


async def of_everybody(
    client: EntraClient, question: str, since: datetime, until: datetime, most: int
) -> SignIns:
    """Read everybody's sign-ins and token renewals, or those that meet an OData condition.

    Raises:
        errors.ConnectorError: the log cannot be read.
    """
    asked = f"({question})" if question else ""
    return await _asked(client, asked, _PEOPLE, since, until, most)


def all_of(kind: str, since: datetime, until: datetime) -> Request:
    """The request for all sign-ins of one event type."""
    return _request(_filter(since, until, _types((kind,))), _PAGE)


def lacks_licence(error: errors.ConnectorError) -> bool:
    """Whether the log was refused because the tenant has no licence for it."""
    return error.code == _NO_LICENCE


def why_not(error: errors.Forbidden) -> str:
    """Say what it takes to read the log."""
    if lacks_licence(error):
        return "the sign-in log was not read: it takes a licence of Microsoft Entra ID P1 or P2"
    return f"the sign-in log was not read: {error}"


async def _asked(
    client: EntraClient,
    question: str,
    kinds: tuple[str, ...],
    since: datetime,
    until: datetime,
    most: int,
) -> SignIns:
    condition = _filter(since, until, question)
    try:
        listed = await client.newest(_request(f"{condition} and {_types(kinds)}", most), most)
    except _REFUSED:
        return await _one_by_one(client, condition, kinds, most)
    return SignIns(listed.items, listed.cut)


async def _one_by_one(
    client: EntraClient, condition: str, kinds: tuple[str, ...], most: int
) -> SignIns:
    rows: list[Json] = []
    cut, refused = False, []
    for kind in kinds:
        try:
            listed = await client.newest(_request(f"{condition} and {_types((kind,))}", most), most)
        except _REFUSED as error:
            refused.append((kind, error))
            continue
        rows += listed.items
        cut = cut or listed.cut
    if len(refused) == len(kinds):
        raise refused[0][1]
    return SignIns(
        tuple(rows), cut, tuple(f"{kind} sign-ins were not read: {why}" for kind, why in refused)
    )


def _request(condition: str, most: int) -> Request:
    return Request(
        "GET",
        PATH,
        lambda graph, _: graph.audit_logs.sign_ins,
        query={"filter": condition, "top": str(min(most, _PAGE))},
        bucket="reports",
        needs=f"the permission {READ_LOGS}",
        beta=True,
        patience_s=PATIENCE_S,
        leaves=LEAVES,
    )


def _filter(since: datetime, until: datetime, question: str) -> str:
    window = (
        f"createdDateTime ge {stamps.write(since)} and createdDateTime le {stamps.write(until)}"
    )
    return f"{window} and {question}" if question else window


def _types(kinds: Iterable[str]) -> str:
    wanted = " or ".join(f"t eq '{kind}'" for kind in kinds)
    return f"signInEventTypes/any(t: {wanted})"


def _any_of(field: str, values: Iterable[str]) -> str:
    # OData 4.01, 5.1.1.6.1: a quote within a text is doubled.
    quoted = (value.replace("'", "''") for value in values)
    return "(" + " or ".join(f"{field} eq '{value}'" for value in quoted) + ")"
