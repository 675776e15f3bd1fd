"""What shortening lifetimes in a policy rule takes, whichever policy: read, lower, see, put back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from connectors import errors
from connectors.action import (
    Exposure,
    Json,
    Observation,
    Outcome,
    Patience,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.door import Journal
from connectors.okta.base import OktaAction, P, nothing_sent, stamp
from connectors.okta.minutes import (
    minutes_of,
    same_elsewhere,
    spelled,
    too_long,
    with_minutes,
)
from connectors.readback import Reading, proof, until

_EDITED = "elsewhere the rule is not as it was before: somebody else edits it, too"
_GONE = "the rule is not there any more"


class ShorteningAction(OktaAction[P]):
    """An action that lowers minutes in one rule.

    A snapshot holds ``params`` (the ids in the path), ``rule`` as it was read, ``was`` and ``set`` (the
    values before and by us) and ``concerns`` (whom it is for).
    """

    #: The rule's address, a template, and where in the rule the minutes stand.
    rule_path: ClassVar[str]
    place: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def wanted(self) -> Mapping[str, int]:
        """The most minutes for each value."""

    @abstractmethod
    def exposure(self, before: Observation) -> tuple[Exposure, ...]:
        """What stays usable all the same."""

    async def read_rule(self, params: Mapping[str, str]) -> Json:
        """Read the rule raw.

        Raises:
            errors.ConnectorError: where it cannot be read; ``NotFound`` where there is none.
        """
        answer = await self._client.get(self.rule_path, params)
        if not isinstance(answer.body, dict):
            raise errors.Unavailable("the answer is not a rule", status=answer.status)
        return answer.body

    def judged(
        self, params: Mapping[str, str], rule: Json, concerns: str, verdict: Verdict | None
    ) -> Observation:
        """The observation of a rule that was read."""
        now = minutes_of(rule, self.place, tuple(self.wanted))
        todo = too_long(now, self.wanted)
        snapshot: Json = {
            "params": dict(params),
            "rule": rule,
            "was": {name: now[name] for name in todo},
            "set": todo,
            "concerns": concerns,
        }
        if verdict is None and rule.get("status") == "INACTIVE":
            verdict = Verdict(Outcome.SKIPPED, "the rule is switched off and applies to nobody")
        return Observation(snapshot, satisfied=not todo and verdict is None, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Lower what is too long, in the rule as it is now; short already is no error.

        Raises:
            errors.Conflict: where somebody set one of the values meanwhile: what was seen before
                would be put back over it.
        """
        async with self._alone(before) as journal:
            rule = await self.read_rule(before.snapshot["params"])
            now = minutes_of(rule, self.place, tuple(self.wanted))
            todo = too_long(now, self.wanted)
            if not todo:
                return nothing_sent("the rule is short already")
            was = before.snapshot["was"]
            if any(name not in was or now[name] != was[name] for name in todo):
                raise errors.Conflict("somebody changed the rule's lifetimes meanwhile")
            return await self._put(before, with_minutes(rule, self.place, todo), todo, journal)

    async def verify(
        self,
        target: Target,  # noqa: ARG002 - aims at a rule
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002 - the contract
        patience: Patience,
    ) -> Proof:
        """Read the rule until nothing in it is longer than wanted."""

        async def look() -> Reading:
            rule = await self.read_rule(before.snapshot["params"])
            now = minutes_of(rule, self.place, tuple(self.wanted))
            return Reading(
                not too_long(now, self.wanted), spelled(now), reason=self._reason(before, rule)
            )

        reading = await until(look, patience, self._sleep)
        return proof(
            reading,
            check=f"GET {self.rule_path}",
            expected=f"at most {spelled(self.wanted)}",
            exposure=self.exposure(before),
        )

    async def undo(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Put back each value that is still ours; what somebody else set since stays."""
        ours, was = before.snapshot.get("set", {}), before.snapshot.get("was", {})
        if before.satisfied:
            return nothing_sent("the rule was short before")
        async with self._alone(before) as journal:
            try:
                rule = await self.read_rule(before.snapshot["params"])
            except errors.NotFound:
                return nothing_sent(_GONE)
            now = minutes_of(rule, self.place, tuple(ours))
            back = {name: was[name] for name in ours if now[name] == ours[name]}
            if not back:
                return nothing_sent("none of the values is ours any more")
            return await self._put(before, with_minutes(rule, self.place, back), back, journal)

    async def restored(
        self,
        target: Target,  # noqa: ARG002 - aims at a rule
        before: Observation,
        patience: Patience,
    ) -> Proof:
        """Read the rule until none of the values is ours."""
        ours = before.snapshot.get("set", {}) if not before.satisfied else {}
        was = before.snapshot.get("was", {})

        async def look() -> Reading:
            try:
                rule = await self.read_rule(before.snapshot["params"])
            except errors.NotFound:
                return Reading(holds=True, observed=_GONE, reason=_GONE)
            now = minutes_of(rule, self.place, tuple(ours))
            others = {name: now[name] for name in ours if now[name] not in (was[name], ours[name])}
            reason = f"set by somebody else since, and left alone: {spelled(others)}"
            return Reading(
                all(now[name] != ours[name] for name in ours),
                spelled(now),
                reason=reason if others else "",
            )

        reading = await until(look, patience, self._sleep)
        return proof(reading, check=f"GET {self.rule_path}", expected=spelled(was))

    def _alone(self, before: Observation) -> AbstractAsyncContextManager[Journal]:
        # A rule is replaced as a whole, and so is what others set in it meanwhile.
        return self._client.alone(f"rule {before.snapshot['params']['rule']}", self._journal)

    async def _put(
        self, before: Observation, rule: Json, values: Mapping[str, object], journal: Journal
    ) -> Receipt:
        params = before.snapshot["params"]
        answer = await self._client.change("PUT", self.rule_path, params, journal, body=rule)
        return Receipt({"sent": True, "minutes": dict(values), **stamp(answer)})

    def _reason(self, before: Observation, rule: Json) -> str:
        names = tuple(self.wanted)
        same = same_elsewhere(rule, before.snapshot["rule"], self.place, names)
        told = f"concerns {before.snapshot['concerns']}"
        return told if same else f"{told}; {_EDITED}"
