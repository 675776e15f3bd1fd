"""What must be true of a playbook's file, whoever the person is and whatever the alert says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import cel

from playbooks import draft, order, parts
from playbooks.draft import Draft
from playbooks.schema import VARIABLES, Playbook, PlaybookFile, PlaybookPart, PlaybookStep

_Place = tuple[str | int, ...]

#: Names an expression binds itself: ``alert.ips.exists(ip, …)``.
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")


def faults(
    file: PlaybookFile, playbook: Playbook, origins: Sequence[int]
) -> Iterator[tuple[_Place, str]]:
    """Yield each place in the file where something is wrong, and what.

    Args:
        file: the playbook as it stands in its file.
        playbook: the same with the steps of its parts.
        origins: for each of those steps, its place in the file.
    """
    for place, what in _faults(playbook):
        if place[0] == "steps" and len(place) > 1 and isinstance(place[1], int):
            taken_in = isinstance(file.steps[origins[place[1]]], PlaybookPart)
            own: _Place = ("steps", origins[place[1]])
            named = f"{playbook.steps[place[1]].id}: {what}" if taken_in else what
            yield (own if taken_in else (*own, *place[2:])), named
        else:
            yield place, what
    for place, expression in parts.outer_expressions(file.steps):
        yield from _expression(place, expression)


def _faults(playbook: Playbook) -> Iterator[tuple[_Place, str]]:
    for name, parameter in playbook.declared.items():
        for place, what in parameter.contradictions():
            yield ("parameters", name, *place), what
    sound = True
    for fault in _steps(playbook):
        sound = False
        yield fault
    if sound:
        yield from _circle(playbook)


def _steps(playbook: Playbook) -> Iterator[tuple[_Place, str]]:
    ids = [step.id for step in playbook.steps]
    for index, step in enumerate(playbook.steps):
        place: _Place = ("steps", index)
        if step.id in ids[:index]:
            yield (*place, "id"), f"step id {step.id!r} is used twice"
        if sum(each is not None for each in (step.action, step.undo, step.restore)) != 1:
            yield place, "give one of action, undo and restore"
        if step.restore is not None and (step.parameters or step.compute):
            yield place, "what is restored has its parameters from the run that changed it"
        for field in ("after", "needs"):
            for position, other in enumerate(getattr(step, field)):
                if other not in ids[:index]:
                    late = "a later step" if other in ids else "no step of this playbook"
                    yield (*place, field, position), f"{other!r} is {late}"
        if step.undo is not None:
            if step.undo not in ids[:index]:
                yield (*place, "undo"), f"{step.undo!r} is no earlier step"
            elif playbook.steps[ids.index(step.undo)].undo is not None:
                yield (*place, "undo"), f"{step.undo!r} puts back a change itself"
        yield from _expressions(step, place)


def _circle(playbook: Playbook) -> Iterator[tuple[_Place, str]]:
    drafts: list[Draft] = []
    for step in playbook.steps:
        one = draft.bare(step, drafts)
        if one is not None:
            drafts.append(one)
    circle = order.circle(drafts)
    if circle:
        index = next(i for i, one in enumerate(drafts) if one.node == circle[0])
        yield (
            ("steps", index),
            f"these steps would wait for each other for ever: {' -> '.join((*circle, circle[0]))}; "
            "MFA devices are removed after the password is closed to the thief (CM0071), "
            "so nothing that closes it may wait for their removal",
        )


def _expressions(step: PlaybookStep, place: _Place) -> Iterator[tuple[_Place, str]]:
    found: list[tuple[_Place, str]] = [
        ((*place, "compute", key), expression) for key, expression in step.compute.items()
    ]
    if step.when is not None:
        found.append(((*place, "when"), step.when))
    if isinstance(step.delay_minutes, str):
        found.append(((*place, "delay_minutes"), step.delay_minutes))
    for where, expression in found:
        yield from _expression(where, expression)


def _expression(where: _Place, expression: str) -> Iterator[tuple[_Place, str]]:
    try:
        bound = set(_BOUND.findall(expression))
        unknown = set(cel.compile(expression).variables()) - VARIABLES - bound
    except ValueError as error:
        yield where, f"not a CEL expression: {str(error).splitlines()[0]}"
        return
    if unknown:
        known = ", ".join(sorted(VARIABLES))
        yield where, f"unknown name {', '.join(sorted(unknown))}; known are {known}"
