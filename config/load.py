"""Reading the settings: all places in their order, all problems at once, and where each came from.

Later wins: defaults, ``rescind.toml``, the folder of secrets, the environment, the command line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from config import checks as own
from config.explain import explain
from config.exposure import exposed
from config.layers import (
    Layer,
    from_environment,
    from_overrides,
    from_toml,
)
from config.problems import Key, Problem, SettingsError
from config.remainder import Remainder
from config.secret_files import from_secrets, resolve_files
from config.settings import Settings
from config.show import Leaf, leaves
from config.value_types import take_out_mistyped

__all__ = ["Check", "Loaded", "Problem", "SettingsError", "load"]

#: Finds problems of other rooms' knowledge: the caller passes those in, config knows no room.
Check = Callable[[Settings], Sequence[Problem]]

FILE = "rescind.toml"
SECRETS = Path("/run/secrets/rescind")

#: A SQLAlchemy URL of a SQLite file by a relative path; neither one in memory nor a file: URI.
_RELATIVE_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)(?=[^?])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and where they came from.

    ``path`` is the TOML file, ``secrets`` the folder of secrets, where there was one. ``leaves``
    has every value in effect, masked, with its source. ``warnings`` are no mistakes, and should be
    told.
    """

    settings: Settings
    path: Path | None
    secrets: Path | None
    leaves: tuple[Leaf, ...]
    warnings: tuple[Problem, ...] = ()


def load(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    checks: Sequence[Check] = (),
) -> Loaded:
    """Read the settings.

    Args:
        path: the TOML file; else the one ``RESCIND_CONFIG`` names, else ``rescind.toml`` in the
            working directory, if it is there.
        environ: the environment; the process's own by default. ``RESCIND_SECRETS_DIR`` names the
            folder of secrets, else ``/run/secrets/rescind``, if it is there.
        overrides: values by dotted key (``web.port``), which win over everything.
        checks: what other rooms want to hold. Where the tree is not sound by itself, they are given
            what is, and what they find is told unless it may be due to what is missing.

    Raises:
        SettingsError: with every problem found; no secret's value stands in it.
    """
    environ = os.environ if environ is None else environ
    file = _file(path, environ)
    folder = _folder(environ)
    base = file.absolute().parent if file else Path.cwd()
    whole = Layer()
    problems: list[Problem] = []
    for layer, wrong in (
        (from_toml(file) if file else Layer(), []),
        from_secrets(folder) if folder else (Layer(), []),
        from_environment(environ),
        (from_overrides(overrides or {}), []),
    ):
        problems += wrong + resolve_files(layer, base) + take_out_mistyped(layer)
        whole.add(layer)
    settings, wrong = _validated(whole)
    problems += _untold(wrong, problems)
    if problems or settings is None:
        rest = Remainder(whole.tree, problems)
        sound = _beside(rest.settings, base) if rest.settings and file else rest.settings
        found = _checked(sound, checks) if sound else []
        problems += [problem for problem in found if not rest.doubtful(problem)]
        raise _refusal(whole, problems, more=True)
    settings = _beside(settings, base) if file else settings
    problems = _checked(settings, checks)
    if problems:
        raise _refusal(whole, problems)
    given = set(whole.keys())
    shown = tuple(
        Leaf(key, value, whole.where(key) if key in given else "default")
        for key, value in leaves(settings)
    )
    told = exposed(whole.files, settings)
    return Loaded(settings, file, folder, shown, tuple(one.at(whole.near(one.key)) for one in told))


def _file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is not None:
        return path
    named = environ.get("RESCIND_CONFIG")
    if named:
        return Path(named)
    return Path(FILE) if _there(Path(FILE).is_file) else None


def _folder(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("RESCIND_SECRETS_DIR")
    if named:
        return Path(named)
    return SECRETS if _there(SECRETS.is_dir) else None


def _there(look: Callable[[], bool]) -> bool:
    try:
        return look()
    except OSError:  # a folder above is closed to us: what is in it is not meant for us
        return False


def _validated(whole: Layer) -> tuple[Settings | None, list[Problem]]:
    try:
        return Settings.model_validate(whole.tree), []
    except ValidationError as error:
        return None, explain(error)


def _untold(problems: Iterable[Problem], told: Iterable[Problem]) -> list[Problem]:
    """Leave out what is said of a key that is told already: a secret whose file cannot be read."""
    keys = {problem.key for problem in told}
    return [
        problem
        for problem in problems
        if not keys & {problem.key, (*problem.key[:-1], f"{problem.key[-1]}_file")}
    ]


def _checked(settings: Settings, checks: Sequence[Check]) -> list[Problem]:
    return [problem for check in (own.problems, *checks) for problem in check(settings)]


def _refusal(whole: Layer, problems: Iterable[Problem], *, more: bool = False) -> SettingsError:
    placed = (problem.at(whole.near(problem.key)) for problem in problems)
    return SettingsError(_each_once(placed), more=more)


def _beside(settings: Settings, base: Path) -> Settings:
    """Let a relative SQLite path start at the settings' folder, wherever the command was started."""
    url = settings.database.url.get_secret_value()
    started = _RELATIVE_SQLITE.match(url)
    if started is None:
        return settings
    absolute = f"{started[1]}{base / url[started.end() :]}"
    database = settings.database.model_copy(update={"url": SecretStr(absolute)})
    return settings.model_copy(update={"database": database})


def _each_once(problems: Iterable[Problem]) -> list[Problem]:
    # Two rooms may find the same thing; whoever was asked first says it.
    found: dict[tuple[Key, str], Problem] = {}
    for problem in problems:
        found.setdefault((problem.key, problem.what), problem)
    return list(found.values())
