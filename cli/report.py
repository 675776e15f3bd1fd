"""A run as it is told: as JSON, and as text a person understands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text
from sqlalchemy import Row

from cli.terminal import console, indented, unbroken, when, word
from ledger.chain import rfc3339
from ledger.timers import Timers
from playbooks.schema import Aim


def status_of(run: Row[Any], left: Timers | None) -> str:
    """Return a run's status in words, also of one that only waits for the steps that are ``left``."""
    if not run.status or left is None or run.state == "done":
        return str(run.status)
    what = "watched" if left.watches else "timed steps"
    return f"{run.status}, {what} until {when(left.until)}Z"


def run_document(
    run: Row[Any], steps: Sequence[Row[Any]], approval: Row[Any] | None, left: Timers | None = None
) -> dict[str, Any]:
    """Return a run as a JSON object; ``waits_until`` where only timed steps are ``left``."""
    return {
        "id": run.id,
        "tenant": run.tenant,
        "person": run.person,
        "playbook": run.playbook,
        "playbook_hash": run.playbook_hash,
        "plan_hash": run.plan_hash,
        "mode": run.mode,
        "route": run.plan.get("route"),
        "status": run.status or run.state,
        "state": run.state,
        "waits_until": rfc3339(left.until) if left is not None else None,
        "requested_by": run.requested_by,
        "alert": run.alert_id,
        "created_at": rfc3339(run.created_at),
        "finished_at": rfc3339(run.finished_at) if run.finished_at else None,
        "approval": _approval(approval),
        "steps": [_step(step) for step in steps],
        "exposure": run.exposure or [],
    }


def _approval(approval: Row[Any] | None) -> dict[str, Any] | None:
    if approval is None:
        return None
    return {
        "id": approval.id,
        "state": approval.state,
        "deadline": rfc3339(approval.deadline),
        "decided_by": approval.decided_by,
        "decided_at": rfc3339(approval.decided_at) if approval.decided_at else None,
        "reason": approval.reason,
    }


def _step(step: Row[Any]) -> dict[str, Any]:
    return {
        "id": step.id,
        "node": step.node,
        "stage": step.stage,
        "action": step.action,
        "system": step.system,
        "impact": step.impact,
        "approval": step.approval,
        "state": step.state,
        "outcome": step.outcome,
        "reason": step.reason,
        "instructions": step.instructions,
        "attempts": step.attempts,
        "proof": step.proof,
    }


def print_run(
    run: Row[Any],
    steps: Sequence[Row[Any]],
    approval: Row[Any] | None,
    notices: Sequence[Row[Any]],
    console_url: str,
    left: Timers | None = None,
) -> None:
    """Print a run: who, how far, every step with its proof, who was told, what stays usable.

    ``console_url`` is where the console is reached, without a trailing slash; ``left`` is given where
    only timed steps are left.
    """
    out = console()
    names = " / ".join(dict.fromkeys(each["name"] for each in run.person["accounts"]))
    out.print(Text.assemble((names, "bold"), f"  tenant {run.tenant}  run {run.id}"))
    out.print(
        f"{run.plan['playbook_name']} ({run.playbook}{', undo' if run.aim == Aim.UNDO else ''}), "
        f"mode {run.mode}, "
        f"asked for by {run.requested_by}, started {when(run.created_at)}Z"
    )
    out.print(Text.assemble("Status: ", word(status_of(run, left) or "running")))
    print_notes(run.plan)
    if approval is not None:
        print_approval(approval, console_url)
    for notice in notices:
        out.print(_told(notice))
    out.print()
    print_steps(steps, run.plan)
    print_exposure(run.exposure or [])


def print_notes(plan: Mapping[str, Any]) -> None:
    """Print why a plan waits, and what the planner added or left out."""
    for line in (*plan["reasons"], *plan["notes"]):
        console().print(f"Note: {line}")


def print_approval(approval: Row[Any], console_url: str) -> None:
    """Print what people decided; where they have not yet, where and until when they can."""
    if approval.state == "pending":
        console().print(f"A person has to decide, until {when(approval.deadline)}Z:")
        unbroken(f"{console_url}/approvals/{approval.id}")
        return
    who = f" by {approval.decided_by}, {when(approval.decided_at)}Z" if approval.decided_by else ""
    why = f": {approval.reason}" if approval.reason else ""
    console().print(f"Approval: {approval.state}{who}{why}")


def _told(notice: Row[Any]) -> Text:
    what = notice.kind.replace("_", " ")
    if notice.state == "sent":
        return Text(f"People were told: {what}")
    if notice.state == "due":
        return Text(f"People are being told: {what} (attempt {notice.attempts})")
    why = (notice.result or {}).get("reason") or notice.state
    return Text(f"NOBODY WAS SURELY TOLD: {what} ({notice.state}: {why})", style="bold yellow")


def print_steps(steps: Sequence[Row[Any]], plan: Mapping[str, Any] | None = None) -> None:
    """Print every step with its outcome, what was read back, and what is left to do.

    What ``plan`` leaves out is named in one line; None where that was told already.
    """
    left_out = {step["node"] for step in plan["steps"] if step["skipped"]} if plan else set()
    shown = [step for step in steps if step.node not in left_out]
    width = max((len(step.node) for step in shown), default=0)
    for step in shown:
        outcome = word(step.outcome or _waiting(step))
        console().print(Text.assemble((f"{step.node:<{width}}  ", "bold"), outcome))
        for line in _details(step):
            indented(line)
    if left_out:
        console().print(Text(f"left out by the plan: {', '.join(sorted(left_out))}", style="dim"))


def print_exposure(exposure: Sequence[dict[str, str]]) -> None:
    """Print what stays usable, until when and why."""
    if not exposure:
        return
    out = console()
    out.print(Text("\nStill usable", style="bold"))
    for item in exposure:
        out.print(f"{item['system']}: {item['what']}, until {_until(item['until'])}")
        indented(item["why"])


def _waiting(step: Row[Any]) -> str:
    if step.state == "held" and step.approval == "pending":
        return "waits for a person"
    if step.state == "ready" and step.delay_s and not step.last_error:
        return f"waits until {when(step.not_before)}Z"
    return {"held": "waits", "ready": "ready", "leased": "running"}.get(
        str(step.state), str(step.state)
    )


def _details(step: Row[Any]) -> Iterator[str]:
    proof = step.proof or {}
    if proof.get("observed"):
        yield f"read back: {proof['observed']}"
    if step.reason:
        yield step.reason
    if step.instructions:
        yield f"To do: {step.instructions}"
    if not step.outcome and step.last_error:
        yield step.last_error


def _until(until: str) -> str:
    return until if until == "unknown" else until[:16].replace("T", " ") + "Z"
