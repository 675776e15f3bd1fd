"""A playbook: YAML that responders edit, checked so that every fault names its line."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.action import ActionSpec
from playbooks import lines, parameters, parts, structure
from playbooks.errors import Fault, PlaybookError, UnknownPlaybook
from playbooks.lines import Place
from playbooks.parameters import ParameterFault
from playbooks.parts import Composed, Scope
from playbooks.schema import VARIABLES, Playbook, PlaybookFile, PlaybookPart, PlaybookStep

__all__ = [
    "VARIABLES",
    "LoadedPlaybook",
    "Playbook",
    "PlaybookPart",
    "PlaybookStep",
    "check_actions",
    "faults",
    "load",
    "names",
    "parameter_faults",
    "parse",
]

#: How a playbook may be called, and the file it stands in.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

#: What was read before, by its text and the hashes of its parts.
_KNOWN: dict[tuple[str, str, tuple[str, ...]], LoadedPlaybook] = {}
_MOST_KNOWN = 64


@dataclass(frozen=True)
class LoadedPlaybook:
    """A playbook and the bytes it came from; the hash stands in every record.

    ``name`` is the file's, for messages. ``parts`` are the playbooks it has taken in; ``scopes`` tell by
    a step's id what one of theirs may speak of, ``origins`` where each step stands in the file.
    ``asked_for`` are parts that are carried out on a person's word only, by themselves.
    """

    playbook: Playbook
    source: str
    name: str = ""
    parts: tuple[LoadedPlaybook, ...] = ()
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    origins: tuple[int, ...] = ()
    asked_for: tuple[tuple[PlaybookPart, LoadedPlaybook], ...] = ()

    @cached_property
    def hash(self) -> str:
        """SHA-256 as ``sha256:<hex>`` of the file's text, and of the hashes of its parts after it."""
        text = "".join([self.source, *(f"\n{part.hash}" for part in self.parts)])
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def load(name: str, folder: Path | None = None) -> LoadedPlaybook:
    """Load the playbook ``name`` from the operator's folder, else from the shipped ones.

    Raises:
        UnknownPlaybook: there is none of that name.
        PlaybookError: it has faults; each is named with its line.
    """
    return parse(_text(name, folder), f"{name}.yaml", folder)


def _text(name: str, folder: Path | None) -> str:
    if not _NAME.fullmatch(name):
        raise UnknownPlaybook(name, names(folder))
    own = folder / f"{name}.yaml" if folder else None
    if own and own.is_file():
        return own.read_text(encoding="utf-8")
    shipped = resources.files("playbooks") / f"{name}.yaml"
    if not shipped.is_file():
        raise UnknownPlaybook(name, names(folder))
    return shipped.read_text(encoding="utf-8")


def names(folder: Path | None = None) -> list[str]:
    """Return the names of the shipped playbooks and of those in the operator's folder, sorted."""
    files = [entry.name for entry in resources.files("playbooks").iterdir()]
    if folder is not None and folder.is_dir():
        files += [path.name for path in folder.iterdir()]
    stems = {name.removesuffix(".yaml") for name in files if name.endswith(".yaml")}
    return sorted(stem for stem in stems if _NAME.fullmatch(stem))


def check_actions(loaded: LoadedPlaybook, known: Mapping[str, ActionSpec]) -> None:
    """Make sure that there is every action the playbook names, and that it undoes what can be undone.

    Args:
        loaded: the playbook.
        known: all actions there are, by name.

    Raises:
        PlaybookError: with each unknown action, its line, and the known one it looks like; with
            each undo of an action that cannot be undone.
    """
    actions = {step.id: step.action for step in loaded.playbook.steps}
    wrong: list[tuple[Place, str]] = []
    for index, step in zip(loaded.origins, loaded.playbook.steps, strict=True):
        if step.action is not None and step.action not in known:
            wrong.append((("steps", index, "action"), _no_action(step.action, known)))
        if step.restore is not None and step.restore not in known:
            wrong.append((("steps", index, "restore"), _no_action(step.restore, known)))
        elif step.restore is not None and not known[step.restore].reversible:
            wrong.append((("steps", index, "restore"), f"{step.restore} cannot be undone"))
        undone = actions.get(step.undo or "")
        if undone is not None and undone in known and not known[undone].reversible:
            wrong.append((("steps", index, "undo"), f"{undone} cannot be undone"))
    if wrong:
        where = lines.read(loaded.source)[1]
        faults = [lines.fault(place, what, where) for place, what in wrong]
        raise PlaybookError(loaded.name or f"{loaded.playbook.id}.yaml", faults)


def faults(
    text: str, name: str, folder: Path | None, known: Mapping[str, ActionSpec]
) -> tuple[Fault, ...]:
    """Return all that is wrong with a playbook's text, by line: its shape, its order and its actions at once.

    Args:
        text: what stands in the file.
        name: the file's, for messages.
        folder: where the operator's own playbooks are that may be parts of it.
        known: all actions there are, by name.
    """
    try:
        check_actions(parse(text, name, folder), known)
    except PlaybookError as error:
        found = list(error.faults)
    else:
        return ()
    try:
        content, where = lines.read(text)
    except yaml.YAMLError:
        return tuple(found)
    # a playbook with other faults is not composed, and its actions were not looked at
    steps = content.get("steps") if isinstance(content, dict) else None
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        for key in ("action", "restore"):
            action = step.get(key) if isinstance(step, dict) else None
            if isinstance(action, str) and action not in known:
                unknown = lines.fault(("steps", index, key), _no_action(action, known), where)
                found += [] if unknown in found else [unknown]
    return tuple(sorted(found, key=lambda fault: fault.line))


def parameter_faults(loaded: LoadedPlaybook, given: Mapping[str, Any]) -> list[ParameterFault]:
    """Return what is wrong with the settings' values for the playbook's parameters.

    Args:
        loaded: the playbook.
        given: the values by parameter, as in ``playbooks.parameters.NAME``.
    """
    return parameters.faults(loaded.playbook.declared, given)


def _no_action(action: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(action, known, n=1)
    right = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
    return f"there is no action {action!r}; {right}"


def parse(text: str, name: str, folder: Path | None = None) -> LoadedPlaybook:
    """Read a playbook from YAML text; the same text is read once.

    Args:
        text: what stands in the file.
        name: the file's, for messages.
        folder: where the operator's own playbooks are that may be parts of it.

    Raises:
        PlaybookError: with every fault found, each with its line.
    """
    return _parse(text, name, folder, ())


def _parse(text: str, name: str, folder: Path | None, within: tuple[str, ...]) -> LoadedPlaybook:
    file, where = _read(text, name)

    def find(part: str) -> LoadedPlaybook:
        if part in (*within, file.id):
            raise ValueError(f"{part} would be a part of itself")
        try:
            return _parse(_text(part, folder), f"{part}.yaml", folder, (*within, file.id))
        except UnknownPlaybook as error:
            raise ValueError(str(error)) from error
        except PlaybookError as error:
            raise ValueError(f"{part} has faults itself: {error.faults[0]}") from error

    return _built(text, name, file, where, parts.compose(file, find))


def _built(
    text: str, name: str, file: PlaybookFile, where: Mapping[Place, int], made: Composed
) -> LoadedPlaybook:
    key = (text, name, tuple(part.hash for part in made.parts))
    known = _KNOWN.get(key)
    if known is not None:
        return known
    head = {key: getattr(file, key) for key in PlaybookFile.model_fields if key != "steps"}
    playbook = Playbook.model_construct(**head, steps=made.steps)
    wrong = [*made.faults, *structure.faults(file, playbook, made.origins)]
    if wrong:
        raise PlaybookError(name, [lines.fault(place, what, where) for place, what in wrong])
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    found = LoadedPlaybook(
        playbook, text, name, made.parts, made.scopes, made.origins, made.asked_for
    )
    return _KNOWN.setdefault(key, found)


@lru_cache(maxsize=64)
def _read(text: str, name: str) -> tuple[PlaybookFile, Mapping[Place, int]]:
    try:
        content, where = lines.read(text)
    except yaml.YAMLError as error:
        raise PlaybookError(name, [lines.not_yaml(error)]) from error
    try:
        return PlaybookFile.model_validate(content), where
    except ValidationError as error:
        raise PlaybookError(
            name,
            [
                lines.fault(_bare(problem["loc"]), problem["msg"], where)
                for problem in error.errors()
            ],
        ) from error


def _bare(place: Place) -> Place:
    """Return a place without the kind of entry that validation puts in after a step's number."""
    if place[0] == "steps" and len(place) > 2 and place[2] in ("step", "part"):
        return (*place[:2], *place[3:])
    return place
