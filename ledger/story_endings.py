"""Whether steps ended as what was told of them allows, and runs as their steps did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.story_facts import Record, Rule, Run, Runs, Step, no_run, no_step, text

#: Outcomes that claim a change, as ``already`` does not.
_CHANGED = frozenset({"verified", "accepted", "unverifiable"})
#: Outcomes by which what a step is for holds; ``observed`` ends well, and brings nothing about.
_HOLDS = _CHANGED | {"already"}
_GOOD = _HOLDS | {"observed"}
#: Systems in which the person holds no session: what opens a mailbox is Entra's, and through signals
#: others are told.
_WITHOUT_SESSIONS = frozenset({"exchange", "signals"})
_OUTCOMES = _GOOD | {"skipped", "denied", "manual", "failed", "unknown"}

#: Refusals that say that it is so already: the state does not allow the change, the thing is gone.
_SO_ALREADY = frozenset({"Conflict", "NotFound"})


class Endings:
    """The rules for the ends of steps and runs."""

    def __init__(self, runs: Runs) -> None:
        """Follow the ends of ``runs``."""
        self._runs = runs

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rule for each event."""
        return {
            "step.finished": self._step_finished,
            "run.watched": self._run_watched,
            "run.finished": self._run_finished,
        }

    def _step_finished(self, record: Record) -> Iterator[str]:
        run, step = self._runs.of(record), self._runs.step_of(record)
        if run is None or step is None:
            yield no_step(record)
            return
        outcome = text(record, "outcome")
        if step.outcome is not None:
            yield f"{step} had finished before"
        if outcome not in _OUTCOMES:
            yield f"{step} ends in no known way: {outcome or 'none'}"
        for intent in step.intents:
            if intent.open:
                yield f"{step} ends while the outcome of its intent {intent.id} is unknown"
        if outcome == "verified" and not step.proven and not step.reads:
            yield f"{step} ends as verified, and nothing was verified before"
        if outcome == "observed" and not step.reads:
            yield f"{step} ends as observed, and is there to change something"
        if outcome in _CHANGED and not step.reads:
            yield from self._unfounded(step, outcome)
        step.outcome = outcome
        step.lacks = text(record, "lacks")
        step.left_out = run.opening and outcome == "skipped"

    def _unfounded(self, step: Step, outcome: str) -> Iterator[str]:
        """Say that a step claims a change which nothing has made.

        Between the first look and the change somebody may have done by hand what the step was to
        do: it is refused then, and reading back shows it all the same. That excuses neither the end
        of sessions, which is always sent and never seen before, nor ``accepted``, which rests on the
        vendor's yes alone.
        """
        if any(intent.effective for intent in step.intents):
            return
        always = step.revokes or outcome == "accepted"
        errors = {intent.error for intent in step.intents}
        if not step.intents:
            yield f"{step} ends as {outcome}, and no change of it was ever sent"
        elif always or not errors & _SO_ALREADY:
            yield f"{step} ends as {outcome}, and every change of it was refused or not sent"

    def _run_watched(self, record: Record) -> Iterator[str]:
        run = self._runs.of(record)
        if run is None:
            yield no_run(record)
            return
        if run.finished or run.watched:
            yield f"run {run.id} had {'finished' if run.finished else 'been told of'} before"
        left = [step for step in run.steps.values() if step.outcome is None]
        if not left:
            yield "nothing of its run is left to wait for"
        for step in left:
            if step.approval and run.plan_hash not in run.approved:
                yield f"{step} waits for a person, and not only for its time"
        yield from _misnamed(run, text(record, "status"))
        run.watched = True

    def _run_finished(self, record: Record) -> Iterator[str]:
        run = self._runs.of(record)
        if run is None:
            yield no_run(record)
            return
        if run.finished:
            yield f"run {run.id} had finished before"
        missing = [step for step in run.steps.values() if step.outcome is None]
        for step in missing:
            yield f"its run ends, and {step} has not finished"
        for intent in run.intents:
            if intent.open:
                yield f"its run ends while the outcome of intent {intent.id} is unknown"
        if not missing:
            yield from _misnamed(run, text(record, "status"))
        run.finished = True


def _misnamed(run: Run, said: str) -> Iterator[str]:
    status = _status_of(run)
    # of systems that could not be asked for the person the log tells nothing else
    unreached = (said, status) in (("partial", "contained"), ("partial", "completed"))
    if said != status and not unreached:
        yield f"its status is {said or 'none'}, and its steps make it {status}"


def _status_of(run: Run) -> str:
    """Return what the steps that have ended make of a run."""
    if run.mode == "observe":
        return "observed"
    steps = [step for step in run.steps.values() if step.outcome is not None]
    if run.aim != "contain":
        if all(map(_well, steps)):
            return "completed"
        return "partial" if any(step.outcome in _HOLDS for step in steps) else "failed"
    revoked = {step.system for step in steps if step.revokes and step.outcome in _GOOD}
    if not revoked:
        return "failed"
    ways = [step for step in steps if step.closes]
    closed = {way.system for way in ways if way.outcome in _GOOD or _nothing_to_do(way)}
    everywhere = revoked >= {step.system for step in steps} - _WITHOUT_SESSIONS
    shut = closed >= {way.system for way in ways}
    return "contained" if everywhere and shut and all(map(_well, steps)) else "partial"


def _well(step: Step) -> bool:
    if step.reads and step.outcome != "manual":
        return True
    return step.outcome in _GOOD or step.left_out or _nothing_to_do(step)


def _nothing_to_do(step: Step) -> bool:
    """Tell whether a step was skipped for a good reason: once begun, it had nothing to do.

    One that its plan did not leave out, and that was never begun, was not approved, or needed a step
    that failed; one that lacked a permission had something to do.
    """
    begun = step.outcome == "skipped" and step.started and not step.lacks
    return begun and not step.revokes
