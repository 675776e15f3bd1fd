"""What no JSON schema sees in a CACAO playbook: steps that lead nowhere, or that nothing leads to.

Source: OASIS, CACAO Security Playbooks Version 2.0, CS01, sections 4 and 10.10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_NEXT = ("on_completion", "on_success", "on_failure", "on_true", "on_false")
_BRANCHES = ("on_true", "on_false", "next_steps", "cases")


def faults(document: object) -> list[str]:
    """Return what is wrong with a CACAO document, in sentences; any JSON is taken."""
    if not isinstance(document, Mapping) or document.get("type") != "playbook":
        return ["it is no CACAO playbook: its type is not playbook"]
    found = []
    if document.get("spec_version") != "cacao-2.0":
        found.append(f"its spec_version is {document.get('spec_version')!r}, not 'cacao-2.0'")
    workflow = document.get("workflow")
    if not isinstance(workflow, Mapping) or not workflow:
        return [*found, "it has no workflow"]
    steps = {str(key): each for key, each in workflow.items() if isinstance(each, Mapping)}
    found += [f"{key} is no step" for key in workflow if key not in steps]
    return [*found, *_start(document, steps), *_steps(document, steps), *_reached(document, steps)]


def _start(document: Json, steps: Mapping[str, Json]) -> Iterator[str]:
    start = document.get("workflow_start")
    if start not in steps:
        yield f"workflow_start names no step: {start}"
    elif steps[str(start)].get("type") != "start":
        yield f"workflow_start names {start}, which is no start"
    exception = document.get("workflow_exception")
    if exception is not None and exception not in steps:
        yield f"workflow_exception names no step: {exception}"


def _steps(document: Json, steps: Mapping[str, Json]) -> Iterator[str]:
    agents, targets = _keys(document, "agent_definitions"), _keys(document, "target_definitions")
    extensions = _keys(document, "extension_definitions")
    for key, step in steps.items():
        kind = step.get("type")
        if not key.startswith(f"{kind}--"):
            yield f"{key} is of type {kind}"
        leads = list(_led_to(step))
        yield from (f"{key} leads to no step: {each}" for each in leads if each not in steps)
        if kind != "end" and not leads:
            yield f"{key} leads nowhere"
        if kind == "end" and leads:
            yield f"{key} is an end and leads to {leads[0]}"
        if step.get("agent", key) not in {key, *agents}:
            yield f"{key} has an agent that is not defined: {step['agent']}"
        for target in step.get("targets") or ():
            if target not in targets:
                yield f"{key} has a target that is not defined: {target}"
        for extension in step.get("step_extensions") or ():
            if extension not in extensions:
                yield f"{key} uses an extension that is not defined: {extension}"


def _reached(document: Json, steps: Mapping[str, Json]) -> Iterator[str]:
    roots = {str(document.get(name)) for name in ("workflow_start", "workflow_exception")}
    seen = _walk(steps, roots & steps.keys())
    yield from (f"nothing leads to {key}" for key in steps if key not in seen)
    ends: dict[str, str] = {}
    for key, step in steps.items():
        for branch in _branches(step):
            own = {each for each in _walk(steps, {branch}) if steps[each].get("type") == "end"}
            if branch in steps and not own:
                yield f"the branch of {key} that begins with {branch} has no end"
            for end in own:
                if ends.setdefault(f"{key} {end}", branch) != branch:
                    yield f"two branches of {key} have the same end: {end}"


def _walk(steps: Mapping[str, Json], begin: set[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(begin & steps.keys())
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += [each for each in _led_to(steps[key]) if each in steps]
    return seen


def _led_to(step: Json) -> Iterator[str]:
    for name in _NEXT:
        if name in step and name not in _BRANCHES:
            yield str(step[name])
    yield from _branches(step)


def _branches(step: Json) -> Iterator[str]:
    for name in ("on_true", "on_false"):
        if name in step:
            yield str(step[name])
    yield from (str(each) for each in step.get("next_steps") or ())
    cases = step.get("cases")
    if isinstance(cases, Mapping):
        yield from (str(each) for each in cases.values())


def _keys(document: Json, name: str) -> set[str]:
    value = document.get(name)
    return set(value) if isinstance(value, Mapping) else set()
