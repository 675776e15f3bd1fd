"""Where the person's session was opened, where it was replayed from, and who else came from there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors, trace
from connectors.action import (
    ActionSpec,
    Impact,
    Json,
    Observation,
    Outcome,
    Target,
    Verdict,
)
from connectors.clock import instant, spell
from connectors.okta.base import READ, OktaAction
from connectors.okta.system_log import READ_LOG, Told, about, any_of, own_id, read_log
from connectors.okta.users import read_user
from connectors.reading import Reading
from connectors.timeline import Entry, digest
from connectors.trace import Named, Trace

#: How many events are read: of the person, and of whoever else came from the same places.
_MOST, _MOST_OTHERS = 5000, 2000
#: How many addresses and sessions are asked about; a filter has no end otherwise.
_PIVOTS = 10
#: How many entries of each list are kept as evidence; of the timeline the findings' own first.
_KEPT = 100
# The log is kept 90 days (Okta, System Log).
_KEEPS = timedelta(days=90)


class TraceParameters(BaseModel):
    """What the alert names, and how far back to look."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ips: tuple[str, ...] = Field((), description="addresses the alert names")
    session_ids: tuple[str, ...] = Field(
        (), description="sessions it names: their ids, or their digests as a trace tells them"
    )
    token_ids: tuple[str, ...] = Field((), description="ids of tokens it names, never tokens")
    lookback_hours: int = Field(
        24, ge=1, le=2160, description="how long before the theft its root is looked for"
    )


class TraceSource(Reading, OktaAction[TraceParameters]):
    """``okta.trace_source``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="okta.trace_source",
        system="okta",
        title="Trace where the Okta session was stolen and used",
        countermeasure="CM0080",
        impact=Impact.NONE,
        reversible=False,
        d3fend=("D3-UBA", "D3-SDA"),
        attack=("T1539", "T1550.004", "T1185"),
        permissions=(READ, READ_LOG),
        parameters=TraceParameters,
    )

    async def observe(self, target: Target) -> Observation:
        """Read the log: the person's own, then everybody's from the places found.

        Returns:
            The evidence, with a verdict that sums it up.
        """
        user = await read_user(self._client, target.id)
        if user.date is None:
            raise errors.Unavailable("Okta's clock is not told, so no window can be asked for")
        # The clock's seconds are whole: what was written in this one counts, too.
        until = user.date + timedelta(seconds=1)
        since = self._since(target, until)
        ours = await own_id(self._client)
        hers = await read_log(self._client, about(target.id), since, until, _MOST)
        named = self._named(hers)
        found = trace.trace(hers.entries, target.id, named, (ours,) if ours else ())
        more, problem = await self._elsewhere(found, hers, since, until)
        entries = {entry.id: entry for entry in (*hers.entries, *more.entries)}
        found = trace.trace(entries.values(), target.id, named, (ours,) if ours else ())
        snapshot: Json = {
            "since": spell(since),
            "until": spell(until),
            "read": len(entries),
            "cut": hers.cut or more.cut,
            "problem": problem,
            **{name: items[-_KEPT:] for name, items in found.to_json().items()},
            "timeline": _timeline(tuple(entries.values()), found),
        }
        return Observation(snapshot, verdict=_verdict(found, snapshot))

    def _since(self, target: Target, until: datetime) -> datetime:
        began = instant(target.since) or until
        back = timedelta(hours=self._parameters.lookback_hours)
        return max(min(began, until) - back, until - _KEEPS)

    def _named(self, told: Told) -> Named:
        sessions = (
            each if each in told.sessions else digest(each, self._client.tenant)
            for each in self._parameters.session_ids
        )
        return Named(self._parameters.ips, (*sessions, *self._parameters.token_ids))

    async def _elsewhere(
        self, found: Trace, hers: Told, since: datetime, until: datetime
    ) -> tuple[Told, str | None]:
        """What everybody did from the places found; the person's own story stands without it."""
        ips = found.places[:_PIVOTS]
        raw = [hers.sessions[handle] for handle in found.handles if handle in hers.sessions]
        asked = [
            question
            for question in (
                any_of("client.ipAddress", ips),
                any_of("authenticationContext.externalSessionId", raw[:_PIVOTS]),
            )
            if question
        ]
        if not asked:
            return Told((), {}, cut=False), None
        try:
            return await read_log(
                self._client, " or ".join(asked), since, until, _MOST_OTHERS
            ), None
        except (errors.Throttled, errors.Unavailable, errors.Invalid) as error:
            return Told((), {}, cut=False), f"who else came from there was not read: {error}"


def _timeline(entries: tuple[Entry, ...], found: Trace) -> list[Json]:
    """The entries people look at first: of the sources and the stolen sessions, then the newest."""
    ips, handles = set(found.ips), set(found.handles)

    def far(entry: Entry) -> bool:
        return entry.ip not in ips and not handles.intersection(entry.handles)

    newest = sorted(entries, key=lambda entry: entry.at, reverse=True)
    kept = sorted(sorted(newest, key=far)[:_KEPT], key=lambda entry: entry.at)
    return [entry.to_json() for entry in kept]


def _verdict(found: Trace, snapshot: Json) -> Verdict:
    parts = [
        _root(found),
        _from(found),
        f"{len(found.apps)} apps entered from there" if found.apps else "",
        f"{len(found.changes)} changes" if found.changes else "",
        f"seen from there, too: {_people(found)}" if found.others else "",
        "the log goes further back than was read" if snapshot["cut"] else "",
        str(snapshot["problem"] or ""),
    ]
    told = "; ".join(part for part in parts if part)
    return Verdict(Outcome.ALREADY, f"{told} (the log as of {snapshot['until']}; it may be late)")


def _root(found: Trace) -> str:
    if not found.roots:
        return "the sign-in that opened the session is not in the log that was read"
    root = found.roots[0]
    return f"the session was opened at {spell(root.at)} from {root.ip or 'an unknown address'}"


def _from(found: Trace) -> str:
    replayed = [source.ip for source in found.sources if source.differs]
    named = [source.ip for source in found.sources if not source.differs]
    told = [f"replayed from {', '.join(replayed)}" if replayed else "no replay is to be seen"]
    told += [f"used from {', '.join(named)}, which the alert names"] if named else []
    return "; ".join(told)


def _people(found: Trace) -> str:
    told = [f"{o.name or o.person} ({'let in' if o.let_in else 'refused'})" for o in found.others]
    more = f" and {len(told) - 5} more" if len(told) > 5 else ""
    return ", ".join(told[:5]) + more
