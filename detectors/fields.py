"""Reading single fields of a payload that may hold anything where anything is expected.

Text is cleaned; identifiers, addresses and times are taken as they are or not at all.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pydantic import JsonValue

TEXT_LIMIT = 300
#: More addresses or sessions than this in one alert help nobody who reads it.
LIST_LIMIT = 100

#: Ends a line that was longer than its limit. What it ends is no identifier any more.
CUT = "…"

_UNSAFE = {"Cc", "Cs", "Zl", "Zp"}
#: Characters that turn the direction of writing: what is shown is not what is there.
_BIDI = {
    "\u061c", "\u200e", "\u200f", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))
}  # fmt: skip
#: 9 to 19 digits: seconds to nanoseconds of this century. A bare year is none.
_DIGITS = re.compile(r"\d{9,19}(\.\d{1,9})?", re.ASCII)
#: Entra exports, Log Analytics exports, ArcSight CEF and syslog, RFC 5322, Apache, Elastic.
_WRITTEN = (
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y, %I:%M:%S.%f %p", "%m/%d/%Y, %I:%M:%S %p", "%b %d %Y %H:%M:%S", "%b %d %Y %H:%M:%S.%f", "%b %d %Y %H:%M:%S %Z",
    "%a, %d %b %Y %H:%M:%S %z", "%d/%b/%Y:%H:%M:%S %z", "%a %b %d %H:%M:%S %Y",
    "%Y-%m-%d %H:%M:%S,%f", "%Y-%m-%d %H:%M:%S %Z", "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z",
)  # fmt: skip
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Fields:
    """An object of a payload, read by key whatever its spelling.

    ``incidentNumber``, ``incident_number`` and ``IncidentNumber`` are the same key: vendors and the
    tools between them and us respell. Anything but an object reads as one without keys.
    """

    def __init__(self, value: JsonValue) -> None:
        """Take any JSON value."""
        self._values: dict[str, JsonValue] = {}
        if isinstance(value, dict):
            for key, item in value.items():
                self._values.setdefault(_fold(key), item)

    def __bool__(self) -> bool:
        """Whether there are any keys."""
        return bool(self._values)

    def __contains__(self, name: str) -> bool:
        """Whether the key is there, even if it is null."""
        return _fold(name) in self._values

    def get(self, *names: str) -> JsonValue:
        """Return the first of the named values that is not null, or None."""
        for name in names:
            value = self._values.get(_fold(name))
            if value is not None:
                return value
        return None

    def everything(self) -> dict[str, JsonValue]:
        """Return all values, under their keys as they are compared here."""
        return dict(self._values)

    def at(self, *names: str) -> Fields:
        """Return the first named value as an object."""
        return Fields(self.get(*names))

    def items(self, *names: str) -> list[JsonValue]:
        """Return the first named value as a list; a single value is a list of one."""
        value = self.get(*names)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def text(self, *names: str, limit: int = TEXT_LIMIT) -> str:
        """Return the first of the named values that is text with something in it, cleaned."""
        for name in names:
            cleaned = text(self._values.get(_fold(name)), limit)
            if cleaned:
                return cleaned
        return ""


def text(value: JsonValue, limit: int = TEXT_LIMIT) -> str:
    """Make one readable line of a value: no control characters, at most ``limit`` characters.

    Anything but text and numbers is the empty string.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    # The limit first, so that cleaning a megabyte is never paid for; blanks may take some of it.
    raw = str(value)[: limit * 4]
    line = " ".join("".join(_clean(raw)).split())
    return line if len(line) <= limit else line[: limit - 1] + CUT


def _clean(raw: str) -> Iterator[str]:
    for character in raw:
        if character in _BIDI:
            continue
        yield " " if unicodedata.category(character) in _UNSAFE else character


def printable(value: str) -> bool:
    """Whether every character shows as what it is: no control, no invisible, no lone surrogate."""
    return all(
        character == " " or unicodedata.category(character)[0] not in "CZ" for character in value
    )


def identifier(value: JsonValue, limit: int = 200) -> str | None:
    """Return an opaque identifier, or None where it cannot be one.

    Numbers become their digits. Blanks inside, invisible characters and more than ``limit``
    characters are not taken: a shortened identifier would name something else.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    found = str(value).strip()
    if not found or len(found) > limit or " " in found or not printable(found):
        return None
    return found


def address(value: JsonValue) -> str | None:
    """Return an IP address in its usual spelling, or None."""
    if not isinstance(value, str) or "%" in value or len(value) > 64:
        return None
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        return None


def peer(value: JsonValue) -> str | None:
    """Return the IP address of ``1.2.3.4``, ``1.2.3.4:443`` or ``[2001:db8::7]:443``, or None."""
    found = address(value)
    if found is not None or not isinstance(value, str):
        return found
    match = re.fullmatch(r"\s*(?:\[([0-9a-fA-F:.]+)\](?::\d+)?|([0-9.]+):\d+)\s*", value, re.ASCII)
    return address(match[1] or match[2]) if match else None


def moment(value: JsonValue) -> datetime | None:
    """Return a time in UTC, or None.

    Taken are ISO 8601 text, seconds, milliseconds, micro- or nanoseconds since 1970 (also as text),
    and the written forms in ``_WRITTEN``. Text without a zone counts as UTC, as vendors mean it.
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = float(value)
    try:
        if isinstance(value, str):
            found = _read(value.strip())
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            while value > 1e11:
                value /= 1000
            found = datetime.fromtimestamp(value, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found if _EARLIEST <= found <= _LATEST else None


def _read(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    for form in _WRITTEN:
        try:
            # A form without a zone is made UTC by who called.
            return datetime.strptime(value[:60], form)  # noqa: DTZ007
        except ValueError:
            continue
    raise ValueError("no time")


def unique(values: Iterable[str | None], limit: int = LIST_LIMIT) -> tuple[str, ...]:
    """Return what is there, each once, in the order it came."""
    return tuple(dict.fromkeys(value for value in values if value))[:limit]


def _fold(key: str) -> str:
    return key.replace("_", "").replace(" ", "").lower()
