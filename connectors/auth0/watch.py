"""A second look after the containment: who got in again, and what was changed back, by others than us."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import ClassVar

from connectors import errors, leads, trace, watching
from connectors.action import ActionSpec, Impact, Json, Lead, Observation, Target
from connectors.auth0 import tenant_log
from connectors.auth0.base import Auth0Action
from connectors.auth0.own import WITHIN, without_echoes
from connectors.auth0.tenant_log import READ_LOGS, READ_USERS_LOGS, Told
from connectors.auth0.users import User, read_user
from connectors.clock import spell, spell_or_none
from connectors.reading import Reading
from connectors.timeline import Entry, Kind
from connectors.watching import Seen, WatchParameters

_MOST = 2000
#: What of ours a look back begins at: the last of these we asked about the person.
_CONTAINED = frozenset(
    {
        "sapi delete users/{}/sessions",
        "sapi delete users/{}/refresh-tokens",
        "sapi post refresh-tokens/revoke",
        "sapi patch users/{} blocked=true",
    }
)
_OPEN = "the account is not blocked any more"
#: What a person does herself who has her account back.
_HERS = frozenset(
    {
        "scp",
        "gd_enrollment_complete",
        "gd_update_device_account",
        "my_account_authentication_method_succeeded",
        _OPEN,
    }
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
        ours = self._client.client_id
        start = self._parameters.start(until)
        own = await self._own(target, ours, start - WITHIN, until)
        contained = [entry.at for entry in own.entries if entry.event in _CONTAINED]
        since = self._parameters.counts_from(contained, start)
        # Our own change is in the log, so the log reaches back to it; to another time it may not.
        told = since is not None and since not in contained
        begins = await tenant_log.reaches_back_to(self._client) if told else None
        snapshot: Json = {
            **user.snapshot(),
            "since": spell(since) if since else None,
            "until": spell(until),
            "reaches_back_to": spell_or_none(begins),
            "own_id": ours,
            "cut": own.cut,
        }
        if since is None:
            verdict = watching.since_unknown((ours,) if ours else ())
            return Observation(snapshot, verdict=verdict)
        hers = await tenant_log.of_user(self._client, target.id, since, until, _MOST)
        about = await tenant_log.managed(
            self._client, target.id, tenant_log.by_others(ours), since, until, _MOST
        )
        entries = {entry.id: entry for entry in (*hers.entries, *about.entries)}
        drifted = trace.drift(entries.values(), target.id, since, (ours,) if ours else ())
        found = (
            *without_echoes(drifted, own.entries),
            *_opened_again(user, (*own.entries, *about.entries), ours, until),
        )
        seen = Seen.of(found, self._parameters, target.id, _HERS)
        snapshot |= {
            **watching.evidence(seen, hers.entries, since, self._parameters),
            "cut": own.cut or hers.cut or about.cut,
        }
        short = begins is not None and begins > since
        summed = watching.verdict(
            seen,
            snapshot,
            late="the log may be late",
            short=tenant_log.oldest_is(snapshot["reaches_back_to"]) if short else "",
        )
        return Observation(snapshot, verdict=summed)

    def leads(self, target: Target, observation: Observation) -> tuple[Lead, ...]:
        """That somebody got in again, or changed something."""
        return leads.drift(target, observation)

    async def _own(
        self, target: Target, ours: str | None, start: datetime, until: datetime
    ) -> Told:
        """What we asked about the person ourselves; nothing where it is not known who we are."""
        if ours is None:
            return Told()
        question = tenant_log.any_of("client_id", [ours])
        return await tenant_log.managed(self._client, target.id, question, start, until, _MOST)


def _opened_again(
    user: User, entries: Iterable[Entry], ours: str | None, now: datetime
) -> Iterator[Entry]:
    """The account, where we blocked it and it is open, and the log does not tell who did that."""
    switched = [entry for entry in entries if "blocked=" in entry.event]
    last = max(switched, key=lambda entry: entry.at, default=None)
    if last is None or "blocked=true" not in last.event or last.actor != ours or user.blocked:
        return
    known_as = f"open since {last.id}"
    yield Entry(now, "auth0", known_as, _OPEN, Kind.CHANGE, "success", person=user.id)
