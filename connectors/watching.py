"""What a second look after a containment takes, keeps and says, whichever vendor's log it read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
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
_ASK = "Ask the person, out of band, whether that was she. If not, contain her again: rescind contain NAME."
_LET_IN = (Kind.SIGN_IN, Kind.TOKEN, Kind.APP)


def _time(value: str) -> str:
    if instant(value) is None:
        raise ValueError("a time as 2026-11-22T08:00:00Z")
    return value


Time = Annotated[str, AfterValidator(_time)]


class WatchParameters(BaseModel):
    """Since when, and what is no drift since the person has her account back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Time | None = Field(
        None,
        description="RFC 3339; without it since our own last containing change of the account",
    )
    hours: int = Field(
        48, ge=1, le=720, description="how far back that change is looked for, and how far at most"
    )
    given_back: Time | None = Field(
        None,
        description="RFC 3339; since when the person has her account back: her sign-ins, her password and "
        "the methods she registers are expected from then on; without it as Rescind's own runs have it",
    )
    thief_ips: tuple[str, ...] = Field(
        (), description="addresses the thief was seen at: nothing from there is expected"
    )
    thief_handles: tuple[str, ...] = Field(
        (),
        description="his sessions (digests) and ids of his tokens, as a trace names them: the same",
    )

    @property
    def asked(self) -> datetime | None:
        """Since when, where it is told."""
        return instant(self.since)

    def start(self, until: datetime) -> datetime:
        """From when on the log is read."""
        back = until - timedelta(hours=self.hours)
        return max(self.asked, back) if self.asked else back

    def counts_from(self, contained: Collection[datetime], start: datetime) -> datetime | None:
        """From when on what came about counts; None where that is not known.

        As told, else since we contained the account last, ``contained`` being when we did. What gives
        an account back ends its sessions, too: that contains nobody.
        """
        if self.asked:
            return start
        returned = instant(self.given_back)
        before = [at for at in contained if returned is None or at < returned]
        return max(before, default=max(returned, start) if returned else None)

    def expects(self, entry: Entry, person: str, hers: Collection[str]) -> bool:
        """Tell whether an account that was given back brings this, by all that is known of the thief.

        Args:
            entry: what came about.
            person: the account's id.
            hers: the events by which its person comes to a password and to methods of her own.
        """
        returned = instant(self.given_back)
        if returned is None or entry.at <= returned:
            return False
        # what names an app and the person, and no session, is the handle of all her sessions there
        his = {each for each in self.thief_handles if not each.endswith(f"@{person}")}
        if entry.ip in self.thief_ips or not his.isdisjoint(entry.handles):
            return False
        return entry.kind in _LET_IN or (entry.event in hers and entry.actor in (person, None))


@dataclass(frozen=True, slots=True)
class Seen:
    """What came about: ``drift`` that a containment should have made impossible, and what is expected."""

    drift: tuple[Entry, ...]
    expected: tuple[Entry, ...] = ()

    @classmethod
    def of(
        cls,
        found: Iterable[Entry],
        parameters: WatchParameters,
        person: str,
        hers: Collection[str],
    ) -> Seen:
        """Part what was found; each in the order of time."""
        drift: list[Entry] = []
        expected: list[Entry] = []
        for entry in sorted(found, key=lambda entry: entry.at):
            (expected if parameters.expects(entry, person, hers) else drift).append(entry)
        return cls(tuple(drift), tuple(expected))


def contained(
    entries: Iterable[Entry], person: str, ours: Collection[str], containing: Collection[str]
) -> tuple[datetime, ...]:
    """When we contained the account, as far as the log tells.

    Args:
        entries: what the log tells.
        person: the account's id.
        ours: the ids under which our own changes stand in the log.
        containing: the events that contain.
    """
    return tuple(
        entry.at
        for entry in entries
        if entry.event in containing and entry.actor in ours and entry.person == person
    )


def evidence(
    seen: Seen, entries: Iterable[Entry], since: datetime, parameters: WatchParameters
) -> Json:
    """The part of the snapshot that says what came about: the drift, and how many were refused."""
    refused = [
        entry
        for entry in entries
        if entry.kind in _LET_IN and entry.outcome == "failure" and entry.at > since
    ]
    told: Json = {
        "drift": [entry.to_json() for entry in seen.drift[-_KEPT:]],
        "found": len(seen.drift),
        "refused": len(refused),
    }
    if parameters.given_back is None:
        return told
    return told | {
        "given_back": parameters.given_back,
        "thief_ips": list(parameters.thief_ips),
        "expected": [entry.to_json() for entry in seen.expected[-_KEPT:]],
    }


def since_unknown(ours: Collection[str]) -> Verdict:
    """What to say where it is not known since when to look."""
    reason = (
        "the log has no containing change of ours to count from"
        if ours
        else "it is not known which changes in the log are ours"
    )
    return Verdict(Outcome.UNVERIFIABLE, reason)


def verdict(seen: Seen, snapshot: Json, *, late: str, partly: str = "", short: str = "") -> Verdict:
    """Sum the look up: ``manual`` where there is drift.

    What is expected makes no drift, and is told with what to do if it was not she.

    Args:
        seen: what came about.
        snapshot: with ``since``, ``until``, and the ``evidence``.
        late: how late the log may be.
        partly: what could not be read at all, and why: then nothing found proves nothing.
        short: that the log does not reach back so far, where that is known.
    """
    window = f"between {snapshot['since']} and {snapshot['until']}"
    window += f"; {short}" if short else ""
    unread = f"; {partly}" if partly else ""
    if seen.drift:
        more = f"; besides, {_expected(seen, snapshot)}" if seen.expected else ""
        told = f"{_told(seen.drift)} {window}{more}{unread}; {late}"
        return Verdict(Outcome.MANUAL, told, _HOW)
    refused = f", {snapshot['refused']} sign-ins were refused" if snapshot["refused"] else ""
    missed = "; not all of the log was read" if snapshot["cut"] else f"; {late}"
    told = "nobody got in and nothing was changed"
    if seen.expected:
        told = f"nothing but what is expected: {_expected(seen, snapshot)}, looked at"
    told = f"{told} {window}{refused}{unread}{missed}"
    ask = _ASK if seen.expected else ""
    if partly:
        return Verdict(Outcome.UNVERIFIABLE, f"as far as was read, {told}", ask)
    return Verdict(Outcome.OBSERVED, told, ask)


def _expected(seen: Seen, snapshot: Json) -> str:
    return f"{_told(seen.expected)} since the account was given back at {snapshot['given_back']}"


def _told(entries: Sequence[Entry]) -> str:
    names = ", ".join(dict.fromkeys(entry.event for entry in entries))
    ips = ", ".join(dict.fromkeys(entry.ip for entry in entries if entry.ip))
    return f"{names} from {ips or 'an unknown address'}"
