"""Where the person's session was opened, where it was replayed from, and who else came from there."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from connectors import errors, leads, trace, tracing
from connectors.action import ActionSpec, Impact, Lead, Observation, Target
from connectors.entra import activity, ids, users
from connectors.entra.action import EntraAction
from connectors.entra.activity import Told
from connectors.entra.auditlog import READ_LOGS
from connectors.entra.sign_in_entries import token_name
from connectors.entra.sign_in_log import KEEPS, LATE
from connectors.reading import Reading
from connectors.timeline import digest
from connectors.trace import Named
from connectors.tracing import TraceParameters

#: How many entries of each log are read: of the person, and of whoever else came from the same places.
_MOST, _MOST_OTHERS = 2000, 1000


class TraceSource(Reading, EntraAction[TraceParameters]):
    """``entra.trace_source``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.trace_source",
        system="entra",
        title="Trace where the Entra ID session was stolen and used",
        countermeasure="CM0080",
        impact=Impact.NONE,
        reversible=False,
        d3fend=("D3-UBA", "D3-SDA"),
        attack=("T1528", "T1539", "T1550.001", "T1550.004"),
        permissions=(READ_LOGS, users.READ_PERMISSION),
        parameters=TraceParameters,
    )

    async def observe(self, target: Target) -> Observation:
        """Read the logs: the person's own, then everybody's from the places found.

        Returns:
            The evidence, with a verdict that sums it up: ``unverifiable`` where a part of the logs could
            not be read at all.

        Raises:
            errors.Forbidden: neither log may be read.
        """
        _, now = await self._user_at(target)
        if now is None:
            raise errors.Unavailable("Graph's clock is not told, so no window can be asked for")
        # The clock's seconds are whole: what was written in this one counts, too.
        until = now + timedelta(seconds=1)
        since = self._parameters.start(target, until, KEEPS)
        person, ours = ids.object_id(target.id), await self._client.own_ids()
        hers = await activity.of_account(self._client, person, since, until, most=_MOST, ours=ours)
        named = self._named(hers)
        entries = {e.id: e for e in hers.entries if e.id not in hers.echoes}
        found = trace.trace(entries.values(), person, named, ours)
        raw = [hers.sessions[handle] for handle in found.handles if handle in hers.sessions]
        more, problem = await activity.elsewhere(
            self._client, found.places, raw, since, until, most=_MOST_OTHERS
        )
        entries = {**{e.id: e for e in more.entries}, **entries}
        found = trace.trace(entries.values(), person, named, ours)
        snapshot = tracing.evidence(
            found,
            tuple(entries.values()),
            since,
            until,
            cut=hers.cut or more.cut,
            problem=problem,
        )
        snapshot["missing"] = list(hers.missing)
        summed = tracing.verdict(found, snapshot, late=LATE, partly=hers.partly)
        return Observation(snapshot, verdict=summed)

    def leads(self, target: Target, observation: Observation) -> tuple[Lead, ...]:
        """Whoever else was let in from there."""
        return leads.others(target, observation)

    def _named(self, told: Told) -> Named:
        sessions = (
            each if each in told.sessions else digest(each, self._client.tenant)
            for each in self._parameters.session_ids
        )
        # A token is issued by one sign-in and used elsewhere: what it leads to is that sign-in's session.
        tokens = {token_name(each) for each in self._parameters.token_ids}
        led_to = (
            entry.session
            for entry in told.entries
            if entry.session and tokens.intersection(map(token_name, entry.issued))
        )
        return Named(self._parameters.ips, tuple(dict.fromkeys((*sessions, *led_to))))
