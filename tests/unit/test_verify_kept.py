"""What a file is held against: how an export ends, and a head that somebody kept."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from recorded import chained, contained

from ledger.verify import verify
from ledger.written import leaf_hash

EXPORTED: dict[str, Any] = {"event": "audit.exported", "actor": {"type": "human", "sub": "cli:x"}}
LINES = chained([*contained(), EXPORTED])


def head(index: int) -> str:
    return leaf_hash(LINES[index].rstrip())


def test_a_whole_export_is_verified() -> None:
    report = verify(LINES, exported=True)
    assert (report.verdict, report.cut) == ("verified", False)


@pytest.mark.parametrize("left", [1, 5, len(LINES) - 1])
def test_an_export_that_was_cut_is_incomplete(left: int) -> None:
    report = verify(LINES[:left], exported=True)
    assert (report.verdict, report.verified, report.cut) == ("incomplete", False, True)
    assert report.problems == 0


def test_an_export_to_which_something_was_added_is_incomplete() -> None:
    resumed = {"event": "control.resumed", "actor": EXPORTED["actor"]}
    longer = chained([*contained(), EXPORTED, resumed])
    assert verify(longer, exported=True).verdict == "incomplete"


def test_an_export_cut_to_nothing_is_incomplete() -> None:
    assert verify([], exported=True).verdict == "incomplete"


def test_a_log_that_is_no_export_ends_as_it_likes() -> None:
    report = verify(LINES[:-1])
    assert (report.verdict, report.cut) == ("verified", False)


def test_an_export_that_is_both_broken_and_cut_is_broken() -> None:
    report = verify([*LINES[:2], *LINES[3:-1]], exported=True)
    assert (report.verdict, report.cut) == ("broken", True)


@pytest.mark.parametrize("index", [0, 7, len(LINES) - 1])
def test_a_head_that_was_kept_is_found(index: int) -> None:
    report = verify(LINES, exported=True, kept=head(index))
    assert (report.verdict, report.kept) == ("verified", index)


def test_where_no_head_was_kept_none_is_found() -> None:
    assert verify(LINES).kept is None


@pytest.mark.parametrize("left", [0, len(LINES) - 1])
def test_a_log_cut_before_the_kept_head_is_broken(left: int) -> None:
    report = verify(LINES[:left], exported=True, kept=head(-1))
    assert report.verdict == "broken"
    assert report.first_bad
    assert (report.first_bad.what, report.first_bad.seq) == ("kept", left)
    assert report.first_bad.why == (
        f"no record has the hash {head(-1)} that was kept: the log was written anew since, or cut"
        " off before that record"
    )


def test_a_log_written_anew_has_not_the_kept_head() -> None:
    rewritten = chained([record | {"note": 1} for record in [*contained(), EXPORTED]])
    assert verify(rewritten, exported=True).verified
    report = verify(rewritten, exported=True, kept=head(-1))
    assert (report.verdict, report.problems) == ("broken", 1)


@pytest.mark.parametrize(
    "lines",
    [
        [b"\x1f\x8b\x08\x00\x00", b"\xff\xfe{"],
        [b"seq,event\n", b"0,run.created\n"],
        [b"[\n", b"]\n"],
        [b'{"verdict": "verified"}\n'],
        [b"{}\n"],
        ["".join(map(bytes.decode, LINES)).encode("utf-16")],
    ],
    ids=["packed", "csv", "array", "report", "object", "utf-16"],
)
def test_what_holds_no_record_is_no_log(lines: list[bytes]) -> None:
    report = verify(lines, exported=True)
    assert (report.verdict, report.alien) == ("broken", True)


@pytest.mark.parametrize("lines", [[], LINES, LINES[:1], [b"junk", *LINES]])
def test_what_holds_a_record_or_nothing_may_be_a_log(lines: list[bytes]) -> None:
    assert not verify(lines).alien


def test_the_verifier_shares_no_code_with_the_writer() -> None:
    code = (
        "import sys, ledger.verify; print(sorted(name for name in sys.modules"
        " if name.split('.')[0] in ('ledger', 'config', 'sqlalchemy', 'pydantic', 'alembic')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = [
        "story",
        "story_changes",
        "story_decisions",
        "story_endings",
        "story_facts",
        "story_handovers",
    ]
    named = ["ledger", *(f"ledger.{name}" for name in (*ours, "verify", "written"))]
    assert done.stdout == f"{named}\n"
