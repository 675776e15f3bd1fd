"""Where settings come from: a TOML file, a folder of secrets, the environment, the command line.

Each is read into a layer: the part of the tree it sets, and the place each value came from.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import create_model
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings.exceptions import SettingsError as NotJson

from config import explain, schema
from config.problems import Key, Problem, SettingsError
from config.settings import Settings
from config.toml_lines import key_lines

PREFIX = "RESCIND_"
#: Where to look, and no settings themselves.
RESERVED = frozenset({"RESCIND_CONFIG", "RESCIND_SECRETS_DIR"})
#: Kubernetes describes a service named "rescind" to every container beside it in these variables.
_SERVICE_LINKS = re.compile(r"RESCIND_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)")
#: What the tests are told through the environment; the processes they start inherit it.
_OF_TESTS = "RESCIND_TEST_"
_SECRET_FILE_LIMIT = 65_536

Tree = dict[str, Any]


@dataclass(slots=True)
class Layer:
    """What one place sets. ``origins`` has the source of each key that is known by itself."""

    tree: Tree = field(default_factory=dict)
    origins: dict[Key, str] = field(default_factory=dict)

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
            for known in [known for known in self.origins if known[: len(here)] == here]:
                del self.origins[known]
            ours[name] = value
            if other.where(here):
                self.origins[here] = other.where(here)
            self.origins |= {k: v for k, v in other.origins.items() if k[: len(here)] == here}


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
            [Problem((), f"{path} cannot be read: {error.strerror}", "the path of a TOML file")]
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(
            [Problem((), f"{path} is not UTF-8 text", "save it as UTF-8")]
        ) from None
    text = text.replace("\r\n", "\n")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_not_toml(path, error)]) from None
    return Layer(tree, {key: f"{path.name}:{line}" for key, line in key_lines(text).items()})


def _not_toml(path: Path, error: tomllib.TOMLDecodeError) -> Problem:
    # The parser's sentence may quote one character, never a value.
    found = re.search(r"line (\d+), column (\d+)", str(error))
    place = f"{path.name}:{found[1]}" if found else path.name
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
    return _from_variables(
        (name[len(PREFIX) :], value, f"env {name}") for name, value in sorted(variables.items())
    )


def from_secrets(folder: Path) -> tuple[Layer, list[Problem]]:
    """Read a folder in which each file is one value, named like a variable without the prefix.

    Hidden files are left alone: container platforms keep their own there.
    """
    found: list[tuple[str, str, str]] = []
    problems: list[Problem] = []
    try:
        files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        what = f"the secrets folder {folder} cannot be read: {error.strerror}"
        return Layer(), [Problem((), what, "a folder with one file a secret")]
    for path in files:
        if path.is_dir():
            continue
        place = f"secrets {path.name}"
        text = _content(path)
        if isinstance(text, Problem):
            problems.append(Problem(_key(path.name), text.what, text.right, place))
        else:
            found.append((path.name, text, place))
    layer, wrong = _from_variables(iter(found))
    return layer, problems + wrong


def from_overrides(overrides: Mapping[str, Any]) -> Layer:
    """Take values by dotted key (``web.port``), as the command line gives them."""
    layer = Layer()
    for name, value in overrides.items():
        key: Key = tuple(name.split("."))
        layer.add(Layer(_nested(key, value), {key: "command line"}))
    return layer


def _from_variables(
    variables: Iterator[tuple[str, str, str]],
) -> tuple[Layer, list[Problem]]:
    # One variable at a time: so that what is wrong with one is said of that one.
    source = EnvSettingsSource(_Variables, env_prefix=PREFIX, env_nested_delimiter="__")
    layer = Layer()
    problems: list[Problem] = []
    for name, value, place in variables:
        key = _key(name)
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


def _key(name: str) -> Key:
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


def resolve_files(layer: Layer, base: Path) -> list[Problem]:
    """Put the content of files where a secret ``x`` is given as ``x_file``.

    Relative paths, those of certificates and playbooks too, start at ``base``. Both ``x`` and
    ``x_file`` from the same place are a problem; of different places, the later one counts.
    """
    problems: list[Problem] = []
    for key, table in list(_tables(layer.tree, ())):
        for name in [name for name in table if isinstance(name, str)]:
            here = (*key, name)
            spot = schema.at(here)
            value = table[name]
            if spot is not None and spot.is_path and isinstance(value, str):
                table[name] = str(base / value)
            secret = name.removesuffix("_file")
            target = schema.at((*key, secret))
            if secret == name or target is None or not target.is_secret:
                continue
            if secret in table:
                del table[name]
                what = f"{secret} and {name} are both given"
                problems.append(Problem(here, what, "one of them", layer.where(here)))
                continue
            _take(layer, table, here, secret, base, problems)
    return problems


def _take(
    layer: Layer, table: Tree, here: Key, secret: str, base: Path, problems: list[Problem]
) -> None:
    place = layer.where(here)
    value = table.pop(str(here[-1]))
    layer.origins.pop(here, None)
    key = (*here[:-1], secret)
    if not isinstance(value, str):
        problems.append(Problem(here, "is not text", "the path of a file", place))
        return
    text = _content(base / value)
    if isinstance(text, Problem):
        problems.append(Problem(here, text.what, text.right, place))
        return
    table[secret] = text
    layer.origins[key] = f"{place} (file {value})"


def _tables(tree: Tree, key: Key) -> Iterator[tuple[Key, Tree]]:
    yield key, tree
    for name, value in list(tree.items()):
        if isinstance(value, dict):
            yield from _tables(value, (*key, name))


def _content(path: Path) -> str | Problem:
    try:
        if path.stat().st_size > _SECRET_FILE_LIMIT:
            return Problem((), "the file is larger than a secret can be", "a file under 64 KiB")
        text = path.read_bytes().decode("utf-8-sig").strip()
    except OSError as error:
        return Problem((), f"the file cannot be read: {error.strerror}", "a readable file")
    except UnicodeDecodeError:
        return Problem((), "the file is not UTF-8 text", "the secret itself as text (PEM, not DER)")
    return text or Problem((), "the file is empty", "the secret itself as text")
