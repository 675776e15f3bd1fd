"""The rules in effect, compiled once, and the decision of them on one alert and one person.

The first rule whose condition holds takes it. One that cannot be judged is passed over and noted; it never
loses an alert and never contains anybody by accident: where it would have said something else than the
rule that takes it, people decide, unless it says ``if_unknown: pass`` itself. Where no rule takes it,
people decide, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import cel

from config.settings import Mode, Settings, Source
from playbooks.routing.conditions import Verdict, judge, readings
from playbooks.routing.facts import Facts
from playbooks.routing.rules import Rule

#: What answers an alert that no rule takes.
LAST_RESORT = "cm0080"
NO_RULE = "no-rule"

_CAREFUL = (Mode.OBSERVE, Mode.APPROVE, Mode.AUTO)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the settings say of a source: its own playbook, if it has one, and how far it may go."""

    source: str
    playbook: str | None
    mode: Mode
    polled: bool = False

    @classmethod
    def of(cls, name: str, source: Source, settings: Settings | None = None) -> Bounds:
        """Take them from ``source``, whose name in the settings is ``name``."""
        polled = settings is not None and name not in settings.sources and name in settings.pollers
        return cls(name, source.playbook, source.mode, polled)

    @property
    def name(self) -> str:
        """Where in the settings they stand: the name of the rule that a source's own playbook is."""
        return f"{'pollers' if self.polled else 'sources'}.{self.source}"


@dataclass(frozen=True, slots=True)
class Passed:
    """A rule that did not take it. ``cause``: its condition is ``false`` or ``unknown``, or it stands ``behind``.

    ``why`` has a line for each part of the condition that decides; ``holds`` tells of one behind whether
    it would have.
    """

    rule: str
    would: str
    cause: Literal["false", "unknown", "behind"]
    why: tuple[str, ...]
    holds: bool | None = False


@dataclass(frozen=True)
class Decision:
    """Which rule took an alert for one person, what follows, and why.

    ``mode`` is None where nobody is contained. ``waits`` say why it goes less far than the rule alone
    would; ``notes`` what could not be judged. ``others`` are all other rules, in their order.
    """

    rule: str
    reason: str
    playbook: str
    mode: Mode | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    waits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    others: tuple[Passed, ...] = ()

    @property
    def weight(self) -> int:
        """How far it goes by itself: 0 where nobody is contained, 3 in mode auto."""
        return _CAREFUL.index(self.mode) + 1 if self.mode is not None else 0

    @cached_property
    def line(self) -> str:
        """The rule and its reason, as people read it."""
        if self.rule == NO_RULE:
            return self.reason
        return f"rule {self.rule}: {self.reason}"

    @cached_property
    def why(self) -> str:
        """The same with all that is to be known of it."""
        return "; ".join((self.line.rstrip("."), *self.waits, *self.notes))

    def document(self) -> dict[str, Any]:
        """Return what is kept of it with a plan."""
        return {
            "rule": self.rule,
            "reason": self.reason,
            "playbook": self.playbook,
            "mode": self.mode.value if self.mode is not None else "ignore",
            "parameters": dict(self.parameters),
            "waits": list(self.waits),
            "notes": list(self.notes),
        }


def kept(document: Mapping[str, Any]) -> Decision:
    """Return the decision that was kept with a plan, for what follows from its run.

    Raises:
        KeyError, ValueError: it is none.
    """
    mode = document["mode"]
    return Decision(
        rule=document["rule"],
        reason=document["reason"],
        playbook=document["playbook"],
        mode=None if mode == "ignore" else Mode(mode),
        parameters=document["parameters"],
        waits=tuple(document["waits"]),
        notes=tuple(document["notes"]),
    )


class Table:
    """The rules in effect, in their order. Safe to use by several threads."""

    def __init__(self, rules: Collection[Rule]) -> None:
        """Compile every condition.

        Raises:
            ValueError: one is no CEL.
        """
        self.rules = tuple(rules)
        for rule in self.rules:
            for part in rule.parts:
                part.names  # noqa: B018 - compiles it now rather than for the first alert

    @property
    def playbooks(self) -> tuple[str, ...]:
        """The playbooks it may choose, each once."""
        named = (rule.playbook for rule in self.rules if rule.playbook is not None)
        return tuple(dict.fromkeys((*named, LAST_RESORT)))

    def ignores(self, facts: Facts, bounds: Bounds, without: Collection[str]) -> Decision | None:
        """Return the decision to contain nobody, where that is sure before anybody was looked up.

        Args:
            facts: what is known of the alert.
            bounds: of its source.
            without: what is not known yet.
        """
        if bounds.playbook is not None:
            return None
        context = _context(facts)
        for rule in self.rules:
            verdict = judge(rule.parts, context, without)
            if verdict.holds is None:
                return None
            if verdict.holds:
                return _taken(rule, bounds, (), ()) if rule.ignores else None
        return None

    def decide(
        self, facts: Facts, bounds: Bounds, without: Collection[str] = (), *, explain: bool = False
    ) -> Decision:
        """Decide on one alert and one person.

        Args:
            facts: what is known of both.
            bounds: of the alert's source.
            without: names of which nothing is known: conditions that speak of them cannot be judged.
            explain: judge every rule wholly, also those behind the one that takes it.
        """
        context = _context(facts)
        taking: Rule | None = None
        unsure: list[tuple[Rule, Verdict]] = []
        others: list[Passed] = []
        fixed = bounds.playbook is not None
        for rule in self.rules:
            behind = fixed or taking is not None
            if behind and not explain:
                break
            verdict = judge(rule.parts, context, without, whole=explain)
            if behind:
                first = taking.name if taking else bounds.name
                others.append(_behind(rule, first, verdict, facts))
            elif verdict.holds:
                taking = rule
            else:
                others.append(_passed(rule, verdict, facts))
                if verdict.holds is None:
                    unsure.append((rule, verdict))
        if fixed:
            return _by_settings(bounds, tuple(others))
        return _taken(taking, bounds, unsure, tuple(others))


def _context(facts: Facts) -> Any:  # noqa: ANN401 - the library's
    try:
        return cel.Context(facts)
    except ValueError:  # half a character, which JSON can hold and UTF-8 cannot
        return cel.Context(_whole(facts))


def _whole(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list | tuple) else value


def _taken(
    rule: Rule | None,
    bounds: Bounds,
    unsure: Collection[tuple[Rule, Verdict]],
    others: tuple[Passed, ...],
) -> Decision:
    mode = Mode.APPROVE if rule is None else (None if rule.ignores else Mode(rule.mode))
    chosen, waits, notes = rule, [], []
    for other, verdict in unsure:
        told = f"rule {other.name} ({other.mode}) could not be judged: {_unknown(verdict)}"
        passes = other.if_unknown == "pass" or (rule is not None and other.mode == rule.mode)
        if passes or mode is Mode.APPROVE:
            notes.append(f"{told}; it was passed over")
            continue
        waits.append(f"{told}; so people decide")
        if mode is None:
            chosen = other
        mode = Mode.APPROVE
    if mode is not None and _CAREFUL.index(bounds.mode) < _CAREFUL.index(mode):
        waits.append(f"{bounds.name}.mode is {bounds.mode.value}, and goes no further")
        mode = bounds.mode
    return Decision(
        rule=rule.name if rule else NO_RULE,
        reason=" ".join(rule.reason.split()) if rule else _NO_RULE_REASON,
        playbook=(chosen.playbook if chosen else None) or LAST_RESORT,
        mode=mode,
        parameters=dict(chosen.parameters) if chosen else {},
        waits=tuple(waits),
        notes=tuple(notes),
        others=others,
    )


_NO_RULE_REASON = (
    "No routing rule takes this alert, so that nothing happens without a person's word."
)


def _by_settings(bounds: Bounds, others: tuple[Passed, ...]) -> Decision:
    return Decision(
        rule=bounds.name,
        reason=f"The settings name this playbook for all alerts of the source {bounds.source}.",
        playbook=bounds.playbook or LAST_RESORT,
        mode=bounds.mode,
        others=others,
    )


def _passed(rule: Rule, verdict: Verdict, facts: Facts) -> Passed:
    if verdict.holds is None:
        return Passed(rule.name, _would(rule), "unknown", tuple(_unknowns(verdict)), None)
    return Passed(rule.name, _would(rule), "false", tuple(_falses(verdict, facts)))


def _behind(rule: Rule, first: str, verdict: Verdict, facts: Facts) -> Passed:
    why = [f"stands behind {first}"]
    if verdict.holds:
        why.append("its condition holds, too")
    else:
        why += _falses(verdict, facts) if verdict.holds is False else _unknowns(verdict)
    return Passed(rule.name, _would(rule), "behind", tuple(why), verdict.holds)


def _falses(verdict: Verdict, facts: Facts) -> list[str]:
    found = []
    for part in verdict.false:
        read = readings(part, facts)
        found.append(f"{part.short} does not hold" + (f": {', '.join(read)}" if read else ""))
    return found


def _unknowns(verdict: Verdict) -> list[str]:
    return [f"{part.short} cannot be judged: {why}" for part, why in verdict.unknown]


def _unknown(verdict: Verdict) -> str:
    return ", ".join(dict.fromkeys(why for _, why in verdict.unknown))


def _would(rule: Rule) -> str:
    return "ignore" if rule.ignores else f"{rule.playbook}, {rule.mode}"
