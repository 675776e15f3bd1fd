"""Whatever the bytes: the verifier never raises, and never calls a changed log verified."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import chained, contained

from ledger.verify import verify

RECORDS = contained()
LINES = chained(RECORDS)

_numbers = st.floats(allow_nan=False, allow_infinity=False)
_integers = st.integers(-(2**53) + 1, 2**53 - 1)
_texts = st.text(st.characters(exclude_categories=["Cs"]))
_anything = st.recursive(
    st.none()
    | st.booleans()
    | _integers
    | _numbers
    | _texts
    | st.sampled_from(["run-1", "verified", 1]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key in value:
            found += _paths(value[key], (*path, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            found += _paths(each, (*path, index))
    return found


@st.composite
def _mutations(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    """One record with one value anywhere in it replaced or removed."""
    index = draw(st.integers(0, len(RECORDS) - 1))
    record = json.loads(LINES[index])
    *parents, last = draw(st.sampled_from(_paths(record)))
    holder = record
    for key in parents:
        holder = holder[key]
    if draw(st.booleans()):
        holder[last] = draw(_anything)
    else:
        del holder[last]
    return index, record


@given(st.lists(st.binary(max_size=60) | st.sampled_from(LINES), max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_lines_are_reported_on(lines: list[bytes]) -> None:
    report = verify(lines)
    assert report.records == len(lines)
    assert (report.problems == 0) == (lines == LINES[: len(lines)])


@given(st.integers(0, len(LINES) - 1), st.data())
@settings(max_examples=150, deadline=None)
def test_any_changed_byte_is_noticed(index: int, data: st.DataObject) -> None:
    line = bytearray(LINES[index])
    place = data.draw(st.integers(0, len(line) - 2))
    line[place] ^= data.draw(st.integers(1, 255))
    export = {"event": "audit.exported", "actor": {"type": "human", "sub": "x"}}
    following = chained([*RECORDS, export])[index + 1 :]
    assert not verify([*LINES[:index], bytes(line), *following]).verified


@given(_mutations())
@settings(max_examples=300, deadline=None)
def test_any_changed_value_is_named_at_its_record(mutation: tuple[int, dict[str, Any]]) -> None:
    index, record = mutation
    line = rfc8785.dumps(record) + b"\n"
    if line == LINES[index] or index == len(LINES) - 1:
        return
    report = verify([*LINES[:index], line, *LINES[index + 1 :]])
    assert report.first_bad
    assert report.first_bad.seq == index


@given(_mutations())
@settings(max_examples=300, deadline=None)
def test_a_rewritten_chain_over_any_values_is_reported_on(
    mutation: tuple[int, dict[str, Any]],
) -> None:
    index, changed = mutation
    for name in ("seq", "prev", "time", "id"):
        changed.pop(name, None)
    report = verify(chained([*RECORDS[:index], changed, *RECORDS[index + 1 :]]))
    assert report.records == len(RECORDS)
    assert (report.first_bad is None) == (report.problems == 0)
    assert report.verified == (report.problems == 0 and not report.intents_open)


@given(st.dictionaries(_texts, _anything, max_size=6))
@settings(max_examples=200, deadline=None)
def test_what_rfc_8785_writes_is_canonical_and_nothing_else(extra: dict[str, Any]) -> None:
    record = extra | {"event": "control.resumed", "sealed": {}}
    for name in ("v", "log", "seq", "prev", "id", "time"):
        record.pop(name, None)
    (line,) = chained([record])
    assert verify([line]).verified
    loose = json.dumps(json.loads(line), ensure_ascii=True, separators=(", ", ":")).encode()
    report = verify([loose])
    assert report.first_bad
    assert report.first_bad.what == "bytes"
