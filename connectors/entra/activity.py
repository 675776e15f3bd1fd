"""What Entra's two logs tell of an account, and of whoever else came from the same places."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.entra import audit_entries, auditlog, sign_in_entries, sign_in_log
from connectors.entra.client import EntraClient, Listing
from connectors.entra.sign_in_log import SignIns
from connectors.timeline import Entry

Json = dict[str, Any]

#: How many addresses and sessions are asked about; a filter has no end otherwise.
_PIVOTS = 10
_UNREADABLE = (errors.Invalid, errors.NotFound)
_LATER = (errors.Throttled, errors.Unavailable, errors.Forbidden, *_UNREADABLE)


@dataclass(frozen=True, slots=True)
class Told:
    """What the logs tell, oldest first.

    ``sessions`` leads from a session's digest to its id, to ask on with: it is written down nowhere.
    ``cut``: there is more, older than this. ``missing`` says what was not read, and why. ``echoes`` are
    the ids of entries that only tell of our own changes once more, ``by_apps`` of what no person did.
    """

    entries: tuple[Entry, ...] = ()
    sessions: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    missing: tuple[str, ...] = ()
    echoes: frozenset[str] = frozenset()
    by_apps: frozenset[str] = frozenset()

    @property
    def partly(self) -> str:
        """What was not read, in a phrase; empty where everything was."""
        return "; ".join(self.missing)


async def of_account(
    client: EntraClient,
    user_id: str,
    since: datetime,
    until: datetime,
    *,
    most: int,
    ours: Collection[str],
) -> Told:
    """Read a person's sign-ins, and what was done by her and to her.

    Args:
        client: the tenant's Graph.
        user_id: the account.
        since: from when on.
        until: up to when.
        most: how many of each are read, the newest.
        ours: the ids under which our own changes stand in the log.

    Raises:
        errors.Forbidden: neither log may be read; errors.ConnectorError: they cannot be read now.
    """
    missing: list[str] = []
    signed, audits = SignIns(()), Listing((), cut=False)
    refused: errors.Forbidden | None = None
    try:
        signed = await sign_in_log.of_person(client, user_id, since, until, most)
    except errors.Forbidden as error:
        refused = error
        missing.append(sign_in_log.why_not(error))
    except _UNREADABLE as error:
        missing.append(f"the sign-in log was not read: {error}")
    try:
        audits = await _audits(client, user_id, since, most)
    except errors.Forbidden as error:
        if refused is not None:
            raise
        missing.append(f"the directory's audit log was not read: {error}")
    except _UNREADABLE as error:
        missing.append(f"the directory's audit log was not read: {error}")
    told = _told(client, signed)
    changes = [entry for audit in audits.items if (entry := audit_entries.entry_of(audit))]
    return Told(
        _in_order([*told.entries, *changes]),
        told.sessions,
        signed.cut or audits.cut,
        (*missing, *signed.missing),
        audit_entries.echoes(audits.items, ours),
        frozenset(str(a.get("id")) for a in audits.items if audit_entries.by_app(a)),
    )


async def elsewhere(
    client: EntraClient,
    ips: Sequence[str],
    sessions: Sequence[str],
    since: datetime,
    until: datetime,
    *,
    most: int,
) -> tuple[Told, str | None]:
    """Read what everybody did from these addresses and in these sessions.

    Returns:
        What was told, and what was not read, and why; None where everything was. The person's own story
        stands without it.
    """
    found: list[SignIns] = []
    problems: list[str] = []
    addresses = [ip for ip in ips if _is_address(ip)][:_PIVOTS]
    asked = (
        (addresses, sign_in_log.from_places, "who else came from there"),
        (sessions[:_PIVOTS], sign_in_log.in_sessions, "who else was in the session"),
    )
    for values, read, what in asked:
        if not values:
            continue
        try:
            found.append(await read(client, values, since, until, most))
        except _LATER as error:
            problems.append(f"{what} was not read: {error}")
    rows = tuple(row for each in found for row in each.rows)
    problems += [missing for each in found for missing in each.missing]
    told = _told(client, SignIns(rows, any(each.cut for each in found)))
    return replace(told, entries=_in_order(told.entries)), "; ".join(problems) or None


async def _audits(client: EntraClient, user_id: str, since: datetime, most: int) -> Listing:
    items: list[Json] = []
    cut = False
    for condition in (auditlog.by(user_id), auditlog.to(user_id)):
        request = replace(
            auditlog.query(since, condition),
            patience_s=sign_in_log.PATIENCE_S,
            leaves=sign_in_log.LEAVES,
        )
        listed = await client.newest(request, most)
        items += listed.items
        cut = cut or listed.cut
    return Listing(tuple(items), cut)


def _told(client: EntraClient, signed: SignIns) -> Told:
    entries: list[Entry] = []
    sessions: dict[str, str] = {}
    for row in signed.rows:
        entry = sign_in_entries.entry_of(row, client.tenant)
        if entry is None:
            continue
        entries.append(entry)
        raw = sign_in_entries.raw_session(row)
        if entry.session is not None and raw is not None:
            sessions[entry.session] = raw
    return Told(tuple(entries), sessions, signed.cut)


def _in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    once = {entry.id or f"{entry.at}{entry.event}": entry for entry in entries}
    return tuple(sorted(once.values(), key=lambda entry: entry.at))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
