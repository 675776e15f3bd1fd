"""What an adapter tells of itself: its kind, whose it is, how its shape is known, how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from config.settings import Source
from detectors.batch import Finding
from detectors.recognition import Fit

Parse = Callable[[JsonValue, str, Source], Iterable[Finding]]
Recognises = Callable[[JsonValue], Fit]


def _never(_: JsonValue) -> Fit:
    return Fit(0.0, "it is read only where a source names it")


@dataclass(frozen=True, slots=True)
class Detector:
    """One adapter.

    Attributes:
        kind: the name a source sets, in small letters and underscores.
        title: whose events these are, for people.
        documentation: the vendor's pages that the adapter was written by.
        parse: reads a payload; gives an ``Alert`` or a ``NotUnderstood`` for each event of it.
        recognises: how surely a payload is this adapter's.
        takes_lines: whether a source of this kind may also post JSON lines, CSV, CEF, LEEF, syslog or
            gzip. The others take one JSON value only, and refuse the rest.
        takes_mapping: whether a source of this kind says in ``mapping`` where the fields stand.
    """

    kind: str
    title: str
    documentation: tuple[str, ...]
    parse: Parse
    recognises: Recognises = _never
    takes_lines: bool = False
    takes_mapping: bool = False
