"""Secrets in files of their own: one named by ``x_file`` beside ``x``, or a folder of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config import schema
from config.layers import Layer, Tree, from_variables, key_of
from config.problems import Key, Problem
from config.schema import Spot
from config.show import masked_url

_LIMIT = 65_536
_READABLE = "a readable file"


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
        text = content_of(path)
        if isinstance(text, Problem):
            problems.append(Problem(key_of(path.name), text.what, text.right, place))
        else:
            found.append((path.name, text, place))
    layer, wrong = from_variables(iter(found))
    return layer, problems + wrong


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
            if spot is not None and isinstance(value, str):
                if spot.is_path:
                    table[name] = str(base / value)
                elif layer.path is not None and _is_secret(spot, value):
                    layer.files[here] = layer.path
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
    text = content_of(base / value)
    if isinstance(text, Problem):
        # the path is not told: it may be the secret itself, put in the wrong place
        nowhere = text.right == _READABLE and not Path(value).is_absolute()
        begins = f"; a relative path starts at {base}" if nowhere else ""
        problems.append(Problem(here, text.what, f"{text.right}{begins}", place))
        return
    table[secret] = text
    layer.origins[key] = f"{place} (file {value})"
    spot = schema.at(key)
    if spot is not None and _is_secret(spot, text):
        layer.files[key] = base / value


def _tables(tree: Tree, key: Key) -> Iterator[tuple[Key, Tree]]:
    yield key, tree
    for name, value in list(tree.items()):
        if isinstance(value, dict):
            yield from _tables(value, (*key, name))


def _is_secret(spot: Spot, value: str) -> bool:
    return spot.is_secret and (not spot.is_connection or masked_url(value) != value)


def content_of(path: Path) -> str | Problem:
    """Return the secret a file holds, without blanks around it, or why there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(_LIMIT + 1)
    except OSError as error:
        return Problem((), f"the file cannot be read: {error.strerror}", _READABLE)
    except ValueError:
        return Problem((), "this is not the path of a file", _READABLE)
    if len(content) > _LIMIT:
        return Problem((), "the file is larger than a secret can be", "a file under 64 KiB")
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return Problem((), "the file is not UTF-8 text", "the secret itself as text (PEM, not DER)")
    return text or Problem((), "the file is empty", "the secret itself as text")
