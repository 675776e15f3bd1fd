"""The hunts there are: each an SQL file with a header that says what it finds and how it can be tuned."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from detectors.alert import Signal
from detectors.hunts.errors import BadTunable, UnknownHunt
from detectors.hunts.ingest import resource

Value = int | float | str | list[int] | list[str]
_HEADER = re.compile(r"\A/\*\n(.*?)\n\*/\n", re.DOTALL)
_DIALECTS = ("kql", "spl")


class Tunable(BaseModel):
    """One number, text or list a person may set; what it ``is`` is said in a few words."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    default: Value
    means: str = Field(alias="is")


class Hunt(BaseModel):
    """One hunt: the header of its file, and its SQL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    finds: str
    attack: tuple[str, ...]
    signal: Signal
    #: ``SYSTEM.LOG`` to what the hunt takes from it.
    logs: dict[str, str]
    benign: dict[str, str]
    tunables: dict[str, Tunable]
    shared: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    sql: str

    def in_dialect(self, dialect: str) -> str:
        """Return the same question in ``kql`` (Sentinel, Defender) or ``spl`` (Splunk).

        ``<hosting_asns>``, ``<anonymiser_asns>`` and ``<trusted_asns>`` (secure web gateways, the vendors'
        own networks) stand in the files for what is listed for the SQL.
        """
        text = resource(f"{self.name}.{dialect}")
        for place, numbers in _asns().items():
            text = text.replace(f"<{place}>", numbers)
        return text

    @property
    def all_tunables(self) -> dict[str, Tunable]:
        """Its own tunables and those of the tables it reads."""
        return {**self.tunables, **{name: shared_tunables()[name] for name in self.shared}}


@cache
def _asns() -> Mapping[str, str]:
    listed: dict[str, list[str]] = {"hosting_asns": [], "anonymiser_asns": [], "trusted_asns": []}
    for row in csv.DictReader(io.StringIO(resource("tables/asns.csv"))):
        listed.get(f"{row['kind']}_asns", listed["trusted_asns"]).append(row["asn"])
    return {place: ", ".join(numbers) for place, numbers in listed.items()}


@cache
def shared_tunables() -> Mapping[str, Tunable]:
    """Return the tunables of the tables that all hunts read."""
    return {
        name: Tunable.model_validate(value)
        for name, value in yaml.safe_load(resource("tables/shared.yaml")).items()
    }


@cache
def hunts() -> Mapping[str, Hunt]:
    """Return all hunts by name, in the order of their names."""
    names = sorted(
        entry.name.removesuffix(".sql")
        for entry in files("detectors.hunts").iterdir()
        if entry.name.endswith(".sql")
    )
    return {name: _read(name) for name in names}


def hunt(name: str) -> Hunt:
    """Return one hunt.

    Raises:
        UnknownHunt: there is none of this name.
    """
    found = hunts().get(name)
    if found is None:
        raise UnknownHunt(f"there is no hunt {name}", f"Choose one of {', '.join(hunts())}.")
    return found


class Tuning:
    """What a person set: for all hunts, or for one."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        """Take ``NAME`` or ``HUNT.NAME`` to the text of a value; lists are separated by commas.

        Raises:
            BadTunable: no hunt and no table has it, or the text is not of its type.
        """
        self._shared: dict[str, Value] = {}
        self._own: dict[tuple[str, str], Value] = {}
        for key, text in (settings or {}).items():
            of, dot, name = key.rpartition(".")
            if dot:
                tunable = hunt(of).tunables.get(name)
                if tunable is None:
                    raise BadTunable(f"{of} has no tunable {name}")
                self._own[of, name] = _value(key, tunable, text)
            elif name in shared_tunables():
                self._shared[name] = _value(key, shared_tunables()[name], text)
            else:
                raise BadTunable(
                    f"there is no tunable {key} of all hunts",
                    f"Write HUNT.{key}, or one of {', '.join(shared_tunables())}.",
                )

    def shared(self) -> dict[str, Value]:
        """Return the values of the tables' tunables."""
        return {
            name: self._shared.get(name, each.default) for name, each in shared_tunables().items()
        }

    def of(self, hunt: Hunt) -> dict[str, Value]:
        """Return the values of one hunt's own tunables."""
        return {
            name: self._own.get((hunt.name, name), each.default)
            for name, each in hunt.tunables.items()
        }


def literal(value: Value) -> str:
    """Return a value as an SQL literal."""
    if isinstance(value, list):
        inside = ", ".join(literal(each) for each in value)
        kind = "BIGINT[]" if value and isinstance(value[0], int) else "VARCHAR[]"
        return f"[{inside}]::{kind}"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def _value(key: str, tunable: Tunable, text: str) -> Value:
    default = tunable.default
    try:
        if isinstance(default, list):
            parts = [part.strip() for part in text.split(",") if part.strip()]
            numbers = key.endswith("asns")
            return [int(part.upper().removeprefix("AS")) for part in parts] if numbers else parts
        if isinstance(default, str):
            return text
        return type(default)(text)
    except ValueError:
        raise BadTunable(
            f"{key} cannot be {text!r}", f"It is {tunable.means}; by default {default}."
        ) from None


def _read(name: str) -> Hunt:
    text = resource(f"{name}.sql")
    match = _HEADER.match(text)
    if match is None:
        raise ValueError(f"{name}.sql has no header")
    header: dict[str, Any] = yaml.safe_load(match[1])
    return Hunt.model_validate({**header, "name": name, "sql": text[match.end() :].strip()})
