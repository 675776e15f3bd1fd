"""A playbook: YAML that responders edit, checked so that every fault names its line."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import cel
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from playbooks.errors import Fault, PlaybookError, UnknownPlaybook

Node = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Scalar = str | int | bool

#: How a playbook may be called, and the file it stands in.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

#: What an expression may speak of.
VARIABLES = frozenset({"alert", "accounts", "parameters", "tenant", "mode"})

#: Names an expression binds itself: ``alert.ips.exists(ip, …)``.
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PlaybookStep(_Part):
    """One step: an action, when it applies, what it waits for.

    ``after`` waits for steps to end, however they end; ``needs`` for their success. ``compute``
    fills parameters from CEL expressions. ``undo`` names a step whose change this one puts back,
    ``delay_minutes`` after that step has ended.
    """

    id: Node
    stage: Node
    action: str | None = None
    undo: Node | None = None
    when: str | None = None
    otherwise: str = ""
    after: tuple[Node, ...] = ()
    needs: tuple[Node, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    compute: dict[str, str] = Field(default_factory=dict)
    delay_minutes: int | str = 0
    approval: bool | None = Field(None, description="true: always ask, whatever the impact")


class Playbook(_Part):
    """A named order of steps against one kind of intrusion."""

    id: Node
    name: str
    countermeasure: str
    version: str
    description: str
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    steps: tuple[PlaybookStep, ...] = Field(min_length=1)


@dataclass(frozen=True)
class LoadedPlaybook:
    """A playbook and the bytes it came from; the hash stands in every record.

    ``name`` is the file's, for messages.
    """

    playbook: Playbook
    source: str
    name: str = ""

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the file's text as ``sha256:<hex>``."""
        return "sha256:" + hashlib.sha256(self.source.encode()).hexdigest()


def load(name: str, folder: Path | None = None) -> LoadedPlaybook:
    """Load the playbook ``name`` from the operator's folder, else from the shipped ones.

    Raises:
        UnknownPlaybook: there is none of that name.
        PlaybookError: it has faults; each is named with its line.
    """
    if not _NAME.fullmatch(name):
        raise UnknownPlaybook(name, names(folder))
    own = folder / f"{name}.yaml" if folder else None
    if own and own.is_file():
        return parse(own.read_text(encoding="utf-8"), own.name)
    shipped = resources.files("playbooks") / f"{name}.yaml"
    if not shipped.is_file():
        raise UnknownPlaybook(name, names(folder))
    return parse(shipped.read_text(encoding="utf-8"), f"{name}.yaml")


def names(folder: Path | None = None) -> list[str]:
    """Return the names of the shipped playbooks and of those in the operator's folder, sorted."""
    files = [entry.name for entry in resources.files("playbooks").iterdir()]
    if folder is not None and folder.is_dir():
        files += [path.name for path in folder.iterdir()]
    stems = {name.removesuffix(".yaml") for name in files if name.endswith(".yaml")}
    return sorted(stem for stem in stems if _NAME.fullmatch(stem))


def check_actions(loaded: LoadedPlaybook, known: Collection[str]) -> None:
    """Make sure that there is every action the playbook names.

    Args:
        loaded: the playbook.
        known: the names of all actions there are.

    Raises:
        PlaybookError: with each unknown action, its line, and the known one it looks like.
    """
    unknown = [
        (("steps", index, "action"), step.action)
        for index, step in enumerate(loaded.playbook.steps)
        if step.action is not None and step.action not in known
    ]
    if not unknown:
        return
    tree = yaml.compose(loaded.source, Loader=yaml.SafeLoader)
    lines = dict(_lines(tree, ())) if tree is not None else {}
    faults = [_fault(place, _no_action(action, known), lines) for place, action in unknown]
    raise PlaybookError(loaded.name or f"{loaded.playbook.id}.yaml", faults)


def _no_action(action: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(action, known, n=1)
    right = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
    return f"there is no action {action!r}; {right}"


@lru_cache(maxsize=64)
def parse(text: str, name: str) -> LoadedPlaybook:
    """Read a playbook from YAML text; the same text is read once.

    Raises:
        PlaybookError: with every fault found, each with its line.
    """
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "not valid YAML"
        raise PlaybookError(name, [Fault(mark.line + 1 if mark else 0, "", what)]) from error
    lines = dict(_lines(tree, ())) if tree is not None else {}
    try:
        playbook = Playbook.model_validate(content)
    except ValidationError as error:
        raise PlaybookError(
            name, [_fault(problem["loc"], problem["msg"], lines) for problem in error.errors()]
        ) from error
    faults = [_fault(place, what, lines) for place, what in _structure(playbook)]
    if faults:
        raise PlaybookError(name, faults)
    return LoadedPlaybook(playbook, text, name)


_Place = tuple[str | int, ...]


def _lines(node: yaml.Node, place: _Place) -> Iterator[tuple[_Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*place, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*place, index))


def _fault(place: _Place, what: str, lines: dict[_Place, int]) -> Fault:
    known = place
    while known and known not in lines:
        known = known[:-1]
    return Fault(lines.get(known, 0), ".".join(str(part) for part in place), what)


def _structure(playbook: Playbook) -> Iterator[tuple[_Place, str]]:
    ids = [step.id for step in playbook.steps]
    for index, step in enumerate(playbook.steps):
        place: _Place = ("steps", index)
        if step.id in ids[:index]:
            yield (*place, "id"), f"step id {step.id!r} is used twice"
        if (step.action is None) == (step.undo is None):
            yield place, "give either an action or undo, not both"
        for field in ("after", "needs"):
            for position, other in enumerate(getattr(step, field)):
                if other not in ids[:index]:
                    late = "a later step" if other in ids else "no step of this playbook"
                    yield (*place, field, position), f"{other!r} is {late}"
        if step.undo is not None and step.undo not in ids[:index]:
            yield (*place, "undo"), f"{step.undo!r} is no earlier step"
        yield from _expressions(step, place)


def _expressions(step: PlaybookStep, place: _Place) -> Iterator[tuple[_Place, str]]:
    found: list[tuple[_Place, str]] = [
        ((*place, "compute", key), expression) for key, expression in step.compute.items()
    ]
    if step.when is not None:
        found.append(((*place, "when"), step.when))
    if isinstance(step.delay_minutes, str):
        found.append(((*place, "delay_minutes"), step.delay_minutes))
    for where, expression in found:
        try:
            bound = set(_BOUND.findall(expression))
            unknown = set(cel.compile(expression).variables()) - VARIABLES - bound
        except ValueError as error:
            yield where, f"not a CEL expression: {str(error).splitlines()[0]}"
            continue
        if unknown:
            yield (
                where,
                f"unknown name {', '.join(sorted(unknown))}; known are {', '.join(sorted(VARIABLES))}",
            )
