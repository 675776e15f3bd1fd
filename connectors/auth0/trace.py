"""Where the person's session was opened, where it or a token was replayed from, and who else came from there.

Auth0's log tells no network (ASN): where agent and TLS fingerprint are the same, another address is
called no replay. Others are found by the addresses; by a session nobody can be asked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from connectors import errors, leads, trace, tracing
from connectors.action import ActionSpec, Impact, Lead, Observation, Target
from connectors.auth0 import tenant_log
from connectors.auth0.base import Auth0Action
from connectors.auth0.log_types import REUSE
from connectors.auth0.own import without_echoes
from connectors.auth0.tenant_log import READ_LOGS, READ_USERS_LOGS, Told
from connectors.auth0.users import read_user
from connectors.clock import spell_or_none
from connectors.reading import Reading
from connectors.timeline import Entry, digest
from connectors.trace import Named, Trace

#: How many events are read: of the person, of management requests, and of whoever else came from there.
_MOST, _MOST_MANAGED, _MOST_OTHERS = 5000, 2000, 2000
#: How many addresses are asked about; a query has no end otherwise.
_PIVOTS = 10
#: How many used-up tokens that came back are kept as evidence.
_KEPT = 100


class TraceParameters(tracing.TraceParameters):
    """What the alert names, and how far back to look."""

    token_ids: tuple[str, ...] = Field(
        (), description="ids of tokens or of families of rotating tokens it names, never tokens"
    )
    lookback_hours: int = Field(
        24, ge=1, le=720, description="how long before the theft its root is looked for"
    )


class TraceSource(Reading, Auth0Action[TraceParameters]):
    """``auth0.trace_source``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="auth0.trace_source",
        system="auth0",
        title="Trace where the Auth0 session was stolen and used",
        countermeasure="CM0080",
        impact=Impact.NONE,
        reversible=False,
        d3fend=("D3-UBA", "D3-SDA"),
        attack=("T1539", "T1550.001", "T1550.004"),
        permissions=("read:users", READ_LOGS, READ_USERS_LOGS),
        parameters=TraceParameters,
    )

    async def observe(self, target: Target) -> Observation:
        """Read the log: the person's own, what was changed about her, and everybody's from the places found.

        Returns:
            The evidence, with a verdict that sums it up.
        """
        user = await read_user(self._client, target.id)
        if user.date is None:
            raise errors.Unavailable("Auth0's clock is not told, so no window can be asked for")
        # The clock's seconds are whole: what was written in this one counts, too.
        until = user.date + timedelta(seconds=1)
        since = self._parameters.start(target, until, tenant_log.KEEPS)
        hers = await tenant_log.of_user(self._client, target.id, since, until, _MOST)
        begins = await tenant_log.reaches_back_to(self._client)
        ours = self._client.client_id
        asked = tenant_log.managed(self._client, target.id, "", since, until, _MOST_MANAGED)
        about, unread = await _tried(asked, "what was changed by administrators")
        own = tuple(entry for entry in about.entries if ours and entry.actor == ours)
        told = (*without_echoes(hers.entries, own), *about.entries)
        named = self._named(hers)
        us = (ours,) if ours else ()
        found = _traced(told, target.id, named, hers.sessions, us)
        more, problem = await self._elsewhere(found, since, until)
        found_there = without_echoes(more.entries, own)
        entries = {entry.id: entry for entry in (*found_there, *told)}
        found = _traced(tuple(entries.values()), target.id, named, hers.sessions, us)
        snapshot = tracing.evidence(
            found,
            tuple(entries.values()),
            since,
            until,
            cut=hers.cut or about.cut or more.cut,
            problem="; ".join(part for part in (unread, problem) if part) or None,
        )
        reuse = [entry.to_json() for entry in hers.entries if entry.event == REUSE]
        snapshot |= {"reaches_back_to": spell_or_none(begins), "reuse": reuse[-_KEPT:]}
        reused = ", ".join(dict.fromkeys(entry["ip"] for entry in reuse if "ip" in entry))
        noted = [
            f"a refresh token that was used up came back from {reused}" if reused else "",
            tenant_log.oldest_is(snapshot["reaches_back_to"]) if begins and begins > since else "",
        ]
        summed = tracing.verdict(found, snapshot, late="it may be late", more=noted)
        return Observation(snapshot, verdict=summed)

    def leads(self, target: Target, observation: Observation) -> tuple[Lead, ...]:
        """Whoever else was let in from there."""
        return leads.others(target, observation)

    def _named(self, hers: Told) -> Named:
        """What the alert names; with a session the tokens that are bound to it."""
        known = {entry.session for entry in hers.entries} | set(hers.sessions.values())
        sessions = tuple(
            each if each in known else digest(each, self._client.tenant)
            for each in self._parameters.session_ids
        )
        bound = (token for token, session in hers.sessions.items() if session in sessions)
        return Named(self._parameters.ips, (*sessions, *bound, *self._parameters.token_ids))

    async def _elsewhere(
        self, found: Trace, since: datetime, until: datetime
    ) -> tuple[Told, str | None]:
        """What everybody did from the places found; the person's own story stands without it."""
        ips = tenant_log.addresses(found.places)[:_PIVOTS]
        if not ips:
            return Told(), None
        question = tenant_log.any_of("ip", ips)
        asked = tenant_log.search(self._client, question, since, until, _MOST_OTHERS)
        return await _tried(asked, "who else came from there")


async def _tried(asked: Awaitable[Told], what: str) -> tuple[Told, str | None]:
    try:
        return await asked, None
    except (errors.Throttled, errors.Unavailable, errors.Invalid) as error:
        return Told(), f"{what} was not read: {error}"


def _traced(
    entries: Sequence[Entry],
    person: str,
    named: Named,
    sessions: Mapping[str, str],
    ours: tuple[str, ...],
) -> Trace:
    """The findings; of a stolen token the session it is bound to is a finding, too, with its root."""
    found = trace.trace(entries, person, named, ours)
    bound = (sessions[token] for token in found.handles if token in sessions)
    handles = tuple(dict.fromkeys((*named.handles, *found.handles, *bound)))
    return trace.trace(entries, person, Named(named.ips, handles), ours)
