"""A run's steps as people read them: what the plan says of each, beside what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from web.console import outcomes
from web.console.outcomes import Label

_RANK = {"none": 0, "low": 1, "medium": 2, "high": 3}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the plan names it."""

    method: str
    path: str
    body: str
    why: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: what it does to whom, what it waits for, and where it is.

    ``waits_for`` holds the numbers of other steps; ``follows`` says that it is not done where nobody approves
    any of them; ``lacks`` names permissions that are known to be missing; ``sort`` is ``open`` (not begun), ``begun`` (under way or done) or ``left_out``.
    """

    number: int
    node: str
    title: str
    system: str
    stage: str
    target: str
    impact: str
    reversible: bool
    disrupts: str
    calls: tuple[Call, ...]
    waits_for: tuple[int, ...]
    follows: bool
    lacks: tuple[str, ...]
    foreseen: str
    instead: str
    delay_s: int
    asks: bool
    sort: str
    label: Label
    reason: str
    instructions: str
    last_error: str
    attempts: int
    finished_at: int | None
    proof: Mapping[str, Any]


def steps_of(run: Row[Any], rows: Sequence[Row[Any]]) -> tuple[StepView, ...]:
    """Lay the plan of ``run`` beside its stored steps ``rows``, in the order of the plan."""
    planned = {str(each.get("node")): each for each in _mappings(run.plan, "steps")}
    numbers = {
        row.node: number
        for number, row in enumerate(rows, start=1)
        if _sort(row) != "left_out"  # what is left out holds nothing up
    }
    return tuple(
        _view(number, row, planned.get(row.node, {}), numbers)
        for number, row in enumerate(rows, start=1)
    )


def _view(
    number: int, row: Row[Any], planned: Mapping[str, Any], numbers: Mapping[str, int]
) -> StepView:
    waits = {*_strings(planned.get("after")), *_strings(planned.get("needs"))}
    target = row.target if isinstance(row.target, Mapping) else {}
    return StepView(
        number=number,
        node=row.node,
        title=_title(planned, row.action),
        system=row.system,
        stage=row.stage.replace("-", " "),
        target=str(target.get("name") or target.get("id") or ""),
        impact=row.impact,
        reversible=bool(planned.get("reversible")),
        disrupts=str(planned.get("disrupts") or ""),
        calls=tuple(
            Call(
                str(call.get("method") or ""),
                str(call.get("path") or ""),
                str(call.get("body") or ""),
                str(call.get("why") or ""),
            )
            for call in _mappings(planned, "calls")
        ),
        waits_for=tuple(sorted(numbers[node] for node in waits if node in numbers)),
        follows=bool(planned.get("follows")),
        lacks=_strings(planned.get("lacks")),
        foreseen=str(planned.get("foreseen") or ""),
        instead=str(planned.get("instead") or ""),
        delay_s=row.delay_s,
        asks=row.approval != "none",
        sort=_sort(row),
        label=outcomes.of_step(row),
        reason=row.reason,
        instructions=row.instructions,
        last_error="" if row.state == "done" else row.last_error,
        attempts=row.attempts,
        finished_at=row.finished_at,
        proof=row.proof if isinstance(row.proof, Mapping) else {},
    )


def _sort(row: Row[Any]) -> str:
    if row.state != "done":
        return "open" if row.state == "held" else "begun"
    return "left_out" if row.outcome in ("skipped", "denied") else "begun"


def worst_impact(steps: Sequence[StepView]) -> str:
    """Return the highest impact among ``steps``."""
    return max((step.impact for step in steps), key=lambda each: _RANK.get(each, 3), default="none")


def disruptions(steps: Sequence[StepView]) -> tuple[str, ...]:
    """Return what ``steps`` cost the person, the worst first, each said once."""
    worst_first = sorted(steps, key=lambda step: -_RANK.get(step.impact, 3))
    return tuple(dict.fromkeys(step.disrupts for step in worst_first if step.disrupts))


def short_hash(value: str) -> str:
    """Return enough of a hash to compare by eye."""
    return value.rpartition(":")[2][:12]


def reasons(run: Row[Any]) -> tuple[str, ...]:
    """Return why the plan waits for a person, as the guardrails put it."""
    return _strings(run.plan.get("reasons"))


def notes(run: Row[Any]) -> tuple[str, ...]:
    """Return what the planner wants people to know."""
    return _strings(run.plan.get("notes"))


def _title(planned: Mapping[str, Any], otherwise: str) -> str:
    return str(planned.get("title") or otherwise)


def _mappings(document: object, key: str) -> list[Mapping[str, Any]]:
    value = document.get(key) if isinstance(document, Mapping) else None
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(str(key) for key in value)
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()
