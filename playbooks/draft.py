"""A step on its way into the plan: whether it applies to this person, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cel
from pydantic import ValidationError

from connectors.action import ActionSpec, hands_over
from playbooks.parts import Scope
from playbooks.schema import PlaybookStep

#: How an expression fails on values that are not what its author thought of.
_FAILURES = (LookupError, ValueError, TypeError, RuntimeError, ArithmeticError)
#: No step waits longer, in minutes: a year.
_LONGEST = 525_600
#: Stands for the runs of before whose changes a step puts back, until they are known.
EARLIER = "earlier"
_NO_HANDOVER = (
    "it makes a secret for a person, and nobody is named to hand it over: rescind reissue"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A step on its way into the plan. ``skipped`` says why it will not be carried out."""

    node: str
    stage: str
    action: str
    system: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    undoes: str | None = None
    undoes_run: str | None = None
    delay_s: int = 0
    ask: bool | None = None
    skipped: str = ""

    @property
    def live(self) -> bool:
        """Whether the step is to be carried out."""
        return not self.skipped


def bare(step: PlaybookStep, earlier: Sequence[Draft]) -> Draft | None:
    """Return the step as the file has it, whatever its condition.

    An undo has the action of its step, and waits for it; None where that is not among ``earlier``.
    What restores has the action it puts back.
    """
    action, after = step.action or step.restore or "", step.after
    if step.undo is not None:
        undone = next((draft for draft in earlier if draft.node == step.undo), None)
        if undone is None:
            return None
        action = undone.action
        if step.undo not in step.needs:
            after = tuple(dict.fromkeys((step.undo, *after)))
    return Draft(
        node=step.id,
        stage=step.stage,
        action=action,
        system=action.partition(".")[0],
        after=after,
        needs=step.needs,
        undoes=step.undo or step.restore,
        undoes_run=EARLIER if step.restore else None,
        ask=step.approval,
    )


def judged(
    draft: Draft,
    step: PlaybookStep,
    names: Mapping[str, Any],
    spec: ActionSpec,
    scope: Scope | None = None,
) -> Draft:
    """Return the draft with what its expressions say, ``names`` being what they may speak of.

    ``scope`` is that of a step that another playbook has taken in.
    """
    try:
        conditions = [*scope.conditions(names)] if scope else []
        names = scope.names(names) if scope else names
    except _FAILURES as error:
        return replace(draft, skipped=f"a parameter could not be computed: {error}")
    if step.when is not None:
        conditions.append((step.when, step.otherwise, dict(names)))
    for when, otherwise, known in conditions:
        skipped = _condition(when, otherwise, known)
        if skipped:
            return replace(draft, skipped=skipped)
    delay_s = _delay_s(step, names)
    if delay_s is None:
        return replace(draft, skipped=f"its delay is no number of minutes: {step.delay_minutes}")
    draft = replace(draft, delay_s=delay_s)
    return draft if draft.undoes else _with_parameters(draft, step, names, spec)


def _condition(when: str, otherwise: str, names: Mapping[str, Any]) -> str:
    try:
        holds = cel.evaluate(when, dict(names))
    except _FAILURES as error:
        return f"its condition could not be evaluated ({type(error).__name__}): {when}"
    if holds is True:
        return ""
    if holds is not False:
        return f"its condition is neither true nor false: {when}"
    return otherwise or f"its condition does not hold: {when}"


def _delay_s(step: PlaybookStep, names: Mapping[str, Any]) -> int | None:
    value: object = step.delay_minutes
    if isinstance(value, str):
        try:
            value = cel.evaluate(value, dict(names))
        except _FAILURES:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        return None
    return int(value * 60)


def _with_parameters(
    draft: Draft, step: PlaybookStep, names: Mapping[str, Any], spec: ActionSpec
) -> Draft:
    parameters = dict(step.parameters)
    try:
        for key, expression in step.compute.items():
            parameters[key] = cel.evaluate(expression, dict(names))
        parameters = spec.parameters.model_validate(parameters).model_dump(mode="json")
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, part["loc"])) for part in error.errors())
        return replace(draft, skipped=f"its parameters do not fit the action: {fields}")
    except _FAILURES as error:
        return replace(draft, skipped=f"a parameter could not be computed ({type(error).__name__})")
    if hands_over(spec, parameters) and not names["hand_over_to"]:
        return replace(draft, skipped=_NO_HANDOVER)
    return replace(draft, parameters=parameters)
