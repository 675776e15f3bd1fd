"""Bytes that arrived to a JSON value, or a precise reason why not. No reason quotes the content."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from pydantic import JsonValue

from detectors.alert import NotUnderstood

#: Vendors nest a dozen levels; the parser itself gives up near a thousand, with a crash.
MAX_DEPTH = 64
#: Longer integers name nothing a detector counts; parsing them takes quadratic time.
MAX_DIGITS = 40

_SEND_JSON = "Have the detector send one JSON object, encoded as UTF-8."
# The possessive quantifier keeps an unterminated string from being read again at each quote.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)
_FORM = re.compile(r"^[\w.%+\-\[\]]{1,100}=")


def decode(body: bytes) -> JsonValue:
    """Read ``body`` as one JSON value.

    Raises:
        NotUnderstood: the body is empty, not UTF-8, not JSON, nested deeper than ``MAX_DEPTH``, has an
            object in which a key stands twice (each reader takes another one), or holds a number no
            computer agrees on (NaN, 1e999, a hundred digits).
    """
    text = _text(body)
    _refuse_depth(text)
    try:
        value: JsonValue = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short,
            object_pairs_hook=_each_once,
        )
    except json.JSONDecodeError as error:
        raise NotUnderstood(
            f"the body is not JSON: {error.msg.rstrip(':')} at line {error.lineno}, "
            f"column {error.colno}",
            _hint(text, error),
        ) from None
    return value


def _text(body: bytes) -> str:
    if not body.strip():
        raise NotUnderstood("the body is empty", _SEND_JSON)
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in body[:4]:
        raise NotUnderstood("the body is encoded as UTF-16 or UTF-32, not UTF-8", _SEND_JSON)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUnderstood(
            f"the body is not UTF-8: byte {error.start + 1} of {len(body)} fits no character",
            _SEND_JSON + " If it is compressed, send it uncompressed.",
        ) from None


def _refuse_depth(text: str) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotUnderstood(
                    f"the body is nested deeper than {MAX_DEPTH} levels",
                    "Have the detector send the alert itself, not a log of logs.",
                )
        elif mark in "]}":
            depth -= 1


def _refuse_constant(name: str) -> NoReturn:
    raise NotUnderstood(
        f"the body holds {name}, which is no JSON number",
        "Have the detector send null where there is no number.",
    )


def _each_once(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        name = "".join(mark for mark in twice[:60] if mark.isprintable())
        raise NotUnderstood(
            f"the key {name} stands twice in one object of the body",
            "Have the detector send each key once: which of the two is meant cannot be told.",
        )
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _too_large()
    return number


def _short(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        _too_large()
    return int(digits)


def _too_large() -> NoReturn:
    raise NotUnderstood(
        "the body holds a number too large to be kept",
        "Have the detector send long identifiers as strings.",
    )


def _hint(text: str, error: json.JSONDecodeError) -> str:
    start = text.lstrip()
    if start.startswith("<"):
        return "This looks like XML or HTML. " + _SEND_JSON
    if _FORM.match(start):
        return (
            "This looks like a form (name=value). Set the sender's content type to "
            "application/json. " + _SEND_JSON
        )
    if error.msg.startswith("Extra data") and start[:1] in "{[":
        return (
            "More than one JSON value was sent (one a line?). Send one alert a request, or all of "
            "them in one JSON array."
        )
    return _SEND_JSON + " Check the template that builds the body: quotes, commas, braces."
