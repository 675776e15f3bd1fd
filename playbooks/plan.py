"""What a plan is: exactly what will be done for one person. Approvals are bound to its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import rfc8785

from config.settings import Mode
from connectors.action import ActionSpec, PlannedCall, Target
from connectors.system import Account
from playbooks.schema import Aim


@dataclass(frozen=True, slots=True)
class Recipient:
    """The console account that is shown what a step makes for the person, once."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a plan. ``skipped`` says why it will not be carried out, if it will not.

    ``foreseen`` is why it will not work for this account and what would instead; ``lacks`` names the
    permissions our credential is known not to have for it: it is tried all the
    same, for the list of what suffices may not be whole.
    """

    node: str
    stage: str
    spec: ActionSpec
    target: Target
    parameters: Mapping[str, Any]
    approval: bool
    after: tuple[str, ...]
    needs: tuple[str, ...]
    follows: tuple[str, ...]
    calls: tuple[PlannedCall, ...]
    undoes: str | None = None
    undoes_run: str | None = None
    delay_s: int = 0
    skipped: str = ""
    lacks: tuple[str, ...] = ()
    foreseen: tuple[str, str] | None = None

    def document(self) -> dict[str, Any]:
        """Return the step as it is hashed, stored and shown."""
        return {
            "node": self.node,
            "stage": self.stage,
            "action": self.spec.name,
            "title": f"Undo: {self.spec.title}" if self.undoes else self.spec.title,
            "system": self.spec.system,
            "impact": self.spec.impact.value,
            "reversible": self.spec.reversible,
            "disrupts": "" if self.undoes else self.spec.disrupts,
            "countermeasure": self.spec.countermeasure,
            "d3fend": list(self.spec.d3fend),
            "attack": list(self.spec.attack),
            "target": {
                "tenant": self.target.tenant,
                "id": self.target.id,
                "name": self.target.name,
                "since": self.target.since,
            },
            "parameters": dict(self.parameters),
            "approval": self.approval,
            "after": list(self.after),
            "needs": list(self.needs),
            "follows": list(self.follows),
            "undoes": self.undoes,
            "undoes_run": self.undoes_run,
            "delay_s": self.delay_s,
            "skipped": self.skipped,
            "lacks": list(self.lacks),
            "foreseen": self.foreseen[0] if self.foreseen else "",
            "instead": self.foreseen[1] if self.foreseen else "",
            "calls": [
                {"method": call.method, "path": call.path, "body": call.body, "why": call.why}
                for call in self.calls
            ],
        }


@dataclass(frozen=True, slots=True)
class PlaybookName:
    """Which playbook a plan follows, as every record names it."""

    id: str
    name: str
    hash: str


@dataclass(frozen=True)
class Plan:
    """What will be done for one person, exactly. ``route`` is the rule that chose it, if one did."""

    playbook: PlaybookName
    aim: Aim
    mode: Mode
    tenant: str
    accounts: tuple[Account, ...]
    steps: tuple[PlannedStep, ...]
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    hand_over_to: Recipient | None = None
    route: Mapping[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """Return the plan as it is stored and shown, with its hash."""
        content = self._content()
        return content | {"hash": _digest(content)}

    def _content(self) -> dict[str, Any]:
        return {
            "playbook": self.playbook.id,
            "playbook_name": self.playbook.name,
            "playbook_hash": self.playbook.hash,
            "aim": self.aim.value,
            "mode": self.mode.value,
            "tenant": self.tenant,
            "person": [
                {"system": account.system, "id": account.id, "name": account.name}
                for account in self.accounts
            ],
            "hand_over_to": asdict(self.hand_over_to) if self.hand_over_to else None,
            "route": dict(self.route) if self.route is not None else None,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "steps": [step.document() for step in self.steps],
        }


def _digest(content: Mapping[str, Any]) -> str:
    return "sha256:" + hashlib.sha256(rfc8785.dumps(dict(content))).hexdigest()
