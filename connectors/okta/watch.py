"""A second look after the containment: who got in again, and what was changed back, by others than us."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

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
from connectors.okta.system_log import READ_LOG, about, own_id, read_log
from connectors.okta.users import read_user
from connectors.reading import Reading
from connectors.timeline import Entry, Kind

_MOST = 2000
_KEPT = 100
#: What of ours a look back begins at: the last of these we did to the person.
_CONTAINED = frozenset(
    {
        "user.session.clear",
        "user.lifecycle.suspend",
        "user.account.reset_password",
        "user.authentication.universal_logout",
    }
)
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


class Watch(Reading, OktaAction[WatchParameters]):
    """``okta.watch``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="okta.watch",
        system="okta",
        title="Look who got into the Okta account since",
        countermeasure="CM0080",
        impact=Impact.NONE,
        reversible=False,
        d3fend=("D3-UBA",),
        attack=("T1078.004", "T1098"),
        permissions=(READ, READ_LOG),
        parameters=WatchParameters,
    )

    async def observe(self, target: Target) -> Observation:
        """Read what the log tells since then.

        Returns:
            The entries, with a verdict: ``manual`` where somebody got in or changed something,
            ``unverifiable`` where it is not known since when.
        """
        user = await read_user(self._client, target.id)
        if user.date is None:
            raise errors.Unavailable("Okta's clock is not told, so no window can be asked for")
        until = user.date + timedelta(seconds=1)
        back = until - timedelta(hours=self._parameters.hours)
        asked = instant(self._parameters.since)
        start = max(asked, back) if asked else back
        ours = await own_id(self._client)
        told = await read_log(self._client, about(target.id), start, until, _MOST)
        since = asked or _contained(told.entries, target.id, ours)
        snapshot: Json = {
            **user.snapshot(),
            "since": spell(since) if since else None,
            "until": spell(until),
            "own_id": ours,
            "cut": told.cut,
        }
        if since is None:
            reason = (
                "the log has no containing change of ours to count from"
                if ours
                else "it is not known which changes in the log are ours"
            )
            return Observation(snapshot, verdict=Verdict(Outcome.UNVERIFIABLE, reason))
        found = trace.drift(told.entries, target.id, since, (ours,) if ours else ())
        refused = [e for e in told.entries if e.kind is Kind.SIGN_IN and e.outcome == "failure"]
        snapshot |= {
            "drift": [entry.to_json() for entry in found[-_KEPT:]],
            "found": len(found),
            "refused": sum(entry.at > since for entry in refused),
        }
        return Observation(snapshot, verdict=_verdict(found, snapshot))


def _contained(entries: tuple[Entry, ...], person: str, ours: str | None) -> datetime | None:
    if ours is None:
        return None
    times = (
        entry.at
        for entry in entries
        if entry.event in _CONTAINED and entry.actor == ours and entry.person == person
    )
    return max(times, default=None)


def _verdict(found: tuple[Entry, ...], snapshot: Json) -> Verdict:
    window = f"between {snapshot['since']} and {snapshot['until']}"
    late = "; the log may be late"
    if not found:
        refused = f", {snapshot['refused']} sign-ins were refused" if snapshot["refused"] else ""
        missed = "; not all of the log was read" if snapshot["cut"] else late
        return Verdict(
            Outcome.ALREADY, f"nobody got in and nothing was changed {window}{refused}{missed}"
        )
    names = ", ".join(dict.fromkeys(entry.event for entry in found))
    ips = ", ".join(dict.fromkeys(entry.ip for entry in found if entry.ip)) or "an unknown address"
    return Verdict(Outcome.MANUAL, f"{names} from {ips} {window}{late}", _HOW)
