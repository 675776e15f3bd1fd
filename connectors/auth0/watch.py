"""A second look after the containment: who got in again, and what was changed back, by others than us."""

from __future__ import annotations

from collections.abc import Sequence
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
from connectors.auth0 import tenant_log
from connectors.auth0.base import Auth0Action
from connectors.auth0.own import WITHIN, without_echoes
from connectors.auth0.tenant_log import READ_LOGS, READ_USERS_LOGS, Told
from connectors.auth0.users import read_user
from connectors.clock import instant, spell, spell_or_none
from connectors.reading import Reading
from connectors.timeline import Entry, Kind

_MOST = 2000
_KEPT = 100
#: What of ours a look back begins at: the last of these we asked about the person.
_CONTAINED = frozenset(
    {
        "sapi delete users/{}/sessions",
        "sapi delete users/{}/refresh-tokens",
        "sapi post refresh-tokens/revoke",
        "sapi patch users/{} blocked=true",
    }
)
_ENTRANCES = (Kind.SIGN_IN, Kind.TOKEN, Kind.APP)
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


class Watch(Reading, Auth0Action[WatchParameters]):
    """``auth0.watch``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="auth0.watch",
        system="auth0",
        title="Look who got into the Auth0 account since",
        countermeasure="CM0080",
        impact=Impact.NONE,
        reversible=False,
        d3fend=("D3-UBA",),
        attack=("T1078.004", "T1098"),
        permissions=("read:users", READ_LOGS, READ_USERS_LOGS),
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
            raise errors.Unavailable("Auth0's clock is not told, so no window can be asked for")
        until = user.date + timedelta(seconds=1)
        back = until - timedelta(hours=self._parameters.hours)
        asked, ours = instant(self._parameters.since), self._client.client_id
        start = max(asked, back) if asked else back
        own = await self._own(target, ours, start - WITHIN, until)
        since = start if asked else _contained(own.entries)
        # Our own change is in the log, so the log reaches back to it; to another time it may not.
        begins = await tenant_log.reaches_back_to(self._client) if asked else None
        snapshot: Json = {
            **user.snapshot(),
            "since": spell(since) if since else None,
            "until": spell(until),
            "reaches_back_to": spell_or_none(begins),
            "own_id": ours,
            "cut": own.cut,
        }
        if since is None:
            reason = (
                "the log has no containing change of ours to count from"
                if ours
                else "it is not known which changes in the log are ours"
            )
            return Observation(snapshot, verdict=Verdict(Outcome.UNVERIFIABLE, reason))
        hers = await tenant_log.of_user(self._client, target.id, since, until, _MOST)
        about = await tenant_log.managed(
            self._client, target.id, tenant_log.by_others(ours), since, until, _MOST
        )
        entries = {entry.id: entry for entry in (*hers.entries, *about.entries)}
        drifted = trace.drift(entries.values(), target.id, since, (ours,) if ours else ())
        found = without_echoes(drifted, own.entries)
        refused = [e for e in hers.entries if e.kind in _ENTRANCES and e.outcome == "failure"]
        snapshot |= {
            "cut": own.cut or hers.cut or about.cut,
            "drift": [entry.to_json() for entry in found[-_KEPT:]],
            "found": len(found),
            "refused": sum(entry.at > since for entry in refused),
        }
        short = begins is not None and begins > since
        return Observation(snapshot, verdict=_verdict(found, snapshot, short=short))

    async def _own(
        self, target: Target, ours: str | None, start: datetime, until: datetime
    ) -> Told:
        """What we asked about the person ourselves; nothing where it is not known who we are."""
        if ours is None:
            return Told()
        question = tenant_log.any_of("client_id", [ours])
        return await tenant_log.managed(self._client, target.id, question, start, until, _MOST)


def _contained(own: Sequence[Entry]) -> datetime | None:
    return max((entry.at for entry in own if entry.event in _CONTAINED), default=None)


def _verdict(found: tuple[Entry, ...], snapshot: Json, *, short: bool) -> Verdict:
    window = f"between {snapshot['since']} and {snapshot['until']}"
    window += f"; {tenant_log.oldest_is(snapshot['reaches_back_to'])}" if short else ""
    late = "; the log may be late"
    if not found:
        refused = (
            f", {snapshot['refused']} sign-ins and exchanges were refused"
            if snapshot["refused"]
            else ""
        )
        missed = "; not all of the log was read" if snapshot["cut"] else late
        return Verdict(
            Outcome.ALREADY, f"nobody got in and nothing was changed {window}{refused}{missed}"
        )
    names = ", ".join(dict.fromkeys(entry.event for entry in found))
    ips = ", ".join(dict.fromkeys(entry.ip for entry in found if entry.ip)) or "an unknown address"
    return Verdict(Outcome.MANUAL, f"{names} from {ips} {window}{late}", _HOW)
