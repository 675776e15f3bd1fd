"""A playbook made of others: their steps taken in, each with the parameters it is given there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import cel

from playbooks import parameters
from playbooks.parameters import Parameter
from playbooks.schema import Aim, PlaybookFile, PlaybookPart, PlaybookStep

if TYPE_CHECKING:
    from playbooks.model import LoadedPlaybook

_Place = tuple[str | int, ...]
#: Finds the playbook a part is.
Find = Callable[[str], "LoadedPlaybook"]

_TOO_LONG = 63
_END = "end"


@dataclass(frozen=True)
class Scope:
    """Where a step comes from that another playbook has taken in, and what it may speak of there.

    ``given`` and ``compute`` are its parameters, the latter in words of ``outer``; ``when`` is the
    condition under which the part is taken in at all.
    """

    part: str
    declared: Mapping[str, Parameter]
    given: Mapping[str, Any] = field(default_factory=dict)
    compute: Mapping[str, str] = field(default_factory=dict)
    when: str | None = None
    otherwise: str = ""
    outer: Scope | None = None

    def names(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the part's steps may speak of, ``names`` being what its taker may.

        Raises:
            ValueError: a parameter is not what the part allows.
            LookupError, TypeError, RuntimeError, ArithmeticError: one cannot be computed.
        """
        around = self.outer.names(names) if self.outer else dict(names)
        computed = {name: cel.evaluate(each, around) for name, each in self.compute.items()}
        wrong = parameters.faults(self.declared, computed)
        if wrong:
            raise ValueError(f"{wrong[0].name} of {self.part}: {wrong[0].what}")
        defaults = {name: each.default for name, each in self.declared.items()}
        return around | {"parameters": defaults | dict(self.given) | computed}

    def conditions(self, names: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield each condition that has to hold, the outermost first: it, its otherwise, its names."""
        around = self.outer.names(names) if self.outer else dict(names)
        if self.outer:
            yield from self.outer.conditions(names)
        if self.when is not None:
            yield self.when, self.otherwise, around


@dataclass(frozen=True)
class Composed:
    """The steps of a playbook with those of its parts.

    ``origins`` has for each step its place in the file; ``scopes`` is by the step's id. ``asked_for``
    are parts that are carried out on a person's word only, by themselves.
    """

    steps: tuple[PlaybookStep, ...]
    origins: tuple[int, ...]
    scopes: Mapping[str, Scope]
    parts: tuple[LoadedPlaybook, ...]
    asked_for: tuple[tuple[PlaybookPart, LoadedPlaybook], ...]
    faults: tuple[tuple[_Place, str], ...] = ()


def compose(file: PlaybookFile, find: Find) -> Composed:
    """Take in the parts of a playbook, and give steps that live for a while their end.

    Args:
        file: the playbook as it stands in its file.
        find: gives the playbook of a name, or raises ``ValueError`` with the reason.
    """
    made = _Maker(find)
    for index, entry in enumerate(file.steps):
        if isinstance(entry, PlaybookStep):
            made.add(index, entry, None)
        else:
            made.take_in(index, entry)
    return Composed(
        tuple(made.steps),
        tuple(made.origins),
        made.scopes,
        tuple(made.parts),
        tuple(made.asked_for),
        tuple(made.faults),
    )


class _Maker:
    def __init__(self, find: Find) -> None:
        self._find = find
        self.steps: list[PlaybookStep] = []
        self.origins: list[int] = []
        self.scopes: dict[str, Scope] = {}
        self.parts: list[LoadedPlaybook] = []
        self.asked_for: list[tuple[PlaybookPart, LoadedPlaybook]] = []
        self.faults: list[tuple[_Place, str]] = []

    def add(self, index: int, step: PlaybookStep, scope: Scope | None) -> None:
        ends = step.ttl_minutes is not None
        self._append(index, step.model_copy(update={"ttl_minutes": None}), scope)
        if ends:
            end = PlaybookStep(
                id=f"{step.id}-{_END}"[:_TOO_LONG],
                stage=step.stage,
                undo=step.id,
                delay_minutes=step.ttl_minutes or 0,
                # however it ended: what failed half-way has changed something, too
                after=(step.id,),
            )
            self._append(index, end, scope)

    def _append(self, index: int, step: PlaybookStep, scope: Scope | None) -> None:
        self.steps.append(step)
        self.origins.append(index)
        if scope is not None:
            self.scopes[step.id] = scope

    def take_in(self, index: int, entry: PlaybookPart) -> None:
        place: _Place = ("steps", index)
        try:
            found = self._find(entry.part)
        except ValueError as error:
            self.faults.append(((*place, "part"), str(error)))
            return
        self.faults += _wrong(entry, found, place)
        self.parts.append(found)
        if entry.on_request:
            self.asked_for.append((entry, found))
            return
        playbook = found.playbook
        scope = Scope(
            playbook.id, playbook.declared, entry.parameters, entry.compute, entry.when,
            entry.otherwise,
        )  # fmt: skip
        for step in playbook.steps:
            inner = found.scopes.get(step.id)
            self._append(index, renamed(step, entry), _within(inner, scope))


def _wrong(
    entry: PlaybookPart, found: LoadedPlaybook, place: _Place
) -> Iterator[tuple[_Place, str]]:
    playbook = found.playbook
    for fault in parameters.faults(playbook.declared, entry.parameters):
        yield (*place, "with", fault.name), f"{fault.what}; right would be: {fault.right}"
    for name in entry.compute:
        if name not in playbook.declared:
            known = ", ".join(playbook.declared) or "none"
            yield (*place, "compute", name), f"no parameter of {playbook.id}; it has: {known}"
    ids = {step.id for step in playbook.steps}
    for name in entry.after:
        if name not in ids:
            yield (*place, "after", name), f"{playbook.id} has no step {name!r}"
    if (playbook.aim is Aim.REISSUE) != entry.on_request:
        yield (
            (*place, "part"),
            f"{playbook.id} gives an account back, which is done on a person's word: say on_request"
            if playbook.aim is Aim.REISSUE
            else f"{playbook.id} is carried out with the rest: only what gives an account back is "
            "on_request",
        )


def renamed(step: PlaybookStep, entry: PlaybookPart) -> PlaybookStep:
    """Return a step of a part as it is called, and waits, where the part is taken in."""

    def new(node: str) -> str:
        return f"{entry.prefix}{node}"

    waits = (*map(new, step.after), *entry.after.get(step.id, ()))
    return step.model_copy(
        update={
            "id": new(step.id),
            "stage": entry.stage or step.stage,
            "after": tuple(dict.fromkeys(waits)),
            "needs": tuple(map(new, step.needs)),
            "undo": new(step.undo) if step.undo else None,
        }
    )


def _within(inner: Scope | None, around: Scope) -> Scope:
    """Return the scope of a step that a part has taken in itself, or else the part's."""
    if inner is None:
        return around
    return replace(inner, outer=_within(inner.outer, around))


def outer_expressions(entries: Sequence[object]) -> Iterator[tuple[_Place, str]]:
    """Yield the expressions of the parts in a file, which speak of what their taker may speak of."""
    for index, entry in enumerate(entries):
        if isinstance(entry, PlaybookPart):
            if entry.when is not None:
                yield ("steps", index, "when"), entry.when
            for name, expression in entry.compute.items():
                yield ("steps", index, "compute", name), expression
