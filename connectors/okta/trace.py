"""Where the person's session was opened, where it was replayed from, and who else came from there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from connectors import errors, leads, trace, tracing
from connectors.action import ActionSpec, Impact, Lead, Observation, Target
from connectors.okta.base import READ, OktaAction
from connectors.okta.system_log import READ_LOG, Told, about, any_of, own_id, read_log
from connectors.okta.users import read_user
from connectors.reading import Reading
from connectors.timeline import digest
from connectors.trace import Named, Trace
from connectors.tracing import TraceParameters

#: How many events are read: of the person, and of whoever else came from the same places.
_MOST, _MOST_OTHERS = 5000, 2000
#: How many addresses and sessions are asked about; a filter has no end otherwise.
_PIVOTS = 10
# The log is kept 90 days (Okta, System Log).
_KEEPS = timedelta(days=90)


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
        since = self._parameters.start(target, until, _KEEPS)
        ours = await own_id(self._client)
        hers = await read_log(self._client, about(target.id), since, until, _MOST)
        named = self._named(hers)
        found = trace.trace(hers.entries, target.id, named, (ours,) if ours else ())
        more, problem = await self._elsewhere(found, hers, since, until)
        entries = {entry.id: entry for entry in (*hers.entries, *more.entries)}
        found = trace.trace(entries.values(), target.id, named, (ours,) if ours else ())
        snapshot = tracing.evidence(
            found,
            tuple(entries.values()),
            since,
            until,
            cut=hers.cut or more.cut,
            problem=problem,
        )
        return Observation(
            snapshot, verdict=tracing.verdict(found, snapshot, late="it may be late")
        )

    def leads(self, target: Target, observation: Observation) -> tuple[Lead, ...]:
        """Whoever else was let in from there."""
        return leads.others(target, observation)

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
