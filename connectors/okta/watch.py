"""A second look after the containment: who got in again, and what was changed back, by others than us."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import ClassVar

from connectors import errors, leads, trace, watching
from connectors.action import ActionSpec, Impact, Json, Lead, Observation, Target
from connectors.clock import spell, spell_or_none
from connectors.okta.base import READ, OktaAction
from connectors.okta.system_log import READ_LOG, about, own_id, read_log
from connectors.okta.users import DEPROVISIONED, SUSPENDED, User, read_user
from connectors.reading import Reading
from connectors.timeline import Entry, Kind
from connectors.watching import Seen, WatchParameters

_MOST = 2000
#: What of ours a look back begins at: the last of these we did to the person.
_CONTAINED = frozenset(
    {
        "user.session.clear",
        "user.lifecycle.suspend",
        "user.account.reset_password",
        "user.authentication.universal_logout",
    }
)
_SUSPENDED, _UNSUSPENDED = "user.lifecycle.suspend", "user.lifecycle.unsuspend"
_OPEN = "the account is not suspended any more"
#: What a person does herself who has her account back.
_HERS = frozenset(
    {
        "user.account.update_password",
        "user.account.reset_password",
        "user.mfa.factor.activate",
        "user.mfa.factor.update",
        _OPEN,
    }
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
        own = await own_id(self._client)
        ours = (own,) if own else ()
        start = self._parameters.start(until)
        told = await read_log(self._client, about(target.id), start, until, _MOST)
        contained = watching.contained(told.entries, target.id, ours, _CONTAINED)
        since = self._parameters.counts_from(contained, start)
        snapshot: Json = {
            **user.snapshot(),
            "since": spell_or_none(since),
            "until": spell(until),
            "own_id": own,
            "cut": told.cut,
        }
        if since is None:
            return Observation(snapshot, verdict=watching.since_unknown(ours))
        found = (
            *trace.drift(told.entries, target.id, since, ours),
            *_opened_again(user, told.entries, ours, until),
        )
        seen = Seen.of(found, self._parameters, target.id, _HERS)
        snapshot |= watching.evidence(seen, told.entries, since, self._parameters)
        late = "the log may be late"
        return Observation(snapshot, verdict=watching.verdict(seen, snapshot, late=late))

    def leads(self, target: Target, observation: Observation) -> tuple[Lead, ...]:
        """That somebody got in again, or changed something."""
        return leads.drift(target, observation)


def _opened_again(
    user: User, entries: Iterable[Entry], ours: Collection[str], now: datetime
) -> Iterator[Entry]:
    """The account, where we suspended it and it is open, and the log does not tell who did that."""
    switched = [
        entry
        for entry in entries
        if entry.event in (_SUSPENDED, _UNSUSPENDED) and entry.succeeded and entry.person == user.id
    ]
    last = max(switched, key=lambda entry: entry.at, default=None)
    if last is None or last.event != _SUSPENDED or last.actor not in ours:
        return
    if user.status not in (SUSPENDED, DEPROVISIONED):
        known_as = f"open since {last.id}"
        yield Entry(now, "okta", known_as, _OPEN, Kind.CHANGE, "success", person=user.id)
