"""What is wrong with a routing file beyond its shape: conditions, playbooks, and rules nothing can reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from detectors.alert import Signal
from playbooks import model
from playbooks.errors import Fault, PlaybookError, UnknownPlaybook
from playbooks.lines import Place
from playbooks.routing.conditions import FAILURES, Part
from playbooks.routing.facts import FIELDS, SAMPLE
from playbooks.routing.rules import Read, Rule
from playbooks.schema import Aim

#: The functions the CEL library knows; operators and macros are none.
_FUNCTIONS = frozenset(
    [
        "bytes",
        "contains",
        "double",
        "duration",
        "dyn",
        "endsWith",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getFullYear",
        "getHours",
        "getMilliseconds",
        "getMinutes",
        "getMonth",
        "getSeconds",
        "int",
        "matches",
        "max",
        "min",
        "size",
        "startsWith",
        "string",
        "timestamp",
        "type",
        "uint",
    ]
)
_TEXT = r"""(?:"[^"\\]*"|'[^'\\]*')"""
_EQUALS = re.compile(rf"(\w+\.\w+) == ({_TEXT})")
_AMONG = re.compile(rf"(\w+\.\w+) in \[ ?({_TEXT}(?: ?, ?{_TEXT})*) ?\]")
#: What other languages compare by, and CEL does not.
_ASSIGNS = re.compile(r"(?<![=!<>])=(?!=)")
_SIGNALS = frozenset(signal.value for signal in Signal)
_OPERATOR = re.compile(r"[_@!\-]")


def faults(read: Read, folder: Path | None) -> list[Fault]:
    """Return everything that is wrong with the rules of a file, each with its line.

    Args:
        read: the file.
        folder: where the operator's own playbooks are.
    """
    found: list[Fault] = []
    sound: list[tuple[int, Rule]] = []
    for index, rule in enumerate(read.file.rules):
        own = [read.fault(place, what) for place, what in _of_rule(index, rule, folder)]
        names = [one.name for one in read.file.rules[:index]]
        if rule.name in names:
            own.append(read.fault(("rules", index, "name"), f"{rule.name} is used twice"))
        if not own:
            sound.append((index, rule))
        found += own
    found += [read.fault(place, what) for place, what in _unreachable(sound)]
    return sorted(found, key=lambda one: one.line)


def _of_rule(index: int, rule: Rule, folder: Path | None) -> Iterator[tuple[Place, str]]:
    place: Place = ("rules", index)
    for number, expression in enumerate(rule.when):
        where: Place = (*place, "when", number)
        if not expression.strip():
            yield where, "empty: leave `when` out for a rule that takes everything"
            continue
        for what in _of_expression(expression):
            yield where, what
    yield from (((*place, *key), what) for key, what in _follows(rule, folder))


def _of_expression(expression: str) -> Iterator[str]:
    try:
        Part(expression).names  # noqa: B018 - compiles the whole before its parts are looked at
        parts = Rule(name="x", when=(expression,), mode="ignore", reason="x").parts
        for part in parts:
            yield from _of_part(part)
    except ValueError as error:
        meant = _ASSIGNS.search(re.sub(_TEXT, '""', expression))
        why = "compare with ==, not with =" if meant else str(error).splitlines()[0]
        yield f"not a CEL expression: {why}"


def _of_part(part: Part) -> Iterator[str]:
    unknown = part.names - set(FIELDS)
    if unknown:
        yield f"unknown name {', '.join(sorted(unknown))}; known are {', '.join(sorted(FIELDS))}"
    odd = sorted(
        name
        for name in part.program.functions()
        if name not in _FUNCTIONS and not _OPERATOR.match(name)
    )
    if odd:
        yield f"there is no function {', '.join(odd)}; known are {', '.join(sorted(_FUNCTIONS))}"
    wrong = [field for field in part.fields if not _known(field)]
    yield from map(_no_field, wrong)
    if unknown or odd or wrong:
        return
    choice = _choice(part)
    if choice is not None and choice.field == "alert.signal" and not choice.values & _SIGNALS:
        told = ", ".join(sorted(choice.values))
        yield f"no alert has the signal {told}; there are {', '.join(sorted(_SIGNALS))}"
        return
    yield from _tried(part)


def _known(field: str) -> bool:
    name, _, key = field.partition(".")
    return name not in FIELDS or key in FIELDS[name]


def _no_field(field: str) -> str:
    name, _, key = field.partition(".")
    close = get_close_matches(key, FIELDS[name], n=1)
    right = (
        f"did you mean {name}.{close[0]}?" if close else f"it has {', '.join(sorted(FIELDS[name]))}"
    )
    return f"{name} has no field {key}; {right}"


def _tried(part: Part) -> Iterator[str]:
    """Judge a part by an alert that has everything, where it shows what cannot be compared."""
    try:
        found = part.program.execute(SAMPLE)
    except LookupError:
        return  # a field of alert.details, which each detector fills by itself
    except FAILURES as error:
        said = str(error).splitlines()[0].split(" CEL does not")[0]
        yield f"it cannot be judged on any alert: {said[:200]}"
        return
    if not isinstance(found, bool):
        yield f"it is neither true nor false, but {type(found).__name__}: {part.text}"


def _follows(rule: Rule, folder: Path | None) -> Iterator[tuple[Place, str]]:
    if rule.ignores:
        for key in ("playbook", "parameters"):
            if getattr(rule, key):
                yield (key,), f"a rule that ignores has no {key}"
        return
    if rule.playbook is None:
        yield ("playbook",), "is missing: which playbook answers, or mode ignore"
        return
    try:
        loaded = model.load(rule.playbook, folder)
    except UnknownPlaybook as error:
        yield ("playbook",), str(error)
        return
    except PlaybookError as error:
        yield ("playbook",), f"the playbook {rule.playbook} cannot be used: {error.faults[0]}"
        return
    except (OSError, UnicodeDecodeError) as error:
        yield ("playbook",), f"the playbook {rule.playbook} cannot be read ({type(error).__name__})"
        return
    if loaded.playbook.aim is Aim.REISSUE:
        yield ("playbook",), f"{rule.playbook} gives an account back, which no alert asks for"
    for fault in model.parameter_faults(loaded, rule.parameters):
        yield ("parameters", fault.name), f"{fault.what}; right would be: {fault.right}"


@dataclass(frozen=True)
class _Choice:
    """A part that only says which values a field may have."""

    field: str
    values: frozenset[str]


def _choice(part: Part) -> _Choice | None:
    equals = _EQUALS.fullmatch(part.text)
    if equals:
        return _Choice(equals[1], frozenset({equals[2][1:-1]}))
    among = _AMONG.fullmatch(part.text)
    if among:
        return _Choice(among[1], frozenset(each[1:-1] for each in re.findall(_TEXT, among[2])))
    return None


def _implies(given: Part, part: Part) -> bool:
    """Tell whether a part holds wherever ``given`` does, as far as that can be seen."""
    if given.text == part.text:
        return True
    one, other = _choice(given), _choice(part)
    return bool(one and other and one.field == other.field and one.values <= other.values)


def _unreachable(rules: Sequence[tuple[int, Rule]]) -> Iterator[tuple[Place, str]]:
    for position, (index, rule) in enumerate(rules):
        place: Place = ("rules", index, "name")
        for _, before in rules[:position]:
            if all(any(_implies(given, part) for given in rule.parts) for part in before.parts):
                yield place, f"can never be reached: {before.name} takes all of it before"
                break
        else:
            clash = _clash(rule)
            if clash:
                yield place, f"can never be reached: {clash}"


def _clash(rule: Rule) -> str:
    seen: dict[str, Any] = {}
    for part in rule.parts:
        choice = _choice(part)
        if choice is None:
            continue
        values = seen.get(choice.field, choice.values) & choice.values
        if not values:
            return f"{choice.field} cannot be all that at once"
        seen[choice.field] = values
    return ""
