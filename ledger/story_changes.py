"""Whether changes were allowed when they were meant, and answered or settled by who may say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.story_facts import (
    Intent,
    Record,
    Rule,
    Run,
    Runs,
    Step,
    fence_of,
    no_run,
    no_step,
    part,
    text,
)

_RESULTS = frozenset({"answered", "refused", "unknown", "not_sent"})


class Changes:
    """The rules for attempts, intents, results and read-backs."""

    def __init__(self, runs: Runs) -> None:
        """Follow the changes of ``runs``."""
        self._runs = runs
        self._intents: dict[str, Intent] = {}
        self._paused = False

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rule for each event."""
        return {
            "step.started": self._started,
            "action.intent": self._intent,
            "action.result": self._result,
            "action.reconciled": self._reconciled,
            "verify.result": self._verify_result,
            "control.paused": self._control_paused,
            "control.resumed": self._control_resumed,
        }

    def _started(self, record: Record) -> Iterator[str]:
        step = self._runs.step_of(record)
        if step is None:
            yield no_step(record)
        else:
            step.started = True
            yield from _fence_moves(step, record)

    def _intent(self, record: Record) -> Iterator[str]:
        intent_id = text(record, "intent")
        run, step = self._runs.of(record), self._runs.step_of(record)
        if not intent_id:
            yield "it is an intent without an id"
        elif intent_id in self._intents:
            yield f"intent {intent_id} was made before"
        if self._paused:
            yield "it was made while a person had paused all changes"
        if run is None or step is None:
            yield no_run(record) if run is None else no_step(record)
            return
        yield from _not_allowed(run, step, record)
        # what was read before it proves nothing any more
        step.proven = False
        if intent_id and intent_id not in self._intents:
            intent = Intent(intent_id, run.id, step.id, step.fence)
            self._intents[intent_id] = intent
            run.intents.append(intent)
            step.intents.append(intent)

    def _result(self, record: Record) -> Iterator[str]:
        intent, result = self._intent_of(record), text(record, "result")
        if result not in _RESULTS:
            yield f"its result is none of {', '.join(sorted(_RESULTS))}: {result or 'none'}"
        if intent is None:
            yield "it is a result without an intent before it"
            return
        yield from _same_step(intent, record)
        if intent.result:
            yield f"intent {intent.id} had a result before"
        else:
            intent.result = result if result in _RESULTS else "unknown"
            intent.error = text(part(record, "error"), "class")

    def _reconciled(self, record: Record) -> Iterator[str]:
        intent, fence = self._intent_of(record), fence_of(record)
        if intent is None:
            yield "it reconciles an intent that was never made"
            return
        yield from _same_step(intent, record)
        if fence is None:
            yield "it names no fence"
        elif fence < intent.fence:
            yield (
                f"intent {intent.id} was made under fence {intent.fence}; an older holder, of fence"
                f" {fence}, settled it"
            )
        intent.reconciled = True

    def _verify_result(self, record: Record) -> Iterator[str]:
        step = self._runs.step_of(record)
        if step is None:
            yield no_step(record)
        else:
            yield from _fence_moves(step, record)
            step.proven = record.get("outcome") == "verified"

    def _control_paused(self, _record: Record) -> Iterator[str]:
        self._paused = True
        yield from ()

    def _control_resumed(self, _record: Record) -> Iterator[str]:
        self._paused = False
        yield from ()

    def _intent_of(self, record: Record) -> Intent | None:
        return self._intents.get(text(record, "intent"))


def _not_allowed(run: Run, step: Step, record: Record) -> Iterator[str]:
    if run.mode == "observe":
        yield "its run only observes and may change nothing"
    if step.reads:
        yield f"{step} only reads and may change nothing"
    if run.finished:
        yield "its run had finished before"
    if step.outcome is not None:
        yield f"{step} had finished before"
    yield from _fence_moves(step, record)
    plan_hash = text(record, "plan_hash")
    if not plan_hash or plan_hash != run.plan_hash:
        yield "its plan hash is not that of its run's plan"
    if step.approval and plan_hash not in run.approved:
        yield f"{step} needs approval, and no person had approved this plan"


def _fence_moves(step: Step, record: Record) -> Iterator[str]:
    fence = fence_of(record)
    if fence is None:
        yield "it names no fence"
    elif fence < step.fence:
        yield f"{step} had gone on to fence {step.fence}; an older holder wrote with fence {fence}"
    else:
        step.fence = fence


def _same_step(intent: Intent, record: Record) -> Iterator[str]:
    named = (text(record, "run"), text(part(record, "step"), "id"))
    if named != (intent.run, intent.step):
        yield f"intent {intent.id} was made for another step"
