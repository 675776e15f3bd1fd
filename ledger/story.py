"""The rules that hold between records: whether what the audit log tells can have happened properly.

Standard library only, like ``ledger.verify`` beside it: an auditor runs both without a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ledger.vocabulary import Event

Record = Mapping[str, object]

_RESULTS = frozenset({"answered", "refused", "unknown", "not_sent"})
_DECISIONS = frozenset({"approved", "denied"})


@dataclass(slots=True)
class _Intent:
    id: str
    run: str
    step: str
    result: str = ""
    reconciled: bool = False

    @property
    def open(self) -> bool:
        return self.result in ("", "unknown") and not self.reconciled


@dataclass(slots=True)
class _Step:
    id: str
    node: str
    approval: bool
    fence: int = -1
    proven: bool = False
    finished: bool = False
    intents: list[_Intent] = field(default_factory=list)

    def __str__(self) -> str:
        return f"step {self.node or self.id}"


@dataclass(slots=True)
class _Run:
    id: str
    mode: str
    plan_hash: str = ""
    finished: bool = False
    steps: dict[str, _Step] = field(default_factory=dict)
    intents: list[_Intent] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    approved: set[str] = field(default_factory=set)


class Story:
    """Follows runs, approvals and intents through the records, in their order."""

    def __init__(self) -> None:
        """Start before the first record."""
        self._runs: dict[str, _Run] = {}
        self._intents: dict[str, _Intent] = {}
        self._paused = False
        self._rules: dict[str, Callable[[Record], Iterator[str]]] = {
            Event.RUN_CREATED: self._run_created,
            Event.PLAN_COMPUTED: self._plan_computed,
            Event.APPROVAL_REQUESTED: self._approval_requested,
            Event.APPROVAL_DECIDED: self._approval_decided,
            Event.APPROVAL_EXPIRED: self._approval_expired,
            Event.APPROVAL_SUPERSEDED: self._approval_expired,
            Event.STEP_STARTED: self._step_started,
            Event.ACTION_INTENT: self._intent,
            Event.ACTION_RESULT: self._result,
            Event.ACTION_RECONCILED: self._reconciled,
            Event.VERIFY_RESULT: self._verify_result,
            Event.STEP_FINISHED: self._step_finished,
            Event.RUN_FINISHED: self._run_finished,
            Event.CONTROL_PAUSED: self._control_paused,
            Event.CONTROL_RESUMED: self._control_resumed,
        }

    def tell(self, record: Record) -> list[str]:
        """Take the next record, of any shape; return what cannot be right about it, in sentences."""
        rule = self._rules.get(_text(record, "event"))
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
        run_id = _text(record, "run")
        if not run_id:
            yield "it creates a run without an id"
        elif run_id in self._runs:
            yield f"run {run_id} was created before"
        else:
            self._runs[run_id] = _Run(run_id, _text(record, "mode"))

    def _plan_computed(self, record: Record) -> Iterator[str]:
        run = self._run_of(record)
        if run is None:
            yield _no_run(record)
            return
        plan = _object(record, "plan")
        run.plan_hash = _text(plan, "hash")
        if not run.plan_hash:
            yield "its plan has no hash"
        listed = plan.get("steps")
        if not isinstance(listed, list):
            yield "its plan has no list of steps"
            return
        before, run.steps = run.steps, {}
        for entry in listed:
            named = entry if isinstance(entry, dict) else {}
            step_id, approval = _text(named, "id"), named.get("approval")
            if not step_id or step_id in run.steps or not isinstance(approval, bool):
                yield "a step of its plan has no id of its own, or does not say if it needs approval"
                continue
            step = before.get(step_id) or _Step(step_id, _text(named, "node"), approval)
            step.approval = approval
            run.steps[step_id] = step

    def _approval_requested(self, record: Record) -> Iterator[str]:
        run, approval = self._run_of(record), _object(record, "approval")
        approval_id = _text(approval, "id")
        if run is None:
            yield _no_run(record)
        elif not approval_id or approval_id in run.asked:
            yield "its request has no id of its own"
        else:
            run.asked[approval_id] = _text(approval, "plan_hash")

    def _approval_decided(self, record: Record) -> Iterator[str]:
        run, approval = self._run_of(record), _object(record, "approval")
        decision, actor = _text(approval, "decision"), _object(record, "actor")
        trouble = self._not_decidable(run, approval)
        if trouble:
            yield trouble
        if decision not in _DECISIONS:
            yield f"its decision is neither approved nor denied: {decision or 'none'}"
        by_person = _text(actor, "type") == "human" and _text(actor, "sub") != ""
        if not by_person:
            yield "it was decided by no person"
        if run is not None and not trouble:
            run.decided.add(_text(approval, "id"))
            if decision == "approved" and by_person:
                run.approved.add(_text(approval, "plan_hash"))

    def _approval_expired(self, record: Record) -> Iterator[str]:
        run, approval = self._run_of(record), _object(record, "approval")
        trouble = self._not_decidable(run, approval)
        if trouble:
            yield trouble
        elif run is not None:
            run.decided.add(_text(approval, "id"))

    def _not_decidable(self, run: _Run | None, approval: Record) -> str:
        if run is None:
            return "it decides about a run that was never created"
        approval_id = _text(approval, "id")
        asked = run.asked.get(approval_id)
        if not asked or asked != _text(approval, "plan_hash"):
            return "nobody was asked this before: no request has its id and plan hash"
        if approval_id in run.decided:
            return f"request {approval_id} was decided, or had expired, before"
        return ""

    def _step_started(self, record: Record) -> Iterator[str]:
        step = self._step_of(record)
        if step is None:
            yield _no_step(record)
        else:
            yield from _fence_moves(step, record)

    def _intent(self, record: Record) -> Iterator[str]:
        intent_id, run, step = _text(record, "intent"), self._run_of(record), self._step_of(record)
        if not intent_id:
            yield "it is an intent without an id"
        elif intent_id in self._intents:
            yield f"intent {intent_id} was made before"
        if self._paused:
            yield "it was made while a person had paused all changes"
        if run is None or step is None:
            yield _no_run(record) if run is None else _no_step(record)
            return
        if run.mode == "observe":
            yield "its run only observes and may change nothing"
        if run.finished:
            yield "its run had finished before"
        if step.finished:
            yield f"{step} had finished before"
        yield from _fence_moves(step, record)
        plan_hash = _text(record, "plan_hash")
        if not plan_hash or plan_hash != run.plan_hash:
            yield "its plan hash is not that of its run's plan"
        if step.approval and plan_hash not in run.approved:
            yield f"{step} needs approval, and no person had approved this plan"
        if intent_id and intent_id not in self._intents:
            intent = _Intent(intent_id, run.id, step.id)
            self._intents[intent_id] = intent
            run.intents.append(intent)
            step.intents.append(intent)

    def _result(self, record: Record) -> Iterator[str]:
        intent, result = self._intent_of(record), _text(record, "result")
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

    def _reconciled(self, record: Record) -> Iterator[str]:
        intent = self._intent_of(record)
        if intent is None:
            yield "it reconciles an intent that was never made"
            return
        yield from _same_step(intent, record)
        intent.reconciled = True

    def _verify_result(self, record: Record) -> Iterator[str]:
        step = self._step_of(record)
        if step is None:
            yield _no_step(record)
        elif record.get("outcome") == "verified":
            step.proven = True

    def _step_finished(self, record: Record) -> Iterator[str]:
        step = self._step_of(record)
        if step is None:
            yield _no_step(record)
            return
        if step.finished:
            yield f"{step} had finished before"
        for intent in step.intents:
            if intent.open:
                yield f"{step} ends while the outcome of its intent {intent.id} is unknown"
        if record.get("outcome") == "verified" and not step.proven:
            yield f"{step} ends as verified, and nothing was verified before"
        step.finished = True

    def _run_finished(self, record: Record) -> Iterator[str]:
        run = self._run_of(record)
        if run is None:
            yield _no_run(record)
            return
        if run.finished:
            yield f"run {run.id} had finished before"
        for step in run.steps.values():
            if not step.finished:
                yield f"its run ends, and {step} has not finished"
        for intent in run.intents:
            if intent.open:
                yield f"its run ends while the outcome of intent {intent.id} is unknown"
        run.finished = True

    def _control_paused(self, _record: Record) -> Iterator[str]:
        self._paused = True
        yield from ()

    def _control_resumed(self, _record: Record) -> Iterator[str]:
        self._paused = False
        yield from ()

    def _run_of(self, record: Record) -> _Run | None:
        return self._runs.get(_text(record, "run"))

    def _step_of(self, record: Record) -> _Step | None:
        run = self._run_of(record)
        return run.steps.get(_text(_object(record, "step"), "id")) if run else None

    def _intent_of(self, record: Record) -> _Intent | None:
        return self._intents.get(_text(record, "intent"))


def _fence_moves(step: _Step, record: Record) -> Iterator[str]:
    fence = _object(record, "step").get("fence")
    if not isinstance(fence, int) or isinstance(fence, bool):
        yield "it names no fence"
    elif fence < step.fence:
        yield f"{step} had gone on to fence {step.fence}; an older holder wrote with fence {fence}"
    else:
        step.fence = fence


def _same_step(intent: _Intent, record: Record) -> Iterator[str]:
    named = (_text(record, "run"), _text(_object(record, "step"), "id"))
    if named != (intent.run, intent.step):
        yield f"intent {intent.id} was made for another step"


def _no_run(record: Record) -> str:
    return f"its run was never created: {_text(record, 'run') or 'none named'}"


def _no_step(record: Record) -> str:
    step = _text(_object(record, "step"), "id") or "none named"
    return f"its step is not in the plan of its run: {step}"


def _object(record: Record, name: str) -> Record:
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""
