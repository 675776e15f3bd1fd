"""Checking an audit log without trusting whoever kept it: the chain first, then the story it tells.

Needs the exported lines and nothing else: no database, no key, and none of the code that wrote
them, down to the hash, which is written here a second time on purpose.

What no chain can show: records that were never written, lies at the time of writing, records cut
off at the end, and a log rewritten from some record to its end. Against the last two, keep the
hash of the last record (``Report.head``) where those who run Rescind cannot write.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, BinaryIO, NoReturn

import rfc8785

from ledger.story import Story
from ledger.vocabulary import Event

_GENESIS = "sha256:" + "0" * 64
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_EVENTS = frozenset(event.value for event in Event)

#: How far a clock may go back between two records without a warning.
_TOLERANCE = timedelta(seconds=5)

#: Integers that every JSON parser reads alike (RFC 8785 §3.2.2.3).
_LARGEST = 2**53 - 1

#: No record comes near; it bounds what a file without line ends can make us hold.
_LONGEST_LINE = 16 * 1024 * 1024

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    ``seq`` and ``id`` name the record (``id`` is None where it cannot be read or is missing),
    ``what`` is one of: bytes, form, sequence, chain, story, head, columns, sealed.
    """

    seq: int
    id: str | None
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    ``verified`` says that nothing is wrong. ``findings`` are the first of ``problems`` in all, in
    the order of the log. ``log`` is the log's name, ``head`` the hash of its last record.
    """

    verified: bool
    log: str | None
    records: int
    head: str | None
    first_bad: Finding | None
    findings: tuple[Finding, ...]
    problems: int
    warnings: tuple[str, ...]
    runs_open: tuple[str, ...]
    intents_open: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """``broken``, ``incomplete`` (sound, but with intents whose outcome is open) or ``verified``."""
        if not self.verified:
            return "broken"
        return "incomplete" if self.intents_open else "verified"


def verify(lines: Iterable[bytes], *, exported: bool = False) -> Report:
    """Check a log, one record a line, from its first record on. Never raises, whatever the bytes.

    Args:
        lines: the records as they were hashed, each with or without one line feed at its end.
        exported: the lines are a whole export, which ends with the record of itself.
    """
    verifier = Verifier()
    for line in lines:
        verifier.read(line)
    if exported and verifier.last_event != Event.AUDIT_EXPORTED:
        verifier.warn("the last record is not audit.exported: the end of the export is missing")
    return verifier.report()


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Give the lines of a file; one that is too long for any record comes in pieces."""
    while line := file.readline(_LONGEST_LINE):
        yield line


def leaf_hash(record: bytes) -> str:
    """Return the RFC 6962 §2.1 leaf hash of a record's bytes as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(b"\x00" + record).hexdigest()


def missing(first: int, last: int) -> str:
    """Say that the records from ``first`` to ``last`` are missing."""
    if first == last:
        return f"record {first} is missing"
    return f"records {first} to {last} are missing"


class Verifier:
    """Takes records one by one and reports at the end."""

    def __init__(self) -> None:
        """Start before the first record."""
        self.last_event: str | None = None
        self._story = Story()
        self._records = 0
        self._log: str | None = None
        self._head = _GENESIS
        self._expected = 0
        self._here: tuple[int, str | None] = (0, None)
        self._latest: datetime | None = None
        self._found: list[Finding] = []
        self._problems = 0
        self._warnings: list[str] = []
        # The line before is reported already, so that the next link does not hold is no news.
        self._soiled = False
        # A link that does not hold: was the earlier record changed, or the later? The next tells.
        self._doubt: tuple[Finding, Finding] | None = None

    def read(self, line: bytes) -> dict[str, Any] | None:
        """Check the next line; return its record, or None where it is none."""
        body = line.removesuffix(b"\n")
        before, self._here = self._here, (self._expected, None)
        self._records += 1
        record = self._parse(body)
        event = record.get("event") if record else None
        self.last_event = event if isinstance(event, str) else None
        if record is None:
            self._settle(vouched=True)
            self._expected, self._soiled = self._expected + 1, True
        else:
            self._place(record, before)
            self._form(record)
            for why in self._story.tell(record):
                self.fault("story", f"{self.last_event}: {why}")
        self._head = leaf_hash(body)
        return record

    @property
    def here(self) -> tuple[int, str | None]:
        """Number and id of the record that was read last."""
        return self._here

    def fault(self, what: str, why: str, at: tuple[int, str | None] | None = None) -> None:
        """Report something about the record ``at`` that place, or the one that was read last."""
        self._add(Finding(*(at or self._here), what, why))

    def warn(self, text: str) -> None:
        """Mention something that is odd and not wrong."""
        if len(self._warnings) < _SHOWN:
            self._warnings.append(text)

    def report(self) -> Report:
        """Tell what was found."""
        self._settle(vouched=True)
        if not self._records:
            self.warn("the log has no records")
        found = tuple(sorted(self._found, key=lambda finding: finding.seq)[:_SHOWN])
        return Report(
            verified=not self._problems,
            log=_printable(self._log) if self._log else None,
            records=self._records,
            head=self._head if self._records else None,
            first_bad=found[0] if found else None,
            findings=found,
            problems=self._problems,
            warnings=tuple(self._warnings),
            runs_open=tuple(map(_printable, self._story.open_runs)),
            intents_open=tuple(map(_printable, self._story.open_intents)),
        )

    def _add(self, finding: Finding) -> None:
        self._problems += 1
        if len(self._found) <= _SHOWN:
            self._found.append(replace(finding, why=_printable(finding.why)))

    def _parse(self, body: bytes) -> dict[str, Any] | None:
        try:
            record, canonical = _read(body)
        except (ValueError, RecursionError):
            self.fault("bytes", "this line is not a record: it cannot be read as JSON (RFC 8785)")
            return None
        if not isinstance(record, dict):
            self.fault("bytes", "this line is not a record: it is no JSON object")
            return None
        identity = record.get("id")
        if isinstance(identity, str):
            self._here = (self._expected, _printable(identity))
        if not canonical:
            self.fault("bytes", "its bytes are not canonical JSON (RFC 8785): it was written anew")
        return record

    def _place(self, record: dict[str, Any], before: tuple[int, str | None]) -> None:
        """Check number and link against the line before."""
        linked = record.get("prev") == self._head
        seq, expected = record.get("seq"), self._expected
        number = seq if isinstance(seq, int) and not isinstance(seq, bool) else None
        settled = self._settle(vouched=linked or number != expected)
        explained, self._soiled = self._soiled or settled, False
        if number == expected:
            if not linked and not explained:
                self._unlinked(expected, before)
            self._expected += 1
        elif linked:
            shown = "not numbered" if number is None else f"numbered {number}"
            self.fault("sequence", f"it is {shown}, and follows record {expected - 1}")
            self._expected, self._soiled = expected + 1, True
        elif number is not None and number > expected:
            gap = f"{missing(expected, number - 1)} before record {number}"
            self._add(Finding(expected, None, "sequence", gap))
            self._here, self._expected = (number, self._here[1]), number + 1
        else:
            shown = "a record without a number" if number is None else f"record {number}"
            self.fault("sequence", f"{shown} stands where record {expected} belongs")
            self._soiled = True

    def _unlinked(self, expected: int, before: tuple[int, str | None]) -> None:
        if expected == 0:
            self.fault("chain", "it is not chained to the beginning of a log")
            self._soiled = True
            return
        earlier = f"it was changed after record {expected} was chained to it"
        later = f"it was changed: neither is it chained to record {expected - 1} nor the next to it"
        self._doubt = (
            Finding(*before, "chain", earlier),
            Finding(*self._here, "chain", later),
        )

    def _settle(self, *, vouched: bool) -> bool:
        """Say which record a broken link blames; return whether that explains another broken link.

        ``vouched`` says that the next record is chained to the later one. The last record of a log
        has none to vouch for it and is taken at its word.
        """
        if self._doubt is None:
            return False
        earlier, later = self._doubt
        self._doubt = None
        self._add(earlier if vouched else later)
        return not vouched

    def _form(self, record: dict[str, Any]) -> None:
        """Check the members that every record has."""
        version, log, identity = record.get("v"), record.get("log"), record.get("id")
        if version != 1 or isinstance(version, bool):
            self.fault("form", "its version is not 1")
        if not isinstance(log, str) or not log:
            self.fault("form", "it names no log")
        elif self._log is None:
            self._log = log
        elif log != self._log:
            self.fault("form", f"it is of another log: {log}, not {self._log}")
        if not isinstance(identity, str) or not identity:
            self.fault("form", "it has no id")
        if self.last_event not in _EVENTS:
            self.fault("form", "its event is not one that this version of Rescind knows")
        sealed = record.get("sealed", {})
        if not isinstance(sealed, dict) or not all(map(_is_digest, sealed.values())):
            self.fault("form", "its sealed values are not digests")
        self._time(record.get("time"))

    def _time(self, written: object) -> None:
        try:
            moment = datetime.fromisoformat(_matching(_TIME, written))
        except ValueError:
            self.fault("form", "its time is not RFC 3339 in UTC with milliseconds")
            return
        if self._latest is not None and self._latest - moment > _TOLERANCE:
            back = round((self._latest - moment).total_seconds())
            self.warn(f"record {self._here[0]}: the clock went back by {back} s")
        self._latest = max(moment, self._latest or moment)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"no JSON: {name}")


def _exactly(digits: str) -> int | float:
    """Read an integer as RFC 8785 does: beyond 2^53 - 1 it is a double like any other."""
    number = int(digits) if len(digits) < 18 else float(digits)
    return number if abs(number) <= _LARGEST else float(number)


def _quickly(digits: str) -> object:
    number = _exactly(digits)
    return number if isinstance(number, int) else _DOUBLE


_DOUBLE = object()  # which no encoder takes

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_QUICK = json.JSONDecoder(parse_float=lambda _: _DOUBLE, parse_constant=_refuse, parse_int=_quickly)
_EXACT = json.JSONDecoder(parse_constant=_refuse, parse_int=_exactly)


def _read(body: bytes) -> tuple[Any, bool]:
    """Return what a line says, and whether its bytes are RFC 8785's for that.

    Raises:
        ValueError, RecursionError: it is no JSON that has such bytes.
    """
    text = body.decode()
    # Of ASCII without doubles the standard library makes the same bytes, twenty times as fast: the
    # two write doubles differently, and order keys differently beyond the basic plane.
    if body.isascii():
        with suppress(TypeError):
            record = _QUICK.decode(text)
            return record, _ENCODER.encode(record) == text
    record = _EXACT.decode(text)
    return record, rfc8785.dumps(record) == body


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("not of that form")
    return value


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _printable(text: str) -> str:
    """Make text from a record safe to show: it may hold anything, escape sequences included."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text[:400])
