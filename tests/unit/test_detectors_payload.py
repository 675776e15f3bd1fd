"""A body is JSON, or the reason why it is not is told without quoting it."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.alert import NotUnderstood
from detectors.payload import MAX_DEPTH, decode
from tests.depth import cases


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        (b"\xef\xbb\xbf[]", []),
        (b' \n "text" ', "text"),
        (b'{"a": "[[[[" }', {"a": "[[[["}),
        (b'"\\"[["', '"[['),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
        (b"[" + b"[]," * 500 + b"[]]", [[]] * 501),
        (b"1e308", 1e308),
    ],
)
def test_json_is_read(body: bytes, value: object) -> None:
    read = decode(body)
    assert value is None or read == value


@pytest.mark.parametrize(
    ("body", "reason", "remedy"),
    [
        (b"", "empty", "one JSON object"),
        (b" \r\n ", "empty", "one JSON object"),
        (b"\xff\xfe{\0}\0", "UTF-16", "UTF-8"),
        (b"{\0}\0", "UTF-16", "UTF-8"),
        (b'{"a": "\xe9"}', "byte 8 of 10", "uncompressed"),
        (b'{"a": 1,\n "b" 2}', "line 2, column 6", "quotes, commas"),
        (b'{"a": 1', "line 1, column 8", "template"),
        (b'{"a": 1, "b": {"a": 1, "c\x07": 2, "c\x07": 3}}', "not JSON", "template"),
        (b'{"a": 1, "b": {"user": 2, "user": 2}}', "the key user stands twice", "each key once"),
        (b"payload=%7B%22a%22%3A1%7D", "line 1, column 1", "form"),
        (b'{"a": 1}\n{"a": 2}\n', "line 2, column 1", "JSON array"),
        (b"<html></html>", "line 1, column 1", "XML or HTML"),
        (b"[" * 100_000, "deeper than 64", "alert itself"),
        (b'{"a":' * 100_000, "deeper than 64", "alert itself"),
        (b'{"a": NaN}', "NaN", "null"),
        (b"[-Infinity]", "-Infinity", "null"),
        (b"[1e999]", "too large", "strings"),
        (b"[" + b"9" * 5000 + b"]", "too large", "strings"),
    ],
)
def test_anything_else_is_told(body: bytes, reason: str, remedy: str) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        decode(body)
    assert reason in refusal.value.reason
    assert remedy in refusal.value.remedy


def test_an_unfinished_string_full_of_quotes_is_read_only_once() -> None:
    body = b'"' + b'\\"' * 500_000
    started = time.perf_counter()
    with pytest.raises(NotUnderstood):
        decode(body)
    assert time.perf_counter() - started < 5


def test_the_reason_quotes_nothing_of_the_body() -> None:
    for body in (b'{"password": hunter2}', b"hunter2=1", b'{"a": "hunter2'):
        with pytest.raises(NotUnderstood) as refusal:
            decode(body)
        assert "hunter2" not in refusal.value.reason + refusal.value.remedy


@pytest.mark.fuzz
@settings(max_examples=cases(100), deadline=None)
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    try:
        value = decode(body)
    except NotUnderstood:
        return
    assert json.loads(body.decode("utf-8-sig")) == value
