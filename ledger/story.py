"""The rules that hold between records: whether what the audit log tells can have happened properly.

Like ``ledger.verify`` beside it, it needs no database and none of the code that wrote the records.
The events are named here by the words that stand in the log, not by the writer's names for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.story_changes import Changes
from ledger.story_decisions import Decisions
from ledger.story_endings import Endings
from ledger.story_facts import Record, Rule, Run, Runs, Step, no_run, part, text
from ledger.story_handovers import Handovers

#: A run opens with these, in one commit; whatever else comes of it comes after.
_OPENING = frozenset({"run.created", "plan.computed", "step.finished"})


class Story:
    """Follows runs, decisions and changes through the records, in their order."""

    def __init__(self) -> None:
        """Start before the first record."""
        self._runs = Runs()
        self._rules: Mapping[str, Rule] = {
            "run.created": self._run_created,
            "plan.computed": self._plan_computed,
            **Decisions(self._runs).rules,
            **Changes(self._runs).rules,
            **Endings(self._runs).rules,
            **Handovers(self._runs).rules,
        }

    def tell(self, record: Record) -> list[str]:
        """Take the next record, of any shape; return what cannot be right about it, in sentences."""
        event, run = text(record, "event"), self._runs.of(record)
        if run is not None and event not in _OPENING:
            run.opening = False
        rule = self._rules.get(event)
        return [] if rule is None else list(rule(record))

    @property
    def open_runs(self) -> tuple[str, ...]:
        """The runs that were created and have not finished."""
        return tuple(run.id for run in self._runs.values() if not run.finished)

    @property
    def open_intents(self) -> tuple[str, ...]:
        """The intents of unfinished runs whose outcome is not known."""
        return tuple(
            intent.id
            for run in self._runs.values()
            if not run.finished
            for intent in run.intents
            if intent.open
        )

    def _run_created(self, record: Record) -> Iterator[str]:
        run_id = text(record, "run")
        if not run_id:
            yield "it creates a run without an id"
        elif run_id in self._runs:
            yield f"run {run_id} was created before"
        else:
            aim = text(record, "aim") or "contain"  # records of before say none
            self._runs[run_id] = Run(run_id, text(record, "mode"), aim)

    def _plan_computed(self, record: Record) -> Iterator[str]:
        run = self._runs.of(record)
        if run is None:
            yield no_run(record)
        elif run.planned:
            # the first one stays: what was approved, and what has to end
            yield "its run had a plan before"
        else:
            run.planned = True
            yield from _take_plan(run, part(record, "plan"))


def _take_plan(run: Run, plan: Record) -> Iterator[str]:
    run.plan_hash = text(plan, "hash")
    if not run.plan_hash:
        yield "its plan has no hash"
    listed = plan.get("steps")
    if not isinstance(listed, list):
        yield "its plan has no list of steps"
        return
    for entry in listed:
        named = entry if isinstance(entry, dict) else {}
        step_id, approval = text(named, "id"), named.get("approval")
        if not step_id or step_id in run.steps or not isinstance(approval, bool):
            yield "a step of its plan has no id of its own, or does not say if it needs approval"
            continue
        run.steps[step_id] = Step(
            id=step_id,
            node=text(named, "node"),
            action=text(named, "action"),
            system=text(named, "system"),
            approval=approval,
            reads=text(named, "impact") == "none",
        )
