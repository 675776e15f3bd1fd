r"""A file or body of any of the forms logs come in, to a JSON value. No reason quotes the content.

Forms: one JSON value; JSON values one a line or one after another; CSV with a header; CEF, LEEF and
``key=value`` lines, with or without a syslog header; JSON after a syslog header; each also in gzip.

Sources: ArcSight "Common Event Format" (header of seven fields between ``|``, extension of
``key=value`` with ``\=`` and ``\|`` escaped, ``csNLabel`` naming ``csN``); IBM QRadar "LEEF" 1.0 and 2.0
(five header fields, in 2.0 a sixth for the separator; tab otherwise); RFC 3164 and RFC 5424 (syslog).

What a line becomes: the JSON object itself; a row's object by the header; and for the others
``{"_format": "cef" | "leef" | "key_value" | "columns" | "text", ...}`` as ``detectors.lines`` says.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zlib

from pydantic import JsonValue

from detectors import lines
from detectors.alert import NotUnderstood
from detectors.payload import decode

#: An alert of more than this is a log of a day; nobody is evicted by it.
MAX_BYTES = 64 * 1024 * 1024
MAX_RECORDS = 10_000

_GZIP = b"\x1f\x8b"
_HEADER = re.compile(r"[\w .@:/#()\[\]$-]{1,80}")


def decode_any(body: bytes) -> JsonValue:
    """Read ``body`` as whatever it is.

    Returns:
        The one JSON value, or a list with one value for each line or row.

    Raises:
        NotUnderstood: the body is empty, not text, too large, or JSON that ``payload.decode`` refuses;
            no other exception, whatever arrives.
    """
    plain = _utf8(_unpacked(body))
    start = plain.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        return decode(plain)
    except NotUnderstood as error:
        refusal = error
    if not plain.strip():
        raise refusal
    text = plain.decode("utf-8-sig", "replace")
    if start in (b"{", b"["):
        found = _json_stream(text)
        if found is not None:
            return found
        if not _json_lines_in(text):
            raise refusal
    return _lines(text)


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, MAX_BYTES)
    except zlib.error:
        raise NotUnderstood(
            "the gzip stream is damaged", "Send it again, or uncompressed."
        ) from None
    if unpacker.unconsumed_tail:
        raise NotUnderstood(
            f"unpacked, the body is larger than {MAX_BYTES} bytes", "Send fewer events at a time."
        )
    return plain


def _utf8(plain: bytes) -> bytes:
    """Return text that a Windows tool has written as UTF-16 in UTF-8."""
    if plain.startswith((b"\xff\xfe", b"\xfe\xff")):
        return plain.decode("utf-16", "replace").lstrip("\ufeff").encode("utf-8", "replace")
    return plain


def _json_stream(text: str) -> list[JsonValue] | None:
    """Read JSON values one a line or one after another; None where it is something else."""
    values: list[JsonValue] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            values.append(decode(line.strip().removesuffix(",").encode()))
        except NotUnderstood:
            break
        _count(values)
    else:
        return values
    return _one_after_another(text)


def _one_after_another(text: str) -> list[JsonValue] | None:
    values: list[JsonValue] = []
    reader, place, end = json.JSONDecoder(), 0, len(text)
    while place < end:
        while place < end and text[place] in " \t\r\n,\x1e":
            place += 1
        if place >= end:
            break
        try:
            _, after = reader.raw_decode(text, place)
            # Read once more by the reader that refuses what is ambiguous.
            values.append(decode(text[place:after].encode("utf-8", "replace")))
        except (ValueError, RecursionError, NotUnderstood):
            return None
        place = after
        _count(values)
    return values or None


def _json_lines_in(text: str) -> bool:
    """Whether lines look like single records rather than one broken JSON document."""
    return any(lines.is_headed(line) for line in text.splitlines()[:5])


def _lines(text: str) -> list[JsonValue]:
    rows = [line for line in text.splitlines() if line.strip()]
    if len(rows) > MAX_RECORDS:
        _too_many()
    if not any(lines.is_headed(line) for line in rows[:3]):
        table = _table(text)
        if table is not None:
            return table
    return [lines.read(row) for row in lines.joined(rows)]


def _table(text: str) -> list[JsonValue] | None:
    """Read CSV with a header; None where the first line is no header."""
    sample = text.lstrip("\ufeff\r\n")
    first = sample.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    if not first.count(separator):
        return None
    try:
        rows = list(csv.reader(io.StringIO(sample), delimiter=separator))
    except csv.Error:
        return None
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if len(rows) > MAX_RECORDS:
        _too_many()
    header = [_column(name) for name in rows[0]] if rows else []
    # Some vendors have a column twice; where many are, it is no header.
    twice = len(header) - len(set(header))
    if len(rows) < 2 or twice > len(header) // 10 or not all(map(_is_name, header)):
        return None
    if any(len(row) > len(header) for row in rows[1:]):
        return None
    return [_record(header, row) for row in rows[1:]]


def _record(header: list[str], row: list[str]) -> dict[str, JsonValue]:
    """Return a row by its columns; of one that is there twice, what both say, or nothing."""
    found: dict[str, JsonValue] = {}
    for name, cell in zip(header, map(_cell, row), strict=False):
        found[name] = cell if found.get(name, cell) == cell else None
    return found


def _column(value: str) -> str:
    """Return a column's name; Log Analytics says behind it that its times are UTC."""
    return value.strip().strip("\ufeff").removesuffix("[UTC]").strip()


def _is_name(value: str) -> bool:
    return bool(_HEADER.fullmatch(value)) and not value.replace(".", "").isdigit()


def _cell(value: str) -> JsonValue:
    """Return a cell; one that holds a JSON object or list (an export of a SIEM) is read."""
    found = value.strip()
    if found[:1] in "{[" and found[-1:] in "}]" and len(found) > 1:
        try:
            return decode(found.encode("utf-8", "replace"))
        except NotUnderstood:
            return found
    return found


def _count(values: list[JsonValue]) -> None:
    if len(values) > MAX_RECORDS:
        _too_many()


def _too_many() -> None:
    raise NotUnderstood(f"there are more than {MAX_RECORDS} events", "Send fewer events at a time.")
