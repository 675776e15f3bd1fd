"""Where a run that is not over is said to be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ledger.timers import Timers
from web.console import outcomes

#: 2026-11-23 07:00 UTC.
UNTIL = 1_795_417_200_000


def run(**more: Any) -> Any:
    return SimpleNamespace(**{"state": "restoring", "status": "contained", "aim": "contain"} | more)


@pytest.mark.parametrize(
    ("row", "watches", "words", "tone"),
    [
        (run(), True, "Contained, watched until 2026-11-23 07:00 UTC", "good"),
        (run(status="partial"), True,
         "Not fully contained: somebody has to look, watched until 2026-11-23 07:00 UTC", "bad"),
        (run(status=""), True, "Watched until 2026-11-23 07:00 UTC", "fair"),
        (run(), False, "Waits only to put settings back", "fair"),
    ],
)  # fmt: skip
def test_a_run_that_only_waits_for_its_time_says_until_when(
    row: Any, watches: bool, words: str, tone: str
) -> None:
    label = outcomes.of_run(row, waits=False, left=Timers(UNTIL, watches))
    assert (label.words, label.tone) == (words, tone)


def test_a_timed_step_says_when_it_begins() -> None:
    step: Any = SimpleNamespace(
        state="ready", delay_s=900, last_error="", not_before=UNTIL, lacks="", approval="none"
    )
    assert outcomes.of_step(step).words == "Waits until 2026-11-23 07:00 UTC"
