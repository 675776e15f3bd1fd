"""The plan that puts back what a run has changed, as far as it can be put back.

A pure function of what the run's steps have left; a person decides over it like over any plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.settings import Mode
from connectors.action import ActionSpec, Target
from connectors.system import Account
from playbooks.plan import Plan, PlannedStep, PlaybookName
from playbooks.planner import Preview
from playbooks.schema import Aim


@dataclass(frozen=True, slots=True)
class ChangedStep:
    """A step that has changed something, or may have. ``restored`` where that was put back since."""

    node: str
    spec: ActionSpec
    target: Target
    parameters: Mapping[str, Any]
    restored: bool = False


class NothingToUndo(Exception):
    """Nothing of this run can be put back."""

    remedy = "Look at `rescind run ID`: what cannot be undone has to be given back by hand."


def make(
    run_id: str,
    playbook: PlaybookName,
    tenant: str,
    accounts: tuple[Account, ...],
    changed: Sequence[ChangedStep],
    preview: Preview,
) -> Plan:
    """Make the plan: in each system the last change first, each waiting for the one before it.

    Args:
        run_id: the run whose changes are put back.
        playbook: the one that run has followed.
        tenant: where.
        accounts: whose.
        changed: the run's steps that have changed something, in the order of its plan.
        preview: tells the exact calls that undoing an action would send.

    Raises:
        NothingToUndo: no change can be put back, or each was.
    """
    steps: list[PlannedStep] = []
    last: dict[str, str] = {}
    notes = []
    for step in reversed(changed):
        if step.restored:
            notes.append(f"{step.node}: put back already")
            continue
        if not step.spec.reversible:
            notes.append(f"{step.node}: cannot be undone ({step.spec.title})")
            continue
        node, system = f"undo-{step.node}"[:63], step.spec.system
        steps.append(
            PlannedStep(
                node=node,
                stage="undo",
                spec=step.spec,
                target=step.target,
                parameters=step.parameters,
                approval=True,
                after=(last[system],) if system in last else (),
                needs=(),
                follows=(),
                calls=preview(step.spec.name, step.parameters, step.target, True),
                undoes=step.node,
                undoes_run=run_id,
            )
        )
        last[system] = node
    if not steps:
        raise NothingToUndo("; ".join(notes) or "it has changed nothing")
    return Plan(
        playbook=playbook,
        aim=Aim.UNDO,
        mode=Mode.APPROVE,
        tenant=tenant,
        accounts=accounts,
        steps=tuple(steps),
        notes=tuple(reversed(notes)),
        reasons=(f"asked for: put back what run {run_id} has changed",),
    )
