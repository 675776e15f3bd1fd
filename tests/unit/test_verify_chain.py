"""The chain: what is noticed when records are changed, taken away, added or moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
import rfc8785
from recorded import chained, contained

from ledger import chain
from ledger.verify import Report, verify
from ledger.vocabulary import Event
from ledger.written import EVENTS, leaf_hash, lines_of

Record = dict[str, Any]

LINES = chained(contained())
EVERY = range(len(LINES))
ALL_BUT_LAST = range(len(LINES) - 1)


def edited(index: int, change: Callable[[Record], object]) -> list[bytes]:
    record = json.loads(LINES[index])
    change(record)
    return [*LINES[:index], rfc8785.dumps(record) + b"\n", *LINES[index + 1 :]]


def first_bad(report: Report) -> tuple[int, str | None, str]:
    assert not report.verified
    assert report.verdict == "broken"
    assert report.first_bad is not None
    assert report.first_bad is report.findings[0]
    return report.first_bad.seq, report.first_bad.id, report.first_bad.what


def test_an_untouched_log_is_verified() -> None:
    report = verify(LINES)
    assert report.verdict == "verified"
    assert report.verified
    assert (report.log, report.records, report.problems) == ("test", len(LINES), 0)
    assert report.head == leaf_hash(LINES[-1].rstrip())
    assert report.findings == report.warnings == report.runs_open == report.intents_open == ()
    assert (report.cut, report.kept, report.alien) == (False, None, False)


def test_an_empty_log_is_verified_with_a_warning() -> None:
    report = verify([])
    assert (report.verified, report.records, report.head) == (True, 0, None)
    assert report.warnings == ("the log has no records",)


def test_line_ends_do_not_matter() -> None:
    assert verify(line.rstrip() for line in LINES).verified


@pytest.mark.parametrize("index", ALL_BUT_LAST)
def test_an_edited_record_is_named(index: int) -> None:
    report = verify(edited(index, lambda record: record.update(note="forged")))
    assert first_bad(report) == (index, f"id-{index}", "chain")
    assert report.problems == 1


@pytest.mark.parametrize("index", EVERY)
def test_a_record_with_another_prev_is_named(index: int) -> None:
    forged = "sha256:" + "f" * 64
    report = verify(edited(index, lambda record: record.update(prev=forged)))
    last = index == len(LINES) - 1
    # nothing follows the last record that could vouch for it, so its predecessor is doubted
    assert first_bad(report)[0] == (index - 1 if last else index)
    assert report.problems == 1


@pytest.mark.parametrize("index", EVERY)
@pytest.mark.parametrize("seq", [-1, 999, 2**53 - 1, "5", None, True, []])
def test_a_renumbered_record_is_named(index: int, seq: object) -> None:
    report = verify(edited(index, lambda record: record.update(seq=seq)))
    assert first_bad(report) == (index, f"id-{index}", "sequence")
    assert report.problems == 1


@pytest.mark.parametrize("index", ALL_BUT_LAST)
def test_a_deleted_record_is_named_by_its_number(index: int) -> None:
    report = verify([*LINES[:index], *LINES[index + 1 :]])
    assert first_bad(report) == (index, None, "sequence")
    assert report.first_bad
    assert f"record {index} is missing" in report.first_bad.why


def test_a_deleted_stretch_is_named() -> None:
    report = verify([*LINES[:3], *LINES[8:]])
    assert report.first_bad
    assert report.first_bad.why == "records 3 to 7 are missing before record 8"


def test_a_log_without_its_beginning_is_not_one() -> None:
    report = verify(LINES[4:])
    assert first_bad(report) == (0, None, "sequence")


def test_two_swapped_records_are_noticed() -> None:
    lines = [*LINES]
    lines[4], lines[5] = lines[5], lines[4]
    assert first_bad(verify(lines))[0] == 4


@pytest.mark.parametrize("index", ALL_BUT_LAST)
def test_a_repeated_record_is_named(index: int) -> None:
    report = verify([*LINES[: index + 1], LINES[index], *LINES[index + 1 :]])
    assert first_bad(report)[0] == index + 1
    assert report.first_bad
    assert report.first_bad.why == f"record {index} stands where record {index + 1} belongs"


@pytest.mark.parametrize(
    "junk", [b"", b"\n", b"\x00\xff\xfe", b"[]", b"null", b'"x"', b"{", b"[" * 100_000, b"9" * 9999]
)
def test_a_line_that_is_no_record_is_named(junk: bytes) -> None:
    report = verify([*LINES[:6], junk, *LINES[7:]])
    assert first_bad(report) == (6, None, "bytes")


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda line: b" " + line,
        lambda line: line.replace(b":", b": ", 1),
        lambda line: line.replace(b"\n", b"\r\n"),
        lambda line: line.replace(b'"v":1', b'"v":1.0'),
        lambda line: line.replace(b'"v":1', b'"v":1e0'),
        lambda line: line.replace(b'"v":1', b'"v":1,"v":1'),
        lambda line: line.replace(b'"test"', b'"\\u0074est"'),
        lambda line: line.replace(b'"test"', b'"\\ud800"'),
        lambda line: line.replace(b'"v":1', b'"v":1,"w":NaN'),
        lambda line: line.replace(b'"v":1', b'"v":1,"w":9007199254740993'),
        lambda line: (
            b"{" + line.split(b",", 1)[1].rstrip()[:-1] + b"," + line.split(b",")[0][1:] + b"}"
        ),
    ],
)
def test_bytes_that_are_not_canonical_are_named(rewrite: Callable[[bytes], bytes]) -> None:
    changed = rewrite(LINES[6])
    assert changed != LINES[6]
    assert first_bad(verify([*LINES[:6], changed, *LINES[7:]]))[::2] == (6, "bytes")


def test_canonical_order_beyond_the_basic_plane_is_that_of_utf_16() -> None:
    # U+1F511 sorts before U+FB01 as UTF-16, and after it by code point
    record = contained()[0] | {"\U0001f511": 1, "\ufb01": 2}
    assert verify(chained([record])).verified
    line = chained([record])[0].decode()
    key, ligature = '"\U0001f511":1', '"\ufb01":2'
    swapped = line.replace(key, "X").replace(ligature, key).replace("X", ligature)
    assert first_bad(verify([swapped.encode()])) == (0, "id-0", "bytes")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"v": 2}, "its version is not 1"),
        ({"v": True}, "its version is not 1"),
        ({"log": "other"}, "it is of another log: other, not test"),
        ({"log": 7}, "it names no log"),
        ({"id": ""}, "it has no id"),
        ({"event": "run.invented"}, "its event is not one that this version of Rescind knows"),
        ({"event": ["run.created"]}, "its event is not one that this version of Rescind knows"),
        ({"time": "2026-11-22 07:00:00"}, "its time is not RFC 3339 in UTC with milliseconds"),
        ({"time": "2026-13-22T07:00:00.000Z"}, "its time is not RFC 3339 in UTC with milliseconds"),
        ({"time": None}, "its time is not RFC 3339 in UTC with milliseconds"),
        ({"sealed": {"name": "Alice"}}, "its sealed values are not digests"),
        ({"sealed": None}, "its sealed values are not digests"),
    ],
)
def test_a_member_that_every_record_has_is_checked(change: Record, why: str) -> None:
    records = contained()
    records[4] = records[4] | change
    report = verify(chained(records))
    assert first_bad(report)[::2] == (4, "form")
    assert report.first_bad
    assert report.first_bad.why == why


def test_a_clock_that_goes_back_is_a_warning() -> None:
    records = contained()
    records[9]["time"] = "2026-11-22T06:59:09.000Z"
    report = verify(chained(records))
    assert report.verified
    assert report.warnings == ("record 9: the clock went back by 59 s",)


def test_a_clock_that_goes_back_a_little_is_none() -> None:
    records = contained()
    records[9]["time"] = "2026-11-22T07:00:04.000Z"
    assert verify(chained(records)).warnings == ()


def test_the_earliest_time_there_is_does_no_harm() -> None:
    records = contained()
    records[0]["time"] = "0001-01-01T00:00:00.000Z"
    assert verify(chained(records)).verified


def test_two_records_of_one_id_are_noticed() -> None:
    records = contained()
    records[9]["id"] = "id-4"
    report = verify(chained(records))
    assert first_bad(report) == (9, "id-4", "form")
    assert report.first_bad
    assert report.first_bad.why == "an earlier record has its id"
    assert report.problems == 1


@pytest.mark.parametrize(
    ("number", "other"),
    [
        (b"0.5", b"0.50"),
        (b"1e-7", b"1e-07"),
        (b"-1.5e+300", b"-1.5e300"),
        (b"9007199254740992", b"9007199254740993"),
        (b"100000000000000000000", b"1e+20"),
    ],
)
def test_doubles_are_read_as_rfc_8785_writes_them(number: bytes, other: bytes) -> None:
    (line,) = chained([contained()[0] | {"x": float(number)}])
    assert b'"x":' + number in line
    assert verify([line]).verified
    rewritten = line.replace(b'"x":' + number, b'"x":' + other)
    assert first_bad(verify([rewritten])) == (0, "id-0", "bytes")


def test_findings_are_listed_up_to_a_limit_and_counted_beyond() -> None:
    report = verify([b"junk"] * 500)
    assert report.problems == 500
    assert len(report.findings) == 50


def test_nothing_from_a_record_can_steer_a_terminal() -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\u202e"
    records = [record | {"run": evil, "id": evil, "log": evil} for record in contained()]
    records[5]["step"] = {"id": evil, "node": evil}
    report = verify(chained(records))
    assert not report.verified
    shown = [report.log or "", *report.runs_open, *report.intents_open]
    for finding in report.findings:
        shown += [finding.id or "", finding.why]
    assert all(text.isprintable() for text in shown)


def test_a_file_without_line_ends_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.written._LONGEST_LINE", 1000)
    assert [len(line) for line in lines_of(BytesIO(b"x" * 2500))] == [1000, 1000, 500]
    assert list(lines_of(BytesIO(b"".join(LINES)))) == LINES


def test_the_verifier_hashes_like_the_log_it_verifies() -> None:
    # RFC 6962 §2.1.2: the leaf hash of the empty string
    empty = "sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"") == chain.leaf_hash(b"") == empty
    assert json.loads(LINES[0])["prev"] == chain.GENESIS


def test_the_verifier_knows_the_words_that_are_written() -> None:
    assert frozenset(event.value for event in Event) == EVENTS
