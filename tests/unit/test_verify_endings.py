"""Endings: outcomes that were earned, and a status that is what the outcomes say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from recorded import (
    DISABLE,
    REVOKE,
    Broken,
    Records,
    at,
    attempt,
    cannot_be,
    chained,
    change,
    drop,
    insert,
    intent,
    move,
    planned,
    put,
    result,
    take,
    told,
)

from ledger.verify import verify

FINISHED = {"event": "step.finished", "action": "entra.disable_user"}


def changed_nothing(which: int) -> Callable[[Records], None]:
    """Take the intents of the first or second step away."""

    def apply(records: Records) -> None:
        for event in ("action.intent", "action.result"):
            take(records, event, which)
        if which:
            take(records, "action.reconciled")

    return apply


def refused(which: int, kind: str | None) -> Callable[[Records], None]:
    """Let the only change of the first or second step be refused."""

    def apply(records: Records) -> None:
        if which:
            take(records, "action.reconciled")
        change("action.result", which, result="refused", error={"class": kind})(records)

    return apply


def ended(which: int, outcome: str, status: str) -> Callable[[Records], None]:
    def apply(records: Records) -> None:
        change("step.finished", which, outcome=outcome)(records)
        change("run.finished", status=status)(records)

    return apply


def both(*changes: Callable[[Records], object]) -> Callable[[Records], None]:
    def apply(records: Records) -> None:
        for one in changes:
            one(records)

    return apply


def unstarted(outcome: str, status: str) -> Callable[[Records], None]:
    """Let the second step end without having been begun."""

    def apply(records: Records) -> None:
        changed_nothing(1)(records)
        take(records, "step.started", 1)
        take(records, "verify.result", 1)
        ended(1, outcome, status)(records)

    return apply


def left_out(status: str, action: str = "entra.remove_auth_methods") -> Callable[[Records], None]:
    """Let the plan leave the second step out: its end follows at once."""

    def apply(records: Records) -> None:
        unstarted("skipped", status)(records)
        records[at(records, "plan.computed")]["plan"]["steps"][1]["action"] = action
        move("step.finished", 1, "approval.requested", 0)(records)

    return apply


def aims_at(aim: str, status: str) -> Callable[[Records], None]:
    return both(change("run.created", aim=aim), change("run.finished", status=status))


def reads_only(records: Records) -> None:
    """Let the second step be one that only reads, and change nothing."""
    changed_nothing(1)(records)
    take(records, "verify.result", 1)
    records[at(records, "plan.computed")]["plan"]["steps"][1].update(
        impact="none", action="entra.trace_source"
    )


WATCHED = {"event": "run.watched", "status": "contained", "until": "2026-11-23T07:00:00.000Z"}


def read_late(outcome: str = "observed", status: str = "contained") -> Callable[[Records], None]:
    """Let a third step, which reads, end after people were told that it is all that is left."""
    step = {"id": "step-watch", "node": "watch"}

    def apply(records: Records) -> None:
        watch = planned(step, "entra.watch") | {"impact": "none"}
        records[at(records, "plan.computed")]["plan"]["steps"].append(watch)
        started = {"event": "step.started", "step": attempt(step)}
        ended_so = FINISHED | {"step": step, "outcome": outcome}
        put(records, "run.finished", 0, dict(WATCHED), started, ended_so)
        change("run.finished", status=status)(records)

    return apply


BROKEN: dict[str, Broken] = {
    "watched, and called what it is not": (
        both(
            read_late(),
            change("run.watched", status="partial"),
            ended(1, "failed", "partial"),
            change("run.watched", status="contained"),
        ),
        "run.watched",
        0,
        "its status is contained, and its steps make it partial",
    ),
    "watched, with nothing left": (
        insert("run.finished", 0, dict(WATCHED)),
        "run.watched",
        0,
        "nothing of its run is left to wait for",
    ),
    "watched twice": (
        both(read_late(), insert("step.started", 2, dict(WATCHED))),
        "run.watched",
        1,
        "run run-1 had been told of before",
    ),
    "watched while people were asked": (
        both(
            read_late(),
            change("run.watched", status="partial"),
            move("run.watched", 0, "approval.decided", 0),
        ),
        "run.watched",
        0,
        "step disable waits for a person, and not only for its time",
    ),
    "a change that only read": (
        both(changed_nothing(1), ended(1, "observed", "contained")),
        "step.finished",
        1,
        "step disable ends as observed, and is there to change something",
    ),
    "contained, and it was to undo": (
        aims_at("undo", "contained"),
        "run.finished",
        0,
        "its status is contained, and its steps make it completed",
    ),
    "completed, although a step failed": (
        both(ended(1, "failed", "completed"), change("run.created", aim="clean")),
        "run.finished",
        0,
        "its status is completed, and its steps make it partial",
    ),
    "completed, and it was to contain": (
        change("run.finished", status="completed"),
        "run.finished",
        0,
        "its status is completed, and its steps make it contained",
    ),
    "contained, although a step lacked a permission": (
        both(
            refused(1, "Forbidden"),
            ended(1, "skipped", "contained"),
            change("step.finished", 1, lacks="permission"),
        ),
        "run.finished",
        0,
        "its status is contained, and its steps make it partial",
    ),
    "a change by a step that only reads": (
        lambda records: records[at(records, "plan.computed")]["plan"]["steps"][1].update(
            impact="none"
        ),
        "action.intent",
        1,
        "step disable only reads and may change nothing",
    ),
    "verified by nothing": (
        drop("verify.result"),
        "step.finished",
        0,
        "step revoke ends as verified, and nothing was verified before",
    ),
    "verified by a check that failed": (
        change("verify.result", outcome="failed"),
        "step.finished",
        0,
        "step revoke ends as verified, and nothing was verified before",
    ),
    "verified by a check that came later": (
        move("verify.result", 0, "approval.decided", 0),
        "step.finished",
        0,
        "step revoke ends as verified, and nothing was verified before",
    ),
    "a step that ends twice": (
        lambda records: put(records, "approval.decided", 0, records[at(records, "step.finished")]),
        "step.finished",
        1,
        "step revoke had finished before",
    ),
    "a run that ends before a step": (
        drop("step.finished"),
        "run.finished",
        0,
        "its run ends, and step revoke has not finished",
    ),
    "a run that ends twice": (
        lambda records: records.append(records[-1]),
        "run.finished",
        1,
        "run run-1 had finished before",
    ),
    "verified by a check that another intent followed": (
        insert("step.finished", 0, intent(REVOKE, "intent-3"), result(REVOKE, "intent-3")),
        "step.finished",
        0,
        "step revoke ends as verified, and nothing was verified before",
    ),
    "verified by a check that was followed by one that failed": (
        insert(
            "step.finished",
            0,
            {"event": "verify.result", "step": attempt(REVOKE), "outcome": "failed"},
        ),
        "step.finished",
        0,
        "step revoke ends as verified, and nothing was verified before",
    ),
    "verified by a holder that was replaced": (
        both(
            insert("verify.result", 0, {"event": "step.started", "step": attempt(REVOKE, 2)}),
        ),
        "verify.result",
        0,
        "step revoke had gone on to fence 2; an older holder wrote with fence 1",
    ),
    "an end in no known word": (
        change("step.finished", outcome="done"),
        "step.finished",
        0,
        "step revoke ends in no known way: done",
    ),
    "sessions ended by nothing": (
        changed_nothing(0),
        "step.finished",
        0,
        "step revoke ends as verified, and no change of it was ever sent",
    ),
    "accepted, and nothing sent": (
        both(changed_nothing(1), ended(1, "accepted", "contained")),
        "step.finished",
        1,
        "step disable ends as accepted, and no change of it was ever sent",
    ),
    "verified, and its only change refused": (
        refused(1, "Forbidden"),
        "step.finished",
        1,
        "step disable ends as verified, and every change of it was refused or not sent",
    ),
    "verified, and its only change refused without a reason": (
        refused(1, None),
        "step.finished",
        1,
        "step disable ends as verified, and every change of it was refused or not sent",
    ),
    "verified, and its only change not sent": (
        both(refused(1, None), change("action.result", 1, result="not_sent")),
        "step.finished",
        1,
        "step disable ends as verified, and every change of it was refused or not sent",
    ),
    "accepted, and its only change refused": (
        both(refused(1, "Conflict"), ended(1, "accepted", "contained")),
        "step.finished",
        1,
        "step disable ends as accepted, and every change of it was refused or not sent",
    ),
    "sessions ended by a change that was refused": (
        refused(0, "Throttled"),
        "step.finished",
        0,
        "step revoke ends as verified, and every change of it was refused or not sent",
    ),
    "contained, although a step failed": (
        ended(1, "failed", "contained"),
        "run.finished",
        0,
        "its status is contained, and its steps make it partial",
    ),
    "contained, although a step was left to a person": (
        ended(1, "manual", "contained"),
        "run.finished",
        0,
        "its status is contained, and its steps make it partial",
    ),
    "contained, although a step was denied": (
        unstarted("denied", "contained"),
        "run.finished",
        0,
        "its status is contained, and its steps make it partial",
    ),
    "contained, although a step was never begun": (
        unstarted("skipped", "contained"),
        "run.finished",
        0,
        "its status is contained, and its steps make it partial",
    ),
    "contained, although nothing closed the account": (
        left_out("contained", "entra.disable_user"),
        "run.finished",
        0,
        "its status is contained, and its steps make it partial",
    ),
    "contained, although sessions were ended in one system of two": (
        lambda records: records[at(records, "plan.computed")]["plan"]["steps"][1].update(
            system="okta"
        ),
        "run.finished",
        0,
        "its status is contained, and its steps make it partial",
    ),
    "contained, although sessions were ended nowhere": (
        ended(0, "failed", "contained"),
        "run.finished",
        0,
        "its status is contained, and its steps make it failed",
    ),
    "partial, although sessions were ended nowhere": (
        ended(0, "skipped", "partial"),
        "run.finished",
        0,
        "its status is partial, and its steps make it failed",
    ),
    "failed, although all went well": (
        change("run.finished", status="failed"),
        "run.finished",
        0,
        "its status is failed, and its steps make it contained",
    ),
    "observed, although it was no such run": (
        change("run.finished", status="observed"),
        "run.finished",
        0,
        "its status is observed, and its steps make it contained",
    ),
    "no status": (
        change("run.finished", status=None),
        "run.finished",
        0,
        "its status is none, and its steps make it contained",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_ending_that_cannot_be(name: str) -> None:
    cannot_be(BROKEN[name])


def _observed(records: Records) -> None:
    """Nothing is begun in a run that only observes."""
    left_out("observed")(records)
    changed_nothing(0)(records)
    for event in ("step.started", "step.observed", "verify.result"):
        take(records, event)
    change("step.finished", 1, outcome="skipped")(records)
    move("step.finished", 1, "approval.requested", 0)(records)
    take(records, "approval.requested")
    take(records, "approval.decided")
    change("run.created", mode="observe")(records)


def _crashed_after_the_answer(records: Records) -> None:
    """The intent is of the first attempt; the second reads and sees it done."""
    put(
        records,
        "verify.result",
        0,
        {"event": "lease.expired", "step": attempt(REVOKE)},
        {"event": "step.started", "step": attempt(REVOKE, 2)},
    )
    change("verify.result", 0, step=attempt(REVOKE, 2))(records)


def _throttled_once(records: Records) -> None:
    put(
        records,
        "action.intent",
        0,
        intent(REVOKE, "intent-0"),
        result(REVOKE, "intent-0", "refused", error={"class": "Throttled", "code": None}),
    )


def _steps_that_need_no_intent(records: Records) -> None:
    """One was so before, one has nothing to do, one is a person's."""
    plan = records[at(records, "plan.computed")]["plan"]
    for number, outcome in enumerate(("already", "skipped", "manual")):
        step = {"id": f"step-{number}", "node": f"more-{number}"}
        plan["steps"].append(planned(step, "entra.disable_inbox_rules"))
        started = {"event": "step.started", "step": attempt(step)}
        put(records, "run.finished", 0, started, FINISHED | {"step": step, "outcome": outcome})
    change("run.finished", status="partial")(records)


def _told_others(records: Records) -> None:
    """Telling applications ends no session of a system, and leaves none open."""
    plan = records[at(records, "plan.computed")]["plan"]
    step = {"id": "step-9", "node": "tell"}
    plan["steps"].append(planned(step, "signals.session_revoked"))
    finished = FINISHED | {"step": step, "action": "signals.session_revoked"}
    put(
        records,
        "run.finished",
        0,
        {"event": "step.started", "step": attempt(step)},
        intent(step, "intent-9"),
        result(step, "intent-9", response={"status": 202, "request_id": None}),
        finished | {"outcome": "accepted"},
    )


SOUND: dict[str, Callable[[Records], object]] = {
    "a run that was to undo": aims_at("undo", "completed"),
    "a run that was to clean, and nothing went well": both(
        ended(0, "failed", "failed"), ended(1, "failed", "failed"), aims_at("clean", "failed")
    ),
    "applications that were told": _told_others,
    "a step that lacked a permission": both(
        refused(1, "Forbidden"),
        ended(1, "skipped", "partial"),
        change("step.finished", 1, lacks="permission"),
    ),
    "a step that only reads": reads_only,
    "a step that only reads, and says so": both(reads_only, ended(1, "observed", "contained")),
    "a run that was watched": read_late(),
    "a run that was watched, and something was found": read_late("manual", "partial"),
    "a run that was watched, and the account given back": read_late("skipped"),
    "a run that was to clean, and only read": both(
        ended(0, "failed", "failed"),
        reads_only,
        ended(1, "observed", "failed"),
        aims_at("clean", "failed"),
    ),
    "a change refused because it was so already": refused(1, "Conflict"),
    "a removal refused because it was gone": refused(1, "NotFound"),
    "a change that was throttled, and made after": _throttled_once,
    "a change whose maker died before it was read back": _crashed_after_the_answer,
    "steps that need no intent": _steps_that_need_no_intent,
    "a step that the plan leaves out": left_out("contained"),
    "a step that the plan leaves out, and a system that was not reached": left_out("partial"),
    "an account that was left open by the plan": left_out("partial", "entra.disable_user"),
    "a step that had nothing to do": both(changed_nothing(1), ended(1, "skipped", "contained")),
    "a step that was so before": both(changed_nothing(1), ended(1, "already", "contained")),
    "a step that failed": both(refused(1, "Forbidden"), ended(1, "failed", "partial")),
    "a step that was denied": unstarted("denied", "partial"),
    "a step that was never begun": unstarted("skipped", "partial"),
    "sessions that were ended nowhere": ended(0, "failed", "failed"),
    "a run that only observes": _observed,
    "what could not be read back": ended(0, "unverifiable", "contained"),
}


@pytest.mark.parametrize("name", SOUND)
def test_an_ending_that_can_be(name: str) -> None:
    report = verify(chained(told(SOUND[name])))
    assert report.findings == ()
    assert (report.verdict, report.warnings) == ("verified", ())


@pytest.mark.parametrize("why", ["Throttled", "Unavailable"])
def test_what_was_put_off_and_never_sent_did_not_change_anything(why: str) -> None:
    # a step that finds it done by hand when it begins anew ends as ``already``
    (finding,) = verify(chained(told(refused(1, why)))).findings
    assert "every change of it was refused or not sent" in str(finding)


def test_a_finding_cannot_steer_a_terminal() -> None:
    evil: dict[str, Any] = DISABLE | {"node": "\x1b[2J"}

    def mutate(records: Records) -> None:
        changed_nothing(1)(records)
        plan = records[at(records, "plan.computed")]["plan"]
        plan["steps"][1] = planned(evil, "entra.disable_user", approval=True)

    report = verify(chained(told(mutate)))
    assert report.findings
    assert all(str(finding).isprintable() for finding in report.findings)


def test_a_run_that_ends_before_its_steps_is_not_called_to_account_for_its_status() -> None:
    report = verify(chained(told(drop("step.finished"))))
    assert report.problems == 1
