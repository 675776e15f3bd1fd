"""How a record is written: its words, bytes, hash and times; and lines read back from a file.

A second time on purpose: the verifier shares no code with ``ledger.chain``, which writes records.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO, NoReturn

import rfc8785

#: ``prev`` of the first record.
GENESIS = "sha256:" + "0" * 64

#: What a record may be about.
EVENTS = frozenset(
    {
        "alert.received",
        "alert.rejected",
        "alert.quarantined",
        "alert.replayed",
        "alert.released",
        "alert.duplicate",
        "alert.ignored",
        "alert.joined",
        "poller.gap",
        "alert.confirmed",
        "run.created",
        "run.watched",
        "run.finished",
        "plan.computed",
        "approval.requested",
        "approval.decided",
        "approval.refused",
        "approval.expired",
        "approval.superseded",
        "notification.sent",
        "notification.failed",
        "step.started",
        "step.observed",
        "step.postponed",
        "step.finished",
        "lease.expired",
        "result.stale",
        "action.intent",
        "action.result",
        "action.reconciled",
        "verify.result",
        "handover.ready",
        "handover.revealed",
        "handover.voided",
        "control.paused",
        "control.resumed",
        "auth.login",
        "auth.failed",
        "auth.logout",
        "user.added",
        "user.changed",
        "audit.exported",
    }
)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)

#: Integers that every JSON parser reads alike (RFC 8785 §3.2.2.3).
_LARGEST = 2**53 - 1

#: No record comes near; it bounds what a file without line ends can make us hold.
_LONGEST_LINE = 16 * 1024 * 1024

_SHOWN_OF_A_TEXT = 400


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Give the lines of a file; one that is too long for any record comes in pieces."""
    while line := file.readline(_LONGEST_LINE):
        yield line


def leaf_hash(record: bytes) -> str:
    """Return the RFC 6962 §2.1 leaf hash of a record's bytes as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(b"\x00" + record).hexdigest()


def sealed_digest(salt: str, value: str) -> str:
    """Return the digest under which a private value stands in its record."""
    return "sha256:" + hashlib.sha256(f"{salt}\x00{value}".encode()).hexdigest()


def is_digest(value: object) -> bool:
    """Tell whether this is a digest as the log writes them: ``sha256:`` and 64 hex digits."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def moment(value: object) -> datetime | None:
    """Read RFC 3339 in UTC with milliseconds, as the log writes it; None where it is none."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    with suppress(ValueError):
        return datetime.fromisoformat(value).astimezone(UTC)
    return None


def printable(text: str) -> str:
    """Make text from a record safe to show: it may hold anything, escape sequences included."""
    shown = text[:_SHOWN_OF_A_TEXT]
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in shown)


def read(body: bytes) -> tuple[Any, bool]:
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
