"""What a second look after a containment takes, keeps and says, whichever vendor's log it read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors.action import Json, Outcome, Verdict
from connectors.clock import instant
from connectors.timeline import Entry, Kind

_KEPT = 100
_HOW = (
    "Look at the entries with the person. If it was not she, run the containment again: its steps are "
    "safe to repeat."
)


def _time(value: str) -> str:
    if instant(value) is None:
        raise ValueError("a time as 2026-11-22T08:00:00Z")
    return value


class WatchParameters(BaseModel):
    """Since when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Annotated[str, AfterValidator(_time)] | None = Field(
        None,
        description="RFC 3339; without it since our own last containing change of the account",
    )
    hours: int = Field(
        48, ge=1, le=720, description="how far back that change is looked for, and how far at most"
    )

    @property
    def asked(self) -> datetime | None:
        """Since when, where it is told."""
        return instant(self.since)

    def start(self, until: datetime) -> datetime:
        """From when on the log is read."""
        back = until - timedelta(hours=self.hours)
        return max(self.asked, back) if self.asked else back


def contained(
    entries: Iterable[Entry], person: str, ours: Collection[str], containing: Collection[str]
) -> datetime | None:
    """When we contained the account last, as the log tells; None where it does not.

    Args:
        entries: what the log tells.
        person: the account's id.
        ours: the ids under which our own changes stand in the log.
        containing: the events that contain.
    """
    times = (
        entry.at
        for entry in entries
        if entry.event in containing and entry.actor in ours and entry.person == person
    )
    return max(times, default=None)


def evidence(found: Sequence[Entry], entries: Iterable[Entry], since: datetime) -> Json:
    """The part of the snapshot that says what came about: the drift, and how many were refused."""
    sign_ins = (Kind.SIGN_IN, Kind.TOKEN, Kind.APP)
    refused = [
        entry
        for entry in entries
        if entry.kind in sign_ins and entry.outcome == "failure" and entry.at > since
    ]
    return {
        "drift": [entry.to_json() for entry in found[-_KEPT:]],
        "found": len(found),
        "refused": len(refused),
    }


def since_unknown(ours: Collection[str]) -> Verdict:
    """What to say where it is not known since when to look."""
    reason = (
        "the log has no containing change of ours to count from"
        if ours
        else "it is not known which changes in the log are ours"
    )
    return Verdict(Outcome.UNVERIFIABLE, reason)


def verdict(
    found: Sequence[Entry], snapshot: Json, *, late: str, partly: str = "", short: str = ""
) -> Verdict:
    """Sum the look up: ``manual`` where there is drift.

    Args:
        found: the drift.
        snapshot: with ``since``, ``until``, ``refused`` and ``cut``.
        late: how late the log may be.
        partly: what could not be read at all, and why: then nothing found proves nothing.
        short: that the log does not reach back so far, where that is known.
    """
    window = f"between {snapshot['since']} and {snapshot['until']}"
    window += f"; {short}" if short else ""
    unread = f"; {partly}" if partly else ""
    if found:
        names = ", ".join(dict.fromkeys(entry.event for entry in found))
        ips = ", ".join(dict.fromkeys(entry.ip for entry in found if entry.ip))
        told = f"{names} from {ips or 'an unknown address'} {window}{unread}; {late}"
        return Verdict(Outcome.MANUAL, told, _HOW)
    refused = f", {snapshot['refused']} sign-ins were refused" if snapshot["refused"] else ""
    missed = "; not all of the log was read" if snapshot["cut"] else f"; {late}"
    told = f"nobody got in and nothing was changed {window}{refused}{unread}{missed}"
    if partly:
        return Verdict(Outcome.UNVERIFIABLE, f"as far as was read, {told}")
    return Verdict(Outcome.OBSERVED, told)
