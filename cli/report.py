"""A run as it is told: as JSON, and as text a person understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.padding import Padding
from rich.text import Text
from sqlalchemy import Row

from cli.terminal import console, when, word


def run_document(
    run: Row[Any], steps: Sequence[Row[Any]], approval: Row[Any] | None
) -> dict[str, Any]:
    """Return a run as a JSON object."""
    return {
        "id": run.id,
        "tenant": run.tenant,
        "person": run.person,
        "playbook": run.playbook,
        "playbook_hash": run.playbook_hash,
        "plan_hash": run.plan_hash,
        "mode": run.mode,
        "status": run.status or run.state,
        "requested_by": run.requested_by,
        "alert": run.alert_id,
        "created_at": when(run.created_at),
        "finished_at": when(run.finished_at) if run.finished_at else None,
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
        "decided_by": approval.decided_by,
        "decided_at": when(approval.decided_at) if approval.decided_at else None,
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
) -> None:
    """Print a run: who, how far, every step with its proof, who was told, what stays usable."""
    out = console()
    names = " / ".join(dict.fromkeys(each["name"] for each in run.person["accounts"]))
    out.print(Text.assemble((names, "bold"), f"  tenant {run.tenant}  run {run.id}"))
    out.print(
        f"{run.plan['playbook_name']} ({run.playbook}), mode {run.mode}, "
        f"asked for by {run.requested_by}, started {when(run.created_at)}Z",
        markup=False,
    )
    out.print(Text.assemble("Status: ", word(run.status or "running")))
    for line in (*run.plan["reasons"], *run.plan["notes"]):
        out.print(f"Note: {line}")
    if approval is not None:
        who = (
            f" by {approval.decided_by}, {when(approval.decided_at)}Z"
            if approval.decided_by
            else ""
        )
        why = f": {approval.reason}" if approval.reason else ""
        out.print(f"Approval: {approval.state}{who}{why}")
    for notice in notices:
        out.print(_told(notice))
    out.print()
    print_steps(steps)
    print_exposure(run.exposure or [])


def _told(notice: Row[Any]) -> Text:
    what = notice.kind.replace("_", " ")
    if notice.state == "sent":
        return Text(f"People were told: {what}")
    if notice.state == "due":
        return Text(f"People are being told: {what} (attempt {notice.attempts})")
    why = (notice.result or {}).get("reason") or notice.state
    return Text(f"NOBODY WAS SURELY TOLD: {what} ({notice.state}: {why})", style="bold yellow")


def print_steps(steps: Sequence[Row[Any]]) -> None:
    """Print every step with its outcome, what was read back, and what is left to do."""
    for step in steps:
        outcome = word(step.outcome or _waiting(step))
        console().print(Text.assemble((f"{step.node:<24}", "bold"), outcome))
        for line in _details(step):
            _indented(line)


def print_exposure(exposure: Sequence[dict[str, str]]) -> None:
    """Print what stays usable, until when and why."""
    if not exposure:
        return
    out = console()
    out.print(Text("\nStill usable", style="bold"))
    for item in exposure:
        out.print(f"{item['system']}: {item['what']}, until {_until(item['until'])}")
        _indented(item["why"])


def _waiting(step: Row[Any]) -> str:
    if step.state == "held" and step.approval == "pending":
        return "waits for a person"
    return {"held": "waits", "ready": "ready", "leased": "running"}.get(
        str(step.state), str(step.state)
    )


def _details(step: Row[Any]) -> Iterator[str]:
    proof = step.proof or {}
    if proof.get("observed"):
        yield f"read back: {proof['observed']}"
    if step.reason:
        yield step.reason
    if step.instructions and step.outcome in ("manual", "failed"):
        yield f"To do: {step.instructions}"
    if not step.outcome and step.last_error:
        yield step.last_error


def _indented(line: str) -> None:
    console().print(Padding(Text(line, style="dim"), (0, 0, 0, 4)))


def _until(until: str) -> str:
    return until if until == "unknown" else until[:16].replace("T", " ") + "Z"
