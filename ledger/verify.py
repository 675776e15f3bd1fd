"""Checking an audit log without trusting whoever kept it: the chain first, then the story it tells.

Needs the exported lines and nothing else: no database, no key, and none of the code that wrote
them, down to the hash and the names of the events, which stand here a second time on purpose.

What no chain can show: records that were never written, lies at the time of writing, records cut
off at the end of a log that is no export, and a log rewritten from some record to its end. Against
the last two, keep the hash of the last record (``Report.head``) where those who run Rescind cannot
write, and ask for it the next time (``kept``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ledger.story import Story
from ledger.written import EVENTS, GENESIS, is_digest, leaf_hash, moment, printable, read

_EXPORTED = "audit.exported"
#: What a line has at least that was a record once, whatever was done to it.
_MARKS = frozenset({"seq", "prev", "event"})

#: How far a clock may go back between two records without a warning.
_TOLERANCE = timedelta(seconds=5)

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    ``seq`` and ``id`` name the record (``id`` is None where it cannot be read or is missing),
    ``what`` is one of: bytes, form, sequence, chain, story, kept, head, columns, sealed, rows.
    """

    seq: int
    id: str | None
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    ``verified`` says that nothing is wrong and nothing missing. ``findings`` are the first of
    ``problems`` in all, in the order of the log. ``log`` is the log's name, ``head`` the hash of its
    last record, ``kept`` the number of the record whose hash somebody had kept, if it is there.
    ``cut`` says that an export does not end as every whole one does. ``alien`` says that not one
    line is a record: it is a file of another kind.
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
    kept: int | None
    cut: bool
    alien: bool

    @property
    def verdict(self) -> str:
        """``verified``, ``incomplete`` (nothing wrong; cut, or with outcomes open) or ``broken``."""
        if self.problems:
            return "broken"
        return "verified" if self.verified else "incomplete"


def verify(lines: Iterable[bytes], *, exported: bool = False, kept: str | None = None) -> Report:
    """Check a log, one record a line, from its first record on. Never raises, whatever the bytes.

    Args:
        lines: the records as they were hashed, each with or without one line feed at its end.
        exported: the lines are an export, which ends with the record of itself if it is whole.
        kept: the head of the log as somebody wrote it down earlier; its record must be there.
    """
    verifier = Verifier(kept)
    for line in lines:
        verifier.read(line)
    return verifier.report(exported=exported)


def missing(first: int, last: int) -> str:
    """Say that the records from ``first`` to ``last`` are missing."""
    if first == last:
        return f"record {first} is missing"
    return f"records {first} to {last} are missing"


class Verifier:
    """Takes records one by one and reports at the end."""

    def __init__(self, kept: str | None = None) -> None:
        """Start before the first record; ``kept`` is the hash of one that must be there."""
        self._story = Story()
        self._kept = kept
        self._kept_at: int | None = None
        self._last_event: str | None = None
        self._records = 0
        self._recognised = False
        self._log: str | None = None
        self._head = GENESIS
        self._ids: set[str] = set()
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
        self._last_event = event if isinstance(event, str) else None
        if record is None:
            self._settle(vouched=True)
            self._expected, self._soiled = self._expected + 1, True
        else:
            self._place(record, before)
            self._form(record)
            for why in self._story.tell(record):
                self.fault("story", f"{self._last_event}: {why}")
        self._head = leaf_hash(body)
        if self._head == self._kept:
            self._kept_at = self._here[0]
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
            self._warnings.append(printable(text))

    def report(self, *, exported: bool = False) -> Report:
        """Tell what was found; ``exported`` where the records are to end as an export does."""
        self._settle(vouched=True)
        if self._kept is not None and self._kept_at is None:
            lost = (
                f"no record has the hash {self._kept} that was kept: the log was written anew since,"
                " or cut off before that record"
            )
            self.fault("kept", lost, (self._expected, None))
        cut = exported and self._last_event != _EXPORTED
        intents_open = tuple(map(printable, self._story.open_intents))
        if not self._records:
            self.warn("the log has no records")
        found = tuple(sorted(self._found, key=lambda finding: finding.seq)[:_SHOWN])
        return Report(
            verified=not (self._problems or intents_open or cut),
            log=printable(self._log) if self._log else None,
            records=self._records,
            head=self._head if self._records else None,
            first_bad=found[0] if found else None,
            findings=found,
            problems=self._problems,
            warnings=tuple(self._warnings),
            runs_open=tuple(map(printable, self._story.open_runs)),
            intents_open=intents_open,
            kept=self._kept_at,
            cut=cut,
            alien=self._records > 0 and not self._recognised,
        )

    def _add(self, finding: Finding) -> None:
        self._problems += 1
        if len(self._found) <= _SHOWN:
            self._found.append(replace(finding, why=printable(finding.why)))

    def _parse(self, body: bytes) -> dict[str, Any] | None:
        try:
            record, canonical = read(body)
        except (ValueError, RecursionError):
            self.fault("bytes", "this line is not a record: it cannot be read as JSON (RFC 8785)")
            return None
        if not isinstance(record, dict):
            self.fault("bytes", "this line is not a record: it is no JSON object")
            return None
        self._recognised |= record.keys() >= _MARKS
        identity = record.get("id")
        if isinstance(identity, str):
            self._here = (self._expected, printable(identity))
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
        elif identity in self._ids:
            self.fault("form", "an earlier record has its id")
        else:
            self._ids.add(identity)
        if self._last_event not in EVENTS:
            self.fault("form", "its event is not one that this version of Rescind knows")
        sealed = record.get("sealed", {})
        if not isinstance(sealed, dict) or not all(map(is_digest, sealed.values())):
            self.fault("form", "its sealed values are not digests")
        self._time(record.get("time"))

    def _time(self, written: object) -> None:
        at = moment(written)
        if at is None:
            self.fault("form", "its time is not RFC 3339 in UTC with milliseconds")
            return
        if self._latest is not None and self._latest - at > _TOLERANCE:
            back = round((self._latest - at).total_seconds())
            self.warn(f"record {self._here[0]}: the clock went back by {back} s")
        self._latest = max(at, self._latest or at)
