"""A second look after the containment: who got in again, and what was changed back, by others than us."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from connectors import errors, leads, trace, watching
from connectors.action import ActionSpec, Impact, Json, Lead, Observation, Target
from connectors.clock import spell, spell_or_none
from connectors.entra import activity, audit_entries, ids, present, users
from connectors.entra.action import EntraAction
from connectors.entra.activity import Told
from connectors.entra.auditlog import READ_LOGS
from connectors.entra.mail import DisableInboxRules
from connectors.entra.sign_in_log import LATE
from connectors.reading import Reading
from connectors.timeline import Entry, Kind
from connectors.watching import Seen, WatchParameters

_MOST = 2000
#: What of ours a look back begins at: the last of these we did to the person.
_CONTAINED = frozenset({audit_entries.REVOKED, audit_entries.DISABLED}) | audit_entries.PASSWORD_SET
#: What a person does herself who has her account back.
_HERS = audit_entries.PASSWORD_SET | audit_entries.REGISTERED | {present.OPEN, present.SET}
#: How far apart a method's registration and the app's note of it at the user are.
_NOTED_WITHIN = timedelta(minutes=2)


class EntraWatchParameters(WatchParameters):
    """Since when, and which forwarding is harmless."""

    own_domains: tuple[str, ...] = Field(
        (), description="mail domains to which forwarding is harmless, besides the tenant's own"
    )


class Watch(Reading, EntraAction[EntraWatchParameters]):
    """``entra.watch``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.watch",
        system="entra",
        title="Look who got into the Entra ID account since",
        countermeasure="CM0080",
        impact=Impact.NONE,
        reversible=False,
        d3fend=("D3-UBA",),
        attack=("T1078.004", "T1098"),
        permissions=(READ_LOGS, users.READ_PERMISSION),
        parameters=EntraWatchParameters,
    )

    async def observe(self, target: Target) -> Observation:
        """Read what the logs tell since then, and the account and its inbox rules as they are.

        Returns:
            The entries, with a verdict: ``manual`` where somebody got in or changed something,
            ``unverifiable`` where it is not known since when, or a part could not be read.

        Raises:
            errors.Forbidden: neither log may be read.
        """
        user, now = await self._user_at(target)
        if now is None:
            raise errors.Unavailable("Graph's clock is not told, so no window can be asked for")
        until = now + timedelta(seconds=1)
        person, ours = ids.object_id(target.id), await self._client.own_ids()
        start = self._parameters.start(until)
        told = await activity.of_account(self._client, person, start, until, most=_MOST, ours=ours)
        contained = watching.contained(told.entries, person, ours, _CONTAINED)
        since = self._parameters.counts_from(contained, start)
        snapshot: Json = {
            **users.facts(user),
            "since": spell_or_none(since),
            "until": spell(until),
            "own_ids": sorted(ours),
            "cut": told.cut,
        }
        if since is None:
            snapshot["missing"] = list(told.missing)
            return Observation(snapshot, verdict=watching.since_unknown(ours))
        rules, unread = await self._rules(target)
        missing = [*told.missing, *unread]
        found = [*trace.drift(_judged(told, ours), person, since, ours)]
        if not ours and _unjudged(told, since):
            missing.append("it is not known which changes by apps are ours: those are not judged")
        to_her = [entry for entry in told.entries if entry.person == person]
        found += present.enabled_again(user, to_her, ours, until)
        found += present.password_set(user, to_her, since, until)
        found += present.suspicious_rules(user, rules, until)
        seen = _with_notes(Seen.of(found, self._parameters, person, _HERS), told)
        snapshot |= {
            **watching.evidence(seen, told.entries, since, self._parameters),
            "missing": missing,
        }
        summed = watching.verdict(seen, snapshot, late=LATE, partly="; ".join(missing))
        return Observation(snapshot, verdict=summed)

    def leads(self, target: Target, observation: Observation) -> tuple[Lead, ...]:
        """That somebody got in again, or changed something."""
        return leads.drift(target, observation)

    async def _rules(self, target: Target) -> tuple[list[Json], list[str]]:
        """The suspicious inbox rules, and why they were not read.

        Nothing but reading: Exchange's changes are not in the directory's log.
        """
        domains: dict[str, Any] = {"own_domains": self._parameters.own_domains}
        eyes = DisableInboxRules(self._client, domains, self._journal)
        try:
            seen = await eyes.observe(target)
        except (errors.Forbidden, errors.Unavailable, errors.Throttled, errors.Invalid) as error:
            return [], [f"inbox rules were not read: {error}"]
        return list(seen.snapshot.get("suspicious") or ()), []


def _judged(told: Told, ours: frozenset[str]) -> list[Entry]:
    # Where it is not known who we are, what an app changed may be our own doing.
    spared = told.echoes if ours else told.by_apps
    return [entry for entry in told.entries if entry.id not in spared]


def _unjudged(told: Told, since: datetime) -> bool:
    return any(
        entry.id in told.by_apps and entry.kind is Kind.CHANGE and entry.at > since
        for entry in told.entries
    )


def _with_notes(seen: Seen, told: Told) -> Seen:
    """Let the note that Microsoft's own app makes at the user go with the method she registered."""
    registered = [e.at for e in seen.expected if e.event in audit_entries.REGISTERED]
    notes = [
        entry
        for entry in seen.drift
        if entry.event == audit_entries.UPDATED
        and entry.id in told.by_apps
        and any(abs(entry.at - at) <= _NOTED_WITHIN for at in registered)
    ]
    return Seen(
        tuple(entry for entry in seen.drift if entry not in notes),
        tuple(sorted((*seen.expected, *notes), key=lambda entry: entry.at)),
    )
