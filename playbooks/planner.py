"""From playbook to plan: which steps, for whom, in which order, and which wait for people.

A pure function of playbook, situation and policy. The plan is hashed; approvals are bound to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import cel
import rfc8785
from pydantic import ValidationError

from config.settings import Mode
from connectors.action import ActionSpec, Impact, PlannedCall, Target
from connectors.system import Account
from playbooks import order
from playbooks.guardrails import Policy
from playbooks.model import LoadedPlaybook, PlaybookStep
from playbooks.order import Draft

Preview = Callable[[str, Mapping[str, Any], Target], tuple[PlannedCall, ...]]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when the plan is made.

    ``alert`` is the alert's fields, None for a run a person asked for. ``since`` is when the theft
    began as far as is known, RFC 3339 UTC. ``unreached`` names systems that could not be asked,
    ``absent`` those that know nobody, ``ambiguous`` those where several accounts match.
    """

    tenant: str
    accounts: tuple[Account, ...]
    domains: tuple[str, ...] = ()
    alert: Mapping[str, Any] | None = None
    since: str | None = None
    unreached: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a plan. ``skipped`` says why it will not be carried out, if it will not."""

    node: str
    stage: str
    spec: ActionSpec
    target: Target
    parameters: Mapping[str, Any]
    approval: bool
    after: tuple[str, ...]
    needs: tuple[str, ...]
    calls: tuple[PlannedCall, ...]
    undoes: str | None = None
    delay_s: int = 0
    skipped: str = ""

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
            "disrupts": self.spec.disrupts,
            "countermeasure": self.spec.countermeasure,
            "d3fend": list(self.spec.d3fend),
            "attack": list(self.spec.attack),
            "target": {
                "tenant": self.target.tenant,
                "id": self.target.id,
                "name": self.target.name,
            },
            "parameters": dict(self.parameters),
            "approval": self.approval,
            "after": list(self.after),
            "needs": list(self.needs),
            "undoes": self.undoes,
            "delay_s": self.delay_s,
            "skipped": self.skipped,
            "calls": [
                {"method": call.method, "path": call.path, "body": call.body, "why": call.why}
                for call in self.calls
            ],
        }


@dataclass(frozen=True)
class Plan:
    """What will be done for one person, exactly."""

    playbook: LoadedPlaybook
    mode: Mode
    tenant: str
    accounts: tuple[Account, ...]
    steps: tuple[PlannedStep, ...]
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the plan as it is stored and shown, with its hash."""
        content = self._content()
        return content | {"hash": _digest(content)}

    def _content(self) -> dict[str, Any]:
        return {
            "playbook": self.playbook.playbook.id,
            "playbook_name": self.playbook.playbook.name,
            "playbook_hash": self.playbook.hash,
            "mode": self.mode.value,
            "tenant": self.tenant,
            "person": [
                {"system": account.system, "id": account.id, "name": account.name}
                for account in self.accounts
            ],
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "steps": [step.document() for step in self.steps],
        }


def _digest(content: Mapping[str, Any]) -> str:
    return "sha256:" + hashlib.sha256(rfc8785.dumps(dict(content))).hexdigest()


def make(
    loaded: LoadedPlaybook,
    situation: Situation,
    policy: Policy,
    specs: Mapping[str, ActionSpec],
    preview: Preview,
    overrides: Mapping[str, Any] | None = None,
) -> Plan:
    """Make the plan.

    Args:
        loaded: the playbook.
        situation: who, where, and what the alert says.
        policy: the mode the guardrails allow, and why.
        specs: the known actions by name.
        preview: tells the exact calls an action would send.
        overrides: the operator's values for the playbook's parameters.
    """
    playbook = loaded.playbook
    names = _names(situation, policy, dict(playbook.parameters) | dict(overrides or {}))
    notes = [f"{system}: no account of this person there" for system in situation.absent]
    notes += [
        f"{system}: could not be asked for an account; nothing is planned there"
        for system in situation.unreached
    ]
    notes += [
        f"{system}: several accounts match ({', '.join(ids)}); none of them is touched"
        for system, ids in situation.ambiguous.items()
    ]
    accounts = {account.system: account for account in situation.accounts}
    drafts: list[Draft] = []
    for step in playbook.steps:
        draft = _draft(step, drafts, names)
        if draft.action not in specs:
            notes.append(f"{step.id}: there is no action {draft.action}")
        elif draft.system in accounts:
            drafts.append(_with_parameters(draft, step, names, specs[draft.action]))
    drafts, added = order.enforce(drafts)
    drafts = [_without_missing(draft, drafts) for draft in drafts]
    steps = tuple(
        _planned(draft, specs[draft.action], accounts[draft.system], situation, policy, preview)
        for draft in drafts
    )
    return Plan(
        loaded, policy.mode, situation.tenant, situation.accounts, steps,
        tuple(notes + added), policy.reasons,
    )  # fmt: skip


def _names(situation: Situation, policy: Policy, parameters: Mapping[str, Any]) -> dict[str, Any]:
    empty = {"app_ids": [], "session_ids": [], "ips": [], "signal": "other", "severity": "unknown"}
    return {
        "alert": empty | dict(situation.alert or {}),
        "accounts": {
            account.system: {"id": account.id, "name": account.name, "facts": dict(account.facts)}
            for account in situation.accounts
        },
        "parameters": dict(parameters),
        "tenant": {"name": situation.tenant, "domains": list(situation.domains)},
        "mode": policy.mode.value,
    }


def _draft(step: PlaybookStep, earlier: list[Draft], names: Mapping[str, Any]) -> Draft:
    undone = next((draft for draft in earlier if draft.node == step.undo), None)
    action = undone.action if undone else step.action or ""
    skipped = undone.skipped if undone else ""
    if not skipped and step.when is not None:
        skipped = _condition(step, names)
    return Draft(
        node=step.id,
        stage=step.stage,
        action=action,
        system=action.partition(".")[0],
        after=step.after,
        needs=step.needs,
        undoes=step.undo,
        delay_s=_delay_s(step, names),
        ask=step.approval,
        skipped=skipped,
    )


def _condition(step: PlaybookStep, names: Mapping[str, Any]) -> str:
    try:
        holds = cel.evaluate(step.when or "true", dict(names))
    except (LookupError, ValueError, TypeError, RuntimeError) as error:
        return f"its condition could not be evaluated ({type(error).__name__}): {step.when}"
    if holds is True:
        return ""
    return step.otherwise or f"its condition does not hold: {step.when}"


def _delay_s(step: PlaybookStep, names: Mapping[str, Any]) -> int:
    value = step.delay_minutes
    if isinstance(value, str):
        value = cel.evaluate(value, dict(names))
    return int(value) * 60


def _with_parameters(
    draft: Draft, step: PlaybookStep, names: Mapping[str, Any], spec: ActionSpec
) -> Draft:
    if not draft.live or draft.undoes:
        return draft
    parameters = dict(step.parameters)
    try:
        for key, expression in step.compute.items():
            parameters[key] = cel.evaluate(expression, dict(names))
        parameters = spec.parameters.model_validate(parameters).model_dump(mode="json")
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, part["loc"])) for part in error.errors())
        return replace(draft, skipped=f"its parameters do not fit the action: {fields}")
    except (LookupError, ValueError, TypeError, RuntimeError) as error:
        return replace(draft, skipped=f"a parameter could not be computed ({type(error).__name__})")
    return replace(draft, parameters=parameters)


def _without_missing(draft: Draft, drafts: list[Draft]) -> Draft:
    """Drop waits for steps this plan does not have; a needed one that is missing skips the step."""
    by_node = {other.node: other for other in drafts}
    missing = [node for node in draft.needs if node not in by_node or not by_node[node].live]
    if missing and draft.live:
        reason = f"it needs the success of {', '.join(missing)}, which this plan does not carry out"
        return replace(draft, skipped=reason, after=(), needs=())
    return replace(
        draft,
        after=tuple(dict.fromkeys(_live(draft.after, by_node))),
        needs=() if draft.skipped else draft.needs,
    )


def _live(nodes: tuple[str, ...], by_node: Mapping[str, Draft]) -> Iterator[str]:
    """Pass waits on: who waited for a step that is left out waits for what that step waited for."""
    for node in nodes:
        draft = by_node.get(node)
        if draft is not None and draft.live:
            yield node
        elif draft is not None:
            yield from _live((*draft.after, *draft.needs), by_node)


def _planned(
    draft: Draft,
    spec: ActionSpec,
    account: Account,
    situation: Situation,
    policy: Policy,
    preview: Preview,
) -> PlannedStep:
    target = Target(
        situation.tenant, account.system, account.id, account.name, account.facts, situation.since
    )
    parameters: Mapping[str, Any] = draft.parameters
    skipped = draft.skipped
    if not skipped and policy.mode is Mode.OBSERVE:
        skipped = "mode observe: shown, not carried out"
    calls = () if draft.skipped or draft.undoes else preview(spec.name, parameters, target)
    return PlannedStep(
        node=draft.node,
        stage=draft.stage,
        spec=spec,
        target=target,
        parameters=parameters,
        approval=not skipped and _asks(draft, spec, policy.mode),
        after=draft.after,
        needs=draft.needs,
        calls=calls,
        undoes=draft.undoes,
        delay_s=draft.delay_s,
        skipped=skipped,
    )


def _asks(draft: Draft, spec: ActionSpec, mode: Mode) -> bool:
    if draft.undoes:
        return False
    if mode is Mode.APPROVE or draft.ask:
        return True
    return spec.impact in (Impact.MEDIUM, Impact.HIGH)
