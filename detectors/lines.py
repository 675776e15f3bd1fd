"""One line of a log to an object: CEF, LEEF, ``key=value``, JSON after a header, or plain text.

- CEF: ``{"_format": "cef", "cefVersion", "deviceVendor", "deviceProduct", "deviceVersion",
  "signatureId", "name", "severity", "extension": {...}}``. In the extension ``csN`` also stands under
  the name its ``csNLabel`` gives, where no key has that name.
- LEEF: ``{"_format": "leef", "vendor", "product", "productVersion", "eventId", "attributes": {...}}``.
- ``key=value``: ``{"_format": "key_value", "_head": "text before the first pair", key: value, ...}``.
- values between commas, or quoted between blanks: ``{"_format": "columns", "columns": [...]}``.
- anything else: ``{"_format": "text", "text": "..."}``.
"""

from __future__ import annotations

import csv
import re

from pydantic import JsonValue

from detectors.alert import NotUnderstood
from detectors.payload import decode

#: Longer lines are cut: an event's fields stand in its first kilobytes.
LIMIT = 256 * 1024

#: Some collectors cut "CEF:" off; the seven fields between bars remain.
#: RFC 5424 puts a byte order mark before a message in UTF-8; some servers read its bytes as letters.
_BEGINS = r"(?:^|[\s:]|\ufeff|\u00ef\u00bb\u00bf)"
_CEF = re.compile(_BEGINS + r"CEF:\s*(\d)\|")
_CEF_BARE = re.compile(
    r"^(\d)\|(?=(?:[^|\\]|\\.){1,200}\|(?:[^|\\]|\\.){1,200}\|(?:[^|\\]|\\.){0,100}\|)"
)
#: Where CEF is what RFC 5424 calls the application: process, message id (and no structured data) follow.
_CEF_APP = re.compile(
    r"(?:^|\s)CEF\s\S{1,128}\s\S{1,32}\s(?:-\s)?(?:\ufeff|\u00ef\u00bb\u00bf)?(\d?)\|"
    r"(?=(?:[^|\\]|\\.){1,200}\|(?:[^|\\]|\\.){1,200}\|)"
)
_LEEF = re.compile(_BEGINS + r"LEEF:\s*([12](?:\.\d)?)\|")
_CEF_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_.\-\[\]]{1,80})=")
_PAIR = re.compile(
    r"""(?:^|(?<=[\s,;|(\[{]))(?P<mark>"?)(?P<key>[A-Za-z_@][\w.@:/\-]{0,79})(?P=mark)=
    (?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s,;"'][^\s,;]*+)?)""",
    re.VERBOSE,
)
#: Values in quotes with blanks between them; some of them name the one behind "=".
_QUOTED = re.compile(r'"[^"]*+"(?:\s+"[^"]*+"){3}')
_GOES_ON = re.compile(r'"\w+"="')


def is_headed(line: str) -> bool:
    """Whether a line is one record by itself (CEF, LEEF, pairs, JSON behind a header), not a table's."""
    short = line[:2000]
    if is_cef_or_leef(short):
        return True
    if len(_PAIR.findall(short)) >= 2:
        return True
    return _json_behind_header(line) is not None


def joined(rows: list[str]) -> list[str]:
    """Put lines that go on from the one before (they begin with a blank, or with "key"=) back to it."""
    found: list[str] = []
    for row in rows:
        goes_on = row[:1] in " \t" or _GOES_ON.match(row) is not None
        if found and goes_on and not is_cef_or_leef(row):
            found[-1] = f"{found[-1]} {row.strip()}"
        else:
            found.append(row)
    return found


def is_cef_or_leef(line: str) -> bool:
    """Whether a line is CEF or LEEF."""
    return _cef_head(line) is not None or _LEEF.search(line[:2000]) is not None


def _cef_head(line: str) -> re.Match[str] | None:
    short = line[:2000]
    return _CEF.search(short) or _CEF_BARE.match(short) or _CEF_APP.search(short)


def read(line: str) -> JsonValue:
    """Read one line as what it is. Nothing raises: what is nothing else is text."""
    line = line[:LIMIT].strip()
    match = _cef_head(line)
    if match:
        return _cef(line, match)
    match = _LEEF.search(line[:2000])
    if match:
        return _leef(line, match)
    inner = _json_behind_header(line)
    if inner is not None:
        return inner
    if _QUOTED.match(line):
        return {"_format": "columns", "columns": list(re.findall(r'"([^"]*+)"', line))}
    pairs = _pairs(line)
    if pairs is not None:
        return pairs
    columns = _columns(line)
    if len(columns) >= 4:
        return {"_format": "columns", "columns": list(columns)}
    return {"_format": "text", "text": line}


def _json_behind_header(line: str) -> JsonValue:
    # A header without quotes, pairs or braces of its own: "Jan 1 00:00:00 host app[12]: {".
    place = line.find("{")
    if place < 0 or not line.rstrip().endswith("}"):
        return None
    head = line[:place]
    if len(head) > 300 or '"' in head or "=" in head:
        return None
    try:
        return decode(line[place:].strip().encode("utf-8", "replace"))
    except NotUnderstood:
        return None


def _cef(line: str, match: re.Match[str]) -> JsonValue:
    head, parts = line[: match.start()].strip(), _split(line[match.end() :], 6)
    if len(parts) < 6:
        return {"_format": "text", "text": line}
    vendor, product, version, signature, name, rest = parts[:6]
    severity, extension = (rest, "") if len(parts) < 7 else (parts[5], parts[6])
    return {
        "_format": "cef",
        "_head": head,
        "cefVersion": match[1] or "0",
        "deviceVendor": vendor,
        "deviceProduct": product,
        "deviceVersion": version,
        "signatureId": signature,
        "name": name,
        "severity": severity.strip(),
        "extension": _extension(extension),
    }


def _split(text: str, times: int) -> list[str]:
    """Split at ``|`` that no backslash stands before; what is behind the last split stays as it is."""
    parts: list[str] = []
    begin = 0
    for found in re.finditer(r"\\.|\|", text):
        if found.group() != "|":
            continue
        parts.append(re.sub(r"\\([\\|])", r"\1", text[begin : found.start()]))
        begin = found.end()
        if len(parts) == times:
            break
    return [*parts, text[begin:]]


def _extension(text: str) -> dict[str, JsonValue]:
    keys = list(_CEF_KEY.finditer(text))
    found: dict[str, JsonValue] = {}
    for number, key in enumerate(keys[:1000]):
        end = keys[number + 1].start() if number + 1 < len(keys) else len(text)
        value = text[key.end() : end].strip()
        found.setdefault(key[1], re.sub(r"\\([\\=|])", r"\1", value))
    for name, label in list(found.items()):
        labelled = found.get(name.removesuffix("Label"))
        if name.endswith("Label") and isinstance(label, str) and label and labelled is not None:
            found.setdefault(label, labelled)
    return found


def _leef(line: str, match: re.Match[str]) -> JsonValue:
    parts = _split(line[match.end() :], 4)
    if len(parts) < 5:
        return {"_format": "text", "text": line}
    vendor, product, version, event, rest = parts
    separator = "\t"
    if match[1].startswith("2"):
        given, _, rest = rest.partition("|")
        separator = _separator(given)
    pairs = (part.partition("=") for part in rest.split(separator))
    return {
        "_format": "leef",
        "_head": line[: match.start()].strip(),
        "vendor": vendor,
        "product": product,
        "productVersion": version,
        "eventId": event,
        "attributes": {key.strip(): value.strip() for key, mark, value in pairs if mark},
    }


def _separator(given: str) -> str:
    if re.fullmatch(r"(0x|x)[0-9A-Fa-f]{1,2}", given):
        return chr(int(given.split("x")[1], 16))
    return given[:1] or "\t"


def _pairs(line: str) -> JsonValue:
    matches = list(_PAIR.finditer(line))[:1000]
    if len(matches) < 2:
        return None
    found: dict[str, JsonValue] = {
        "_format": "key_value",
        "_head": line[: matches[0].start()].strip(),
    }
    for match in matches:
        quoted, single = match["quoted"], match["single"]
        value = quoted if quoted is not None else single if single is not None else match["bare"]
        found.setdefault(match["key"], re.sub(r'\\(["\\])', r"\1", value or ""))
    return found


def _columns(line: str) -> tuple[str, ...]:
    try:
        (row,) = csv.reader([line], skipinitialspace=True)
    except (csv.Error, ValueError):
        return ()
    if len(row) < 4 and line.startswith('"'):
        row = re.findall(r'"((?:[^"\\]|\\.)*+)"', line)
    return tuple(cell.strip() for cell in row)
