"""The routing file: YAML that operators edit, checked so that every fault names its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

from config.settings import Mode
from playbooks import lines
from playbooks.errors import Fault, PlaybookError
from playbooks.lines import Place
from playbooks.parameters import Scalar
from playbooks.routing.conditions import Part, parts_of
from playbooks.schema import Node

#: The mode of a rule that contains nobody.
IGNORE: Literal["ignore"] = "ignore"
#: The file that is shipped, by the name its faults have.
SHIPPED = "config/routing.yaml"


def _listed(value: object) -> object:
    if value is True:  # YAML's own word for what always holds
        return ()
    return (value,) if isinstance(value, str) else value


class Rule(BaseModel):
    """One rule: when it takes an alert, what then follows, and why that is right.

    All expressions of ``when`` have to hold; without one it takes everything. ``if_unknown`` says what
    follows where that cannot be judged: ``ask`` leaves to people whatever another rule would do instead,
    ``pass`` goes on as if the rule were not there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Node
    when: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    playbook: Node | None = None
    mode: Mode | Literal["ignore"]
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    reason: str = Field(min_length=1)
    if_unknown: Literal["ask", "pass"] = "ask"

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What all has to hold."""
        return parts_of(self.when)

    @property
    def ignores(self) -> bool:
        """Whether it contains nobody."""
        return self.mode == IGNORE


class RoutingFile(BaseModel):
    """What stands in a routing file. ``shipped``: the shipped rules come after its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shipped: StrictBool = True
    rules: tuple[Rule, ...]


class RoutingError(PlaybookError):
    """The routing file cannot be used."""

    remedy = "Correct the routing file as the message says; nothing has been started."


@dataclass(frozen=True)
class Read:
    """A routing file with the line of every value; ``name`` is the file's, for messages."""

    file: RoutingFile
    where: Mapping[Place, int]
    name: str

    def fault(self, place: Place, what: str) -> Fault:
        """Return a fault at a place of this file."""
        return lines.fault(place, what, self.where)


def read(text: str, name: str) -> Read:
    """Read a routing file from YAML text.

    Raises:
        RoutingError: it is no such file; each fault is named with its line.
    """
    try:
        content, where = lines.read(text)
    except yaml.YAMLError as error:
        raise RoutingError(name, [lines.not_yaml(error)]) from error
    try:
        return Read(RoutingFile.model_validate(content), where, name)
    except ValidationError as error:
        found = [lines.fault(_bare(each["loc"]), _said(each), where) for each in error.errors()]
        raise RoutingError(name, list(dict.fromkeys(found))) from error


def read_file(path: Path) -> Read:
    """Read the operator's routing file.

    Raises:
        RoutingError: it cannot be read, or is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        what = f"cannot be read ({error.strerror or type(error).__name__})"
        raise RoutingError(path.name, [Fault(0, "", what)]) from error
    except UnicodeDecodeError as error:
        raise RoutingError(path.name, [Fault(0, "", "is not UTF-8 text")]) from error
    return read(text, path.name)


@cache
def shipped() -> Read:
    """Read the rules that are shipped."""
    file = resources.files("config") / "routing.yaml"
    return read(file.read_text(encoding="utf-8"), SHIPPED)


#: What a mode may be, told once instead of once for each kind it may be.
_MODES = "right would be: auto, approve, observe or ignore"


def _bare(place: Place) -> Place:
    """Return a place without what validation puts in for the kinds a value may have."""
    most = {"mode": 3, "parameters": 4}.get(str(place[2]), len(place)) if len(place) > 2 else 2
    return place[:most]


def _said(problem: Mapping[str, Any]) -> str:
    place, kind = problem["loc"], problem["type"]
    field = place[2:3]
    if kind == "missing":
        return f"is missing; {_MODES}" if field == ("mode",) else "is missing"
    if kind == "extra_forbidden":
        return _no_key(place)
    if field == ("mode",):
        return f"no such mode; {_MODES}"
    if field == ("when",) and kind == "tuple_type":
        return "not an expression, nor a list of expressions"
    if field == ("parameters",) and len(place) > 4:
        return "not text, a whole number, true or false"
    if kind == "string_pattern_mismatch":
        return "not a name: lower case, digits and hyphens, up to 63"
    return str(problem["msg"])


def _no_key(place: Place) -> str:
    what, known = ("a rule", Rule) if len(place) > 1 else ("a routing file", RoutingFile)
    close = get_close_matches(str(place[-1]), known.model_fields, n=1)
    right = f"did you mean {close[0]}?" if close else f"known are {', '.join(known.model_fields)}"
    return f"no key of {what}; {right}"
