"""Where settings come from: a TOML file, the environment, the command line.

Each is read into a layer: the part of the tree it sets, and the place each value came from.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import create_model
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings.exceptions import SettingsError as NotJson

from config import explain, schema
from config.problems import Key, Problem, SettingsError
from config.settings import Settings
from config.toml_lines import key_lines, repeated

PREFIX = "RESCIND_"
#: Where to look, and no settings themselves.
RESERVED = frozenset({"RESCIND_CONFIG", "RESCIND_SECRETS_DIR"})
#: Kubernetes describes a service named "rescind" to every container beside it in these variables.
_SERVICE_LINKS = re.compile(r"RESCIND_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)")
#: What the tests are told through the environment; the processes they start inherit it.
_OF_TESTS = ("RESCIND_TEST_", "RESCIND_VENDOR_SPECS")

Tree = dict[str, Any]


@dataclass(slots=True)
class Layer:
    """What one place sets.

    ``origins`` has the source of each key that is known by itself. ``path`` is the file all of it
    stands in, ``files`` has the file of each secret that stands in one.
    """

    tree: Tree = field(default_factory=dict)
    origins: dict[Key, str] = field(default_factory=dict)
    path: Path | None = None
    files: dict[Key, Path] = field(default_factory=dict)

    def where(self, key: Key) -> str:
        """Return the source of ``key``, or of the nearest table around it."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.origins:
                return self.origins[key[:length]]
        return ""

    def near(self, key: Key) -> str:
        """Return ``where``, or for what is missing the source of something beside it."""
        beside = [
            origin
            for length in range(len(key), min(len(key), 2) - 1, -1)
            for known, origin in self.origins.items()
            if known[:length] == key[:length]
        ]
        return self.where(key) or (next(iter(beside), "") if key else "")

    def keys(self) -> Iterator[Key]:
        """Yield the key of everything that is set, tables and items of lists too."""
        yield from _keys(self.tree, ())

    def add(self, other: Layer) -> None:
        """Lay ``other`` over this one: tables are joined, everything else is replaced."""
        self._join(self.tree, other.tree, (), other)

    def _join(self, ours: Tree, theirs: Tree, key: Key, other: Layer) -> None:
        for name, value in theirs.items():
            here = (*key, name)
            old = ours.get(name)
            if isinstance(value, dict) and isinstance(old, dict):
                self._join(old, value, here, other)
                continue
            self.origins = _replaced(self.origins, other.origins, here)
            self.files = _replaced(self.files, other.files, here)
            ours[name] = value
            if here not in self.origins and other.where(here):
                self.origins[here] = other.where(here)


T = TypeVar("T")


def _replaced(ours: Mapping[Key, T], theirs: Mapping[Key, T], key: Key) -> dict[Key, T]:
    """Return ``ours``, with what is at and below ``key`` as in ``theirs``."""
    kept = {known: value for known, value in ours.items() if known[: len(key)] != key}
    return kept | {known: value for known, value in theirs.items() if known[: len(key)] == key}


_FIELDS: dict[str, Any] = {
    name: (field.annotation, field) for name, field in Settings.model_fields.items()
}
#: The tree in the form pydantic-settings reads variables for.
_Variables = create_model("_Variables", __base__=BaseSettings, **_FIELDS)


def _keys(value: object, key: Key) -> Iterator[Key]:
    yield key
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _keys(item, (*key, name))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _keys(item, (*key, number))


def from_toml(path: Path) -> Layer:
    """Read a TOML file.

    Raises:
        SettingsError: it cannot be read, or is not TOML; names line and column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(
            [Problem((), f"{path} cannot be read: {error.strerror}", "the path of a TOML file")],
            more=True,
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(
            [Problem((), f"{path} is not UTF-8 text", "save it as UTF-8")], more=True
        ) from None
    text = text.replace("\r\n", "\n")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_not_toml(path, text, error)], more=True) from None
    origins = {key: f"{path.name}:{line}" for key, line in key_lines(text).items()}
    return Layer(tree, origins, path)


def _not_toml(path: Path, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    # The parser's sentence may quote a character or a key, never a value.
    found = re.search(r"line (\d+), column (\d+)", str(error))
    lines = text.rstrip("\n").split("\n")
    line = int(found[1]) if found else len(lines)
    place = f"{path.name}:{line}"
    # "Cannot overwrite a value", "Cannot declare ... twice": the parser stops at the second
    twice = repeated("\n".join(lines[:line])) if str(error).startswith("Cannot ") else None
    if twice is not None:
        key, first, second = twice
        what = f"stands twice in {path}: in line {first} and in line {second}"
        return Problem(key, what, "once", f"{path.name}:{second}")
    column = f" (column {found[2]})" if found else " (at its end)"
    what = re.sub(r"\s*\(at .*\)$", "", str(error))
    return Problem(
        (),
        f"{path} is not TOML: {what}{column}",
        'key = "value" under a [table]; text in quotes, true and false in lower case',
        place,
    )


def from_environment(environ: Mapping[str, str]) -> tuple[Layer, list[Problem]]:
    """Read the variables that begin with ``RESCIND_``; an empty one counts as not set."""
    variables = {
        name: value
        for name, value in environ.items()
        if name.upper().startswith(PREFIX)
        and value
        and name.upper() not in RESERVED
        and not name.upper().startswith(_OF_TESTS)
        and not _SERVICE_LINKS.fullmatch(name.upper())
    }
    return from_variables(
        (name[len(PREFIX) :], value, f"env {name}") for name, value in sorted(variables.items())
    )


def from_overrides(overrides: Mapping[str, Any]) -> Layer:
    """Take values by dotted key (``web.port``), as the command line gives them."""
    layer = Layer()
    for name, value in overrides.items():
        key: Key = tuple(name.split("."))
        layer.add(Layer(_nested(key, value), {key: "command line"}))
    return layer


def from_variables(
    variables: Iterator[tuple[str, str, str]],
) -> tuple[Layer, list[Problem]]:
    """Read name (without the prefix), value and place of each variable."""
    # One variable at a time: so that what is wrong with one is said of that one.
    source = EnvSettingsSource(_Variables, env_prefix=PREFIX, env_nested_delimiter="__")
    layer = Layer()
    problems: list[Problem] = []
    for name, value, place in variables:
        key = key_of(name)
        if key[0] not in Settings.model_fields:
            # pydantic-settings looks only for the keys it knows: a typo would go unnoticed.
            meant = explain.meant(str(key[0]), schema.ROOT)
            problems.append(Problem(key, "there is no such key", meant, place))
            continue
        source.env_vars = {(PREFIX + name).lower(): value}
        try:
            tree = source()
        except NotJson:
            problems.append(Problem(key, "the variable is not JSON", _json_example(key), place))
            continue
        _retyped(tree, key, value)
        layer.add(Layer(tree, {key: place}))
    return layer, problems


def key_of(name: str) -> Key:
    """Return the key that the name of a variable, without the prefix, stands for."""
    return tuple(name.lower().split("__"))


def _nested(key: Key, value: object) -> Tree:
    tree: Any = value
    for part in reversed(key):
        tree = {part: tree}
    return dict(tree)


def _retyped(tree: Tree, key: Key, value: str) -> None:
    """A playbook's parameter may be text, a number or yes and no: a variable is always text."""
    if key[:2] != ("playbooks", "parameters") or len(key) != 4:
        return
    try:
        read = json.loads(value)
    except ValueError:
        return
    if isinstance(read, bool | int):
        tree["playbooks"]["parameters"][key[2]][key[3]] = read


def _json_example(key: Key) -> str:
    spot = schema.at(key)
    table = spot is not None and (spot.models or not spot.field)
    example = '\'{"key": "value"}\'' if table else '\'["one", "two"]\''
    return f"{example}, or set its keys one by one with __ between levels"
