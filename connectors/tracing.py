"""What a trace takes, keeps as evidence and says in a sentence, whichever vendor's log it read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from connectors.action import Json, Outcome, Target, Verdict
from connectors.clock import instant, spell
from connectors.timeline import Entry
from connectors.trace import Trace

#: How many entries of each list are kept as evidence; of the timeline the findings' own first.
_KEPT = 100


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

    def start(self, target: Target, until: datetime, keeps: timedelta) -> datetime:
        """From when on the log is read: so long before the theft, or as far as the log ``keeps``."""
        began = instant(target.since) or until
        back = timedelta(hours=self.lookback_hours)
        return max(min(began, until) - back, until - keeps)


def evidence(
    found: Trace,
    entries: Sequence[Entry],
    since: datetime,
    until: datetime,
    *,
    cut: bool,
    problem: str | None,
) -> Json:
    """The snapshot of a trace.

    Args:
        found: what the entries tell.
        entries: all that were read.
        since: from when on was read.
        until: up to when.
        cut: whether the log goes further back within that than was read.
        problem: what was not read, and why; None where everything was.
    """
    return {
        "since": spell(since),
        "until": spell(until),
        "read": len(entries),
        "cut": cut,
        "problem": problem,
        "handles": list(found.handles[-_KEPT:]),
        **{name: items[-_KEPT:] for name, items in found.to_json().items()},
        "timeline": timeline(entries, found),
    }


def timeline(entries: Sequence[Entry], found: Trace) -> list[Json]:
    """The entries people look at first: of the sources and the stolen sessions, then the newest."""
    ips, handles = set(found.ips), set(found.handles)

    def far(entry: Entry) -> bool:
        return entry.ip not in ips and not handles.intersection(entry.handles)

    newest = sorted(entries, key=lambda entry: entry.at, reverse=True)
    kept = sorted(sorted(newest, key=far)[:_KEPT], key=lambda entry: entry.at)
    return [entry.to_json() for entry in kept]


def verdict(
    found: Trace, snapshot: Json, *, late: str, partly: str = "", more: Sequence[str] = ()
) -> Verdict:
    """Sum a trace up.

    Args:
        found: what the entries tell.
        snapshot: its ``evidence``.
        late: how late the log may be.
        partly: which part of the log could not be read at all, and why: then what is not to be seen
            may still have happened, and the verdict is ``unverifiable``.
        more: what only this vendor's log tells.
    """
    parts = [
        partly,
        _root(found),
        _from(found),
        *more,
        f"{len(found.apps)} apps entered from there" if found.apps else "",
        f"{len(found.changes)} changes" if found.changes else "",
        f"seen from there, too: {_people(found)}" if found.others else "",
        "the log goes further back than was read" if snapshot["cut"] else "",
        str(snapshot["problem"] or ""),
    ]
    told = "; ".join(part for part in parts if part)
    outcome = Outcome.UNVERIFIABLE if partly else Outcome.OBSERVED
    return Verdict(outcome, f"{told} (the log as of {snapshot['until']}; {late})")


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
