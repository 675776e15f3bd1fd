"""A playbook as OASIS CACAO 2.0, for other tools to read.

Steps stand in levels: what waits for nothing side by side, then what waits for that, with one approval
before the first that asks for it. What CACAO has no words for (conditions in CEL, needed successes)
stands in an extension of each step. Source: OASIS, CACAO Security Playbooks Version 2.0, CS01.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import rfc8785

from connectors.action import ActionSpec, Impact, PlannedCall
from playbooks.model import LoadedPlaybook
from playbooks.schema import PlaybookStep

Json = dict[str, Any]
#: What a step of an action would send, or undoing it, to a person who is only a variable.
Calls = Callable[[PlaybookStep, ActionSpec], Sequence[PlannedCall]]

#: Of playbook ids, which are made of name and types (CACAO section 10.10).
_NAMESPACE = uuid.UUID("aa7caf3a-d55a-4e9a-b34e-056215fba56a")
_TYPES = ["mitigation", "remediation"]
_IMPACT = {Impact.NONE: 1, Impact.LOW: 20, Impact.MEDIUM: 50, Impact.HIGH: 80}
#: What a step is in the vocabulary of activities (CACAO section 3.1.2), by its stage.
_ACTIVITY = {
    "clean": "eliminate-risk",
    "shorten": "configure-systems",
    "trace": "analyze-collected-data",
    "watch": "analyze-collected-data",
    "reissue": "restore-capabilities",
    "undo": "revert-system",
}
_APPROVED = "__approved__"
_MINUTE_MS = 60_000
#: By system: its name, where its calls go, and what stands before the paths of most.
_TARGETS: Mapping[str, tuple[str, str, str]] = {
    "entra": ("Microsoft Graph", "graph.microsoft.com", "/v1.0"),
    "okta": ("Okta", "example.okta.com", ""),
    "auth0": ("Auth0", "example.auth0.com", ""),
    "signals": ("Applications that are told", "app.example.com", ""),
    "exchange": ("Exchange Online", "outlook.office365.com", ""),
}


def export(loaded: LoadedPlaybook, specs: Mapping[str, ActionSpec], calls: Calls, at: str) -> Json:
    """Return the playbook as a CACAO document.

    Args:
        loaded: the playbook; every action it names is among ``specs``.
        specs: the known actions by name.
        calls: tells what a step would send.
        at: now, RFC 3339 UTC with milliseconds: when this version of the document was made.
    """
    return _Exporter(loaded, specs, calls).document(at)


class _Exporter:
    def __init__(
        self, loaded: LoadedPlaybook, specs: Mapping[str, ActionSpec], calls: Calls
    ) -> None:
        self._loaded, self._specs, self._calls = loaded, specs, calls
        self._playbook = loaded.playbook
        self._steps = {step.id: step for step in self._playbook.steps}
        self._extension = self._id("extension-definition", "rescind")
        self._worker = self._id("security-category", "rescind")
        self._people = self._id("group", "approvers")
        self._workflow: dict[str, Json] = {}
        self._activities: set[str] = set()
        self._systems: set[str] = set()

    def document(self, at: str) -> Json:
        free, asked = self._levels()
        end = self._end("all done")
        first = self._chain([*free, *self._approved(asked)], end)
        start = self._id("start", "start")
        self._workflow[start] = {"type": "start", "on_completion": first}
        playbook = self._playbook
        name = rfc8785.dumps({"name": playbook.name, "playbook_types": _TYPES}).decode()
        worst = max(_IMPACT[self._spec(step).impact] for step in playbook.steps)
        owner = self._id("identity", "rescind")
        return {
            "type": "playbook",
            "spec_version": "cacao-2.0",
            "id": f"playbook--{uuid.uuid5(_NAMESPACE, name)}",
            "name": playbook.name,
            "description": playbook.description,
            "playbook_types": _TYPES,
            "playbook_activities": sorted(self._activities),
            "created_by": owner,
            "created": at,
            "modified": at,
            "impact": worst,
            "labels": [playbook.countermeasure, f"rescind {playbook.id} {playbook.version}"],
            "external_references": [_coun7er(playbook.countermeasure)],
            "playbook_variables": {
                _APPROVED: {"type": "bool", "value": "false"},
                **{
                    _person(system): {"type": "string", "external": True}
                    for system in sorted(self._systems)
                },
            },
            "workflow_start": start,
            "workflow": self._workflow,
            "authentication_info_definitions": {
                self._id("oauth2", system): {
                    "type": "oauth2",
                    "oauth_header": "Bearer",
                    "token": "unused",
                    "kms": True,
                    "kms_key_identifier": f"rescind/{system}",
                }
                for system in sorted(self._systems)
            },
            "agent_definitions": {
                self._worker: {
                    "type": "security-category",
                    "name": "Rescind",
                    "category": ["orchestration"],
                },
                self._people: {"type": "group", "name": "Approvers"},
            },
            "target_definitions": {
                self._id("http-api", system): {
                    "type": "http-api",
                    "name": _TARGETS[system][0],
                    "address": {"dname": [_TARGETS[system][1]]},
                    "authentication_info": self._id("oauth2", system),
                }
                for system in sorted(self._systems)
            },
            "extension_definitions": {
                self._extension: {
                    "type": "extension-definition",
                    "name": "Rescind step",
                    "created_by": owner,
                    "schema": "action, playbook_step, approval, condition and delay_minutes (CEL), "
                    "needs_success, undoes, restores",
                    "version": "1.0.0",
                }
            },
        }

    def _levels(self) -> tuple[list[list[PlaybookStep]], list[list[PlaybookStep]]]:
        """Return the levels before the first approval, and those after."""
        left, done = list(self._playbook.steps), set[str]()
        levels: list[list[PlaybookStep]] = []
        while left:
            level = [step for step in left if not _waits(step) - done]
            done |= {step.id for step in level}
            left = [step for step in left if step not in level]
            levels.append(level)
        free: list[list[PlaybookStep]] = []
        for index, level in enumerate(levels):
            asking = [step for step in level if self._asks(step)]
            if asking:
                at_once = [step for step in level if step not in asking]
                return [*free, *([at_once] if at_once else [])], [asking, *levels[index + 1 :]]
            free.append(level)
        return free, []

    def _approved(self, levels: list[list[PlaybookStep]]) -> list[Callable[[str], str]]:
        """Return what asks people and goes on with ``levels`` where they approve."""
        if not levels:
            return []

        def build(after: str) -> str:
            question = self._id("action", "approval")
            choice = self._id("if-condition", "approval")
            titles = ", ".join(
                self._spec(step).title for level in levels for step in level if self._asks(step)
            )
            self._activities.add("restrict-access")
            self._workflow[question] = {
                "type": "action",
                "name": "Approve",
                "commands": [
                    {
                        "type": "manual",
                        "command": f"Approve or deny: {titles}",
                        "playbook_activity": "restrict-access",
                    }
                ],
                "agent": self._people,
                "out_args": [_APPROVED],
                "on_success": choice,
                "on_failure": self._end("not decided"),
            }
            self._workflow[choice] = {
                "type": "if-condition",
                "condition": f"{_APPROVED}:value = 'true'",
                "on_true": self._chain(levels, self._end("approved")),
                "on_false": self._end("denied"),
                "on_completion": after,
            }
            return question

        return [build]

    def _chain(self, parts: Sequence[list[PlaybookStep] | Callable[[str], str]], after: str) -> str:
        """Lay ``parts`` one behind the other before ``after``; return the first."""
        for number, part in reversed(list(enumerate(parts))):
            after = part(after) if callable(part) else self._level(part, number, after)
        return after

    def _level(self, level: Sequence[PlaybookStep], number: int, after: str) -> str:
        if len(level) == 1:
            return self._action(level[0], after)
        together = self._id("parallel", f"{level[0].id} {number}")
        self._workflow[together] = {
            "type": "parallel",
            "next_steps": [self._action(step, self._end(step.id)) for step in level],
            "on_completion": after,
        }
        return together

    def _action(self, step: PlaybookStep, after: str) -> str:
        spec = self._spec(step)
        puts_back = step.undo or step.restore
        activity = _ACTIVITY.get("undo" if puts_back else step.stage, "restrict-access")
        self._activities.add(activity)
        commands = [
            _command(call, spec.system) | {"playbook_activity": activity}
            for call in self._calls(step, spec)
        ]
        action = self._id("action", step.id)
        self._workflow[action] = {
            "type": "action",
            "name": f"Undo: {spec.title}" if puts_back else spec.title,
            **({"description": spec.disrupts} if spec.disrupts and not puts_back else {}),
            "external_references": [
                _coun7er(spec.countermeasure),
                *({"name": "MITRE D3FEND", "external_id": each} for each in spec.d3fend),
                *({"name": "MITRE ATT&CK", "external_id": each} for each in spec.attack),
            ],
            **_delay(step),
            "commands": commands
            or [
                {
                    "type": "manual",
                    "command": f"{spec.name}: {spec.title}",
                    "playbook_activity": activity,
                }
            ],
            "agent": self._worker,
            **({"targets": [self._target(spec.system)]} if commands else {}),
            "on_completion": after,
            "step_extensions": {self._extension: self._extras(step, spec)},
        }
        return action

    def _extras(self, step: PlaybookStep, spec: ActionSpec) -> Json:
        extras: Json = {"action": spec.name, "playbook_step": step.id, "approval": self._asks(step)}
        if step.when is not None:
            extras["condition"] = step.when
        if isinstance(step.delay_minutes, str):
            extras["delay_minutes"] = step.delay_minutes
        if step.needs:
            extras["needs_success"] = list(step.needs)
        if step.undo is not None:
            extras["undoes"] = step.undo
        if step.restore is not None:
            extras["restores"] = step.restore
        return extras

    def _target(self, system: str) -> str:
        self._systems.add(system)
        return self._id("http-api", system)

    def _spec(self, step: PlaybookStep) -> ActionSpec:
        named = step.action or step.restore
        return self._specs[named or self._steps[step.undo or ""].action or ""]

    def _asks(self, step: PlaybookStep) -> bool:
        if step.undo is not None:
            return False
        return bool(step.approval) or self._spec(step).impact in (Impact.MEDIUM, Impact.HIGH)

    def _end(self, name: str) -> str:
        end = self._id("end", name)
        self._workflow[end] = {"type": "end"}
        return end

    def _id(self, kind: str, name: str) -> str:
        """Name an object by a UUID of version 4's form that is always the same for this playbook."""
        digest = hashlib.sha256(f"{self._loaded.hash}\n{kind}\n{name}".encode()).digest()
        return f"{kind}--{uuid.UUID(bytes=digest[:16], version=4)}"


def person_variable(system: str) -> str:
    """Return how a person's id in a system stands in a call."""
    return f"{_person(system)}:value"


def _person(system: str) -> str:
    return f"__{system}_user_id__"


def _waits(step: PlaybookStep) -> set[str]:
    return {*step.after, *step.needs, *([step.undo] if step.undo else [])}


def _delay(step: PlaybookStep) -> Json:
    minutes = step.delay_minutes
    return {"delay": minutes * _MINUTE_MS} if isinstance(minutes, int) and minutes > 0 else {}


def _command(call: PlannedCall, system: str) -> Json:
    prefix = "" if call.path.startswith("/beta/") else _TARGETS[system][2]
    command = {"type": "http-api", "command": f"{call.method} {prefix}{call.path} HTTP/1.1"}
    return command | ({"description": call.why} if call.why else {})


def _coun7er(countermeasure: str) -> Json:
    return {"name": "CISA COUN7ER", "external_id": countermeasure}
